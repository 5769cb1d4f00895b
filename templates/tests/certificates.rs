//! Certificates and keys, in OpenSSL's eyes the same as Go's; skipped where there is no OpenSSL.

#![cfg(test)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use kudo_templates::{Clock, Environment, Functions, Parser, Value};
use serde::Deserialize;

/// A certificate that Go made.
#[derive(Deserialize)]
struct Known {
    template: String,
    /// When it begins.
    seconds: i64,
    pem: String,
}

fn rendered(text: &str, seconds: i64) -> String {
    let functions = Functions::kudo().with_sprig3();
    let template = Parser::new(&functions).parse("tpl", text).unwrap();
    let environment = Environment {
        seed: [7; 32],
        clock: Clock {
            seconds,
            nanoseconds: 0,
        },
        ..Environment::default()
    };
    let output = template.render(&Value::Nil, &environment).unwrap();
    String::from_utf8(output).unwrap()
}

/// What OpenSSL says of a text; `None` where there is no OpenSSL.
fn openssl(arguments: &[&str], input: &str) -> Option<String> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .inspect_err(|_| println!("skipped: there is no openssl"))
        .ok()?;
    let stdin = child
        .stdin
        .take()
        .map(|mut stdin| stdin.write_all(input.as_bytes()));
    assert!(matches!(stdin, Some(Ok(()))), "openssl does not read");
    let Ok(output) = child.wait_with_output() else {
        panic!("openssl does not end");
    };
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "openssl {arguments:?}: {said}");
    Some(said)
}

/// A description without what chance makes: serial numbers, keys, their hashes and signatures.
fn without_chance(text: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let is_hex = line.trim().split(':').all(|byte| {
            byte.is_empty()
                || byte.len() == 2 && byte.bytes().all(|digit| digit.is_ascii_hexdigit())
        });
        if line.trim() == "Serial Number:" {
            lines.next();
        } else if !is_hex && !line.trim_start().starts_with("Serial Number") {
            kept.push(line);
        }
    }
    // The authority's key identifier stands behind a word in old releases of OpenSSL.
    kept.retain(|line| !line.trim_start().starts_with("keyid:"));
    kept.join("\n")
}

fn shape(pem: &str) -> Vec<(usize, bool)> {
    let lines: Vec<&str> = pem.lines().collect();
    // The last line of base64 has what is left.
    let full = lines.len().saturating_sub(2);
    lines
        .iter()
        .take(full)
        .map(|line| (line.len(), line.starts_with('-')))
        .take(3)
        .collect()
}

#[test]
fn certificates_are_those_of_go_but_for_chance() {
    let known = include_str!("data/certificates.jsonl").lines();
    for known in known.map(|line| serde_json::from_str::<Known>(line).unwrap()) {
        let Known {
            template,
            seconds,
            pem,
        } = known;
        let ours = rendered(&template, seconds);
        assert_eq!(shape(&ours), shape(&pem), "{template}");
        let describe = ["x509", "-noout", "-text"];
        let Some(wanted) = openssl(&describe, &pem) else {
            return;
        };
        let found = openssl(&describe, &ours).unwrap();
        assert!(wanted.contains("Not After"), "{wanted}");
        assert_eq!(
            without_chance(&found),
            without_chance(&wanted),
            "{template}"
        );
    }
}

#[test]
fn the_signature_and_the_key_belong_to_the_certificate() {
    let parts = rendered(
        r#"{{ $ca := genCA "ca" 9 }}{{ $again := buildCustomCert (b64enc $ca.Cert) (b64enc $ca.Key) }}
        {{- $c := genSignedCert "a.com" nil (list "a.com") 3 $again }}{{ $s := genSelfSignedCert "s" nil nil 3 }}
        {{- $ca.Cert }}%{{ $ca.Key }}%{{ $c.Cert }}%{{ $c.Key }}%{{ $s.Cert }}%{{ $s.Key }}"#,
        1_795_435_200,
    );
    let parts: Vec<&str> = parts.split('%').collect();
    let [ca, ca_key, cert, key, own, own_key] = parts.as_slice() else {
        panic!("{} parts", parts.len());
    };
    for (cert, key) in [(ca, ca_key), (cert, key), (own, own_key)] {
        let Some(of_cert) = openssl(&["x509", "-noout", "-pubkey"], cert) else {
            return;
        };
        assert_eq!(openssl(&["pkey", "-pubout"], key).unwrap(), of_cert);
    }
    let folder = tempfile::tempdir().unwrap();
    for (authority, certificate) in [(ca, cert), (ca, ca), (own, own)] {
        let file = folder.path().join("authority.pem");
        std::fs::write(&file, authority).unwrap();
        let file = file.to_str().unwrap();
        let said = openssl(
            &["verify", "-attime", "1795435300", "-CAfile", file],
            certificate,
        );
        assert!(said.unwrap().ends_with("OK\n"));
    }
}

#[test]
fn keys_have_gos_form_and_openssl_finds_them_sound() {
    for (kind, header, check) in [
        (
            "rsa",
            "-----BEGIN RSA PRIVATE KEY-----\n",
            ["rsa", "-check", "-noout"].as_slice(),
        ),
        (
            "dsa",
            "-----BEGIN DSA PRIVATE KEY-----\n",
            &["dsa", "-noout", "-text"],
        ),
        (
            "ecdsa",
            "-----BEGIN EC PRIVATE KEY-----\n",
            &["ec", "-check", "-noout"],
        ),
        (
            "",
            "-----BEGIN RSA PRIVATE KEY-----\n",
            &["rsa", "-check", "-noout"],
        ),
    ] {
        let key = rendered(&format!(r#"{{{{ genPrivateKey "{kind}" }}}}"#), 0);
        assert!(
            key.starts_with(header) && key.ends_with("-----\n"),
            "{kind}"
        );
        let Some(said) = openssl(check, &key) else {
            return;
        };
        let sizes = ["RSA key ok", "Private-Key: (2048 bit)", "EC Key valid"];
        assert!(
            sizes.iter().any(|size| said.contains(size)),
            "{kind}: {said}"
        );
    }
    let curve = openssl(
        &["ec", "-noout", "-text"],
        &rendered(r#"{{ genPrivateKey "ecdsa" }}"#, 0),
    );
    assert!(curve.is_none_or(|said| said.contains("ASN1 OID: prime256v1")));
}
