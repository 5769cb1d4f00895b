//! The rows of Sprig 3's functions.

use super::super::{dates, random, regexes, secrets};
use super::{numbers, paths, sprig2, values};
use crate::functions::Function;
use crate::value::Type;

const STRING: Type = Type::String;
const ANY: Type = Type::Interface;
const INT: Type = Type::INT;
const FLOAT: Type = Type::Float64;
const BOOL: Type = Type::Bool;
const DICT: Type = Type::DICT;
const LIST: Type = Type::LIST;
const LISTS: Type = Type::Slice(&Type::LIST);
const STRINGS: Type = Type::STRINGS;

/// The functions that only Sprig 3 has, which a package must ask for.
pub(crate) static SPRIG3: &[Function] = &[
    Function::new("duration", &[ANY], STRING, values::duration).documented(
        "Returns seconds, given as text, as a duration.",
        r#"{{ duration "93784" }}"#,
        "26h3m4s",
    ),
    Function::new("durationRound", &[ANY], STRING, values::duration_round).documented(
        "Returns a duration in its largest unit.",
        r#"{{ durationRound "2h10m5s" }}"#,
        "2h",
    ),
    Function::new(
        "mustDateModify",
        &[STRING, Type::Time],
        Type::Time,
        dates::must_date_modify,
    )
    .documented(
        "As `dateModify`, but a wrong duration is an error.",
        r#"{{ toDate "2006" "2017" | mustDateModify "24h" | date "01-02" }}"#,
        "01-02",
    ),
    Function::new(
        "must_date_modify",
        &[STRING, Type::Time],
        Type::Time,
        dates::must_date_modify,
    )
    .documented(
        "The same as `mustDateModify`.",
        r#"{{ toDate "2006" "2017" | must_date_modify "24h" | date "01-02" }}"#,
        "01-02",
    ),
    Function::new(
        "mustToDate",
        &[STRING, STRING],
        Type::Time,
        dates::must_to_date,
    )
    .documented(
        "As `toDate`, but a text that does not fit is an error.",
        r#"{{ mustToDate "2006" "2017" | date "2006" }}"#,
        "2017",
    ),
    Function::new("randInt", &[INT, INT], INT, random::rand_int).documented(
        "Makes a random number from the first to below the second.",
        "{{ randInt 10 11 }}",
        "10",
    ),
    Function::variadic("seq", &[INT], STRING, numbers::seq).documented(
        "Returns whole numbers with spaces between: end; start and end; or start, step and end.",
        "{{ seq 0 2 6 }}",
        "0 2 4 6",
    ),
    Function::new("add1f", &[ANY], FLOAT, numbers::add1f).documented(
        "Adds 1 to a decimal number.",
        "{{ 3.4 | add1f }}",
        "4.4",
    ),
    Function::variadic("addf", &[ANY], FLOAT, numbers::addf).documented(
        "Adds decimal numbers.",
        "{{ addf 0.1 0.2 }}",
        "0.3",
    ),
    Function::variadic("subf", &[ANY, ANY], FLOAT, numbers::subf).documented(
        "Subtracts decimal numbers from the first.",
        "{{ subf 4.5 1 3 }}",
        "0.5",
    ),
    Function::variadic("mulf", &[ANY, ANY], FLOAT, numbers::mulf).documented(
        "Multiplies decimal numbers.",
        "{{ mulf 1.1 3 }}",
        "3.3",
    ),
    Function::variadic("divf", &[ANY, ANY], FLOAT, numbers::divf).documented(
        "Divides the first decimal number by the others.",
        "{{ divf 5 4 2 }}",
        "0.625",
    ),
    Function::variadic("maxf", &[ANY, ANY], FLOAT, numbers::maxf).documented(
        "Returns the largest of decimal numbers.",
        "{{ maxf 1 345.7 5 }}",
        "345.7",
    ),
    Function::variadic("minf", &[ANY, ANY], FLOAT, numbers::minf).documented(
        "Returns the smallest of decimal numbers.",
        "{{ minf 1.4 2 3 }}",
        "1.4",
    ),
    Function::variadic("all", &[ANY], BOOL, values::all).documented(
        "Says whether no value is empty.",
        r#"{{ all 1 "" }}"#,
        "false",
    ),
    Function::variadic("any", &[ANY], BOOL, values::any).documented(
        "Says whether a value is not empty.",
        r#"{{ any 1 "" }}"#,
        "true",
    ),
    Function::new("fromJson", &[STRING], ANY, values::from_json).documented(
        "Reads JSON; what is none is nil.",
        r#"{{ (fromJson `{"foo": 55}`).foo }}"#,
        "55",
    ),
    Function::new("mustFromJson", &[STRING], ANY, values::must_from_json).documented(
        "Reads JSON; what is none is an error.",
        r#"{{ (mustFromJson `{"foo": 55}`).foo }}"#,
        "55",
    ),
    Function::new("toRawJson", &[ANY], STRING, values::to_raw_json).documented(
        "As `toJson`, but leaves `<`, `>` and `&` as they are.",
        r#"{{ toRawJson "<a>" }}"#,
        r#""<a>""#,
    ),
    Function::new("mustToJson", &[ANY], STRING, values::must_to_json).documented(
        "As `toJson`, but a value that JSON has no form for is an error.",
        "{{ mustToJson (list 1 2) }}",
        "[1,2]",
    ),
    Function::new(
        "mustToPrettyJson",
        &[ANY],
        STRING,
        values::must_to_pretty_json,
    )
    .documented(
        "As `toPrettyJson`, but a value that JSON has no form for is an error.",
        "{{ mustToPrettyJson (list) }}",
        "[]",
    ),
    Function::new("mustToRawJson", &[ANY], STRING, values::must_to_raw_json).documented(
        "As `toRawJson`, but a value that JSON has no form for is an error.",
        r#"{{ mustToRawJson "a&b" }}"#,
        r#""a&b""#,
    ),
    Function::new("mustDeepCopy", &[ANY], ANY, |context, arguments| {
        sprig2("deepCopy", context, arguments)
    })
    .documented(
        "As `deepCopy`.",
        r#"{{ mustDeepCopy (dict "a" 1) }}"#,
        "map[a:1]",
    ),
    Function::new("osBase", &[STRING], STRING, paths::os_base).documented(
        "Returns the last element of a path.",
        r#"{{ osBase "foo/bar" }}"#,
        "bar",
    ),
    Function::new("osClean", &[STRING], STRING, paths::os_clean).documented(
        "Returns the shortest path of the same meaning.",
        r#"{{ osClean "/foo/../foo/../bar" }}"#,
        "/bar",
    ),
    Function::new("osDir", &[STRING], STRING, paths::os_dir).documented(
        "Returns a path without its last element.",
        r#"{{ osDir "foo/bar/baz" }}"#,
        "foo/bar",
    ),
    Function::new("osExt", &[STRING], STRING, paths::os_ext).documented(
        "Returns the extension of a path.",
        r#"{{ osExt "/foo/bar/baz.txt" }}"#,
        ".txt",
    ),
    Function::new("osIsAbs", &[STRING], BOOL, paths::os_is_abs).documented(
        "Says whether a path begins at the root.",
        r#"{{ osIsAbs "/foo" }}"#,
        "true",
    ),
    Function::new("get", &[DICT, STRING], ANY, values::get).documented(
        "Returns the value of a key, or an empty text.",
        r#"{{ get (dict "one" 1) "one" }}"#,
        "1",
    ),
    Function::variadic("dig", &[ANY], ANY, values::dig).documented(
        "Follows keys into a dictionary: keys, a default, the dictionary.",
        r#"{{ dig "a" "b" "none" (dict "a" (dict "b" 1)) }}"#,
        "1",
    ),
    Function::new("chunk", &[INT, ANY], LISTS, values::chunk).documented(
        "Splits a list into lists of so many elements.",
        "{{ list 1 2 3 4 5 | chunk 2 }}",
        "[[1 2] [3 4] [5]]",
    ),
    Function::new("mustChunk", &[INT, ANY], LISTS, values::chunk).documented(
        "As `chunk`.",
        "{{ list 1 2 3 | mustChunk 2 }}",
        "[[1 2] [3]]",
    ),
    Function::new("mustAppend", &[ANY, ANY], LIST, |context, arguments| {
        sprig2("append", context, arguments)
    })
    .documented("As `append`.", "{{ mustAppend (list 1 2) 3 }}", "[1 2 3]"),
    Function::new("mustPush", &[ANY, ANY], LIST, |context, arguments| {
        sprig2("push", context, arguments)
    })
    .documented("As `push`.", "{{ mustPush (list 1 2) 3 }}", "[1 2 3]"),
    Function::new("mustPrepend", &[ANY, ANY], LIST, |context, arguments| {
        sprig2("prepend", context, arguments)
    })
    .documented("As `prepend`.", "{{ mustPrepend (list 1 2) 0 }}", "[0 1 2]"),
    Function::new("mustFirst", &[ANY], ANY, |context, arguments| {
        sprig2("first", context, arguments)
    })
    .documented("As `first`.", "{{ list 1 2 3 | mustFirst }}", "1"),
    Function::new("mustRest", &[ANY], LIST, |context, arguments| {
        sprig2("rest", context, arguments)
    })
    .documented("As `rest`.", "{{ list 1 2 3 | mustRest }}", "[2 3]"),
    Function::new("mustLast", &[ANY], ANY, |context, arguments| {
        sprig2("last", context, arguments)
    })
    .documented("As `last`.", "{{ list 1 2 3 | mustLast }}", "3"),
    Function::new("mustInitial", &[ANY], LIST, |context, arguments| {
        sprig2("initial", context, arguments)
    })
    .documented("As `initial`.", "{{ list 1 2 3 | mustInitial }}", "[1 2]"),
    Function::new("mustReverse", &[ANY], LIST, |context, arguments| {
        sprig2("reverse", context, arguments)
    })
    .documented("As `reverse`.", "{{ list 1 2 3 | mustReverse }}", "[3 2 1]"),
    Function::new("mustUniq", &[ANY], LIST, |context, arguments| {
        sprig2("uniq", context, arguments)
    })
    .documented("As `uniq`.", "{{ list 1 1 2 | mustUniq }}", "[1 2]"),
    Function::variadic("mustWithout", &[ANY, ANY], LIST, |context, arguments| {
        sprig2("without", context, arguments)
    })
    .documented("As `without`.", "{{ mustWithout (list 1 2 3) 2 }}", "[1 3]"),
    Function::new("mustHas", &[ANY, ANY], BOOL, |context, arguments| {
        sprig2("has", context, arguments)
    })
    .documented("As `has`.", "{{ list 1 2 3 | mustHas 2 }}", "true"),
    Function::variadic("mustSlice", &[ANY, ANY], ANY, |context, arguments| {
        sprig2("slice", context, arguments)
    })
    .documented("As `slice`.", "{{ mustSlice (list 1 2 3) 1 3 }}", "[2 3]"),
    Function::new("mustCompact", &[ANY], LIST, |context, arguments| {
        sprig2("compact", context, arguments)
    })
    .documented(
        "As `compact`.",
        r#"{{ list 1 0 "" "a" | mustCompact }}"#,
        "[1 a]",
    ),
    Function::variadic("mustMerge", &[DICT, DICT], ANY, |context, arguments| {
        sprig2("merge", context, arguments)
    })
    .documented(
        "As `merge`.",
        r#"{{ mustMerge (dict "a" 1) (dict "a" 2 "b" 3) }}"#,
        "map[a:1 b:3]",
    ),
    Function::variadic(
        "mustMergeOverwrite",
        &[DICT, DICT],
        ANY,
        |context, arguments| sprig2("mergeOverwrite", context, arguments),
    )
    .documented(
        "As `mergeOverwrite`.",
        r#"{{ mustMergeOverwrite (dict "a" 1) (dict "a" 2 "b" 3) }}"#,
        "map[a:2 b:3]",
    ),
    Function::new(
        "regexQuoteMeta",
        &[STRING],
        STRING,
        regexes::regex_quote_meta,
    )
    .documented(
        "Escapes what has a meaning in a pattern.",
        r#"{{ regexQuoteMeta "1.2.3" }}"#,
        r"1\.2\.3",
    ),
    Function::new(
        "mustRegexMatch",
        &[STRING, STRING],
        BOOL,
        regexes::must_regex_match,
    )
    .documented(
        "As `regexMatch`, but a wrong pattern is an error.",
        r#"{{ mustRegexMatch "^a" "abc" }}"#,
        "true",
    ),
    Function::new(
        "mustRegexFindAll",
        &[STRING, STRING, INT],
        STRINGS,
        regexes::must_regex_find_all,
    )
    .documented(
        "As `regexFindAll`, with a plainer error.",
        r#"{{ mustRegexFindAll "a[bc]" "ab ac" -1 }}"#,
        "[ab ac]",
    ),
    Function::new(
        "mustRegexFind",
        &[STRING, STRING],
        STRING,
        regexes::must_regex_find,
    )
    .documented(
        "As `regexFind`, with a plainer error.",
        r#"{{ mustRegexFind "a[bc]" "ab ac" }}"#,
        "ab",
    ),
    Function::new(
        "mustRegexReplaceAll",
        &[STRING, STRING, STRING],
        STRING,
        regexes::must_regex_replace_all,
    )
    .documented(
        "As `regexReplaceAll`, with a plainer error.",
        r#"{{ mustRegexReplaceAll "a(.)" "ab ac" "${1}" }}"#,
        "b c",
    ),
    Function::new(
        "mustRegexReplaceAllLiteral",
        &[STRING, STRING, STRING],
        STRING,
        regexes::must_regex_replace_all_literal,
    )
    .documented(
        "As `regexReplaceAllLiteral`, with a plainer error.",
        r#"{{ mustRegexReplaceAllLiteral "a" "banana" "$0" }}"#,
        "b$0n$0n$0",
    ),
    Function::new(
        "mustRegexSplit",
        &[STRING, STRING, INT],
        STRINGS,
        regexes::must_regex_split,
    )
    .documented(
        "As `regexSplit`, with a plainer error.",
        r#"{{ mustRegexSplit "," "a,b" -1 }}"#,
        "[a b]",
    ),
    Function::new("bcrypt", &[STRING], STRING, secrets::bcrypt_sum).documented(
        "Returns the bcrypt digest of a password.",
        r#"{{ bcrypt "secret" | trunc 7 }}"#,
        "$2a$10$",
    ),
    Function::new("htpasswd", &[STRING, STRING], STRING, secrets::htpasswd).documented(
        "Returns a line of an htpasswd file.",
        r#"{{ htpasswd "user" "secret" | trunc 12 }}"#,
        "user:$2a$10$",
    ),
    Function::new("randBytes", &[INT], STRING, random::rand_bytes).documented(
        "Makes so many random bytes, in base64.",
        "{{ randBytes 12 | len }}",
        "16",
    ),
    Function::new(
        "genCAWithKey",
        &[STRING, INT, STRING],
        Type::Certificate,
        secrets::gen_ca_with_key,
    )
    .documented(
        "As `genCA` with a key of one's own in PEM.",
        r#"{{ (genCAWithKey "ca" 365 (genPrivateKey "ecdsa")).Key | trunc 30 }}"#,
        "-----BEGIN EC PRIVATE KEY-----",
    ),
    Function::new(
        "genSelfSignedCertWithKey",
        &[STRING, LIST, LIST, INT, STRING],
        Type::Certificate,
        secrets::gen_self_signed_cert_with_key,
    )
    .documented(
        "As `genSelfSignedCert` with a key of one's own in PEM.",
        r#"{{ genSelfSignedCertWithKey "a" nil nil 9 (genPrivateKey "ecdsa") | kindOf }}"#,
        "struct",
    ),
    Function::new(
        "genSignedCertWithKey",
        &[STRING, LIST, LIST, INT, Type::Certificate, STRING],
        Type::Certificate,
        secrets::gen_signed_cert_with_key,
    )
    .documented(
        "As `genSignedCert` with a key of one's own in PEM.",
        "{{ with genPrivateKey `ecdsa` }}\
         {{ genSignedCertWithKey `a` nil nil 9 (genCAWithKey `ca` 9 .) .\
         | kindOf }}{{ end }}",
        "struct",
    ),
];
