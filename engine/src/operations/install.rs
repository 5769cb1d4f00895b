//! Install: an operator, its version, and an instance with its `deploy` plan scheduled.

use std::collections::BTreeMap;

use futures::{FutureExt as _, TryFutureExt as _};
use k8s_openapi::NamespaceResourceScope;
use kube::{
    Api, Resource, ResourceExt as _,
    api::{ListParams, PostParams},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    admission::{Change, Schedule, decide, finalizers},
    api::{Instance, Operator, OperatorVersion, PlanExecution, instance::ExecutionStatus},
    cluster::{Cluster, ClusterError, read},
    offline,
    package::{Found, Release},
};

use super::{OperationError, children::checked_children, unknown_parameter};

/// An object that installing made or found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Object {
    /// `operator`, `operatorversion` or `instance`.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `created`, `already installed` or `replaced`.
    pub what: &'static str,
}

/// What installing led to.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The objects in the order in which they were written.
    pub objects: Vec<Object>,
    /// The definitions that had to be installed first.
    pub definitions: Vec<String>,
    /// Whether KUDO's own manager took the instance over, so that it drives the plan.
    pub is_driven_by_kudo: bool,
}

impl Release {
    /// Returns the release in `namespace`, its instance with these parameters and, where one is
    /// given, this name.
    #[must_use]
    pub fn named(
        mut self,
        namespace: &str,
        instance: Option<&str>,
        parameters: BTreeMap<String, String>,
    ) -> Self {
        self.operator.metadata.namespace = Some(namespace.to_owned());
        self.operator_version.metadata.namespace = Some(namespace.to_owned());
        self.instance.metadata.namespace = Some(namespace.to_owned());
        if let Some(name) = instance {
            self.instance.metadata.name = Some(name.to_owned());
        }
        self.instance.spec.parameters = parameters;
        self
    }
}

/// Writes `release` into the cluster; without an instance when `skip_instance` is set. The operators
/// and versions that it needs are written before its own version.
///
/// # Errors
///
/// When the release breaks a rule or an instance of that name exists: then nothing was written.
pub async fn install(
    cluster: &Cluster,
    release: &Release,
    needed: &[Found],
    skip_instance: bool,
) -> Result<Installed, OperationError> {
    let instance = if skip_instance {
        None
    } else {
        Some(checked(cluster, release)?)
    };
    let mut writing = Writing::new(cluster, release.instance.namespace_or_default());
    writing.check_kubernetes(&release.operator, needed).await?;
    if let Some(instance) = &instance {
        writing.refuse_existing(instance.object_name()).await?;
        let plan = &instance.spec.plan_execution.plan_name;
        for child in checked_children(release, needed, plan)? {
            writing.refuse_existing(&child).await?;
        }
    }
    writing.operator(&release.operator).await?;
    writing.needed(needed).await?;
    writing.operator_version(&release.operator_version).await?;
    let mut is_driven_by_kudo = false;
    if let Some(instance) = instance {
        is_driven_by_kudo = writing.instance(instance).await?;
    }
    Ok(Installed {
        objects: writing.written,
        definitions: writing.definitions,
        is_driven_by_kudo,
    })
}

/// Returns the instance as it is to be created, with every rule checked.
fn checked(cluster: &Cluster, release: &Release) -> Result<Instance, OperationError> {
    let mut instance = release.instance.clone();
    let parameters = &release.operator_version.spec.parameters;
    let known: Vec<&str> = parameters.iter().map(|one| one.name.as_str()).collect();
    unknown_parameter(instance.spec.parameters.keys(), &known)?;
    let is_missing = |name: &str| !instance.spec.parameters.contains_key(name);
    let missing = parameters
        .iter()
        .filter(|one| one.required && one.default.is_none() && is_missing(&one.name))
        .map(|one| one.name.clone());
    let missing: Vec<String> = missing.collect();
    if !missing.is_empty() {
        return Err(OperationError::Missing(missing));
    }
    let operator_version = &release.operator_version;
    let decision = decide(Change::Create {
        instance: &instance,
        operator_version,
    })?;
    let finalizers = finalizers(&instance, decision.needs_cleanup);
    instance.metadata.finalizers = (!finalizers.is_empty()).then_some(finalizers);
    instance.spec.parameters = decision.parameters;
    if let Schedule::Run(plan_name) = decision.schedule {
        let release = Release {
            instance: instance.clone(),
            ..release.clone()
        };
        offline::check(&release, &plan_name)?;
        let uid = cluster.ids().uid();
        let status = Some(ExecutionStatus::InProgress);
        instance.spec.plan_execution = PlanExecution {
            plan_name,
            uid,
            status,
            requested_by: cluster.requester().to_owned(),
            ..PlanExecution::default()
        };
    }
    Ok(instance)
}

fn minor_version(text: &str) -> Option<(u64, u64)> {
    let mut parts = text.trim_start_matches('v').split('.');
    let number = |part: Option<&str>| {
        let digits: String = part?.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    Some((number(parts.next())?, number(parts.next())?))
}

/// Writing a package into a namespace, and what was written.
pub(super) struct Writing<'a> {
    cluster: &'a Cluster,
    namespace: String,
    pub(super) written: Vec<Object>,
    pub(super) definitions: Vec<String>,
}

impl<'a> Writing<'a> {
    pub(super) fn new(cluster: &'a Cluster, namespace: &str) -> Self {
        Self {
            cluster,
            namespace: namespace.to_owned(),
            written: Vec::new(),
            definitions: Vec::new(),
        }
    }

    // kudo-spec 7.3, 3; a package that names no version, or none that can be compared, needs none.
    pub(super) async fn check_kubernetes(
        &self,
        operator: &Operator,
        needed: &[Found],
    ) -> Result<(), OperationError> {
        let operators = needed.iter().map(|found| &found.operator).chain([operator]);
        let wanted = operators.filter_map(|operator| {
            let text = &operator.spec.kubernetes_version;
            Some((minor_version(text)?, text))
        });
        let Some((wanted, needed)) = wanted.max() else {
            return Ok(());
        };
        let info = self.cluster.client().apiserver_version().await;
        let info = info.map_err(ClusterError::from)?;
        let found = format!("{}.{}", info.major, info.minor);
        match minor_version(&found) {
            Some(has) if has < wanted => Err(OperationError::OldCluster {
                needed: needed.clone(),
                found,
            }),
            _ => Ok(()),
        }
    }

    /// Writes the packages that another needs, in their order.
    pub(super) async fn needed(&mut self, needed: &[Found]) -> Result<(), OperationError> {
        for found in needed {
            if found.package.is_none() {
                self.note(
                    "operatorversion",
                    found.name().to_owned(),
                    "already installed",
                );
                continue;
            }
            let here = Some(self.namespace.clone());
            let mut found = found.clone();
            found.operator.metadata.namespace.clone_from(&here);
            found.operator_version.metadata.namespace = here;
            self.operator(&found.operator).await?;
            self.operator_version(&found.operator_version).await?;
        }
        Ok(())
    }

    fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.cluster.client().clone(), &self.namespace)
    }

    fn note(&mut self, kind: &'static str, name: String, what: &'static str) {
        self.written.push(Object {
            kind,
            namespace: self.namespace.clone(),
            name,
            what,
        });
    }

    async fn refuse_existing(&self, name: &str) -> Result<(), OperationError> {
        let found = read(&self.api::<Instance>(), name).await?;
        match found {
            None => Ok(()),
            Some(_) => Err(OperationError::Exists {
                namespace: self.namespace.clone(),
                name: name.to_owned(),
            }),
        }
    }

    pub(super) async fn operator(&mut self, operator: &Operator) -> Result<(), OperationError> {
        let what = match self.create(operator).await? {
            Some(_) => "created",
            None => "already installed",
        };
        self.note("operator", operator.name_any(), what);
        Ok(())
    }

    /// Creates an object; `None` when one of that name is there. A cluster that does not know the kind
    /// gets KUDO's definitions first: an installation that broke off may have left some of them.
    async fn create<K>(&mut self, object: &K) -> Result<Option<K>, OperationError>
    where
        K: Resource<Scope = NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned
            + Serialize
            + Sync,
        K::DynamicType: Default,
    {
        let (api, params) = (self.api::<K>(), PostParams::default());
        let create = || api.create(&params, object).map_err(ClusterError::from);
        let mut created = self.cluster.unconditionally(|| create().boxed()).await;
        if let Err(error) = &created
            && error.is_not_found()
        {
            self.explain_missing_namespace(error)?;
            self.definitions = self.cluster.install_definitions().await?;
            created = self.cluster.unconditionally(|| create().boxed()).await;
        }
        match created {
            Ok(created) => Ok(Some(created)),
            Err(error) if error.is_already_there() => Ok(None),
            Err(error) => {
                self.explain_missing_namespace(&error)?;
                Err(error.into())
            }
        }
    }

    fn explain_missing_namespace(&self, error: &ClusterError) -> Result<(), OperationError> {
        let kind = error.refusal().and_then(|status| status.details.as_ref());
        if kind.is_some_and(|details| details.kind == "namespaces") {
            Err(OperationError::NoNamespace(self.namespace.clone()))
        } else {
            Ok(())
        }
    }

    /// Creates the operator version, or makes sure that the one that is there is the same.
    pub(super) async fn operator_version(
        &mut self,
        version: &OperatorVersion,
    ) -> Result<(), OperationError> {
        let name = version.name_any();
        let what = match self.create(version).await? {
            Some(_) => "created",
            None => self.replace_if_unused(version).await?,
        };
        self.note("operatorversion", name, what);
        Ok(())
    }

    /// A changed package under an old version is replaced as long as nobody runs it: KUDO went on
    /// with the old one and said nothing.
    async fn replace_if_unused(
        &self,
        version: &OperatorVersion,
    ) -> Result<&'static str, OperationError> {
        let (api, name) = (self.api::<OperatorVersion>(), version.name_any());
        let found = api.get(&name).await.map_err(ClusterError::from)?;
        if found.spec == version.spec {
            return Ok("already installed");
        }
        let instances = self.api::<Instance>().list(&ListParams::default()).await;
        let instances = instances.map_err(ClusterError::from)?;
        let users = instances.iter().filter(|instance| {
            instance.operator_version_key() == (self.namespace.as_str(), name.as_str())
        });
        let users: Vec<_> = users
            .map(|user| format!("`{}`", user.object_name()))
            .collect();
        if !users.is_empty() {
            return Err(OperationError::OtherContent {
                name,
                users: users.join(", "),
            });
        }
        let fresh = OperatorVersion {
            spec: version.spec.clone(),
            ..found
        };
        api.replace(&name, &PostParams::default(), &fresh)
            .await
            .map_err(ClusterError::from)?;
        Ok("replaced")
    }

    /// Creates the instance; returns whether KUDO's webhook took it over, which it shows by giving
    /// the execution a uid of its own (kudo-spec 6.2, 5).
    async fn instance(&mut self, instance: Instance) -> Result<bool, OperationError> {
        let asked = &instance.spec.plan_execution.uid;
        let name = instance.object_name();
        let created = match self.create(&instance).await? {
            Some(created) => created,
            // An answer was lost, or somebody else was faster: the uid tells.
            None => match read(&self.api::<Instance>(), name).await? {
                Some(found) if found.spec.plan_execution.uid == *asked => found,
                _ => {
                    return Err(OperationError::Exists {
                        namespace: self.namespace.clone(),
                        name: name.to_owned(),
                    });
                }
            },
        };
        self.note("instance", created.name_any(), "created");
        Ok(created.spec.plan_execution.uid != *asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_major_and_minor() {
        assert_eq!(minor_version("1.17.0"), Some((1, 17)));
        assert_eq!(minor_version("v1.36+"), Some((1, 36)));
        assert_eq!(minor_version(""), None);
    }
}
