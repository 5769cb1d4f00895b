//! The rules of verify, with the words of kudo-spec 1.11 and of Go KUDO's transcripts.

use std::collections::BTreeMap;

use super::*;
use crate::package::source::{Contents, Files, Origin};

const OPERATOR: &str = "name: demo
operatorVersion: 0.2.0
kubernetesVersion: 1.17.0
tasks:
- {name: app, kind: Apply, spec: {resources: [app.yaml]}}
plans:
  deploy: {strategy: serial, phases: [{name: p, steps: [{name: s, tasks: [app]}]}]}
";
const APP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Name }}\n";

fn package(operator: &str, parameters: &str, templates: &[(&str, &str)]) -> Package {
    let mut files = Files::default();
    let named = templates
        .iter()
        .map(|(name, text)| (format!("templates/{name}"), *text));
    let fixed = [("operator.yaml", operator), ("params.yaml", parameters)];
    for (path, text) in named.chain(fixed.map(|(name, text)| (name.to_owned(), text))) {
        files.keep(path, text.as_bytes().to_vec()).unwrap();
    }
    let contents = std::sync::Arc::new(Contents(files.clone()));
    let (name, folder) = ("demo.tgz".to_owned(), String::new());
    Package::from_files(
        Origin::Archive {
            name,
            folder,
            contents,
        },
        &files,
    )
    .unwrap()
}

fn texts(findings: &[Diagnostic]) -> Vec<&str> {
    findings
        .iter()
        .map(|finding| finding.message.as_str())
        .collect()
}

/// Errors and warnings of a package whose parameters are these.
fn of_parameters(parameters: &str) -> (Vec<String>, Vec<String>) {
    let result = verify(&package(OPERATOR, parameters, &[("app.yaml", APP)]), &[]);
    let owned = |findings: &[Diagnostic]| texts(findings).into_iter().map(str::to_owned).collect();
    (owned(&result.errors), owned(&result.warnings))
}

fn of_operator(operator: &str) -> Vec<String> {
    let result = verify(&package(operator, "", &[("app.yaml", APP)]), &[]);
    texts(&result.errors)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_sound_package_is_valid_without_a_word() {
    let result = verify(&package(OPERATOR, "", &[("app.yaml", APP)]), &[]);
    assert!(result.is_valid());
    assert_eq!(texts(&result.errors), [""; 0]);
    assert_eq!(texts(&result.warnings), [""; 0]);
}

// Go KUDO 0.19 on a package with an unknown function in a template.
#[test]
fn a_template_that_does_not_parse_is_reported_twice_as_in_kudo() {
    let broken = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Name }}-broken\ndata:\n  \
                  x: {{ .Params.COLOR | nope }}\n";
    let result = verify(
        &package(OPERATOR, "", &[("app.yaml", APP), ("broken.yaml", broken)]),
        &[],
    );
    assert_eq!(
        texts(&result.errors),
        [
            "template file \"broken.yaml\" reports the following error: template: broken.yaml:6: \
         function \"nope\" not defined",
            "error parsing template: template: broken.yaml:6: function \"nope\" not defined",
        ]
    );
    assert_eq!(
        texts(&result.warnings),
        ["template \"broken.yaml\" is not referenced from any task"]
    );
    for error in &result.errors {
        assert_eq!(
            (error.file.as_str(), error.line),
            ("demo.tgz:templates/broken.yaml", 6)
        );
        assert_eq!(
            error.source_line.as_deref(),
            Some("  x: {{ .Params.COLOR | nope }}")
        );
    }
}

#[test]
fn a_function_of_sprig_3_is_there_when_the_package_asks_for_it() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ list .Name | mustFirst }}\n";
    let of = |functions: &str| {
        let operator = format!("{OPERATOR}templateFunctions: {functions}\n");
        verify(&package(&operator, "", &[("app.yaml", map)]), &[])
    };

    let without = of("kudo");
    let with = of("sprig3");

    let hint = "`mustFirst` is a function of Sprig 3, which KUDO does not have: write \
                `templateFunctions: sprig3` into operator.yaml to have it in kudo-rs";
    assert_eq!(without.errors.len(), 2);
    for error in &without.errors {
        assert!(
            error
                .message
                .ends_with("function \"mustFirst\" not defined")
        );
        assert_eq!(error.hint.as_deref(), Some(hint));
    }
    assert_eq!(texts(&with.errors), [""; 0]);
}

#[test]
fn names_of_parameters_are_there_once_and_have_no_separators() {
    let (errors, _) = of_parameters(
        "parameters:\n- {name: Aa, trigger: deploy}\n- {name: aA, trigger: deploy}\n\
         - {name: \"b,\", trigger: deploy}\n",
    );
    assert_eq!(
        errors,
        [
            "parameter \"aA\" has a duplicate",
            "parameter \"b,\" contains invalid character ','"
        ]
    );
}

#[test]
fn versions_must_be_semantic() {
    let errors = of_operator(&OPERATOR.replace("0.2.0", "x").replace(
        "kubernetesVersion: 1.17.0",
        "appVersion: 1.2.3.4\nkudoVersion: v0.19",
    ));
    assert_eq!(
        errors,
        [
            "unable to parse \"operatorVersion\": Invalid Semantic Version",
            "unable to parse \"appVersion\": Invalid Semantic Version",
            "\"kubernetesVersion\" is required and must be semver",
        ]
    );
}

#[test]
fn tasks_and_plans_find_each_other() {
    let operator = "operatorVersion: 1.0.0
kubernetesVersion: 1.17.0
tasks:
- {name: app, kind: Aply, spec: {resources: [app.yaml]}}
- {name: none, kind: Apply}
- {name: child, kind: KudoOperator, spec: {package: x}}
- {name: nameless, kind: KudoOperator}
plans:
  other: {strategy: searial, phases: [{name: p, steps: [{name: s, tasks: [ap]}]}]}
";
    let parameters = "parameters: [{name: A, trigger: othr}]";
    let result = verify(&package(operator, parameters, &[("app.yaml", APP)]), &[]);
    assert_eq!(
        texts(&result.errors),
        [
            "unknown task kind Aply",
            "task validation error: apply task 'none' has an empty resource list. if that's what you \
         need, use a Dummy task instead",
            "task validation error: kudo operator task 'nameless' has an empty package name",
            "task \"ap\" in plan \"other\" is not defined",
            "plan \"othr\" used in parameter \"A\" is not defined",
            "an operator is required to have 'deploy' plan",
        ]
    );
    assert_eq!(
        result.errors[0].hint.as_deref(),
        Some("did you mean `Apply`?")
    );
    assert_eq!(
        result.errors[3].hint.as_deref(),
        Some("did you mean `app`?")
    );
    assert_eq!((result.errors[3].line, result.errors[3].column), (9, 75));
    assert_eq!(
        texts(&result.warnings),
        [
            "task \"app\" defined but not used",
            "task \"none\" defined but not used",
            "task \"child\" defined but not used",
            "task \"nameless\" defined but not used",
            "plan \"other\" has the strategy \"searial\", which means parallel; only \"serial\" is serial",
            "template \"app.yaml\" is not referenced from any task",
        ]
    );
}

#[test]
fn parameters_are_defined_and_used() {
    let template = format!("{APP}data:\n  x: {{{{ .Params.COLR }}}}{{{{ .Params.COLR }}}}\n");
    let operator = OPERATOR.replace(
        "plans:",
        "- {name: t, kind: Toggle, spec: {parameter: GONE, resources: [app.yaml]}}\nplans:",
    );
    let parameters = "parameters: [{name: COLOR}, {name: B, trigger: deploy}]";
    let result = verify(
        &package(&operator, parameters, &[("app.yaml", &template)]),
        &[],
    );
    assert_eq!(
        texts(&result.errors[..2]),
        [
            "parameter \"COLR\" in template app.yaml is not defined",
            "parameter \"GONE\" in ToggleTask t is not defined",
        ]
    );
    assert_eq!(
        (
            result.errors[0].line,
            result.errors[0].source_line.is_some()
        ),
        (6, true)
    );
    assert_eq!(
        result.errors[0].hint.as_deref(),
        Some("did you mean `COLOR`?")
    );
    assert_eq!(
        result.errors[2].message,
        "error rendering template: template: app.yaml:6:15: executing \"app.yaml\" at \
         <.Params.COLR>: map has no entry for key \"COLR\""
    );
    assert_eq!((result.errors[2].line, result.errors[2].column), (6, 16));
    assert_eq!(
        texts(&result.warnings),
        [
            "task \"t\" defined but not used",
            "parameter \"COLOR\" defined but not used.",
        ]
    );
}

#[test]
fn defaults_and_enums_fit_their_types() {
    let (errors, _) = of_parameters(
        "parameters:
- {name: A, trigger: deploy, immutable: true, required: false}
- {name: B, trigger: deploy, enum: []}
- {name: C, trigger: deploy, type: integer, enum: [\"1\", x]}
- {name: D, trigger: deploy, enum: [a, b], default: x}
- {name: E, trigger: deploy, type: integer, default: 3}
- {name: F, trigger: deploy, type: string, default: 3}
- {name: G, trigger: deploy, type: array, default: \"a: b\"}
- {name: H, trigger: deploy, type: map, default: [1]}
- {name: I, trigger: deploy, type: boolean, default: \"maybe\"}
- {name: J, trigger: deploy, type: number, default: 0.5}
",
    );
    assert_eq!(
        errors[..8],
        [
            "parameter \"A\" is immutable but is not marked as required or has a default value",
            "parameter \"B\" is an enum but has no allowed values",
            "parameter \"C\" has an invalid enum value: type is \"integer\" but format of \"x\" is \
         invalid: strconv.ParseInt: parsing \"x\": invalid syntax",
            "parameter \"D\" has an invalid default value: value is \"x\", but only allowed values are \
         [a b]",
            "parameter \"E\" has an invalid default value: type is \"integer\" but format is invalid: 3",
            "parameter \"F\" has an invalid default value: type is \"string\" but format is invalid: 3",
            "parameter \"G\" has an invalid default value: type is \"array\", but format of a: b is \
         invalid",
            "parameter \"H\" has an invalid default value: type is \"map\" but value [1] is not a map",
        ]
    );
    assert!(
        errors[8].starts_with("parameter \"I\" has an invalid default value: type is \"boolean\"")
    );
}

#[test]
fn groups_are_defined_once_and_advanced_parameters_can_be_left_alone() {
    let (errors, _) = of_parameters(
        "groups: [{name: g}, {name: g}, {name: a/b}]
parameters:
- {name: A, trigger: deploy, group: h}
- {name: B, trigger: deploy, group: a/b}
- {name: C, trigger: deploy, advanced: true}
",
    );
    assert_eq!(
        errors,
        [
            "parameter \"B\" has a group with invalid character '/'",
            "parameter \"C\" is marked as advanced, but also as required and has no default. An \
         advanced parameter must either be optional or have a default value",
            "parameter group \"g\" is duplicated",
            "parameter group \"a/b\" contains invalid character '/'",
            "parameter \"A\" has a group \"h\" that is not defined in the group section",
        ]
    );
}

#[test]
fn templates_use_names_that_are_set_and_give_objects() {
    let operator = OPERATOR.replace("[app.yaml]", "[app.yaml, ap.yaml, list.yaml]");
    let templates = [
        ("app.yaml", APP),
        ("list.yaml", "- {{ .StepNumber }}\n"),
        ("text.yaml", "a: [\n"),
    ];
    let result = verify(&package(&operator, "", &templates), &[]);
    let errors = texts(&result.errors);
    assert_eq!(
        errors[..2],
        [
            "template list.yaml defines an invalid implicit parameter \"StepNumber\"",
            "template \"ap.yaml\" required by app but is not defined",
        ]
    );
    assert_eq!(
        result.errors[0].hint.as_deref(),
        Some("did you mean `StepName`?")
    );
    assert!(errors[2].starts_with("error rendering template: template: list.yaml:1:"));
    assert!(errors[3].starts_with("parsing rendered YAML from text.yaml failed: "));
    assert_eq!(
        texts(&result.warnings),
        ["template \"text.yaml\" is not referenced from any task"]
    );
}

#[test]
fn pipes_are_known_to_templates_and_unique_in_a_plan() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";
    let operator = OPERATOR
        .replace(
            "plans:",
            "- name: pipe\n  kind: Pipe\n  spec:\n    pod: pod.yaml\n    pipe:\n    \
             - {file: /a, kind: Secret, key: Cert}\n    - {file: /b, kind: Secret, key: Cert}\n\
             plans:",
        )
        .replace("tasks: [app]", "tasks: [app, pipe]");
    let app = format!("{APP}data: {{x: {{{{ .Pipes.Cert }}}}}}\n");
    let result = verify(
        &package(&operator, "", &[("app.yaml", &app), ("pod.yaml", pod)]),
        &[],
    );
    assert_eq!(texts(&result.errors), ["duplicated pipe key Cert"]);
}

#[test]
fn a_namespace_is_only_in_the_namespace_manifest() {
    let namespace = "apiVersion: v1\nkind:  Namespace\nmetadata: {name: x}\n";
    let errors_of = |manifest: &str, text: &str| {
        let operator = format!("{OPERATOR}namespaceManifest: {manifest}\n");
        let templates = [("app.yaml", APP), ("ns.yaml", text)];
        let result = verify(&package(&operator, "", &templates), &[]);
        result
            .errors
            .into_iter()
            .map(|error| error.message)
            .collect::<Vec<_>>()
    };
    assert_eq!(errors_of("ns.yaml", namespace), [""; 0]);
    assert_eq!(
        errors_of("no.yaml", namespace),
        [
            "template \"ns.yaml\" contains 'kind: Namespace' not allowed unless specified as \
         'NamespaceManifest'",
            "NamespaceManifest \"no.yaml\" not found in /templates folder",
        ]
    );
    assert_eq!(
        errors_of("ns.yaml", "# nothing"),
        ["NamespaceManifest \"ns.yaml\" found but does not contain a manifest"]
    );
    assert_eq!(
        errors_of("ns.yaml", "apiVersion: v1\nkind: Pod\n"),
        ["NamespaceManifest \"ns.yaml\" found but manifest is not kind: Namespace"]
    );
    assert_eq!(
        errors_of("ns.yaml", &format!("{namespace}---\n{namespace}")),
        ["NamespaceManifest \"ns.yaml\" found but contains 2 manifests which is greater than 1"]
    );
}

#[test]
fn fields_that_a_kind_does_not_have_are_warned_of() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, wait.sh: x}\nspec:\n  containers:\n  \
               - name: c\n    env: [{name: A, value: \"1\"}, {name: A, value: \"2\"}]\n";
    let result = verify(&package(OPERATOR, "", &[("app.yaml", pod)]), &[]);
    assert_eq!(texts(&result.errors), [""; 0]);
    assert_eq!(
        texts(&result.warnings),
        [
            "template \"app.yaml\": Pod \"p\" has an unknown field \"metadata.wait.sh\", which is dropped",
            "template \"app.yaml\": Pod \"p\" has [name=\"A\"] twice in \"spec.containers[0].env\"; the \
         last one counts",
        ]
    );
}

#[test]
fn extended_checks_run_when_asked_for_in_their_own_order() {
    let parameters = "groups: [{name: g, displayName: small}]
parameters:
- {name: A, trigger: deploy, description: no, hint: no, displayName: \"x:\"}
";
    let package = package(OPERATOR, parameters, &[("app.yaml", APP)]);
    assert_eq!(texts(&verify(&package, &[]).warnings), [""; 0]);
    let all = verify(&package, &["all".parse().unwrap()]);
    assert_eq!(
        texts(&all.warnings),
        [
            "parameter \"A\" has a description not ending with one of '.!?)'",
            "parameter \"A\" has a hint not ending with a '.'",
            "parameter \"A\" has a displayName ending with ':'",
            "parameter \"A\" has no group",
            "parameter \"A\" has no explicit type assigned",
            "parameter group \"g\" has a displayName that does not start with a capital letter",
            "parameter group \"g\" has no description",
        ]
    );
    assert!(all.is_valid());
    let some = verify(
        &package,
        &["hint".parse().unwrap(), "type".parse().unwrap()],
    );
    assert_eq!(some.warnings.len(), 2);
    assert_eq!(
        "x".parse::<Check>(),
        Err(
            "unknown parameter check: x, must be one of [display hint desc type hasgroup groups \
             all]"
                .to_owned()
        )
    );
}

/// The package and the words of Go KUDO 0.19, where the shared material is at hand.
#[expect(clippy::disallowed_methods, reason = "it says where test material is")]
#[test]
fn the_demo_package_gets_go_kudos_words() {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("KUDO_RS_SHARED").map_or(beside, Into::into);
    let demo = shared.join("transcripts/demo");
    let Ok(transcript) = std::fs::read_to_string(shared.join("transcripts/go-kudo-0.19.txt"))
    else {
        println!("skipped: {} is not there", demo.display());
        return;
    };
    let (_, answer) = transcript
        .split_once("package verify ./demo -o json\n")
        .unwrap();
    let answer = answer.split("\nstderr:").next().unwrap();
    let expected: BTreeMap<String, serde_json::Value> = serde_json::from_str(answer).unwrap();

    let result = verify(&Package::read(&demo).unwrap(), &[]);
    assert_eq!(serde_json::json!(texts(&result.errors)), expected["errors"]);
    assert_eq!(
        serde_json::json!(texts(&result.warnings)),
        expected["warnings"]
    );
    assert_eq!(serde_json::json!(result.is_valid()), expected["valid"]);
}
