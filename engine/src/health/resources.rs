//! Objects that run no pods.

use serde_json::Value;

use super::{Health, condition, is_true, is_unobserved, number, text};

fn waiting(text: impl Into<String>) -> Health {
    Health::Waiting(text.into())
}

/// A claim is healthy when it is bound, or has no need to be: a class that waits for the first
/// consumer binds only when a later step uses the claim, so such a claim must not block the plan.
pub fn volume_claim(object: &Value) -> Health {
    match text(object, "/status/phase") {
        "Lost" => Health::Failed("its volume is lost".to_owned()),
        "Bound" | "Pending" | "" => Health::Healthy,
        phase => waiting(format!("it is {}", phase.to_lowercase())),
    }
}

/// A Service is healthy when it has an address; a load balancer needs one from outside too
/// (kudo-spec 3.5).
pub fn service(object: &Value) -> Health {
    let service_type = text(object, "/spec/type");
    if service_type == "ExternalName" {
        return Health::Healthy;
    }
    if text(object, "/spec/clusterIP").is_empty() {
        return waiting("it has no cluster IP address");
    }
    let has = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty())
    };
    let is_reachable = has("/spec/externalIPs") || has("/status/loadBalancer/ingress");
    if service_type == "LoadBalancer" && !is_reachable {
        return waiting("no load balancer has given it an address");
    }
    Health::Healthy
}

/// A Namespace is healthy when it is active.
pub fn namespace(object: &Value) -> Health {
    match text(object, "/status/phase") {
        "Active" => Health::Healthy,
        phase => waiting(format!("it is {phase:?}, not active")),
    }
}

/// A disruption budget is healthy when its controller has seen it; whether it allows a disruption
/// now is not what a package asks for.
pub fn disruption_budget(object: &Value) -> Health {
    if is_unobserved(object) {
        waiting("its controller has not seen it yet")
    } else {
        Health::Healthy
    }
}

/// A definition is healthy when its kind is served, and fails when its names are taken.
pub fn definition(object: &Value) -> Health {
    if is_true(object, "Established") {
        return Health::Healthy;
    }
    match condition(object, "NamesAccepted").filter(|names| names["status"] == "False") {
        Some(names) => waiting(
            names["message"]
                .as_str()
                .unwrap_or("its names are not accepted"),
        ),
        None => waiting("its kind is not served yet"),
    }
}

/// An `APIService` is healthy when it answers.
pub fn api_service(object: &Value) -> Health {
    if is_true(object, "Available") {
        return Health::Healthy;
    }
    let why = condition(object, "Available").and_then(|available| available["message"].as_str());
    waiting(why.unwrap_or("it does not answer yet"))
}

/// A child instance is healthy when no plan is scheduled and the last one did not fail.
///
/// KUDO took a child whose plan had failed for a healthy one (kudo-spec 3.10).
pub fn instance(object: &Value) -> Health {
    let scheduled = text(object, "/spec/planExecution/planName");
    let plans = object
        .pointer("/status/planStatus")
        .and_then(Value::as_object);
    let newest = plans.into_iter().flatten().max_by_key(|(_, plan)| {
        plan["lastUpdatedTimestamp"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    });
    if let Some((name, plan)) = newest
        && plan["status"] == "FATAL_ERROR"
        && (scheduled.is_empty() || scheduled == name)
    {
        return Health::Failed(format!("plan `{name}` failed: {}", failure(plan)));
    }
    if !scheduled.is_empty() {
        let state = text(object, "/spec/planExecution/status");
        return waiting(format!("plan `{scheduled}` is {state}"));
    }
    match newest {
        Some(_) => Health::Healthy,
        None => waiting("no plan has run yet"),
    }
}

/// The first message of a failed plan, from the plan down to its steps.
fn failure(plan: &Value) -> String {
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let phases = list(plan, "phases");
    let steps = phases.iter().flat_map(|phase| list(phase, "steps"));
    let all = std::iter::once(plan.clone())
        .chain(phases.iter().cloned())
        .chain(steps);
    let message = |value: Value| value["message"].as_str().map(str::to_owned);
    all.filter_map(message)
        .find(|message| !message.is_empty())
        .unwrap_or_else(|| "it says no more".to_owned())
}

/// A custom resource is healthy unless its conditions say otherwise: Kubernetes' conventions for
/// `Ready`, `Available`, `Stalled`, `Failed` and `observedGeneration`.
pub fn custom(object: &Value) -> Health {
    let observed = object
        .pointer("/status/observedGeneration")
        .and_then(Value::as_i64);
    if observed.is_some_and(|observed| observed < number(object, "/metadata/generation")) {
        return waiting("its controller has not seen the change yet");
    }
    let why = |condition: &Value| {
        let reason = condition["reason"].as_str().unwrap_or_default();
        let message = condition["message"].as_str().unwrap_or_default();
        match (reason.is_empty(), message.is_empty()) {
            (_, true) => reason.to_owned(),
            (true, false) => message.to_owned(),
            (false, false) => format!("{reason}: {message}"),
        }
    };
    for bad in ["Stalled", "Failed"] {
        if let Some(found) = condition(object, bad).filter(|found| found["status"] == "True") {
            return Health::Failed(format!("it says {bad}: {}", why(found)));
        }
    }
    for good in ["Ready", "Available"] {
        if let Some(found) = condition(object, good).filter(|found| found["status"] != "True") {
            return waiting(format!("it is not {good}: {}", why(found)));
        }
    }
    Health::Healthy
}
