//! The crate gtmpl, which does a part of the language.

use super::case::Case;

/// Parses a template with gtmpl, if it can.
pub(crate) fn rival(case: &Case) -> Option<gtmpl::Template> {
    let mut template = gtmpl::Template::default();
    template.parse(case.template.clone()).ok()?;
    Some(template)
}

/// Returns data as gtmpl has it.
pub(crate) fn rival_data(data: Option<&serde_json::Value>) -> gtmpl::Value {
    match data {
        None | Some(serde_json::Value::Null) => gtmpl::Value::Nil,
        Some(serde_json::Value::Bool(value)) => gtmpl::Value::Bool(*value),
        Some(serde_json::Value::Number(number)) => match number.as_i64() {
            Some(int) => gtmpl::Value::from(int),
            None => gtmpl::Value::from(number.as_f64().unwrap_or_default()),
        },
        Some(serde_json::Value::String(text)) => gtmpl::Value::String(text.clone()),
        Some(serde_json::Value::Array(items)) => {
            gtmpl::Value::Array(items.iter().map(|item| rival_data(Some(item))).collect())
        }
        Some(serde_json::Value::Object(entries)) => {
            let entry = |(key, item): (&String, _)| (key.clone(), rival_data(Some(item)));
            gtmpl::Value::Object(entries.iter().map(entry).collect())
        }
    }
}
