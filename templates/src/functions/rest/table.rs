//! The rows of Sprig 2.22's functions in this folder.

use super::super::Function;
use super::{dates, net, random, regexes, secrets, versions};
use crate::value::Type;

const STRING: Type = Type::String;
const ANY: Type = Type::Interface;

/// The functions of this folder that KUDO has.
pub(crate) static FUNCTIONS: &[Function] = &[
    Function::new("ago", &[ANY], STRING, dates::ago).documented(
        "Returns how long ago a date was, in whole seconds.",
        "{{ ago now }}",
        "0s",
    ),
    Function::new("date", &[STRING, ANY], STRING, dates::date).documented(
        "Formats a date, or seconds since 1970, by a Go layout, in UTC.",
        r#"{{ date "2006-01-02 15:04" 1560458379 }}"#,
        "2019-06-13 20:39",
    ),
    Function::new(
        "dateInZone",
        &[STRING, ANY, STRING],
        STRING,
        dates::date_in_zone,
    )
    .documented(
        "Formats a date by a Go layout in a zone; an unknown zone is UTC.",
        r#"{{ dateInZone "15:04 MST" 1560458379 "Europe/Berlin" }}"#,
        "22:39 CEST",
    ),
    Function::new(
        "date_in_zone",
        &[STRING, ANY, STRING],
        STRING,
        dates::date_in_zone,
    )
    .documented(
        "The same as `dateInZone`.",
        r#"{{ date_in_zone "2006-01-02" 0 "UTC" }}"#,
        "1970-01-01",
    ),
    Function::new(
        "dateModify",
        &[STRING, Type::Time],
        Type::Time,
        dates::date_modify,
    )
    .documented(
        "Adds a duration such as `-1h30m` to a date; anything else leaves it as it is.",
        r#"{{ toDate "2006-01-02" "2017-12-31" | dateModify "36h" | date "2006-01-02 15:04" }}"#,
        "2018-01-01 12:00",
    ),
    Function::new(
        "date_modify",
        &[STRING, Type::Time],
        Type::Time,
        dates::date_modify,
    )
    .documented(
        "The same as `dateModify`.",
        r#"{{ toDate "2006-01-02" "2017-12-31" | date_modify "-24h" | date "2006-01-02" }}"#,
        "2017-12-30",
    ),
    Function::new("htmlDate", &[ANY], STRING, dates::html_date).documented(
        "Formats a date as an HTML date field wants it, in UTC.",
        "{{ htmlDate 1560458379 }}",
        "2019-06-13",
    ),
    Function::new(
        "htmlDateInZone",
        &[ANY, STRING],
        STRING,
        dates::html_date_in_zone,
    )
    .documented(
        "Formats a date as an HTML date field wants it, in a zone.",
        r#"{{ htmlDateInZone 1560458379 "Asia/Tokyo" }}"#,
        "2019-06-14",
    ),
    Function::new("now", &[], Type::Time, dates::now).documented(
        "Returns the time of the plan execution, the same in every step and retry.",
        r#"{{ now | date "2006-01-02" }}"#,
        "",
    ),
    Function::new("toDate", &[STRING, STRING], Type::Time, dates::to_date).documented(
        "Reads a date by a Go layout; what does not fit is January 1 of year 1.",
        r#"{{ toDate "2006-01-02" "2017-12-31" | date "02/01/2006" }}"#,
        "31/12/2017",
    ),
    Function::new("unixEpoch", &[Type::Time], STRING, dates::unix_epoch).documented(
        "Returns a date as seconds since 1970.",
        r#"{{ toDate "2006-01-02" "2017-12-31" | unixEpoch }}"#,
        "1514678400",
    ),
    Function::new("semver", &[STRING], Type::Version, versions::semver).documented(
        "Reads a semantic version, whose parts are its methods: Major, Minor, Patch, Prerelease, \
         Metadata, Original, Compare.",
        r#"{{ (semver "v1.2.3-beta.1").Minor }}"#,
        "2",
    ),
    Function::new(
        "semverCompare",
        &[STRING, STRING],
        Type::Bool,
        versions::semver_compare,
    )
    .documented(
        "Says whether a version satisfies constraints, which commas join and `||` parts.",
        r#"{{ semverCompare ">=1.2, <2" "1.5.0" }}"#,
        "true",
    ),
    Function::new(
        "regexMatch",
        &[STRING, STRING],
        Type::Bool,
        regexes::regex_match,
    )
    .documented(
        "Says whether a text contains a match of a pattern; a wrong pattern matches nothing.",
        r#"{{ regexMatch "^[a-z]+[0-9]$" "node7" }}"#,
        "true",
    ),
    Function::new(
        "regexFindAll",
        &[STRING, STRING, Type::INT],
        Type::STRINGS,
        regexes::regex_find_all,
    )
    .documented(
        "Returns the matches of a pattern, at most so many, all for -1.",
        r#"{{ regexFindAll "[2468]" "123456789" -1 }}"#,
        "[2 4 6 8]",
    ),
    Function::new("regexFind", &[STRING, STRING], STRING, regexes::regex_find).documented(
        "Returns the first match of a pattern, or nothing.",
        r#"{{ regexFind "[a-z][1-9]" "abcd1234" }}"#,
        "d1",
    ),
    Function::new(
        "regexReplaceAll",
        &[STRING, STRING, STRING],
        STRING,
        regexes::regex_replace_all,
    )
    .documented(
        "Replaces the matches of a pattern; `$1` and `${name}` stand for groups.",
        r#"{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }}"#,
        "-W-xxW-",
    ),
    Function::new(
        "regexReplaceAllLiteral",
        &[STRING, STRING, STRING],
        STRING,
        regexes::regex_replace_all_literal,
    )
    .documented(
        "Replaces the matches of a pattern by a text as it is.",
        r#"{{ regexReplaceAllLiteral "a(x*)b" "-ab-axxb-" "${1}" }}"#,
        "-${1}-${1}-",
    ),
    Function::new(
        "regexSplit",
        &[STRING, STRING, Type::INT],
        Type::STRINGS,
        regexes::regex_split,
    )
    .documented(
        "Splits a text at the matches of a pattern, into at most so many parts, all for -1.",
        r#"{{ regexSplit "z+" "pizza" -1 }}"#,
        "[pi a]",
    ),
    Function::new("urlParse", &[STRING], Type::DICT, net::url_parse).documented(
        "Takes a URL apart: scheme, userinfo, host, hostname, path, query, fragment, opaque.",
        r#"{{ (urlParse "http://admin:secret@server.com:8080/api?list=false").host }}"#,
        "server.com:8080",
    ),
    Function::new("urlJoin", &[Type::DICT], STRING, net::url_join).documented(
        "Puts the parts that `urlParse` gives together.",
        r#"{{ urlJoin (dict "scheme" "http" "host" "host:80" "path" "/path" "query" "query") }}"#,
        "http://host:80/path?query",
    ),
    Function::new("getHostByName", &[STRING], STRING, net::get_host_by_name).documented(
        "Asks the system for an address of a host; it has five seconds to answer.",
        r#"{{ getHostByName "127.0.0.1" }}"#,
        "127.0.0.1",
    ),
    Function::new("sha1sum", &[STRING], STRING, secrets::sha1sum).documented(
        "Returns the SHA-1 digest in hexadecimal.",
        r#"{{ sha1sum "abc" }}"#,
        "a9993e364706816aba3e25717850c26c9cd0d89d",
    ),
    Function::new("sha256sum", &[STRING], STRING, secrets::sha256sum).documented(
        "Returns the SHA-256 digest in hexadecimal.",
        r#"{{ sha256sum "abc" }}"#,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ),
    Function::new("adler32sum", &[STRING], STRING, secrets::adler32sum).documented(
        "Returns the Adler-32 checksum in decimal.",
        r#"{{ adler32sum "abc" }}"#,
        "38600999",
    ),
    Function::new(
        "derivePassword",
        &[Type::UINT32, STRING, STRING, STRING, STRING],
        STRING,
        secrets::derive_password,
    )
    .documented(
        "Derives a site's password from a master password: counter, type (maximum, long, medium, \
         short, basic or pin), password, user, site.",
        r#"{{ derivePassword 1 "long" "password" "user" "example.com" }}"#,
        "ZedaFaxcZaso9*",
    ),
    Function::new(
        "encryptAES",
        &[STRING, STRING],
        STRING,
        secrets::encrypt_aes,
    )
    .documented(
        "Encrypts a text with AES-256-CBC; the first 32 bytes of the password are the key.",
        r#"{{ "plain" | encryptAES "key" | decryptAES "key" }}"#,
        "plain",
    ),
    Function::new(
        "decryptAES",
        &[STRING, STRING],
        STRING,
        secrets::decrypt_aes,
    )
    .documented(
        "Decrypts what `encryptAES` made.",
        r#"{{ "plain" | encryptAES "key" | decryptAES "key" }}"#,
        "plain",
    ),
    Function::new("genPrivateKey", &[STRING], STRING, secrets::gen_private_key).documented(
        "Makes a private key in PEM: rsa (4096 bits), dsa or ecdsa (P-256).",
        r#"{{ genPrivateKey "ecdsa" | trunc 30 }}"#,
        "-----BEGIN EC PRIVATE KEY-----",
    ),
    Function::new(
        "genCA",
        &[STRING, Type::INT],
        Type::Certificate,
        secrets::gen_ca,
    )
    .documented(
        "Makes a certificate authority (name, days): its fields Cert and Key are PEM.",
        r#"{{ (genCA "my-ca" 365).Cert | trunc 27 }}"#,
        "-----BEGIN CERTIFICATE-----",
    ),
    Function::new(
        "genSelfSignedCert",
        &[STRING, Type::LIST, Type::LIST, Type::INT],
        Type::Certificate,
        secrets::gen_self_signed_cert,
    )
    .documented(
        "Makes a certificate that signs itself: common name, IP addresses, DNS names, days.",
        r#"{{ (genSelfSignedCert "a.com" (list "10.0.0.1") nil 365).Key | trunc 31 }}"#,
        "-----BEGIN RSA PRIVATE KEY-----",
    ),
    Function::new(
        "genSignedCert",
        &[STRING, Type::LIST, Type::LIST, Type::INT, Type::Certificate],
        Type::Certificate,
        secrets::gen_signed_cert,
    )
    .documented(
        "Makes a certificate that an authority signs: as `genSelfSignedCert`, then the authority.",
        r#"{{ (genSignedCert "a.com" nil nil 365 (genCA "ca" 365)).Cert | trunc 27 }}"#,
        "-----BEGIN CERTIFICATE-----",
    ),
    Function::new(
        "buildCustomCert",
        &[STRING, STRING],
        Type::Certificate,
        secrets::build_custom_cert,
    )
    .documented(
        "Makes an authority of a certificate and an RSA key, both PEM in base64.",
        "{{ with genCA `ca` 9 }}{{ (buildCustomCert (b64enc .Cert) (b64enc .Key)).Key | eq .Key }}\
         {{ end }}",
        "true",
    ),
    Function::new("uuidv4", &[], STRING, random::uuidv4).documented(
        "Makes a random UUID.",
        "{{ uuidv4 | len }}",
        "36",
    ),
    Function::new("randAlphaNum", &[Type::INT], STRING, random::rand_alpha_num).documented(
        "Makes so many random letters and digits, at least one digit among them.",
        "{{ randAlphaNum 8 | len }}",
        "8",
    ),
    Function::new("randAlpha", &[Type::INT], STRING, random::rand_alpha).documented(
        "Makes so many random letters.",
        r#"{{ randAlpha 8 | regexMatch "^[A-Za-z]{8}$" }}"#,
        "true",
    ),
    Function::new("randAscii", &[Type::INT], STRING, random::rand_ascii).documented(
        "Makes so many random printable ASCII characters.",
        "{{ randAscii 8 | len }}",
        "8",
    ),
    Function::new("randNumeric", &[Type::INT], STRING, random::rand_numeric).documented(
        "Makes so many random digits.",
        r#"{{ randNumeric 3 | regexMatch "^[0-9]{3}$" }}"#,
        "true",
    ),
    Function::new("shuffle", &[STRING], STRING, random::shuffle).documented(
        "Puts the characters of a text into another order.",
        r#"{{ shuffle "aaa" }}"#,
        "aaa",
    ),
];
