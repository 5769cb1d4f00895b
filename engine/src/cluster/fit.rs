//! Making an object fit the schema that the cluster itself has of its kind (design decisions 3, 13).

use http::Request;
use kudo_schema::{Schemas, collapse_doubled_keys, prune};
use serde_json::Value;

use super::{Cluster, ClusterError, Kind};

impl Cluster {
    /// Drops fields that the kind does not have and all but the last of doubled list entries; returns
    /// a line for each.
    pub(super) async fn fit_to_schema(
        &self,
        kind: &Kind,
        object: &mut Value,
    ) -> Result<Vec<String>, ClusterError> {
        let document = self.open_api(kind).await?;
        let schemas = Schemas::from_openapi([&document]);
        let resource = &kind.resource;
        let schema = schemas.kind(&resource.group, &resource.version, &resource.kind);
        let Some(schema) = schema else {
            return Ok(Vec::new());
        };
        let name = object["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let what = format!("{} `{name}`", resource.kind);
        let dropped = prune(schema, object).into_iter();
        let mut lines: Vec<String> = dropped
            .map(|field| format!("{what}: unknown field `{}` was dropped", field.path))
            .collect();
        let doubled = collapse_doubled_keys(schema, object).into_iter();
        lines.extend(doubled.map(|entry| {
            format!(
                "{what}: of the doubled `{}` at `{}` only the last counts",
                entry.key, entry.path
            )
        }));
        Ok(lines)
    }

    async fn open_api(&self, kind: &Kind) -> Result<Value, ClusterError> {
        let resource = &kind.resource;
        let path = if resource.group.is_empty() {
            format!("/openapi/v3/api/{}", resource.version)
        } else {
            format!("/openapi/v3/apis/{}/{}", resource.group, resource.version)
        };
        let request = Request::get(path).body(Vec::new());
        let request = request.map_err(|error| ClusterError::Unreachable(error.to_string()))?;
        Ok(self.client().request(request).await?)
    }
}
