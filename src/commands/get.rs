//! `get`

use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use kube::{Api, Resource, ResourceExt as _, api::ListParams};
use kudo_engine::{
    api::{Instance, Operator, OperatorVersion, instance::PlanStatus, names::LABEL_OPERATOR},
    cluster::ClusterError,
    plan::status::last_executed,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    cli::{Get, What},
    connection::Connection,
    exit::ExitStatus,
    ui::{Ui, table::table, tree::Tree},
};

/// Lists KUDO's objects.
pub(super) async fn get(
    args: &Get,
    connection: &Connection,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let namespace = (!args.all_namespaces).then_some(connection.namespace.as_str());
    let mut found = Found::default();
    let wants = |what| args.what == what || args.what == What::All;
    if wants(What::Operators) {
        found.operators = list(connection, namespace).await?;
    }
    if wants(What::Operatorversions) {
        found.versions = list(connection, namespace).await?;
    }
    if wants(What::Instances) {
        found.instances = list(connection, namespace).await?;
    }
    if let Some(format) = args.output.output {
        ui.print(&Ui::data(format, &found.as_list()?)?)?;
        return Ok(ExitStatus::Done);
    }
    let now = connection.cluster.clock().now();
    if args.what == What::Instances {
        super::ready::refresh(&mut found.instances, namespace, connection).await;
    }
    let text = match args.what {
        What::All => found.tree(namespace),
        What::Instances if !found.instances.is_empty() => found.instance_table(namespace, now),
        What::Operators if !found.operators.is_empty() => found.operator_table(namespace, now),
        What::Operatorversions if !found.versions.is_empty() => found.version_table(namespace, now),
        What::Instances | What::Operators | What::Operatorversions => {
            let place = namespace.map_or_else(
                || "any namespace".to_owned(),
                |namespace| format!("namespace {namespace}"),
            );
            ui.note(&format!("Nothing found in {place}."));
            return Ok(ExitStatus::Done);
        }
    };
    ui.print(&text)?;
    Ok(ExitStatus::Done)
}

async fn list<K>(connection: &Connection, namespace: Option<&str>) -> anyhow::Result<Vec<K>>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + std::fmt::Debug + DeserializeOwned,
    K::DynamicType: Default,
{
    let client = connection.cluster.client().clone();
    let api: Api<K> = match namespace {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    };
    match api
        .list(&ListParams::default())
        .await
        .map_err(ClusterError::from)
    {
        Ok(list) => Ok(list.items),
        // Where KUDO's kinds are not known there are none of them.
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Default)]
struct Found {
    operators: Vec<Operator>,
    versions: Vec<OperatorVersion>,
    instances: Vec<Instance>,
}

impl Found {
    fn as_list(&self) -> anyhow::Result<Value> {
        fn values<T: Serialize>(objects: &[T]) -> serde_json::Result<Vec<Value>> {
            objects.iter().map(serde_json::to_value).collect()
        }
        let items = [
            values(&self.operators)?,
            values(&self.versions)?,
            values(&self.instances)?,
        ];
        Ok(serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items.concat()}))
    }

    fn instance_table(&self, namespace: Option<&str>, now: Timestamp) -> String {
        let header = [
            "name", "ready", "operator", "version", "plan", "status", "age",
        ];
        let rows = self.instances.iter().map(|instance| {
            let status = instance.status.as_ref();
            let plan = status.and_then(last_executed);
            let label = instance.labels().get(LABEL_OPERATOR).cloned();
            (
                instance.namespace(),
                vec![
                    instance.name_any(),
                    ready(instance),
                    label.unwrap_or_default(),
                    instance.operator_version_key().1.to_owned(),
                    plan.map_or_else(String::new, |plan| plan.name.clone()),
                    plan.map_or_else(String::new, |plan: &PlanStatus| plan.status.to_string()),
                    age(instance, now),
                ],
            )
        });
        with_namespace(namespace, &header, rows)
    }

    fn operator_table(&self, namespace: Option<&str>, now: Timestamp) -> String {
        let rows = self.operators.iter().map(|operator| {
            let cells = vec![
                operator.name_any(),
                operator.spec.url.clone(),
                age(operator, now),
            ];
            (operator.namespace(), cells)
        });
        with_namespace(namespace, &["name", "url", "age"], rows)
    }

    fn version_table(&self, namespace: Option<&str>, now: Timestamp) -> String {
        let header = ["name", "operator", "version", "app version", "age"];
        let rows = self.versions.iter().map(|version| {
            (
                version.namespace(),
                vec![
                    version.name_any(),
                    version.spec.operator.name.clone().unwrap_or_default(),
                    version.spec.version.clone(),
                    version.spec.app_version.clone(),
                    age(version, now),
                ],
            )
        });
        with_namespace(namespace, &header, rows)
    }

    /// Draws operators, their versions and their instances (kudo-spec 7.8).
    fn tree(&self, namespace: Option<&str>) -> String {
        let operators = self.operators.iter().map(|operator| {
            let (home, name) = (operator.namespace(), operator.name_any());
            let versions = self.versions.iter().filter(|version| {
                version.namespace() == home && version.spec.operator.name.as_ref() == Some(&name)
            });
            Tree::branch(&name, versions.map(|version| self.version_tree(version)))
        });
        let place = namespace.map_or_else(
            || "all namespaces".to_owned(),
            |namespace| format!("namespace \"{namespace}\""),
        );
        format!(
            "List of current installed operators including versions and instances in {place}:\n{}",
            Tree::branch(".", operators).draw()
        )
    }

    fn version_tree(&self, version: &OperatorVersion) -> Tree {
        let (namespace, name) = (version.namespace().unwrap_or_default(), version.name_any());
        let is_of = |instance: &&Instance| {
            instance.operator_version_key() == (namespace.as_str(), name.as_str())
        };
        let instances = self.instances.iter().filter(is_of);
        Tree::branch(
            &name,
            instances.map(|instance| Tree::leaf(instance.name_any())),
        )
    }
}

fn with_namespace(
    namespace: Option<&str>,
    header: &[&str],
    rows: impl Iterator<Item = (Option<String>, Vec<String>)>,
) -> String {
    if namespace.is_some() {
        return table(header, rows.map(|(_, cells)| cells));
    }
    let header = [&["namespace"], header].concat();
    table(
        &header,
        rows.map(|(home, cells)| [vec![home.unwrap_or_default()], cells].concat()),
    )
}

fn ready(instance: &Instance) -> String {
    let conditions = instance.status.as_ref().map(|status| &status.conditions);
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.type_ == "Ready");
    ready.map_or_else(String::new, |ready| ready.status.clone())
}

/// Returns how old an object is, as kubectl says it.
fn age<K: Resource>(object: &K, now: Timestamp) -> String {
    let Some(created) = &object.meta().creation_timestamp else {
        return String::new();
    };
    let seconds = now.duration_since(created.0).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}
