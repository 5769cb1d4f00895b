use super::*;
use crate::task::PipeKind;

fn pipe(path: &str) -> Pipe {
    Pipe {
        source: PipeSource::File(path.to_owned()),
        kind: PipeKind::Secret,
        key: "k".to_owned(),
    }
}

fn template() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "mine", "labels": {"a": "b"}},
        "spec": {
            "initContainers": [{
                "name": "init", "image": "alpine:3",
                "volumeMounts": [{"name": "shared", "mountPath": "/tmp"}],
            }],
            "volumes": [{"name": "shared", "emptyDir": {}}],
        },
    })
}

/// Returns the template with one field set.
fn with(pointer: &str, value: Value) -> Value {
    let mut pod = template();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match pod.pointer_mut(parent).unwrap() {
        Value::Array(list) => list.push(value),
        map => map[key] = value,
    }
    pod
}

fn refusal(pod: &Value, path: &str) -> String {
    match check(pod, &[pipe(path)]).unwrap_err() {
        TaskError::Fatal { event, cause } => {
            assert_eq!(event, "ResourceValidationError");
            cause
        }
        other @ TaskError::Transient { .. } => panic_on(&other),
    }
}

#[track_caller]
fn panic_on(error: &TaskError) -> String {
    assert!(matches!(error, TaskError::Fatal { .. }), "{error:?}");
    String::new()
}

// kudo-spec 3.9
#[test]
fn a_pod_with_one_init_container_and_one_shared_volume_is_good() {
    for path in ["/tmp/a.txt", "/tmp/deep/b", "/tmp//c/", "/tmp/.hidden"] {
        let mount = check(&template(), &[pipe(path)]).unwrap();
        assert_eq!(mount["mountPath"], "/tmp", "{path}");
    }
    let on_failure = with("/spec/restartPolicy", json!("OnFailure"));
    assert!(check(&on_failure, &[pipe("/tmp/a")]).is_ok());
}

// kudo-spec 3.9
#[test]
fn each_constraint_has_its_message() {
    let cases = [
        (
            with("/spec/containers", json!([{"name": "c"}])),
            "must have no containers",
        ),
        (
            with("/spec/initContainers/-", json!({"name": "second"})),
            "must have exactly one init container, and has 2",
        ),
        (
            with("/spec/initContainers", json!([])),
            "must have exactly one init container, and has 0",
        ),
        (
            with("/spec/restartPolicy", json!("Always")),
            "must have the restartPolicy OnFailure or none, got `Always`",
        ),
        (
            with("/spec/initContainers/0/restartPolicy", json!("Always")),
            "must have an init container that ends",
        ),
        (
            with("/spec/volumes/-", json!({"name": "other", "emptyDir": {}})),
            "must have exactly one emptyDir volume, and has 2",
        ),
        (
            with("/spec/volumes", json!([{"name": "shared", "secret": {}}])),
            "must have exactly one emptyDir volume, and has 0",
        ),
        (
            with("/spec/initContainers/0/volumeMounts", json!([])),
            "must mount its emptyDir volume `shared`",
        ),
    ];
    for (pod, words) in cases {
        let cause = refusal(&pod, "/tmp/a");
        assert!(cause.contains(words), "`{words}` is not in `{cause}`");
    }
}

#[test]
fn files_are_below_the_shared_volume_and_can_be_keys() {
    for path in ["/tmp", "/tmpfile", "/etc/passwd", "/tmp/../etc/x", "a", ""] {
        let cause = refusal(&template(), path);
        assert!(cause.contains("above"), "{path}: {cause}");
    }
    for path in ["/tmp/a b", "/tmp/ü", "/tmp/..x"] {
        let cause = refusal(&template(), path);
        assert!(cause.contains("cannot be a key"), "{path}: {cause}");
    }
}

// kudo-spec 3.9
#[test]
fn the_pod_that_runs_has_a_waiter_beside_the_files() {
    let template = template();
    let mount = check(&template, &[pipe("/tmp/a")]).unwrap();

    let pod = generated(&template, "i.p.ph.s.t.pipepod", &mount, "busybox:1");

    assert_eq!(
        pod["metadata"],
        json!({
            "name": "i.p.ph.s.t.pipepod", "labels": {"a": "b"},
            "annotations": {"kudo.dev/pipepod": "true"},
        })
    );
    assert_eq!(pod["spec"]["restartPolicy"], "OnFailure");
    assert_eq!(
        pod["spec"]["initContainers"],
        template["spec"]["initContainers"]
    );
    let [waiter] = list(&pod["spec"], "containers") else {
        unreachable!("there is one container");
    };
    assert_eq!(waiter["name"], "waiter");
    assert_eq!(waiter["image"], "busybox:1");
    assert_eq!(waiter["command"], json!(["/bin/sh", "-c"]));
    assert_eq!(
        waiter["volumeMounts"],
        json!([{"name": "shared", "mountPath": "/tmp", "readOnly": true}])
    );
}

// What a container needs under the restricted Pod Security Standard:
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
#[test]
fn a_waiter_beside_a_restricted_init_container_is_restricted_too() {
    let of_pod = json!({
        "runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "Localhost"},
    });

    let waiter = security(&with("/spec/securityContext", of_pod)["spec"]);

    assert_eq!(
        waiter,
        json!({
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "Localhost"},
        })
    );
}

#[test]
fn a_waiter_has_the_user_of_the_init_container() {
    let own = json!({"runAsUser": 0, "runAsGroup": 7});
    let mut pod = with("/spec/initContainers/0/securityContext", own);
    pod["spec"]["securityContext"] = json!({"runAsUser": 1000});

    // Root of the author's choice keeps root's capabilities: others' files could not be read without.
    assert_eq!(
        security(&pod["spec"]),
        json!({"runAsUser": 0, "runAsGroup": 7, "allowPrivilegeEscalation": false})
    );
    assert_eq!(
        security(&template()["spec"]),
        json!({"allowPrivilegeEscalation": false})
    );
    let unnamed = with("/spec/securityContext", json!({"runAsNonRoot": true}));
    assert_eq!(security(&unnamed["spec"])["runAsUser"], 65_534);
}

fn unreadable(text: &str) -> String {
    match read("pod.yaml", text).unwrap_err() {
        TaskError::Fatal { event, cause } => {
            assert_eq!(event, "ResourceUnmarshalError");
            cause
        }
        other @ TaskError::Transient { .. } => panic_on(&other),
    }
}

// kudo-spec 3.9
#[test]
fn the_template_is_one_pod() {
    let two = "---\n# a comment\n---\nmetadata: {name: x}\n---\nkind: ConfigMap\n";

    let template = read("pod.yaml", two).unwrap();

    assert_eq!(template.pod["kind"], "Pod");
    assert!(template.has_more);
    assert!(unreadable("kind: Deployment\napiVersion: v1").contains("its kind is"));
    assert!(unreadable("# nothing\n").contains("renders nothing"));
    assert!(unreadable("[]").contains("it is no map"));
    assert!(unreadable("a: [").contains("pod.yaml"));
}

#[test]
fn a_value_of_the_wrong_type_is_named_but_not_shown() {
    let text = "spec: {initContainers: [{name: i, env: [{name: PASSWORD, value: 12345}]}]}";

    let cause = unreadable(text);

    assert!(cause.contains("cannot unmarshal number"), "{cause}");
    assert!(!cause.contains("12345"), "{cause}");
}
