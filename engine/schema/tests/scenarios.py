"""What record.py plays: names, collections and rows of requests."""
import copy

NS = "/api/v1/namespaces/default"
APPS = "/apis/apps/v1/namespaces/default"


def deployment(name, **spec):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def selector(app):
    return {"matchLabels": {"app": app}}


def template(app, *containers, **spec):
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": list(containers), **spec}}


def config_map(name, data=None, **metadata):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}
    if data is not None:
        body["data"] = data
    return body


def service(name, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def thing(name, spec=None, **more):
    body = {"apiVersion": "demo.kudo.dev/v1", "kind": "Thing", "metadata": {"name": name}, **more}
    if spec is not None:
        body["spec"] = spec
    return body


STRING, INTEGER = {"type": "string"}, {"type": "integer"}
THING = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.demo.kudo.dev"},
    "spec": {"group": "demo.kudo.dev", "scope": "Namespaced",
             "names": {"kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList"},
             "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
                           "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                               "spec": {"type": "object", "properties": {
                                   "replicas": {"type": "integer", "default": 1, "minimum": 0, "maximum": 10},
                                   "mode": {"type": "string", "enum": ["Fast", "Safe"], "default": "Safe"},
                                   "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 8, "minLength": 2},
                                   "port": {"x-kubernetes-int-or-string": True},
                                   "tags": {"type": "array", "items": STRING, "x-kubernetes-list-type": "set"},
                                   "plain": {"type": "array", "items": STRING, "maxItems": 3},
                                   "ports": {"type": "array", "x-kubernetes-list-type": "map",
                                             "x-kubernetes-list-map-keys": ["number", "protocol"],
                                             "items": {"type": "object", "required": ["number"], "properties": {
                                                 "number": INTEGER, "protocol": {"type": "string", "default": "TCP"},
                                                 "note": STRING}}},
                                   "labels": {"type": "object", "additionalProperties": STRING},
                                   "atomic": {"type": "object", "x-kubernetes-map-type": "atomic",
                                              "additionalProperties": STRING},
                                   "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                   "nested": {"type": "object", "default": {}, "properties": {
                                       "must": {"type": "string", "default": "here"}, "may": INTEGER}},
                                   "strict": {"type": "object", "required": ["must"], "properties": {"must": STRING}},
                                   "nullable": {"type": "string", "nullable": True},
                                   "when": {"type": "string", "format": "date-time"},
                                   "ratio": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                                   "even": {"type": "integer", "multipleOf": 2},
                                   "small": {"type": "integer", "format": "int32"},
                                   "on": {"type": "boolean"},
                                   "either": {"type": "object", "properties": {"a": STRING, "b": STRING},
                                              "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
                                   "anyof": {"type": "object", "properties": {"a": STRING, "b": STRING},
                                             "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
                                   "nota": {"type": "object", "properties": {"a": STRING},
                                            "not": {"required": ["a"]}},
                                   "bounded": {"type": "object", "maxProperties": 1, "minProperties": 1,
                                               "additionalProperties": STRING},
                                   "embedded": {"type": "object", "x-kubernetes-embedded-resource": True,
                                                "x-kubernetes-preserve-unknown-fields": True},
                               }},
                               "status": {"type": "object", "properties": {
                                   "phase": STRING,
                                   "conditions": {"type": "array", "x-kubernetes-list-type": "map",
                                                  "x-kubernetes-list-map-keys": ["type"],
                                                  "items": {"type": "object", "required": ["type"],
                                                            "properties": {"type": STRING, "status": STRING}}}}}}}}}]},
}
CRDS = [THING]
THINGS = "/apis/demo.kudo.dev/v1/namespaces/default/things"

WEB = {"name": "web", "image": "nginx:1.25"}
SIDE = {"name": "side", "image": "busybox"}
FORCE = {"force": "true"}
STRICT = {"fieldValidation": "Strict"}
DRY = {"dryRun": "All"}

SCENARIOS = [
    ("apply-deployment", f"{APPS}/deployments", [
        ("apply", "a", deployment("d1", replicas=1, selector=selector("x"), template=template("x", WEB))),
        ("apply", "a", deployment("d1", replicas=1, selector=selector("x"), template=template("x", WEB))),
        ("apply", "b", deployment("d1", replicas=2)),
        ("apply", "b", deployment("d1", replicas=1)),
        ("apply", "a", deployment("d1", selector=selector("x"), template=template("x", WEB))),
        ("apply", "b", {**deployment("d1")}),
        ("apply", "b", deployment("d1", replicas=3, template={"spec": {"containers": [{"name": "web", "image": "nginx:1.26"}]}})),
        ("apply", "b", deployment("d1", replicas=3, template={"spec": {"containers": [{"name": "web", "image": "nginx:1.26"}]}}), FORCE),
        ("apply", "a", deployment("d1", selector=selector("x"), template=template("x", WEB, SIDE))),
        ("apply", "a", deployment("d1", selector=selector("x"), template=template("x", {"name": "web"}, SIDE))),
        ("merge", "kubectl", {"spec": {"replicas": 5, "template": {"metadata": {"annotations": {"k": "v"}}}}}, {"object": "d1"}),
        ("apply", "b", deployment("d1", replicas=3, template={"spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]}})),
        ("apply", "c", deployment("d1", replicas=7, template={"spec": {"containers": [{"name": "web", "image": "nginx:1.28"}]}})),
        ("apply", "a", deployment("d1", selector=selector("x"), template=template("x", {"name": "web"}))),
        ("apply", "a", deployment("d1")),
    ]),
    ("apply-keys", f"{APPS}/statefulsets", [
        ("apply", "a", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1"}, "spec": {
            "serviceName": "s1", "selector": selector("s"), "template": template("s", {**WEB,
                "ports": [{"containerPort": 80}, {"containerPort": 443, "protocol": "TCP", "name": "tls"}, {"containerPort": 80, "protocol": "UDP"}],
                "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                "command": ["sh"], "args": ["-c", "sleep"]},
                tolerations=[{"key": "a", "operator": "Exists"}], nodeSelector={"a": "b"},
                volumes=[{"name": "cfg", "configMap": {"name": "c"}}, {"name": "tmp", "emptyDir": {}}]),
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}}}}]}}),
        ("apply", "b", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1"}, "spec": {
            "template": {"spec": {"containers": [{"name": "web", "env": [{"name": "C", "value": "3"}, {"name": "A", "value": "1"}]}]}}}}),
        ("apply", "b", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1"}, "spec": {
            "template": {"spec": {"containers": [{"name": "web", "env": [{"name": "C", "value": "4"}]}]}}}}),
        ("apply", "b", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1"}, "spec": {
            "template": {"spec": {"containers": [{"name": "web", "env": [{"name": "C", "value": "4"}, {"name": "C", "value": "5"}]}]}}}}),
        ("apply", "b", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1", "wait-for-sync.sh": "x"}, "spec": {
            "foo": 1, "template": {"spec": {"containers": [{"name": "web", "envv": []}]}}}}),
        ("apply", "b", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1"}, "spec": {"replicas": "3"}}),
        ("apply", "b", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1"}, "spec": {"template": {"spec": {"containers": {"name": "web"}}}}}),
        ("apply", "b", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1", "labels": ["a"]}}),
        ("apply", "b", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1", "labels": {"a": True}}}),
        ("apply", "b", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1", "finalizers": [{"a": 1}]}}),
        ("apply", "b", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1"}, "spec": {"template": {"spec": {"containers": ["web"]}}}}),
        ("apply", "b", {"apiVersion": "apps/v1beta1", "kind": "StatefulSet", "metadata": {"name": "s1"}}),
        ("apply", "b", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1", "managedFields": [{"manager": "x"}]}}),
        ("apply", "b", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1"}, "spec": {"template": {"spec": {"volumes": [{"emptyDir": {}}], "paused": True}}}}),
    ]),
    ("apply-types", f"{APPS}/deployments", [
        ("apply", "a", deployment("y1", selector=selector("x"), template=template("x", WEB))),
        ("apply", "a", deployment("y1", paused="yes")),
        ("apply", "a", deployment("y1", paused={"a": [1, "b"]})),
        ("apply", "a", deployment("y1", replicas=True)),
        ("apply", "a", deployment("y1", replicas={"a": 1})),
        ("apply", "a", deployment("y1", replicas=[1.5])),
        ("apply", "a", {**deployment("y1"), "metadata": {"name": "y1", "labels": {"a": 1}}}),
        ("apply", "a", {**deployment("y1"), "metadata": {"name": "y1", "labels": {"a": {"b": ["c", 1, True, None, 1.5]}}}}),
        ("apply", "a", {**deployment("y1"), "metadata": {"name": "y1", "finalizers": [None]}}),
        ("apply", "a", {**deployment("y1"), "metadata": {"name": "y1", "finalizers": [["a"]]}}),
        ("apply", "a", {**deployment("y1"), "metadata": {"name": "y1", "ownerReferences": [None]}}),
        ("apply", "a", {**deployment("y1"), "metadata": {"name": "y1", "ownerReferences": [{"name": "x"}]}}),
        ("apply", "a", deployment("y1", strategy={"rollingUpdate": {"maxSurge": [1]}})),
        ("apply", "a", deployment("y1", template={"spec": {"topologySpreadConstraints": [{"maxSkew": 1}]}})),
        ("apply", "a", deployment("y1", template={"spec": {"containers": [{"name": "web", "ports": [{"name": "x"}]}]}})),
        ("apply", "a", deployment("y1", selector=selector("x"), template=template("x", {**WEB, "args": None, "env": None, "resources": {}, "ports": []}, nodeSelector=None))),
        ("apply", "a", deployment("y1", selector=selector("x"), template=template("x", {**WEB, "securityContext": {}, "livenessProbe": {"tcpSocket": {"port": 1}}, "resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}}}, nodeSelector={}))),
        ("apply", "b", deployment("y1", template={"spec": {"containers": [{"name": "web", "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}}}]}})),
    ]),
    ("updates", f"{APPS}/deployments", [
        ("create", "k", deployment("x1", replicas=1, selector=selector("x"), template=template("x", {**WEB, "env": [{"name": "A", "value": "1"}], "resources": {"limits": {"cpu": "1"}}}))),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "B", "value": "2"}], "image": "nginx:2"}]}}}}, {"object": "x1"}),
        ("merge", "m", {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:2"}], "nodeSelector": {"a": "b"}}}}}, {"object": "x1"}),
        ("merge", "m", {"spec": {"template": {"spec": {"nodeSelector": None}}}}, {"object": "x1"}),
        ("merge", "m", {"metadata": {"annotations": {"a": "b"}, "labels": {"c": "d"}}}, {"object": "x1"}),
        ("merge", "n", {"metadata": {"annotations": {"a": "c"}}}, {"object": "x1"}),
        ("merge", "n", {"metadata": {"annotations": None}}, {"object": "x1"}),
        ("merge", "n", {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}, {"object": "x1"}),
        ("update", "u", deployment("x1", replicas=5)),
        ("update", "u", {**deployment("x1"), "metadata": {"name": "x1", "managedFields": None, "labels": {"e": "f"}}}),
        ("update", "u", {**deployment("x1"), "metadata": {"name": "x1", "managedFields": [], "labels": {"e": "g"}}}),
        ("merge", "n", {"spec": {"replicas": 5}}, {"object": "x1"}),
        ("apply", "a", deployment("x1", replicas=5)),
        ("merge", "n", {"spec": {"replicas": 6}}, {"object": "x1"}),
    ] + [("merge", f"m{i}", {"metadata": {"labels": {f"l{i}": "x"}}}, {"object": "x1"}) for i in range(12)]),
    ("apply-config-map", f"{NS}/configmaps", [
        ("create", "kubectl", config_map("c1", {"a": "1", "b": "2"}, labels={"l": "1"}, annotations={"n": "1"})),
        ("apply", "x", config_map("c1", {"a": "1", "c": "3"})),
        ("apply", "x", config_map("c1", {"a": "9", "b": "9"})),
        ("apply", "x", config_map("c1", {"c": "3"})),
        ("apply", "x", config_map("c1")),
        ("apply", "y", config_map("c1", {})),
        ("apply", "y", config_map("c1", {"z": "1"}, labels={"l": "1"}, finalizers=["kudo.dev/a"])),
        ("apply", "z", config_map("c1", None, finalizers=["kudo.dev/b"], ownerReferences=[{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u"}])),
        ("apply", "y", config_map("c1", {"z": "2"})),
        ("apply", "z", config_map("c1", None)),
        ("update", "u", config_map("c1", {"z": "3", "y": "1"})),
        ("update", "u", config_map("c1", {"y": None})),
        ("merge", "m", {"data": {"z": "4"}, "metadata": {"labels": None}}, {"object": "c1"}),
        ("json", "j", [{"op": "add", "path": "/data/q", "value": "1"}, {"op": "remove", "path": "/data/z"}], {"object": "c1"}),
        ("json", "j", [{"op": "remove", "path": "/data"}], {"object": "c1"}),
        ("apply", "x", config_map("c1", {"a": "1"}), FORCE),
        ("merge", "m", {"metadata": {"managedFields": [{}]}}, {"object": "c1"}),
        ("apply", "x", config_map("c1", {"b": "1"})),
        ("apply", "x", config_map("c1", {})),
    ]),
    ("apply-service", f"{NS}/services", [
        ("apply", "a", service("v1", selector={"app": "x"}, ports=[{"port": 80, "name": "http"}, {"port": 53, "protocol": "UDP", "name": "dns"}])),
        ("apply", "a", service("v1", selector={"app": "x"}, ports=[{"port": 80, "name": "http"}, {"port": 53, "protocol": "UDP", "name": "dns"}], sessionAffinity="ClientIP")),
        ("apply", "a", service("v1", selector={"app": "x"}, ports=[{"port": 80, "name": "http"}, {"port": 53, "protocol": "UDP", "name": "dns"}])),
        ("apply", "b", service("v1", selector={"app": "y"})),
        ("apply", "b", service("v1", selector={"app": "y"}), FORCE),
        ("apply", "b", service("v1", ports=[{"port": 53, "protocol": "TCP", "name": "dnst"}])),
        ("strategic", "s", {"spec": {"ports": [{"port": 81, "name": "more"}]}}, {"object": "v1"}),
    ]),
    ("apply-order", f"{APPS}/deployments", [
        ("apply", "a", deployment("o1", selector=selector("x"), template=template("x", {**WEB, "env": [{"name": n} for n in "ABCDE"]}))),
        ("apply", "b", deployment("o1", template={"spec": {"containers": [{"name": "web", "env": [{"name": n} for n in "XDYB"]}]}})),
        ("apply", "c", deployment("o1", template={"spec": {"containers": [{"name": "web", "env": [{"name": n} for n in "EAZ"]}]}})),
        ("apply", "a", deployment("o1", selector=selector("x"), template=template("x", {**WEB, "env": [{"name": n} for n in "EDCBA"]}))),
        ("apply", "b", deployment("o1", template={"spec": {"containers": [{"name": "zed", "image": "z"}, {"name": "web", "image": "nginx:1.25"}]}})),
    ]),
    ("doubled", f"{APPS}/deployments", [
        ("create", "k", deployment("e1", selector=selector("x"), template=template("x", {**WEB, "env": [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}]}))),
        ("apply", "a", deployment("e1", template={"spec": {"containers": [{"name": "web", "env": [{"name": "C"}]}]}})),
        ("apply", "a", deployment("e1", template={"spec": {"containers": [{"name": "web", "env": [{"name": "A", "value": "3"}]}]}})),
        ("apply", "a", deployment("e1", template={"spec": {"containers": [{"name": "web", "env": [{"name": "A", "value": "3"}]}]}}), FORCE),
    ]),
    ("apply-thing", THINGS, [
        ("apply", "a", thing("t1", {"replicas": 2, "tags": ["a", "b"], "plain": ["p"], "labels": {"x": "1"}, "ports": [{"number": 1, "note": "n"}]})),
        ("apply", "b", thing("t1", {"tags": ["b", "c"], "labels": {"y": "2"}, "ports": [{"number": 1, "protocol": "UDP"}, {"number": 1}], "atomic": {"k": "v"}, "free": {"deep": {"er": [1, {"a": 1}]}}})),
        ("apply", "a", thing("t1", {"plain": ["p", "q"], "tags": ["a"]})),
        ("apply", "b", thing("t1", {"atomic": {"k": "w", "l": "x"}, "free": {"deep": {"er": [2]}, "more": "m"}})),
        ("apply", "c", thing("t1", {"atomic": {"k": "w"}, "plain": ["z"], "free": {"deep": {"er": [3]}}})),
        ("apply", "b", thing("t1", {})),
        ("apply", "b", thing("t1")),
        ("apply", "a", thing("t1", {"tags": ["a", "a"]})),
        ("apply", "a", thing("t1", {"ports": [{"number": 1}, {"number": 1, "protocol": "TCP"}]})),
        ("apply", "a", thing("t1", {"ports": [{"note": "x"}]})),
        ("apply", "a", thing("t1", {"unknown": 1, "tags": ["a"]})),
        ("apply", "s", thing("t1", None, status={"phase": "Up", "conditions": [{"type": "Ready", "status": "True"}]}), {"subresource": "status"}),
        ("apply", "s", thing("t1", {"replicas": 9}, status={"phase": "Up"}), {"subresource": "status"}),
        ("merge", "m", {"status": {"phase": "Down"}, "spec": {"replicas": 8}, "metadata": {"labels": {"no": "1"}}}, {"object": "t1", "subresource": "status"}),
        ("apply", "s", thing("t1", None, status={"phase": "Up"}), {"subresource": "status"}),
        ("merge", "m", {"spec": {"replicas": 5, "port": "http"}, "status": {"phase": "ignored"}}, {"object": "t1"}),
        ("apply", "a", thing("t1", {"tags": [], "labels": {}})),
        ("apply", "a", thing("t1", {"nested": {"may": 1}})),
        ("apply", "a", thing("t1", {"nested": {}})),
    ]),
    ("status", f"{APPS}/deployments", [
        ("create", "k", deployment("f1", replicas=0, selector=selector("x"), template=template("x", WEB))),
        ("merge", "m", {"status": {"readyReplicas": 2, "replicas": 2, "observedGeneration": 1, "conditions": [{"type": "Custom", "status": "True"}]}, "spec": {"replicas": 7}}, {"object": "f1", "subresource": "status"}),
        ("apply", "p", {**deployment("f1", replicas=4), "status": {"conditions": [{"type": "Other", "status": "True"}]}}, {"subresource": "status"}),
        ("apply", "p", {**deployment("f1", paused=True), "status": {"observedGeneration": 9}}),
    ]),
    ("strategic", f"{APPS}/deployments", [
        ("create", "k", deployment("g1", replicas=0, selector=selector("x"), template=template("x", {**WEB, "args": ["a"], "env": [{"name": n, "value": n} for n in "ABC"], "ports": [{"containerPort": 80}]}, SIDE, volumes=[{"name": "v", "emptyDir": {}}], tolerations=[{"key": "t", "operator": "Exists"}]))),
        ("strategic", "s", {"metadata": {"finalizers": ["kudo.dev/a", "kudo.dev/b"], "labels": {"a": "1"}}}, {"object": "g1"}),
        ("strategic", "s", {"metadata": {"finalizers": ["kudo.dev/c"]}}, {"object": "g1"}),
        ("strategic", "s", {"metadata": {"$deleteFromPrimitiveList/finalizers": ["kudo.dev/a", "kudo.dev/b"], "labels": {"a": None, "b": "2"}}}, {"object": "g1"}),
        ("strategic", "s", {"metadata": {"$deleteFromPrimitiveList/finalizers": ["kudo.dev/c"]}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "B", "value": "new"}, {"name": "D", "value": "D"}]}]}}}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "A", "$patch": "delete"}]}, {"name": "side", "$patch": "delete"}]}}}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "new"}, {"name": "web"}], "containers": [{"name": "web", "$setElementOrder/env": [{"name": "D"}, {"name": "C"}, {"name": "B"}]}, {"name": "new", "image": "n:1"}]}}}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "Z", "value": "1"}, {"$patch": "replace"}]}]}}}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}, "emptyDir": None}]}}}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"tolerations": [{"key": "u", "operator": "Exists"}]}}}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}, "securityContext": {"$patch": "replace", "runAsUser": 5}}}}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"nodeSelector": {"$patch": "delete"}}}}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"nodeSelector": {"$patch": "nonsense"}}}}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": [{"name": "web", "$patch": "merge"}]}}}}, {"object": "g1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"initContainers": [{"name": "i", "image": "i", "env": [{"name": "q", "value": None}, {"name": "r", "$patch": "delete"}]}], "hostNetwork": None}}}}, {"object": "g1"}),
        ("merge", "m", {"spec": {"template": {"spec": {"containers": [{"name": "only", "image": "o"}], "volumes": None}}}}, {"object": "g1"}),
    ]),
    ("strict", f"{APPS}/deployments", [
        ("create", "k", deployment("h1", replicas="x", selector=selector("x"), template=template("x", WEB)), DRY),
        ("create", "k", deployment("h1", replicas=1, foo=1, selector=selector("x"), template=template("x", {**WEB, "bar": 1})), {**DRY, **STRICT}),
        ("create", "k", deployment("h1", replicas=1, foo=1, selector=selector("x"), template=template("x", {**WEB, "bar": 1})), {**DRY, "fieldValidation": "Warn"}),
        ("create", "k", deployment("h1", replicas=1, foo=1, selector=selector("x"), template=template("x", {**WEB, "bar": 1})), {**DRY, "fieldValidation": "Ignore"}),
        ("create", "k", deployment("h1", replicas=1, selector=selector("x"), template=template("x", {**WEB, "image": 1})), DRY),
        ("create", "k", deployment("h1", replicas=1, selector=selector("x"), template=template("x", {**WEB, "env": {"a": "b"}})), DRY),
        ("create", "k", deployment("h1", replicas=1, selector=selector("x"), template=template("x", {**WEB, "ports": [{"containerPort": "http"}]})), DRY),
        ("create", "k", deployment("h1", replicas=1.5, selector=selector("x"), template=template("x", WEB)), DRY),
        ("create", "k", deployment("h1", replicas=1, paused="yes", selector=selector("x"), template=template("x", WEB)), DRY),
        ("create", "k", deployment("h1", replicas=1, selector="x", template=template("x", WEB)), DRY),
        ("create", "k", deployment("h1", replicas=1, selector=selector("x"), template=template("x", {**WEB, "env": [{"name": "A", "value": 1}]})), DRY),
        ("create", "k", deployment("h1", replicas=1, selector=selector("x"), template=template("x", {**WEB, "resources": {"limits": {"cpu": "x"}}})), DRY),
        ("create", "k", deployment("h1", replicas=1, selector=selector("x"), template=template("x", {**WEB, "command": "sh"})), DRY),
        ("create", "k", {**deployment("h1", replicas=1, selector=selector("x"), template=template("x", WEB)), "extra": {}, "metadata": {"name": "h1", "labels": {"a": 1}}}, DRY),
        ("create", "k", deployment("h1", replicas=1, selector=selector("x"), template=template("x", {**WEB, "livenessProbe": {"httpGet": {"port": True}}})), DRY),
    ]),
    ("validate-thing", THINGS, [
        ("create", "k", thing("w1", spec), {**DRY, **extra}) for spec, extra in [
            ({"replicas": "x"}, {}), ({"replicas": 11, "name": "A"}, {}), ({"mode": "Slow"}, {}), ({"name": "toolongname"}, {}),
            ({"plain": ["a", "b", "c", "d"]}, {}), ({"ports": [{"protocol": "UDP"}]}, {}), ({"ports": [{"number": 1}, {"number": 1}]}, {}),
            ({"tags": ["a", "a"]}, {}), ({"strict": {}}, {}), ({"when": "noon"}, {}), ({"ratio": 0}, {}), ({"even": 3}, {}), ({"on": "yes"}, {}),
            ({"either": {"a": "1", "b": "2"}}, {}), ({"either": {}}, {}), ({"anyof": {}}, {}), ({"nota": {"a": "1"}}, {}),
            ({"bounded": {}}, {}), ({"bounded": {"a": "1", "b": "2"}}, {}), ({"labels": {"a": 1}}, {}), ({"port": True}, {}), ({"port": 1.5}, {}),
            ({"replicas": None, "nullable": None, "mode": None, "name": None}, {}), ({"nested": {"may": "x"}}, {}), ({"small": 3000000000}, {}),
            ({"tags": "x"}, {}), ({"labels": ["x"]}, {}), ("x", {}), ({"replicas": 1.5}, {}), ({"replicas": -1, "mode": 3, "on": 1, "strict": {}}, {}),
            ({"unknown": 1, "nested": {"deep": 2}}, STRICT), ({"unknown": 1, "nested": {"deep": 2}}, {"fieldValidation": "Warn"}),
            ({"embedded": {"kind": "X"}}, {}), ({"embedded": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "A_B", "foo": 1}, "spec": {}}}, {}),
            ({"replicas": 2.0, "name": "a"}, {}), ({"free": {"a": [1, {"b": None}]}}, {}), ({}, {}), (None, {}),
        ]
    ]),
]


def job(name, spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


PROBE = {"httpGet": {"port": 80}}
EVERYTHING = {
    "name": "all", "image": "host:5000/a/b", "ports": [{"containerPort": 80}],
    "livenessProbe": PROBE, "readinessProbe": {"grpc": {"port": 1}}, "startupProbe": {"tcpSocket": {"port": "a"}, "periodSeconds": 3},
    "lifecycle": {"preStop": {"httpGet": {"port": 1}}, "postStart": {"exec": {"command": ["a"]}}},
    "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}],
    "envFrom": [{"configMapRef": {"name": "c"}}], "securityContext": {"privileged": True},
    "resources": {"limits": {"cpu": 1, "memory": "1024Mi"}, "requests": {"cpu": "0.1"}},
    "volumeMounts": [{"name": "a", "mountPath": "/a"}], "restartPolicyRules": None,
}
VOLUMES = [
    {"name": "a"}, {"name": "b", "secret": {"secretName": "s"}}, {"name": "c", "configMap": {"name": "c"}},
    {"name": "d", "downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    {"name": "e", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}},
                                            {"downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]}}]}},
    {"name": "f", "hostPath": {"path": "/p"}}, {"name": "g", "persistentVolumeClaim": {"claimName": "x"}},
    {"name": "h", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}},
    {"name": "i", "emptyDir": {"sizeLimit": "0.5Gi"}}, {"name": "j", "nfs": {"server": "s", "path": "/p"}},
    {"name": "k", "csi": {"driver": "d"}}, {"name": "l", "iscsi": {"targetPortal": "1.2.3.4", "iqn": "iqn.2001-04.com.a:b", "lun": 0}},
]
BIG = template("x", EVERYTHING, initContainers=[{"name": "init", "image": "i@sha256:" + "0" * 64}], volumes=VOLUMES,
               serviceAccountName="acc", tolerations=[{"key": "a", "operator": "Exists"}],
               topologySpreadConstraints=[{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector("x")}],
               affinity={"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                   {"weight": 1, "podAffinityTerm": {"topologyKey": "t", "labelSelector": selector("x")}}]}})
SMALL = template("x", {"name": "w", "image": "a:latest"})
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2048Mi"}}}
BATCH, NETWORK = "/apis/batch/v1/namespaces/default", "/apis/networking.k8s.io/v1/namespaces/default"


def of(api_version, kind, **more):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "z"}, **more}


# Collections and objects to create without keeping them.
DEFAULTS = [
    (f"{APPS}/deployments", deployment("z", selector=selector("x"), template=BIG)),
    (f"{APPS}/deployments", deployment("z", selector=selector("x"), template=SMALL, strategy={"type": "Recreate"})),
    (f"{APPS}/deployments", deployment("z", selector=selector("x"), template=SMALL, strategy={"rollingUpdate": {"maxSurge": 2}})),
    (f"{APPS}/deployments", deployment("z", selector=selector("x"), template=template("x", WEB, hostNetwork=True, restartPolicy="Always", securityContext={"fsGroup": 1}))),
    (f"{APPS}/statefulsets", of("apps/v1", "StatefulSet", spec={"serviceName": "z", "selector": selector("x"), "template": SMALL, "volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": CLAIM}]})),
    (f"{APPS}/statefulsets", of("apps/v1", "StatefulSet", spec={"selector": selector("x"), "template": SMALL, "updateStrategy": {"type": "OnDelete"}, "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}})),
    (f"{APPS}/statefulsets", of("apps/v1", "StatefulSet", spec={"selector": selector("x"), "template": SMALL, "updateStrategy": {"rollingUpdate": {"partition": 2}}})),
    (f"{APPS}/daemonsets", of("apps/v1", "DaemonSet", spec={"selector": selector("x"), "template": SMALL})),
    (f"{APPS}/daemonsets", of("apps/v1", "DaemonSet", spec={"selector": selector("x"), "template": SMALL, "updateStrategy": {"type": "OnDelete"}})),
    (f"{APPS}/daemonsets", of("apps/v1", "DaemonSet", spec={"selector": selector("x"), "template": SMALL, "updateStrategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}})),
    (f"{APPS}/replicasets", of("apps/v1", "ReplicaSet", spec={"selector": selector("x"), "template": SMALL})),
    (f"{NS}/replicationcontrollers", of("v1", "ReplicationController", spec={"template": SMALL})),
    (f"{BATCH}/jobs", job("z", {"template": template("x", WEB, restartPolicy="Never")})),
    (f"{BATCH}/jobs", job("z", {"parallelism": 3, "template": template("x", WEB, restartPolicy="Never")})),
    (f"{BATCH}/jobs", job("z", {"completions": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 1, "template": template("x", WEB, restartPolicy="Never")})),
    (f"{BATCH}/jobs", job("z", {"podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}, "template": template("x", WEB, restartPolicy="Never")})),
    (f"{BATCH}/cronjobs", of("batch/v1", "CronJob", spec={"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template("x", WEB, restartPolicy="Never")}}})),
    (f"{NS}/services", service("z", selector={"a": "b"}, ports=[{"port": 80}])),
    (f"{NS}/services", service("z", clusterIP="None", ports=[{"port": 80, "targetPort": "http"}])),
    (f"{NS}/services", service("z", type="NodePort", ports=[{"port": 80}], sessionAffinity="ClientIP")),
    (f"{NS}/services", service("z", type="LoadBalancer", ports=[{"port": 80}])),
    (f"{NS}/services", service("z", type="ExternalName", externalName="a.b")),
    (f"{NS}/persistentvolumeclaims", of("v1", "PersistentVolumeClaim", spec=CLAIM)),
    ("/api/v1/persistentvolumes", of("v1", "PersistentVolume", spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/a"}})),
    (f"{NS}/configmaps", config_map("z", {"a": "b"})),
    (f"{NS}/configmaps", config_map("z", {}, labels={}, annotations={}, finalizers=[])),
    (f"{NS}/secrets", of("v1", "Secret", stringData={"a": "b"}, data={"a": "eA==", "c": "eA=="})),
    (f"{NS}/serviceaccounts", of("v1", "ServiceAccount")),
    ("/api/v1/namespaces", of("v1", "Namespace")),
    (f"{NS}/pods", of("v1", "Pod", spec=BIG["spec"] | {"serviceAccountName": "default", "hostNetwork": True})),
    (f"{NS}/pods", of("v1", "Pod", spec=SMALL["spec"])),
    (f"{NS}/endpoints", of("v1", "Endpoints", subsets=[{"addresses": [{"ip": "1.2.3.4"}], "ports": [{"port": 1}]}])),
    ("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", of("discovery.k8s.io/v1", "EndpointSlice", addressType="IPv4", endpoints=[{"addresses": ["1.2.3.4"]}], ports=[{"port": 1}])),
    (f"{NS}/limitranges", of("v1", "LimitRange", spec={"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "1"}}]})),
    (f"{NS}/resourcequotas", of("v1", "ResourceQuota", spec={"hard": {"pods": "3"}})),
    ("/apis/policy/v1/namespaces/default/poddisruptionbudgets", of("policy/v1", "PodDisruptionBudget", spec={"selector": selector("x"), "minAvailable": 1})),
    ("/apis/policy/v1/namespaces/default/poddisruptionbudgets", of("policy/v1", "PodDisruptionBudget", spec={"selector": selector("x")})),
    (f"{NETWORK}/networkpolicies", of("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "ingress": [{"ports": [{"port": 1}]}]})),
    (f"{NETWORK}/networkpolicies", of("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": selector("x"), "egress": [{}]})),
    (f"{NETWORK}/ingresses", of("networking.k8s.io/v1", "Ingress", spec={"rules": [{"host": "a.b", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "s", "port": {"number": 1}}}}]}}]})),
    ("/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", of("rbac.authorization.k8s.io/v1", "Role", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}])),
    ("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", of("rbac.authorization.k8s.io/v1", "RoleBinding", roleRef={"kind": "Role", "name": "a"}, subjects=[{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s", "namespace": "n"}])),
    ("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", of("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "a"}, subjects=[{"kind": "Group", "name": "u"}])),
    ("/apis/storage.k8s.io/v1/storageclasses", of("storage.k8s.io/v1", "StorageClass", provisioner="a.b/c")),
    ("/apis/scheduling.k8s.io/v1/priorityclasses", of("scheduling.k8s.io/v1", "PriorityClass", value=5)),
    ("/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", of("autoscaling/v2", "HorizontalPodAutoscaler", spec={"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"}})),
    ("/apis/coordination.k8s.io/v1/namespaces/default/leases", of("coordination.k8s.io/v1", "Lease", spec={"holderIdentity": "a"})),
    (f"{NS}/events", of("v1", "Event", involvedObject={"namespace": "default"}, reason="a", message="b", type="Normal")),
    (f"{NS}/podtemplates", of("v1", "PodTemplate", template=SMALL)),
    ("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", of("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", webhooks=[{"name": "a.b.c", "clientConfig": {"service": {"name": "a", "namespace": "b"}}, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}])),
    ("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", of("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", webhooks=[{"name": "a.b.c", "clientConfig": {"url": "https://a/"}, "sideEffects": "None", "admissionReviewVersions": ["v1"]}])),
    ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "as.b.c"}, "spec": {"group": "b.c", "scope": "Cluster", "names": {"kind": "A", "plural": "as"}, "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]}}),
]


def gadget(name, spec=None, **more):
    return {**thing(name, spec, **more), "kind": "Gadget"}


def formatted(kind):
    return {"type": "string", "format": kind}


GADGET = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "gadgets.demo.kudo.dev"},
    "spec": {"group": "demo.kudo.dev", "scope": "Namespaced",
             "names": {"kind": "Gadget", "plural": "gadgets", "singular": "gadget", "listKind": "GadgetList",
                       "shortNames": ["gd"], "categories": ["all"]},
             "versions": [{"name": "v1", "served": True, "storage": True,
                           "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
                               "spec": {"type": "object", "properties": {
                                   "all": {"type": "string", "allOf": [{"pattern": "^a"}, {"maxLength": 3}]},
                                   "some": {"type": "array", "minItems": 2, "items": {"type": "integer", "minimum": 1, "default": 7}},
                                   "ip": formatted("ipv4"), "ip6": formatted("ipv6"), "id": formatted("uuid"), "day": formatted("date"),
                                   "bytes": formatted("byte"), "net": formatted("cidr"), "mac": formatted("mac"),
                                   "mail": formatted("email"), "host": formatted("hostname"), "uri": formatted("uri"),
                                   "span": formatted("duration"), "colour": formatted("hexcolor"),
                                   "pattern": {"type": "string", "pattern": "^[a-z]+$"},
                                   "big": {"type": "integer", "format": "int64"}, "less": {"type": "number", "maximum": 1.5, "exclusiveMaximum": True},
                                   "enum": {"type": "integer", "enum": [1, 2]},
                                   "list": {"type": "array", "items": {"type": "object", "required": ["a"], "properties": {"a": STRING, "b": {"type": "string", "default": "B"}}}},
                                   "map": {"type": "object", "additionalProperties": {"type": "object", "required": ["a"], "properties": {"a": STRING, "b": {"type": "string", "default": "B"}}}},
                                   "deep": {"type": "object", "properties": {"er": {"type": "object", "properties": {"est": STRING, "m": {"type": "object", "additionalProperties": STRING}}}}},
                                   "any": {"x-kubernetes-preserve-unknown-fields": True},
                                   "part": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"known": {"type": "object", "properties": {"a": INTEGER}}}},
                                   "pod": {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {"type": "object", "properties": {"a": STRING}}}},
                                   "merge": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
                                             "items": {"type": "object", "required": ["id"], "properties": {"id": INTEGER, "v": STRING,
                                                       "in": {"type": "array", "items": INTEGER, "x-kubernetes-list-type": "set"}}}},
                               }},
                               "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}]},
}
CRDS.append(GADGET)
GADGETS = "/apis/demo.kudo.dev/v1/namespaces/default/gadgets"
LAST = "kubectl.kubernetes.io/last-applied-configuration"
LAST_APPLIED = '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"annotations":{},"name":"k1","namespace":"default"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"image":"nginx:1.25","name":"web"}]}}}}\n'


def with_last(body):
    return {**body, "metadata": {**body["metadata"], "annotations": {LAST: LAST_APPLIED}}}


RICH = {**WEB, "resources": {"limits": {"cpu": "1"}}, "securityContext": {"runAsUser": 1, "capabilities": {"add": ["A"]}},
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "volumeMounts": [{"name": "v", "mountPath": "/v"}]}

SCENARIOS += [
    ("apply-removal", f"{APPS}/deployments", [
        ("apply", "a", {**deployment("r1", selector=selector("x"), strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
                                     template=template("x", RICH, volumes=[{"name": "v", "emptyDir": {}}], nodeSelector={"n": "1"}, tolerations=[{"key": "k", "operator": "Exists"}],
                                                       affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}}})),
                        "metadata": {"name": "r1", "labels": {"a": "1", "b": "2"}, "annotations": {"c": "3"}}}),
        ("apply", "b", deployment("r1", template={"spec": {"containers": [{"name": "web", "env": [{"name": "B", "value": "2"}, {"name": "C", "value": "3"}], "resources": {"requests": {"memory": "1Gi"}}}]}})),
        ("merge", "m", {"metadata": {"labels": {"d": "4"}}, "spec": {"template": {"spec": {"nodeSelector": {"o": "2"}}}}}, {"object": "r1"}),
        ("apply", "a", {**deployment("r1", selector=selector("x"), template=template("x", WEB)), "metadata": {"name": "r1", "labels": {"b": "2"}}}),
        ("apply", "b", deployment("r1", template={"spec": {"containers": [{"name": "web", "env": [{"name": "C", "value": "3"}]}]}})),
        ("apply", "c", deployment("r1", template={"spec": {"containers": [{"name": "side", "image": "i"}, {"name": "third", "image": "i"}]}})),
        ("merge", "m", {"metadata": {"annotations": {"z": "z"}}}, {"object": "r1"}),
        ("strategic", "m", {"spec": {"template": {"spec": {"containers": [{"name": "third", "env": [{"name": "keep", "value": "1"}]}]}}}}, {"object": "r1"}),
        ("apply", "c", deployment("r1", template={"spec": {"containers": [{"name": "side", "image": "i"}]}})),
        ("apply", "c", deployment("r1")),
        ("apply", "a", {**deployment("r1", selector=selector("x"), template=template("x", WEB)), "metadata": {"name": "r1"}}),
        ("merge", "kubectl", {"spec": {"replicas": 3}}, {"object": "r1", "subresource": "scale"}),
        ("apply", "a", deployment("r1", replicas=2, selector=selector("x"), template=template("x", WEB))),
        ("apply", "a", deployment("r1", replicas=2, selector=selector("x"), template=template("x", WEB)), FORCE),
        ("merge", "kubectl", {"spec": {"replicas": 4}}, {"object": "r1", "subresource": "scale"}),
        ("merge", "kubectl", {"spec": {"replicas": 5}}, {"object": "r1", "subresource": "scale"}),
        ("merge", "m", {"metadata": {"managedFields": [{}]}}, {"object": "r1"}),
        ("merge", "m", {"metadata": {"labels": {"untracked": "1"}}}, {"object": "r1"}),
        ("update", "u", {**deployment("r1", replicas=6), "metadata": {"name": "r1", "labels": {"more": "1"}}}),
        ("apply", "a", deployment("r1", replicas=6, selector=selector("x"), template=template("x", WEB))),
    ]),
    ("strategic-order", f"{APPS}/deployments", [
        ("create", "k", deployment("q1", replicas=0, selector=selector("x"), template=template("x", {**WEB, "env": [{"name": n, "value": n} for n in "ABCD"]}, SIDE))),
        ("strategic", "s", {"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "new"}, {"name": "side"}, {"name": "web"}], "containers": [{"name": "new", "image": "n:1"}, {"name": "web", "$setElementOrder/env": [{"name": "D"}, {"name": "B"}], "env": [{"name": "D", "value": "x"}]}]}}}}, {"object": "q1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "web"}, {"name": "new"}]}}}}, {"object": "q1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": [{"name": "web", "$setElementOrder/env": [{"name": "Q"}, {"name": "A"}, {"name": "R"}], "env": [{"name": "Q", "value": "q"}, {"name": "R", "value": "r"}]}]}}}}, {"object": "q1"}),
        ("strategic", "s", {"metadata": {"$setElementOrder/finalizers": ["k.dev/b", "k.dev/a"], "finalizers": ["k.dev/b", "k.dev/a"]}}, {"object": "q1"}),
        ("strategic", "s", {"metadata": {"$setElementOrder/finalizers": ["k.dev/c", "k.dev/a"], "$deleteFromPrimitiveList/finalizers": ["k.dev/b"], "finalizers": ["k.dev/c"]}}, {"object": "q1"}),
        ("strategic", "s", {"metadata": {"finalizers": ["k.dev/a", "k.dev/d"]}}, {"object": "q1"}),
        ("strategic", "s", {"metadata": {"finalizers": None, "labels": {"$patch": "replace", "only": "1"}}}, {"object": "q1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": [{"$patch": "replace"}, {"name": "solo", "image": "s"}]}}}}, {"object": "q1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": [{"name": "solo", "ports": [{"containerPort": 1, "name": "a"}, {"containerPort": 1, "name": "b"}], "args": ["x", "y"]}]}}}}, {"object": "q1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": [{"name": "solo", "args": ["z"], "livenessProbe": {"tcpSocket": {"port": 1}}}]}}}}, {"object": "q1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": [{"name": "solo", "livenessProbe": {"$patch": "delete"}}]}}}}, {"object": "q1"}),
        ("strategic", "s", {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate", "rollingUpdate": {"maxSurge": 1}}}}, {"object": "q1"}),
        ("strategic", "s", {"spec": {"strategy": {"$retainKeys": "type", "type": "Recreate"}}}, {"object": "q1"}),
        ("strategic", "s", {"metadata": {"$deleteFromPrimitiveList/finalizers": "x"}}, {"object": "q1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"$setElementOrder/containers": "x"}}}}, {"object": "q1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": [{"name": "solo", "$patch": "replace", "image": "zz"}]}}}}, {"object": "q1"}),
        ("strategic", "s", {"spec": {"template": {"spec": {"containers": "x"}}}}, {"object": "q1"}),
        ("strategic", "s", {"spec": "x"}, {"object": "q1"}),
        ("strategic", "s", {"spec": {"unknown": {"a": 1}, "template": {"spec": {"containers": [{"name": "solo", "$patch": "odd"}]}}}}, {"object": "q1"}),
    ]),
    ("kubectl", f"{APPS}/deployments", [
        ("create", "kubectl-client-side-apply", with_last(deployment("k1", replicas=1, selector=selector("x"), template=template("x", WEB)))),
        ("apply", "other", deployment("k1", replicas=2)),
        ("apply", "kubectl", deployment("k1", replicas=2, selector=selector("x"), template=template("x", WEB))),
        ("merge", "m", {"spec": {"replicas": 5}}, {"object": "k1"}),
        ("apply", "kubectl", deployment("k1", replicas=3, selector=selector("x"), template=template("x", {**WEB, "image": "nginx:2"}))),
        ("apply", "kubectl", deployment("k1", replicas=5, selector=selector("x"), template=template("x", {**WEB, "image": "nginx:2"}))),
    ]),
    ("apply-gadget", GADGETS, [
        ("apply", "a", gadget("g1", {"deep": {"er": {"est": "x", "m": {"a": "1"}}}, "any": {"x": [1, {"y": 1}]}, "part": {"known": {"a": 1}, "un": {"k": 1}},
                                     "merge": [{"id": 1, "v": "a", "in": [1, 2]}, {"id": 2}], "pod": {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a": "b"}}, "spec": {"a": "x"}}})),
        ("apply", "b", gadget("g1", {"deep": {"er": {"m": {"b": "2"}}}, "merge": [{"id": 3, "in": [3]}, {"id": 1, "in": [2, 3]}], "part": {"un": {"l": 2}}})),
        ("apply", "a", gadget("g1", {"deep": {"er": {"m": {}}}, "merge": [{"id": 2, "v": "n"}]})),
        ("apply", "a", gadget("g1", {"any": "text"})),
        ("apply", "b", gadget("g1", {"any": [1, 2]})),
        ("apply", "b", gadget("g1", {"any": [1, 2]}), FORCE),
        ("apply", "a", gadget("g1", {})),
        ("apply", "b", gadget("g1", {"any": {"a": 1}})),
        ("apply", "a", gadget("g1", {"any": {"b": 1}, "deep": None})),
        ("apply", "c", gadget("g1", {"any": {"a": 2}, "deep": {"er": None}})),
        ("merge", "m", {"spec": {"deep": {"er": {"m": {"q": "1"}}}, "list": [{"a": "x"}], "map": {"k": {"a": "x"}}}, "status": {"free": 1}}, {"object": "g1"}),
        ("merge", "m", {"spec": {"deep": {"er": {"m": {"q": None}}}, "list": [{"a": "x"}, {"a": "y", "b": "z"}], "map": None}, "status": None}, {"object": "g1"}),
        ("merge", "m", {"spec": {"deep": None, "any": 5}}, {"object": "g1"}),
        ("update", "u", gadget("g1", {"any": {"u": [1]}, "merge": [{"id": 9}, {"id": 8}]})),
        ("update", "u", gadget("g1", {"any": None, "merge": [{"id": 8, "v": "x"}, {"id": 7}]})),
    ]),
    ("validate-gadget", GADGETS, [
        ("create", "k", gadget("w1", spec), DRY) for spec in [
            {"all": "bbbb"}, {"all": "aaaa"}, {"all": "abc"}, {"some": [1]}, {"some": [0, None, 5]}, {"some": ["x", 2]}, {"ip": "1.2.3"}, {"ip": "1.2.3.4"}, {"ip6": "1.2.3.4"}, {"ip6": "::1"},
            {"id": "x"}, {"id": "123e4567-e89b-12d3-a456-426614174000"}, {"day": "2026-02-30"}, {"day": "2026-02-28"}, {"bytes": "!"}, {"bytes": "aGk="},
            {"net": "1.2.3.4"}, {"net": "1.2.3.4/8"}, {"mac": "01:02:03:04:05:06"}, {"mac": "x"}, {"mail": "x"}, {"mail": "a@b.c"}, {"host": "a_b"}, {"host": "a.b"},
            {"uri": "x"}, {"uri": "http://a/b"}, {"span": "x"}, {"span": "1h30m"}, {"colour": "#12"}, {"colour": "#123"}, {"pattern": "A"}, {"big": 9223372036854775807},
            {"less": 1.5}, {"less": 1}, {"enum": 3}, {"enum": 1}, {"list": [{"b": "x"}]}, {"list": [{"a": None}]}, {"list": [None]}, {"map": {"k": {}}}, {"map": {"k": None}}, {"map": {"k": {"a": 1}}},
            {"any": None}, {"any": 1}, {"part": {"known": {"a": 1, "b": 2}, "x": None}}, {"pod": {"apiVersion": "v1", "kind": "Pod", "spec": {"a": "b", "c": "d"}, "x": 1}}, {"pod": {}},
            {"merge": [{"v": "x"}]}, {"merge": [{"id": 1, "in": [1, 1]}]}, {"all": None, "less": 2, "enum": 5},
        ]
    ] + [("create", "k", {**gadget("w1"), "status": 1}, DRY)]),
]
