//! Each limit with its error text: allocation bombs, depth, patterns, numbers out of all bounds.

#![cfg(test)]

use kudo_templates::{
    Environment, Exceeded, Functions, Limits, Parser, RenderError, Template, Value,
};
use proptest::prelude::*;

/// Limits that keep a test short and that every bomb exceeds.
fn small() -> Limits {
    Limits {
        fuel: 500_000,
        depth: 1_000,
        output: 1 << 20,
        memory: 8 << 20,
        ..Limits::default()
    }
}

fn rendered(text: &str, limits: Limits) -> Result<String, RenderError> {
    let functions = Functions::kudo().with_sprig3();
    let template = Parser::new(&functions).parse("tpl", text);
    let template = template.unwrap_or_else(|error| panic!("{text}: {error}"));
    let environment = Environment {
        limits,
        ..Environment::default()
    };
    let data = Value::dict([("s", Value::from("text")), ("n", Value::int(3))]);
    let bytes = template.render(&data, &environment)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn exceeded(text: &str) -> Option<Exceeded> {
    match rendered(text, small()) {
        Ok(output) => panic!("{text} gives {} bytes", output.len()),
        Err(error) => error.limit,
    }
}

#[test]
fn the_errors_of_limits_name_the_limit() {
    let limits = Limits {
        fuel: 1_000,
        output: 100,
        memory: 10_000,
        depth: 10,
        regex_size: 64,
    };
    for (text, said) in [
        (
            "{{ range 100000 }}{{ end }}",
            r#"template: tpl:1:9: executing "tpl" at <100000>: template takes more than 1000 steps"#,
        ),
        (
            "{{ range 50 }}xxxxx{{ end }}",
            r#"executing "tpl" at <50>: template gives more than 100 bytes of output"#,
        ),
        (
            r#"{{ repeat 100000 "x" }}"#,
            r#"template: tpl:1:3: executing "tpl" at <repeat 100000 "x">: template functions make more than 10000 bytes"#,
        ),
        (
            r#"{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}"#,
            r#"at <{{template "t"}}>: exceeded maximum template depth (10)"#,
        ),
        (
            &format!(r#"{{{{ regexMatch "{}" "a" }}}}"#, "a".repeat(65)),
            "pattern is longer than 64 bytes",
        ),
    ] {
        let error = rendered(text, limits).unwrap_err();
        assert!(error.text.ends_with(said), "{text}: {}", error.text);
    }
}

/// A pattern that is refused here and not in Go must not be mistaken for one that does not match.
#[test]
fn a_pattern_beyond_the_limits_is_an_error_of_every_function() {
    let long = "a".repeat(20_000);
    let deep = "(".repeat(300) + "a" + &")".repeat(300);
    let wide = r"[\\pL\\pM\\pN]{1000}".to_owned();
    let calls = [
        "regexMatch P .s",
        "regexFind P .s",
        "regexFindAll P .s -1",
        r#"regexReplaceAll P .s "x""#,
        r#"regexReplaceAllLiteral P .s "x""#,
        "regexSplit P .s -1",
        "mustRegexMatch P .s",
        "mustRegexFind P .s",
    ];
    // Compiling up to the limit takes a while.
    for (pattern, limit, calls) in [
        (&long, Exceeded::PatternLength(16 << 10), calls.as_slice()),
        (&deep, Exceeded::PatternDepth(250), &calls),
        (&wide, Exceeded::PatternSize(32 << 20), &calls[..2]),
    ] {
        for call in calls {
            let text = format!("{{{{ {} }}}}", call.replace('P', &format!("\"{pattern}\"")));
            assert_eq!(exceeded(&text), Some(limit), "{call}");
        }
    }
}

#[test]
fn allocation_bombs_are_held() {
    for bomb in [
        r#"{{ repeat 9223372036854775807 "x" }}"#,
        r#"{{ repeat 1000000000 "x" | len }}"#,
        r#"{{ range 40 }}{{ repeat 1000000 "xx" | len }}{{ end }}"#,
        r#"{{ $s := "xx" }}{{ range 64 }}{{ $s = repeat 1000 $s }}{{ end }}"#,
        "{{ indent 9223372036854775807 .s }}",
        r#"{{ nindent 1000000000 "a" | len }}"#,
        r#"{{ indent 4000 (repeat 10000 "\n") | len }}"#,
        "{{ until 1000000000 }}",
        "{{ until 9223372036854775807 | len }}",
        "{{ until -9223372036854775807 | len }}",
        "{{ untilStep -9223372036854775808 9223372036854775807 1 | len }}",
        "{{ untilStep 9223372036854775807 -9223372036854775808 -1 | len }}",
        "{{ seq 1 1000000000 }}",
        r#"{{ printf "%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d" 1 1 1 1 1 1 1 1 1 | len }}"#,
        r#"{{ range 1000 }}{{ printf "%*d" 900000 1 | len }}{{ end }}"#,
        r#"{{ range 1000 }}{{ printf "%.900000f" 1.5 | len }}{{ end }}"#,
        r#"{{ range 1000 }}{{ printf "%-900000s|" "a" | len }}{{ end }}"#,
        r#"{{ range 1000 }}{{ printf "%0900000d" 1 | len }}{{ end }}"#,
        r#"{{ replace "" (repeat 100000 "x") (repeat 1000 "y") | len }}"#,
        "{{ $l := list 1 }}{{ range 64 }}{{ $l = concat $l $l }}{{ end }}",
        "{{ $d := dict }}{{ range $i, $_ := until 1000000 }}{{ $_ := set $d (toString $i) $i }}{{ end }}",
        r#"{{ $d := dict "a" "aaaaaaaaaaaaaaaaaaaaaaaa" }}{{ range 64 }}{{ $d = dict "a" $d "b" $d }}{{ end }}{{ toYaml $d }}"#,
        r#"{{ $d := dict "a" "aaaaaaaaaaaaaaaaaaaaaaaa" }}{{ range 64 }}{{ $d = dict "a" $d "b" $d }}{{ end }}{{ toJson $d }}"#,
        r#"{{ $d := dict "a" "aaaaaaaaaaaaaaaaaaaaaaaa" }}{{ range 64 }}{{ $d = dict "a" $d "b" $d }}{{ end }}{{ deepCopy $d }}"#,
        r#"{{ $d := dict "a" 1 }}{{ range 64 }}{{ $d = dict "a" $d "b" $d }}{{ end }}{{ $d }}"#,
        r#"{{ $d := dict "a" 1 }}{{ $e := dict "a" 1 }}{{ range 64 }}{{ $d = dict "a" $d "b" $d }}{{ $e = dict "a" $e "b" $e }}{{ end }}{{ deepEqual $d $e }}"#,
        r#"{{ regexReplaceAll "" (repeat 100000 "x") (repeat 10000 "y") | len }}"#,
        r#"{{ regexReplaceAllLiteral "" (repeat 100000 "x") (repeat 10000 "y") | len }}"#,
        r#"{{ range 100000 }}{{ regexMatch "(a{100}){10}" "x" }}{{ end }}"#,
        "{{ randAlphaNum 1000000000 }}",
        "{{ randBytes 1000000000 }}",
        r#"{{ range 100 }}{{ genPrivateKey "rsa" | len }}{{ end }}"#,
        r#"{{ range 100 }}{{ genPrivateKey "dsa" | len }}{{ end }}"#,
        r#"{{ range 100000 }}{{ genPrivateKey "ecdsa" | len }}{{ end }}"#,
        r#"{{ range 100 }}{{ (genCA "a" 1).Key | len }}{{ end }}"#,
        r#"{{ range 100 }}{{ derivePassword 1 "long" "a" "b" "c" }}{{ end }}"#,
        r#"{{ range 100 }}{{ bcrypt "x" }}{{ end }}"#,
        r#"{{ range 100 }}{{ htpasswd "a" "x" }}{{ end }}"#,
        r#"{{ wrapWith 1 (repeat 10000 "-") (repeat 10000 "a ") | len }}"#,
        r#"{{ range 1000 }}{{ splitList "" (repeat 100000 "x") | len }}{{ end }}"#,
        r#"{{ range 1000 }}{{ repeat 100000 "x" | b64enc | len }}{{ end }}"#,
        r#"{{ range 1000 }}{{ repeat 100000 "<" | html | len }}{{ end }}"#,
        r#"{{ range 1000000 }}{{ sha256sum "x" }}{{ end }}"#,
        "{{ $l := list }}{{ range until 100000 }}{{ $l = append $l . }}{{ end }}",
    ] {
        assert!(exceeded(bomb).is_some(), "{bomb}");
    }
}

/// What Go answers too, whatever the numbers.
#[test]
fn numbers_out_of_all_bounds_do_no_harm() {
    let deepest = "-9223372036854775808";
    let highest = "9223372036854775807";
    for odd in [deepest, highest, "-1", "0", "1", "4611686018427387904"] {
        for call in [
            "substr N N .s",
            "substr 0 N .s",
            "substr N 2 .s",
            "trunc N .s",
            "abbrev N .s",
            "abbrevboth N N .s",
            "abbrevboth 5 N .s",
            "wrap N .s",
            r#"wrapWith N "x" .s"#,
            "add N N",
            "sub N N",
            "mul N N",
            "div N N",
            "div N -1",
            "mod N -1",
            "mod N N",
            "add1 N",
            "max N N",
            "round N N",
            "round 1.5 N",
            "floor N",
            "splitn \",\" N .s",
            "slice (list 1 2) N N",
            "slice (list 1 2) 0 N",
            "index (list 1 2) N",
            "index .s N",
            "untilStep 0 N N",
            "untilStep N 0 N",
            r#"dateInZone "2006" (int64 N) "UTC""#,
            r#"date "2006-01-02" N"#,
            "htmlDate (int64 N)",
            r#"unixEpoch (toDate "2006" "2017")"#,
            r#"dateModify "9223372036854775807ns" (toDate "2006" "9999")"#,
            r#"dateModify "-2562047h" (toDate "2006" "0001")"#,
            r#"(toDate "2006" "2017").AddDate N N N"#,
            r#"(toDate "2006" "2017").Add N"#,
            r#"(toDate "2006" "2017").Round N"#,
            r#"(toDate "2006" "2017").Truncate N"#,
            r#"((toDate "2006" "9999").Sub (toDate "2006" "0001")).Round N"#,
            r#"printf "%*d" N N"#,
            r#"printf "%.*f" N 1.5"#,
            r#"printf "%[N]d" 1"#,
            r#"printf "%N.Nd" 1"#,
            "semver \"N.N.N\"",
            "semverCompare \">N.N.N\" \"N.0.0\"",
            "(semver \"9223372036854775807.0.0\").IncMajor",
            "regexFindAll \"e\" .s N",
            "regexSplit \"e\" .s N",
            "randInt N N",
            "randInt 0 N",
            "chunk N (list 1 2)",
            "dig N (dict)",
            "plural \"a\" \"b\" N",
            "genPrivateKey \"rsaN\"",
            "derivePassword N \"long\" \"a\" \"b\" \"c\"",
        ] {
            let text = format!("{{{{ {} }}}}", call.replace('N', odd));
            let functions = Functions::kudo().with_sprig3();
            let Ok(template) = Parser::new(&functions).parse("tpl", &text) else {
                continue;
            };
            let environment = Environment {
                limits: small(),
                ..Environment::default()
            };
            let data = Value::dict([("s", Value::from("text"))]);
            if let Ok(bytes) = template.render(&data, &environment) {
                assert!(bytes.len() <= small().output, "{text}");
            }
        }
    }
}

/// Each way into a value of 100,000 levels (two for each turn), on a stack of an ordinary thread.
#[test]
fn deep_values_do_not_overflow_the_stack() {
    let deep = r#"{{ $d := dict "z" 1 }}{{ range until 50000 }}{{ $d = dict "a" (list $d) }}{{ end }}
        {{ $e := dict "z" 1 }}{{ range until 50000 }}{{ $e = dict "a" (list $e) }}{{ end }}"#;
    for call in [
        "toYaml $d",
        "toJson $d",
        "toPrettyJson $d",
        "print $d",
        "printf \"%#v\" $d",
        "html $d",
        "js $d",
        "quote $d",
        "toString $d",
        "deepCopy $d",
        "deepEqual $d $e",
        "has $d (list $e)",
        "uniq (list $d $e)",
        "merge $d $e",
        "mergeOverwrite $d $e",
        "default 1 $d",
        "empty $d",
        "without (list $d) $e",
        "toStrings (list $d)",
        "sortAlpha (list $d)",
        "join \",\" (list $d)",
        "cat $d",
        "compact (list $d)",
        "kindOf $d",
        "values $d",
        "omit $d \"b\"",
        "eq $d $e",
    ] {
        let text = format!("{deep}{{{{ {call} | printf \"%T\" }}}}");
        // Rendered or refused: the point is that there is an answer.
        match rendered(&text, Limits::default()) {
            Ok(output) => assert!(!output.trim().is_empty(), "{call}"),
            Err(error) => assert!(!error.text.is_empty(), "{call}"),
        }
    }
}

#[test]
fn a_dict_that_holds_itself_is_an_error_of_every_function_that_walks_it() {
    let cycle = r#"{{ $d := dict "a" 1 }}{{ $_ := set $d "self" (list $d) }}"#;
    for call in [
        "toYaml $d",
        "print $d",
        "printf \"%+v\" $d",
        "quote $d",
        "deepCopy $d",
        "deepEqual $d (deepCopy $d)",
        "merge (dict \"self\" (dict \"self\" 1)) (dict \"self\" $d)",
        "toStrings (list $d)",
        "html $d",
    ] {
        let text = format!("{cycle}{{{{ {call} }}}}");
        if let Err(error) = rendered(&text, small()) {
            assert!(!error.text.is_empty(), "{call}");
        } else {
            // Only a merge may leave the part alone that holds itself.
            assert!(call.starts_with("merge"), "{call} ended well");
        }
    }
}

#[test]
fn sources_nest_without_bound_or_are_refused() {
    let depth = 20_000;
    for (open, inner, close) in [
        ("{{if 1}}", "x", "{{end}}"),
        ("{{with 1}}", "x", "{{end}}"),
        ("{{range 1}}", "x", "{{end}}"),
        ("{{block \"b\" 1}}", "x", "{{end}}"),
        ("{{if 0}}{{else}}", "x", "{{end}}"),
        ("{{if 0}}{{else if 1}}", "x", "{{end}}"),
        ("{{(", "1", ")}}"),
        ("(", "1", ")"),
    ] {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        for text in [
            format!("{open}{inner}{close}"),
            format!("{open}{inner}"),
            format!("{{{{ {open}{inner}{close} }}}}"),
        ] {
            if let Ok(template) = Template::parse("tpl", &text) {
                drop(template.references());
                drop(template.tree_text());
                drop(template.render(
                    &Value::Nil,
                    &Environment {
                        limits: small(),
                        ..Environment::default()
                    },
                ));
            }
        }
    }
    for long in [
        "{{1",
        "{{.a",
        "{{\"",
        "{{`",
        "{{/*",
        "{{ $x := ",
        "{{.a.",
        "{{1|",
    ] {
        drop(Template::parse("tpl", long.repeat(depth)));
        drop(Template::parse(
            "tpl",
            format!("{}{}", long, ".a".repeat(depth)),
        ));
        drop(Template::parse(
            "tpl",
            format!("{}{}}}}}", long, "|print ".repeat(depth)),
        ));
    }
}

/// A call of some function with arguments of all kinds.
fn call() -> impl Strategy<Value = String> {
    let functions = Functions::kudo().with_sprig3();
    // They take long, by design; the tests above count them.
    let slow = [
        "genCA",
        "genPrivateKey",
        "genSelfSignedCert",
        "genSignedCert",
        "getHostByName",
    ];
    let names: Vec<&str> = functions
        .iter()
        .map(|function| function.name)
        .filter(|name| !slow.iter().any(|slow| name.starts_with(slow)))
        .collect();
    let argument = prop::sample::select(vec![
        ".s",
        ".n",
        ".l",
        ".m",
        ".b",
        ".f",
        ".deep",
        "nil",
        ".",
        "1",
        "-1",
        "0",
        "1.5",
        "\"\"",
        "\"a\"",
        "\"\\xff\"",
        "9223372036854775807",
        "-9223372036854775808",
        "1e308",
        "1i",
        "'x'",
        "(list)",
        "(dict)",
        "(dict \"a\" .)",
        "(list . .)",
        "(until 9)",
        "true",
        "(semver \"1.2.3\")",
        "(toDate \"2006\" \"2017\")",
        "\"%999999d\"",
        "\"(a*)*b\"",
        "99999999",
        "(int64 -5)",
    ]);
    let arguments = prop::collection::vec(argument, 0..5);
    (prop::sample::select(names), arguments).prop_map(|(name, arguments)| {
        let mut text = name.to_owned();
        for argument in arguments {
            text.push(' ');
            text.push_str(argument);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn calls_of_all_functions_do_no_harm(
        first in call(),
        second in call(),
        text in "\\PC{0,12}",
        number in any::<i64>(),
        float in any::<f64>(),
    ) {
        let data = Value::dict([
            ("s", Value::from(text)),
            ("n", Value::int(number)),
            ("f", Value::Float(float)),
            ("b", Value::Bool(number % 2 == 0)),
            ("l", Value::list(vec![Value::int(number), Value::Nil, Value::from("a")])),
            ("m", Value::dict([("a", Value::int(1)), ("b", Value::Nil)])),
            ("deep", Value::dict([("a", Value::list(vec![Value::dict([("b", Value::Nil)])]))])),
        ]);
        let functions = Functions::kudo().with_sprig3();
        let environment = Environment { limits: small(), ..Environment::default() };
        for text in [
            format!("{{{{ {first} }}}}"),
            format!("{{{{ {first} | {second} }}}}"),
            format!("{{{{ range 3 }}}}{{{{ $x := {first} }}}}{{{{ print $x ({second}) }}}}{{{{ end }}}}"),
            format!("{{{{ $d := dict }}}}{{{{ $_ := set $d \"d\" $d }}}}{{{{ with $d }}}}{{{{ {first} }}}}{{{{ end }}}}"),
        ] {
            let Ok(template) = Parser::new(&functions).parse("tpl", &text) else {
                continue;
            };
            if let Ok(bytes) = template.render(&data, &environment) {
                prop_assert!(bytes.len() <= small().output);
            }
        }
    }
}
