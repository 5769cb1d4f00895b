//! The templates of a package as cases, with the default values of its parameters.

use std::io;
use std::path::Path;

use kudo_yaml::{Node, load, parse, to_json};
use serde_json::json;

use super::case::Case;

/// Reads the cases of the package in a folder.
pub(crate) fn cases(folder: &Path) -> io::Result<Vec<Case>> {
    let operator = parse(&std::fs::read_to_string(folder.join("operator.yaml"))?);
    let operator = operator.map_err(other)?;
    let name = operator.get("name").and_then(|name| name.text());
    let name = name.unwrap_or_default().to_owned();
    let data = json!({
        "OperatorName": name,
        "Name": format!("{name}-instance"),
        "Namespace": "default",
        "AppVersion": "1.0.0",
        "OperatorVersion": "1.0.0",
        "PlanName": "deploy",
        "PhaseName": "deploy",
        "StepName": "deploy",
        "Params": defaults(&folder.join("params.yaml"))?,
        "Pipes": {},
    });
    let mut templates = std::fs::read_dir(folder.join("templates"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    templates.sort();
    let case = |path: &std::path::PathBuf| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Case {
            group: "kudo-operators".to_owned(),
            name: format!("{name}/{file}"),
            template: std::fs::read_to_string(path)?,
            data: Some(data.clone()),
            numbers: "float64".to_owned(),
            types: [("Pipes".to_owned(), "map[string]string".to_owned())].into(),
            ..Case::default()
        })
    };
    templates.iter().map(case).collect()
}

/// Returns the defaults: texts, but lists and maps where the type says so (kudo-spec 1.8).
fn defaults(path: &Path) -> io::Result<serde_json::Value> {
    let file = parse(&std::fs::read_to_string(path)?).map_err(other)?;
    let parameters = file.get("parameters").and_then(|list| list.items());
    let mut values = serde_json::Map::new();
    for parameter in parameters.unwrap_or_default() {
        let text = |key| parameter.get(key).and_then(|node| node.text());
        let default = match (parameter.get("default"), text("default")) {
            (None, _) => json!(""),
            (Some(_), Some(text)) if !is_list_or_map(parameter) => json!(text),
            (Some(_), Some(text)) => to_json(&load(text).map_err(other)?).map_err(other)?,
            (Some(node), None) => to_json(&node.resolve()).map_err(other)?,
        };
        let name = text("name").unwrap_or_default().to_owned();
        values.insert(name, default);
    }
    Ok(values.into())
}

fn is_list_or_map(parameter: &Node) -> bool {
    let of_type = parameter.get("type").and_then(|node| node.text());
    matches!(of_type, Some("array" | "map"))
}

fn other(error: kudo_yaml::Error) -> io::Error {
    io::Error::other(error)
}
