//! Bodies that are YAML.

/// Reads one YAML document as the JSON it stands for.
pub(crate) fn parse(bytes: &[u8]) -> Result<serde_json::Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let document = kudo_yaml::parse(text).map_err(|error| error.to_string())?;
    kudo_yaml::to_json(&document.resolve()).map_err(|error| error.to_string())
}
