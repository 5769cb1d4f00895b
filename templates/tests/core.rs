//! Sprig's everyday functions: Go's answers, the manual's examples, and what no template may make them do.

#[path = "support/answer.rs"]
mod answer;
#[path = "support/case.rs"]
mod case;
#[path = "support/file.rs"]
mod file;

use case::Answer;
use kudo_templates::{Environment, Functions, Limits, Parser, RenderError, Template, Value};

/// Renders with the functions of KUDO and small limits.
fn rendered(text: &str) -> Result<String, RenderError> {
    let limits = Limits {
        fuel: 1_000_000,
        memory: 16 << 20,
        ..Limits::default()
    };
    let environment = Environment {
        limits,
        ..Environment::default()
    };
    let bytes = parsed(text).render(&Value::Nil, &environment)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn parsed(text: &str) -> Template {
    let functions = Functions::kudo();
    let template = Parser::new(&functions).parse("tpl", text);
    template.expect("the templates of these tests parse")
}

#[test]
fn questions_to_go_are_answered_as_go_does() {
    let functions = Functions::kudo();
    let mut failures = 0;
    for case in file::cases(include_str!("data/core-cases.jsonl")) {
        let answer = case.answered(&functions);
        if !answer.agrees(&case.answer) || !answer.agrees_in_tree(&case.answer) {
            failures += 1;
            println!("{}: {}", case.group, case.template);
            println!(
                "  Go   {:?}\n  ours {:?}",
                case.answer,
                Answer {
                    tree: None,
                    ..answer
                }
            );
        }
    }
    assert_eq!(failures, 0);
}

#[test]
fn examples_of_the_manual_give_what_it_says() {
    for function in Functions::kudo()
        .iter()
        .filter(|function| !function.doc.output.is_empty())
    {
        let output = rendered(function.doc.example);
        assert_eq!(
            output.as_deref(),
            Ok(function.doc.output),
            "{}",
            function.name
        );
    }
}

#[test]
fn what_would_be_too_large_is_refused_before_it_is_made() {
    for text in [
        r#"{{ repeat 1000000000 "abc" }}"#,
        r#"{{ repeat 9223372036854775807 "abc" }}"#,
        "{{ until 9223372036854775807 }}",
        "{{ until -9223372036854775808 }}",
        "{{ untilStep -9223372036854775808 9223372036854775807 1 }}",
        r#"{{ indent 1000000000 "a" }}"#,
        r#"{{ nindent 9223372036854775807 "a" }}"#,
        r#"{{ repeat 100000 "a" | replace "a" (repeat 100000 "b") }}"#,
        r#"{{ repeat 100000 "a" | replace "" (repeat 100000 "b") }}"#,
        r#"{{ repeat 100000 "ab" | wrapWith 1 (repeat 100000 "b") }}"#,
        r#"{{ repeat 100000 "a" | splitList "" | join (repeat 100000 "b") }}"#,
        r#"{{ $s := "abcdefgh" }}{{ range until 50 }}{{ $s = printf "%s%s" $s $s }}{{ end }}"#,
        "{{ $l := list 1 2 3 4 }}{{ range until 50 }}{{ $l = concat $l $l }}{{ end }}",
        "{{ $l := list 1 }}{{ range until 100000 }}{{ $l = append $l 1 }}{{ end }}",
        "{{ $l := list 1 }}{{ range until 100000 }}{{ $l = prepend $l 1 }}{{ end }}",
        r#"{{ range until 10000 }}{{ $_ := dict "a" . | toJson | repeat 1000 }}{{ end }}"#,
        "{{ $d := dict }}{{ range until 60 }}{{ $d = list $d $d }}{{ end }}{{ toJson $d }}",
        "{{ $d := dict }}{{ range until 60 }}{{ $d = list $d $d }}{{ end }}{{ toPrettyJson $d }}",
        "{{ $d := dict }}{{ range until 60 }}{{ $d = list $d $d }}{{ end }}{{ toYaml $d }}",
        "{{ $d := dict }}{{ range until 60 }}{{ $d = list $d $d }}{{ end }}{{ deepCopy $d }}",
        "{{ $d := dict }}{{ range until 60 }}{{ $d = list $d $d }}{{ end }}{{ quote $d }}",
        "{{ $d := list }}{{ $e := list }}{{ range until 60 }}{{ $d = list $d $d }}{{ $e = list $e $e }}{{ end }}{{ deepEqual $d $e }}",
        "{{ $l := until 10000 }}{{ uniq $l }}",
        r#"{{ $s := repeat 1000000 "a" }}{{ range until 1000 }}{{ if contains "b" $s }}{{ end }}{{ end }}"#,
    ] {
        let error = rendered(text).expect_err(text);
        assert!(error.limit.is_some(), "{text}: {}", error.text);
    }
}

#[test]
fn a_dict_that_contains_itself_is_an_error_or_go_s_answer() {
    let own = r#"{{ $d := dict "a" 1 }}{{ $_ := set $d "self" $d }}"#;
    // Go's encoding/json notices, and Sprig drops the error.
    assert_eq!(
        rendered(&format!("{own}[{{{{ toJson $d }}}}]")),
        Ok("[]".to_owned())
    );
    // Go's process dies of these.
    for call in [
        "toYaml $d",
        "deepCopy $d",
        "merge (deepCopy (dict)) $d | toYaml",
    ] {
        let error = rendered(&format!("{own}{{{{ {call} }}}}")).expect_err(call);
        assert!(
            error.text.contains("value nests deeper than 512 levels"),
            "{}",
            error.text
        );
    }
}

#[test]
fn deep_values_are_refused_where_all_of_them_is_walked() {
    let deep = "{{ $d := list }}{{ range until 10000 }}{{ $d = list $d }}{{ end }}";
    for call in ["toJson $d", "toYaml $d", "deepCopy $d"] {
        let error = rendered(&format!("{deep}{{{{ {call} }}}}")).expect_err(call);
        assert!(
            error.text.contains("value nests deeper than 512 levels"),
            "{}",
            error.text
        );
    }
    assert_eq!(
        rendered(&format!("{deep}{{{{ len $d }}}}")),
        Ok("1".to_owned())
    );
}
