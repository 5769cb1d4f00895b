//! Dates, versions, patterns, URLs, keys and chance: Go's answers, OpenSSL's opinion, and limits.

#![cfg(test)]

#[path = "support/answer.rs"]
mod answer;
#[path = "support/case.rs"]
mod case;
#[path = "support/file.rs"]
mod file;

use std::io::Write as _;
use std::process::{Command, Stdio};

use kudo_templates::{Clock, Environment, Functions, Limits, Parser, RenderError, Value};

/// Renders with all functions there are, a seed and small limits.
fn rendered(text: &str, seed: u8) -> Result<String, RenderError> {
    let functions = Functions::kudo().with_sprig3();
    let Ok(template) = Parser::new(&functions).parse("tpl", text) else {
        panic!("{text} does not parse");
    };
    let environment = Environment {
        seed: [seed; 32],
        clock: Clock {
            seconds: 1_795_435_200,
            nanoseconds: 0,
        },
        limits: Limits {
            fuel: 3_000_000,
            memory: 16 << 20,
            ..Limits::default()
        },
    };
    let bytes = template.render(&Value::Nil, &environment)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn failure(text: &str) -> String {
    rendered(text, 1).unwrap_err().text
}

#[test]
fn questions_to_go_are_answered_as_go_does() {
    let functions = Functions::kudo();
    let mut failures = 0;
    for case in file::cases(include_str!("data/rest-cases.jsonl")) {
        let answer = case.answered(&functions);
        if !answer.agrees(&case.answer) || !answer.agrees_in_tree(&case.answer) {
            failures += 1;
            println!("{}: {} {:?}", case.group, case.template, case.data);
            println!("  Go   {:?}\n  ours {answer:?}", case.answer);
        }
    }
    assert_eq!(failures, 0);
}

#[test]
fn functions_of_sprig_3_are_unknown_unless_asked_for() {
    let kudo = Functions::kudo();
    let more = Functions::kudo().with_sprig3();
    let added = more
        .iter()
        .filter(|function| kudo.find(function.name.as_bytes()).is_none());
    assert_eq!(added.count(), 60);
    let error = Parser::new(&kudo).parse("tpl", "{{ seq 3 }}").unwrap_err();
    assert_eq!(error.text, r#"template: tpl:1: function "seq" not defined"#);
}

/// Every function that draws.
const DRAWS: &str = r#"{{ uuidv4 }} {{ randAlphaNum 20 }} {{ randAlpha 20 }} {{ randAscii 20 }}
{{ randNumeric 20 }} {{ shuffle "abcdefghijklmnop" }} {{ encryptAES "k" "text" }}
{{ genPrivateKey "ecdsa" }} {{ (genCA "ca" 1).Key }} {{ randBytes 9 }} {{ bcrypt "x" }}
{{ (genSelfSignedCert "a" nil nil 1).Cert }} {{ htpasswd "u" "x" }} {{ randInt 0 1000000000 }}"#;

#[test]
fn the_same_seed_draws_the_same_bytes() {
    assert_eq!(rendered(DRAWS, 1), rendered(DRAWS, 1));
}

/// A render takes nothing from those before it: not their draws, not their order, not their thread.
#[test]
fn what_is_drawn_does_not_depend_on_other_renders() {
    let texts = [
        "{{ uuidv4 }}",
        "{{ randAlphaNum 9 }}{{ shuffle `abcdef` }}",
        "{{ encryptAES `k` `t` }}",
    ];
    let forth: Vec<_> = texts.iter().map(|text| rendered(text, 5)).collect();
    let mut back: Vec<_> = texts.iter().rev().map(|text| rendered(text, 5)).collect();
    back.reverse();
    assert_eq!(forth, back);
    let elsewhere = std::thread::spawn(move || texts.map(|text| rendered(text, 5)));
    assert!(
        elsewhere
            .join()
            .is_ok_and(|there| there.as_slice() == forth)
    );
}

#[test]
fn another_seed_draws_other_bytes() {
    let (one, other) = (rendered(DRAWS, 1).unwrap(), rendered(DRAWS, 2).unwrap());
    let same = one
        .split_whitespace()
        .zip(other.split_whitespace())
        .filter(|(one, other)| {
            one == other
                && !matches!(
                    *one,
                    "-----BEGIN"
                        | "EC"
                        | "RSA"
                        | "PRIVATE"
                        | "-----END"
                        | "KEY-----"
                        | "CERTIFICATE-----"
                )
        });
    assert_eq!(same.count(), 0);
}

#[test]
fn two_draws_of_one_render_differ() {
    let text = "{{ $a := randAlphaNum 20 }}{{ eq $a (randAlphaNum 20) }}";
    assert_eq!(rendered(text, 1).as_deref(), Ok("false"));
}

#[test]
fn now_is_the_time_that_was_handed_in() {
    assert_eq!(
        rendered("{{ now }}", 1).as_deref(),
        Ok("2026-11-23 12:00:00 +0000 UTC")
    );
    assert_eq!(rendered("{{ ago 1795431599 }}", 1).as_deref(), Ok("1h0m1s"));
}

/// Asks OpenSSL about a PEM text; `None` where there is no OpenSSL.
fn openssl(arguments: &[&str], input: &str) -> Option<(bool, String)> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .inspect_err(|_| println!("skipped: there is no openssl"))
        .ok()?;
    let written = child
        .stdin
        .take()
        .map(|mut stdin| stdin.write_all(input.as_bytes()));
    assert!(matches!(written, Some(Ok(()))), "openssl does not read");
    let Ok(output) = child.wait_with_output() else {
        panic!("openssl does not end");
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some((
        output.status.success(),
        text + &String::from_utf8_lossy(&output.stderr),
    ))
}

#[test]
fn openssl_reads_every_private_key() {
    for (kind, command) in [("rsa", "rsa"), ("dsa", "dsa"), ("ecdsa", "ec")] {
        let key = rendered(&format!(r#"{{{{ genPrivateKey "{kind}" }}}}"#), 3).unwrap();
        let Some((fine, said)) = openssl(&[command, "-noout", "-text"], &key) else {
            return;
        };
        assert!(fine, "{kind}: {said}");
    }
}

#[test]
fn openssl_trusts_what_an_authority_signed() {
    let text = r#"{{ $ca := genCA "my-ca" 30 }}{{ $ca.Cert }}%%{{ with genSignedCert "a.com"
        (list "10.0.0.1" "::1") (list "b.com" "*.b.com") 30 $ca }}{{ .Cert }}{{ end }}"#;
    let text = rendered(text, 4).unwrap();
    let (authority, certificate) = text.split_once("%%").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority).unwrap();
    let file = file.to_str().unwrap();
    let at = ["-attime", "1795435300"];
    let verify = ["verify", "-CAfile", file, at[0], at[1]];
    let Some((fine, said)) = openssl(&verify, certificate) else {
        return;
    };
    assert!(fine, "{said}");
    let (_, shown) = openssl(&["x509", "-noout", "-text"], certificate).unwrap();
    for line in [
        "Issuer: CN = my-ca",
        "Not Before: Nov 23 12:00:00 2026 GMT",
        "Not After : Dec 23 12:00:00 2026 GMT",
        "Subject: CN = a.com",
        "DNS:b.com, DNS:*.b.com, IP Address:10.0.0.1, IP Address:0:0:0:0:0:0:0:1",
        "CA:FALSE",
    ] {
        assert!(
            shown.replace("CN=", "CN = ").contains(line),
            "{line} is not in {shown}"
        );
    }
}

#[test]
fn a_key_that_is_not_the_authoritys_signs_nothing() {
    let text = r#"{{ $one := genCA "one" 1 }}{{ $two := genCA "two" 1 }}{{ genSignedCert "x" nil nil 1
        (buildCustomCert (b64enc $one.Cert) (b64enc $two.Key)) }}"#;
    let said = failure(text);
    let wanted = "x509: provided PrivateKey doesn't match parent's PublicKey";
    assert!(said.ends_with(wanted), "{said}");
}

#[test]
fn patterns_cannot_take_all_memory_or_time() {
    for (text, answer) in [
        // Nested repetitions are bounded as in Go.
        (r#"{{ regexMatch "((a{100}){100}){100}" "a" }}"#, "false"),
        // What would blow up a backtracking engine.
        (
            r#"{{ regexMatch "(a*)*(a*)*(a*)*b" (repeat 5000 "a") }}"#,
            "false",
        ),
        (r#"{{ regexMatch "(x+x+)+y" (repeat 5000 "x") }}"#, "false"),
    ] {
        assert_eq!(rendered(text, 1).as_deref(), Ok(answer), "{text}");
    }
    for pattern in [r"\pL{1000}", r"(\pL{100}|\w{100}){9}", "(.{500}){2}"] {
        let text = format!(r#"{{{{ regexFind `{pattern}` (repeat 100000 "a") | len }}}}"#);
        // Refused or found, but answered.
        assert!(rendered(&text, 1).is_ok_and(|out| out != "0") || !failure(&text).is_empty());
    }
}

#[test]
fn patterns_that_nest_too_deeply_are_refused() {
    let deep = |depth: usize| "(".repeat(depth) + "a" + &")".repeat(depth);
    let text = format!(r#"{{{{ regexFind "{}" "a" }}}}"#, deep(200));
    assert_eq!(rendered(&text, 1).as_deref(), Ok("a"));
    let text = format!(r#"{{{{ regexFind "{}" "a" }}}}"#, deep(5000));
    assert!(failure(&text).ends_with("pattern nests more than 250 groups"));
}

#[test]
fn chance_cannot_take_all_memory_or_time() {
    for text in [
        "{{ randAlphaNum 9223372036854775807 }}",
        "{{ randAscii 100000000 }}",
        "{{ randBytes 100000000 }}",
        "{{ seq 1 9223372036854775807 }}",
        r#"{{ range until 100000 }}{{ derivePassword 1 "long" "p" "u" "s" }}{{ end }}"#,
    ] {
        let error = rendered(text, 1).unwrap_err();
        assert!(error.limit.is_some(), "{text}: {}", error.text);
    }
    assert_eq!(rendered("[{{ randAlpha -1 }}]", 1).as_deref(), Ok("[]"));
}

#[test]
fn a_host_without_an_address_is_an_error() {
    let said = failure(r#"{{ getHostByName "no such host" }}"#);
    assert!(
        said.ends_with("error calling getHostByName: invalid argument to Intn"),
        "{said}"
    );
}
