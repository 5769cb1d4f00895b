//! What is said about a run: lines for people, JSON and `JUnit`'s XML for programs.

use std::time::Duration;

use serde_json::{Value, json};

use super::case::{Failure, Outcome};

/// Returns the line of a case.
pub(crate) fn case_line(outcome: &Outcome, width: usize) -> String {
    let word = if outcome.failure.is_some() {
        "FAIL"
    } else {
        "PASS"
    };
    format!(
        "{word}  {:width$}  {}\n",
        outcome.case,
        seconds(outcome.time)
    )
}

/// Returns why a case failed.
pub(crate) fn failure_text(failure: &Failure) -> String {
    let causes = failure.causes.iter().map(|cause| {
        let mut lines = cause.lines();
        let first = lines.next().unwrap_or_default();
        let rest: String = lines.fold(String::new(), |rest, line| rest + "        " + line + "\n");
        format!("      {first}\n{rest}")
    });
    format!(
        "      step {}\n{}",
        failure.step,
        causes.collect::<String>()
    )
}

/// Returns the last line.
pub(crate) fn summary(outcomes: &[Outcome], time: Duration) -> String {
    let failed = outcomes.iter().filter(|one| one.failure.is_some()).count();
    let cases = if outcomes.len() == 1 { "case" } else { "cases" };
    format!(
        "{} {cases}: {} passed, {failed} failed, in {}\n",
        outcomes.len(),
        outcomes.len() - failed,
        seconds(time)
    )
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Returns the run as JSON.
pub(crate) fn as_json(outcomes: &[Outcome], time: Duration) -> Value {
    let cases = outcomes.iter().map(|outcome| {
        json!({
            "case": outcome.case,
            "namespace": outcome.namespace,
            "passed": outcome.failure.is_none(),
            "seconds": outcome.time.as_secs_f64(),
            "steps": outcome.steps,
            "failedStep": outcome.failure.as_ref().map(|failure| &failure.step),
            "causes": outcome.failure.as_ref().map(|failure| &failure.causes),
            "left": outcome.left,
        })
    });
    json!({
        "passed": outcomes.iter().all(|one| one.failure.is_none()),
        "seconds": time.as_secs_f64(),
        "cases": cases.collect::<Vec<_>>(),
    })
}

/// Returns the run as `JUnit`'s XML.
pub(crate) fn as_junit(suite: &str, outcomes: &[Outcome], time: Duration) -> String {
    let failed = outcomes.iter().filter(|one| one.failure.is_some()).count();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (suite, count, took) = (escaped(suite), outcomes.len(), time.as_secs_f64());
    xml.extend([format!(
        "<testsuites tests=\"{count}\" failures=\"{failed}\" time=\"{took:.3}\">\n  \
         <testsuite name=\"{suite}\" tests=\"{count}\" failures=\"{failed}\" time=\"{took:.3}\">\n"
    )]);
    for outcome in outcomes {
        let (case, took) = (escaped(&outcome.case), outcome.time.as_secs_f64());
        let start =
            format!("    <testcase classname=\"{suite}\" name=\"{case}\" time=\"{took:.3}\"");
        match &outcome.failure {
            None => xml.extend([format!("{start}/>\n")]),
            Some(failure) => xml.extend([format!(
                "{start}>\n      <failure message=\"step {}\">{}</failure>\n    </testcase>\n",
                escaped(&failure.step),
                escaped(&failure.causes.join("\n"))
            )]),
        }
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// XML 1.0 has no way to write most control characters; they become spaces.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(letter),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes() -> Vec<Outcome> {
        let good = Outcome {
            case: "good".to_owned(),
            namespace: "n".to_owned(),
            time: Duration::from_millis(1250),
            steps: 2,
            failure: None,
            left: None,
        };
        let bad = Outcome {
            case: "a<b".to_owned(),
            failure: Some(Failure {
                step: "00-install".to_owned(),
                causes: vec!["00-assert.yaml:1: any Pod is not so:\n- a: 1 & \u{7}".to_owned()],
            }),
            ..good.clone()
        };
        vec![good, bad]
    }

    #[test]
    fn people_read_one_line_a_case() {
        let outcomes = outcomes();

        assert_eq!(case_line(&outcomes[0], 6), "PASS  good    1.2 s\n");
        assert_eq!(
            failure_text(outcomes[1].failure.as_ref().unwrap()),
            "      step 00-install\n      00-assert.yaml:1: any Pod is not so:\n        - a: 1 & \u{7}\n"
        );
        assert_eq!(
            summary(&outcomes, Duration::from_secs(3)),
            "2 cases: 1 passed, 1 failed, in 3.0 s\n"
        );
    }

    // XML 1.0, 2.2 and 2.4: characters that are allowed, and those that must be escaped.
    #[test]
    fn junit_is_well_formed() {
        let xml = as_junit("s", &outcomes(), Duration::from_secs(3));

        assert!(xml.contains("name=\"a&lt;b\""), "{xml}");
        assert!(xml.contains("a: 1 &amp;  </failure>"), "{xml}");
        assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
    }
}
