//! What a request asks for, read from its path, query and headers.

use axum::extract::Query;
use http::{HeaderMap, Method, Uri, header};

use crate::refusal::Refusal;
use crate::store::Selector;

/// A path under `/api` or `/apis`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) namespace: Option<String>,
    pub(super) plural: String,
    pub(super) name: Option<String>,
    pub(super) subresource: Option<String>,
}

/// The parts of a path, percent-decoded.
pub(super) fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(decoded)
        .collect()
}

fn decoded(part: &str) -> String {
    if !part.contains('%') {
        return part.to_owned();
    }
    let (mut bytes, mut rest) = (Vec::new(), part.as_bytes());
    while let Some((first, tail)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten();
        let byte = escaped
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Target {
    /// Reads the segments after `/api/VERSION` or `/apis/GROUP/VERSION`.
    pub(super) fn new(group: &str, version: &str, rest: &[String]) -> Option<Self> {
        let (namespace, rest) = match rest {
            // `namespaces/NAME/status` is a namespace itself, `namespaces/NAME/pods` is within one.
            [first, name, plural, tail @ ..]
                if first == "namespaces"
                    && !(group.is_empty() && ["status", "finalize"].contains(&plural.as_str())) =>
            {
                (
                    Some(name.clone()),
                    [std::slice::from_ref(plural), tail].concat(),
                )
            }
            rest => (None, rest.to_vec()),
        };
        let mut rest = rest.into_iter();
        let plural = rest.next()?;
        let name = rest.next();
        let subresource: Vec<String> = rest.collect();
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            namespace,
            plural,
            name,
            subresource: (!subresource.is_empty()).then(|| subresource.join("/")),
        })
    }
}

/// The query and headers of a request, and its body.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: axum::body::Bytes,
    /// When the request came.
    pub(super) now: jiff::Timestamp,
}

/// What to do about fields nobody knows (`fieldValidation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

impl Call {
    pub(super) fn new(
        method: Method,
        uri: &Uri,
        headers: HeaderMap,
        body: axum::body::Bytes,
        now: jiff::Timestamp,
    ) -> Self {
        let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let query = query.map(|Query(query)| query).unwrap_or_default();
        Self {
            method,
            query,
            headers,
            body,
            now,
        }
    }

    /// Returns a query parameter, empty when it is absent.
    pub(super) fn parameter(&self, key: &str) -> &str {
        self.query
            .iter()
            .find(|(name, _)| name == key)
            .map_or("", |(_, value)| value)
    }

    /// Returns all values of a query parameter that may be repeated.
    pub(super) fn parameters<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.query
            .iter()
            .filter(move |(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// True for `1` and `true`, as Go's `strconv.ParseBool` has it for query parameters.
    pub(super) fn flag(&self, key: &str) -> bool {
        ["1", "t", "T", "true", "TRUE", "True"].contains(&self.parameter(key))
            || (self.parameter(key).is_empty()
                && self.query.iter().any(|(name, _)| name == key)
                && key == "watch")
    }

    pub(super) fn integer(&self, key: &str) -> Result<Option<i64>, Refusal> {
        match self.parameter(key) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Refusal::bad_request(format!(
                    "strconv.ParseInt: parsing \"{text}\": invalid syntax"
                ))
            }),
        }
    }

    /// True with `dryRun=All`; anything else is refused, `kind` naming the options.
    pub(super) fn dry_run(&self, kind: &str) -> Result<bool, Refusal> {
        match self.parameter("dryRun") {
            "" => Ok(false),
            "All" => Ok(true),
            other => {
                let cause = crate::refusal::Cause {
                    reason: "FieldValueNotSupported",
                    field: "dryRun".to_owned(),
                    message: format!("Unsupported value: [\"{other}\"]: supported values: \"All\""),
                };
                Err(Refusal::invalid("meta.k8s.io", kind, "", &[cause]))
            }
        }
    }

    pub(super) fn field_validation(&self, kind: &str) -> Result<FieldValidation, Refusal> {
        match self.parameter("fieldValidation") {
            "" | "Warn" => Ok(FieldValidation::Warn),
            "Ignore" => Ok(FieldValidation::Ignore),
            "Strict" => Ok(FieldValidation::Strict),
            other => {
                let cause = crate::refusal::Cause {
                    reason: "FieldValueNotSupported",
                    field: "fieldValidation".to_owned(),
                    message: format!(
                        "Unsupported value: \"{other}\": supported values: \"\", \"Ignore\", \
                         \"Strict\", \"Warn\""
                    ),
                };
                Err(Refusal::invalid("meta.k8s.io", kind, "", &[cause]))
            }
        }
    }

    pub(super) fn selector(&self) -> Result<Selector, Refusal> {
        Selector::parse(
            self.parameter("labelSelector"),
            self.parameter("fieldSelector"),
        )
    }

    pub(super) fn header(&self, name: &header::HeaderName) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The media type of the body, without parameters.
    pub(super) fn content_type(&self) -> &str {
        let full = self.header(&header::CONTENT_TYPE);
        full.split(';').next().unwrap_or_default().trim()
    }

    /// `fieldManager`, or what the user agent begins with.
    pub(super) fn manager(&self) -> String {
        let named = self.parameter("fieldManager");
        if !named.is_empty() {
            return named.to_owned();
        }
        let agent = self
            .header(&header::USER_AGENT)
            .split('/')
            .next()
            .unwrap_or_default();
        match agent {
            "" => "unknown".to_owned(),
            agent => agent.chars().take(128).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str) -> Target {
        Target::new("", "v1", &segments(path)).unwrap()
    }

    #[test]
    fn paths_are_taken_apart_as_the_server_does() {
        let pod = target("namespaces/d/pods/p/log");
        assert_eq!(pod.namespace.as_deref(), Some("d"));
        assert_eq!(
            (pod.plural.as_str(), pod.name.as_deref()),
            ("pods", Some("p"))
        );
        assert_eq!(pod.subresource.as_deref(), Some("log"));

        let namespace = target("namespaces/d/status");
        assert_eq!(namespace.namespace, None);
        assert_eq!(namespace.name.as_deref(), Some("d"));

        assert_eq!(target("nodes/a%3Ab").name.as_deref(), Some("a:b"));
        assert_eq!(target("nodes/%zz").name.as_deref(), Some("%zz"));
    }
}
