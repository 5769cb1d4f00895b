#!/usr/bin/env python3
"""Records how a real API server answers: engine/schema/tests/data/*.json.

    python3 record.py API_SERVER_URL TOKEN_FILE CA_FILE [NAME]...

Stop kube-controller-manager and kube-scheduler first, so that nobody else writes. Every scenario is a row of requests on one object. A step keeps the request, the answer's code and
body, and is played against our own algorithms by tests/recorded.rs. Times, uids and resource
versions are replaced; nothing else is touched.
"""
import json, os, ssl, sys, time, urllib.error, urllib.request

BASE, TOKEN, CA = sys.argv[1], open(sys.argv[2]).read().strip(), sys.argv[3]
CONTEXT = ssl.create_default_context(cafile=CA)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
TYPES = {"apply": "application/apply-patch+yaml", "merge": "application/merge-patch+json",
         "strategic": "application/strategic-merge-patch+json", "json": "application/json-patch+json"}


def ask(method, path, body=None, kind="application/json", accept="application/json"):
    request = urllib.request.Request(BASE + path, method=method)
    request.add_header("Accept", accept)
    request.add_header("Authorization", "Bearer " + TOKEN)
    request.add_header("Content-Type", kind)
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, data, context=CONTEXT) as answer:
            return answer.status, json.load(answer), answer.headers.get_all("Warning") or []
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers.get_all("Warning") or []


TIMES = {}


def ordinal(moment):
    """The n-th moment of a scenario; order is all that counts."""
    number = TIMES.setdefault(moment, len(TIMES))
    return f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"


def newest(answer):
    entries = (answer.get("metadata") or {}).get("managedFields") or []
    times = [entry["time"] for entry in entries if "time" in entry]
    return max(times) if times else None


def clean(value):
    if isinstance(value, dict):
        result = {}
        for name, field in value.items():
            if name in ("resourceVersion", "creationTimestamp", "selfLink") and isinstance(field, str):
                continue
            if name == "uid" and "apiVersion" not in value:
                continue
            result[name] = ordinal(field) if name == "time" else clean(field)
        return result
    if isinstance(value, list):
        return [clean(item) for item in value]
    return value


def play(name, collection, steps):
    """steps: (operation, manager, body, options)"""
    recorded = []
    TIMES.clear()
    for operation, manager, body, *rest in steps:
        options = dict(rest[0]) if rest else {}
        target = options.pop("object", None) or (body.get("metadata", {}).get("name") if isinstance(body, dict) else None) or recorded[0]["name"]
        subresource = options.pop("subresource", "")
        query = "&".join(["fieldManager=" + manager] + [f"{k}={v}" for k, v in options.items()])
        path = f"{collection}/{target}" + (f"/{subresource}" if subresource else "")
        if operation == "create":
            code, answer, warnings = ask("POST", f"{collection}?{query}", body)
        elif operation == "update":
            sent = body
            if options.pop("blind", None) is None:
                _, now, _ = ask("GET", f"{collection}/{target}")
                sent = merge(now, body)
            code, answer, warnings = ask("PUT", f"{path}?{query}", sent)
            body = clean(sent)
        else:
            code, answer, warnings = ask("PATCH", f"{path}?{query}", body, TYPES[operation])
        # Whatever happens now happens after everything before.
        known = set(TIMES)
        moment = newest(answer) if code < 300 else None
        now = ordinal(moment if moment and moment not in known else f"step {len(recorded)}")
        if "dryRun" not in options:
            time.sleep(1.05)
        if subresource == "scale" and code < 300:
            _, answer, _ = ask("GET", f"{collection}/{target}")
            moment = newest(answer)
            now = ordinal(moment)
        step = {"now": now, "operation": operation, "manager": manager, "name": target, "subresource": subresource,
                "options": options, "body": body, "code": code, "answer": clean(answer)}
        if warnings:
            step["warnings"] = warnings
        recorded.append(step)
        print(f"{name:24} {operation:9} {manager:8} {code} {answer.get('message', '')[:150] if code >= 300 else ''}")
    ask("DELETE", f"{collection}/{recorded[0]['name']}?gracePeriodSeconds=0&propagationPolicy=Background")
    return recorded


def merge(old, new):
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    result = dict(old)
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(old.get(key), value)
    return result


def record_defaults(objects):
    recorded = []
    for collection, body in objects:
        if body["kind"] != "CustomResourceDefinition":
            body = {**body, "metadata": {**body["metadata"], "name": "zz"}}
        code, answer, _ = ask("POST", collection + "?dryRun=All", body)
        print("defaults", body["kind"], code, answer.get("message", "")[:200] if code >= 300 else "")
        if code < 300:
            answer["metadata"].pop("managedFields", None)
            recorded.append({"body": body, "answer": clean(answer)})
    with open(os.path.join(HERE, "defaults.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(step, sort_keys=True) for step in recorded) + "\n]\n")


def record_discovery():
    aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    paths = ["/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/apis/batch/v1", "/apis/autoscaling",
             "/apis/autoscaling/v1", "/apis/autoscaling/v2", "/apis/demo.kudo.dev", "/apis/demo.kudo.dev/v1",
             "/apis/apiextensions.k8s.io/v1"]
    documents = {path: ask("GET", path)[1] for path in paths}
    for path in ("/api", "/apis"):
        documents[path + " aggregated"] = ask("GET", path, accept=aggregated)[1]

    def strip(value):
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items()
                    if k not in ("storageVersionHash", "serverAddressByClientCIDRs", "creationTimestamp")}
        return [strip(item) for item in value] if isinstance(value, list) else value

    with open(os.path.join(HERE, "discovery.json"), "w") as file:
        json.dump(strip(documents), file, sort_keys=True, indent=0)


def main():
    from scenarios import SCENARIOS, CRDS, DEFAULTS
    for crd in CRDS:
        print(ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)[1].get("message", "crd created"))
    if CRDS:
        time.sleep(2)
    wanted = sys.argv[4:]
    for name, collection, steps in SCENARIOS:
        if wanted and not any(name.startswith(word) for word in wanted):
            continue
        recorded = play(name, collection, steps)
        with open(os.path.join(HERE, name + ".json"), "w") as file:
            file.write("[\n" + ",\n".join(json.dumps(step, sort_keys=True) for step in recorded) + "\n]\n")
    if not wanted or "defaults" in wanted:
        record_defaults(DEFAULTS)
    if not wanted or "discovery" in wanted:
        record_discovery()
    with open(os.path.join(HERE, "crds.json"), "w") as file:
        json.dump(CRDS, file, sort_keys=True)


main()
