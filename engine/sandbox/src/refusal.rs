//! What a request gets that is not served: a `metav1.Status` with the server's own words.

use std::fmt;

use serde_json::{Value, json};

use crate::store::Resource;

/// A refused request, as `metav1.Status` carries it.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub code: u16,
    /// The machine-readable reason, e.g. `NotFound`.
    pub reason: &'static str,
    /// The sentence for people.
    pub message: String,
    /// The `details` of the Status, where the server gives some.
    pub details: Option<Box<Value>>,
}

/// One field that was refused (`field.Error`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The reason of the cause, e.g. `FieldValueInvalid`.
    pub reason: &'static str,
    /// The path of the field.
    pub field: String,
    /// The sentence without the path.
    pub message: String,
}

impl Cause {
    /// A value that breaks a rule.
    pub fn invalid(field: impl Into<String>, value: &Value, rule: impl fmt::Display) -> Self {
        let message = format!("Invalid value: {}: {rule}", shown(value));
        Self {
            reason: "FieldValueInvalid",
            field: field.into(),
            message,
        }
    }

    /// A value that is missing.
    pub fn required(field: impl Into<String>, rule: impl fmt::Display) -> Self {
        let rule = rule.to_string();
        let message = match rule.as_str() {
            "" => "Required value".to_owned(),
            rule => format!("Required value: {rule}"),
        };
        Self {
            reason: "FieldValueRequired",
            field: field.into(),
            message,
        }
    }

    /// A change that is not allowed.
    pub fn forbidden(field: impl Into<String>, rule: impl fmt::Display) -> Self {
        let message = format!("Forbidden: {rule}");
        Self {
            reason: "FieldValueForbidden",
            field: field.into(),
            message,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Shows a value as Go's `%#v`-like field errors do: strings quoted, the rest as JSON.
pub(crate) fn shown(value: &Value) -> String {
    value.to_string()
}

impl Refusal {
    /// A refusal without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
        }
    }

    fn detailed(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// 404: the object is not there.
    pub fn not_found(resource: &Resource, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{resource} \"{name}\" not found"))
            .detailed(details(resource, name))
    }

    /// 404: no such path is served.
    pub fn no_such_path() -> Self {
        Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
        .detailed(json!({}))
    }

    /// 409: an object of that name is there already.
    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!("{resource} \"{name}\" already exists"),
        )
        .detailed(details(resource, name))
    }

    /// 409: the write does not fit what is stored.
    pub fn conflict(resource: &Resource, name: &str, why: impl fmt::Display) -> Self {
        let message = format!("Operation cannot be fulfilled on {resource} \"{name}\": {why}");
        Self::new(409, "Conflict", message).detailed(details(resource, name))
    }

    /// 409: somebody else wrote in between.
    pub fn modified(resource: &Resource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Self::conflict(resource, name, why)
    }

    /// 403: admission refused.
    pub fn forbidden(resource: &Resource, name: &str, why: impl fmt::Display) -> Self {
        let message = format!("{resource} \"{name}\" is forbidden: {why}");
        Self::new(403, "Forbidden", message).detailed(details(resource, name))
    }

    /// 422: fields break rules. `kind` is the kind, `group` its group.
    pub fn invalid(group: &str, kind: &str, name: &str, causes: &[Cause]) -> Self {
        let qualified = if group.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}.{group}")
        };
        // The message says everything once, even what two checks found.
        let mut sentences: Vec<String> = Vec::new();
        for sentence in causes.iter().map(Cause::to_string) {
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
        let sentence = match sentences.as_slice() {
            [only] => only.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let causes: Vec<Value> = causes
            .iter()
            .map(|cause| {
                json!({"reason": cause.reason, "message": cause.message, "field": cause.field})
            })
            .collect();
        let mut details = json!({"causes": causes});
        if !kind.is_empty() {
            details["kind"] = kind.into();
        }
        if !name.is_empty() {
            details["name"] = name.into();
        }
        if !group.is_empty() {
            details["group"] = group.into();
        }
        Self::new(
            422,
            "Invalid",
            format!("{qualified} \"{name}\" is invalid: {sentence}"),
        )
        .detailed(details)
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 405: the verb is not served here.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message).detailed(json!({}))
    }

    /// 415: the body is of a kind that is not read here.
    pub fn unsupported_media(message: impl Into<String>) -> Self {
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 410: the history asked for is gone.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 500: the sandbox cannot do what it should.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(
            500,
            "InternalError",
            format!("Internal error occurred: {message}"),
        )
        .detailed(json!({"causes": [{"message": message.to_string()}]}))
    }

    /// True when somebody else wrote in between, so that a retry may help.
    pub fn is_conflict(&self) -> bool {
        self.reason == "Conflict"
    }

    /// Returns the `metav1.Status` of this refusal.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if let Some(details) = &self.details {
            status["details"] = (**details).clone();
        }
        status
    }
}

fn details(resource: &Resource, name: &str) -> Value {
    let mut details = json!({"kind": resource.name()});
    if !name.is_empty() {
        details["name"] = name.into();
    }
    if !resource.group().is_empty() {
        details["group"] = resource.group().into();
    }
    details
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_say_what_the_server_says() {
        let deployments = Resource::of("apps", "deployments");

        let status = Refusal::not_found(&deployments, "web").status();

        // Recorded from kube-apiserver 1.36.
        assert_eq!(
            status,
            json!({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
                   "message":"deployments.apps \"web\" not found","reason":"NotFound",
                   "details":{"name":"web","group":"apps","kind":"deployments"},"code":404})
        );
    }
}
