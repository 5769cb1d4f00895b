//! Upgrade: an instance goes to another version of its package (kudo-spec 7.5).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Api,
    api::{Patch, PatchParams},
};

use crate::{
    admission::{Change, Decision, Schedule, admitted_execution, decide, merge_patch},
    api::{Instance, OperatorVersion, names::FIELD_MANAGER},
    cluster::{Cluster, ClusterError},
    offline,
    package::{Found, Release, release::operator_version_name, semver::Version},
};

use super::{
    Asked, Object, OperationError,
    change::{at_rest, in_force, operator_version},
    children::checked_children,
    install::Writing,
    unknown_parameter,
};

/// What is asked of an instance.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// The package to go to, its tasks naming exactly what it needs.
    pub package: Found,
    /// What it needs, children before parents.
    pub needed: Vec<Found>,
    /// Parameters that get these values on the way.
    pub parameters: BTreeMap<String, String>,
    /// Whether an older version will do.
    pub allow_downgrade: bool,
    /// Whether nothing is written.
    pub is_dry_run: bool,
}

/// What upgrading led to.
#[derive(Clone, Debug)]
pub struct Upgraded {
    /// The objects that were written, in their order.
    pub objects: Vec<Object>,
    /// The operator version that the instance had.
    pub from: String,
    /// The plan that runs.
    pub asked: Asked,
}

/// Installs the package of `upgrade`, and moves the instance to it together with the plan that this
/// starts.
///
/// # Errors
///
/// When there is no such instance, the package is no newer version of its own, or the rules forbid the
/// change: then nothing was written.
pub async fn upgrade(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    upgrade: &Upgrade,
) -> Result<Upgraded, OperationError> {
    let instances: Api<Instance> = Api::namespaced(cluster.client().clone(), namespace);
    let mut writing = Writing::new(cluster, namespace);
    let mut is_installed = false;
    loop {
        let old = at_rest(cluster, &instances, namespace, name).await?;
        let from = operator_version(cluster, &in_force(&old)).await?;
        let (new, decision) = decided(upgrade, &old, &from)?;
        let Schedule::Run(plan) = decision.schedule.clone() else {
            return Err(OperationError::NoVersion(version_name(&from)));
        };
        check_plan(upgrade, &new, &decision, &plan)?;
        let Found {
            operator,
            operator_version,
            package,
        } = upgrade.package.clone();
        writing.check_kubernetes(&operator, &upgrade.needed).await?;
        let mut upgraded = Upgraded {
            objects: Vec::new(),
            from: version_name(&from),
            asked: Asked::Scheduled {
                plan: plan.clone(),
                is_driven_by_kudo: false,
            },
        };
        if upgrade.is_dry_run {
            return Ok(upgraded);
        }
        if !is_installed && package.is_some() {
            writing
                .operator(&placed_operator(operator, namespace))
                .await?;
            writing.needed(&upgrade.needed).await?;
            let version = placed_version(operator_version, namespace);
            writing.operator_version(&version).await?;
            is_installed = true;
        }
        let execution = admitted_execution(&plan, cluster.ids().uid(), cluster.requester());
        let by_kudo = cluster.has_kudo_webhook().await;
        let patch = merge_patch(&old, &new, &decision, (!by_kudo).then_some(&execution));
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let stored = match instances.patch(name, &params, &Patch::Merge(&patch)).await {
            Ok(stored) => stored,
            // Somebody else changed it since it was read: decide again on what it is now.
            Err(kube::Error::Api(status)) if status.code == 409 => continue,
            Err(error) => return Err(ClusterError::from(error).into()),
        };
        upgraded.objects = writing.written;
        upgraded.asked = Asked::Scheduled {
            is_driven_by_kudo: stored.spec.plan_execution.uid != execution.uid,
            plan: stored.spec.plan_execution.plan_name,
        };
        return Ok(upgraded);
    }
}

/// Returns the instance as it is to be, and what the rules say of it.
fn decided(
    upgrade: &Upgrade,
    old: &Instance,
    from: &OperatorVersion,
) -> Result<(Instance, Decision), OperationError> {
    let to = &upgrade.package.operator_version;
    check_versions(from, to, upgrade.allow_downgrade)?;
    let known = to.spec.parameters.iter().map(|one| one.name.as_str());
    unknown_parameter(upgrade.parameters.keys(), &known.collect::<Vec<_>>())?;
    let mut new = old.clone();
    let (namespace, _) = old.operator_version_key();
    // The version is installed beside the instance.
    let is_elsewhere = namespace != old.namespace_or_default();
    new.spec.operator_version = ObjectReference {
        name: Some(version_name(to)),
        namespace: is_elsewhere.then(|| old.namespace_or_default().to_owned()),
        ..ObjectReference::default()
    };
    new.spec.parameters.extend(upgrade.parameters.clone());
    // What the new version does not know has no meaning left, and is no change of a user.
    new.spec
        .parameters
        .retain(|name, _| to.spec.parameters.iter().any(|one| one.name == *name));
    let before = in_force(old);
    let decision = decide(Change::Update {
        old: &before,
        new: &new,
        old_operator_version: Some(from),
        operator_version: to,
    })?;
    Ok((new, decision))
}

/// kudo-spec 7.5, with what it left out: the operator has to be the same one, and of two packages of one
/// version the one with the newer application is newer.
fn check_versions(
    from: &OperatorVersion,
    to: &OperatorVersion,
    allow_downgrade: bool,
) -> Result<(), OperationError> {
    let operator = |version: &OperatorVersion| version.spec.operator.name.clone();
    if operator(from) != operator(to) {
        return Err(OperationError::OtherOperator {
            from: operator(from).unwrap_or_default(),
            to: operator(to).unwrap_or_default(),
        });
    }
    if version_name(from) == version_name(to) {
        return Err(OperationError::NoVersion(version_name(to)));
    }
    if allow_downgrade {
        return Ok(());
    }
    let parsed = |text: &str| {
        text.parse::<Version>()
            .map_err(|cause| OperationError::Version {
                text: text.to_owned(),
                cause: cause.to_string(),
            })
    };
    let (old, new) = (&from.spec, &to.spec);
    let order = parsed(&new.version)?.cmp(&parsed(&old.version)?);
    let order = order.then_with(|| {
        let app = |text: &str| text.parse::<Version>().ok();
        app(&new.app_version).cmp(&app(&old.app_version))
    });
    if order.is_gt() {
        return Ok(());
    }
    let shown = |spec: &crate::api::OperatorVersionSpec| match spec.app_version.as_str() {
        app if new.version == old.version && !app.is_empty() => {
            format!("{} (appVersion {app})", spec.version)
        }
        _ => spec.version.clone(),
    };
    Err(OperationError::Downgrade {
        from: shown(old),
        to: shown(new),
    })
}

/// Checks what the plan renders, and the children that it makes anew.
fn check_plan(
    upgrade: &Upgrade,
    new: &Instance,
    decision: &Decision,
    plan: &str,
) -> Result<(), OperationError> {
    let mut instance = new.clone();
    instance.spec.parameters.clone_from(&decision.parameters);
    let release = Release {
        operator: upgrade.package.operator.clone(),
        operator_version: upgrade.package.operator_version.clone(),
        instance,
    };
    offline::check(&release, plan)?;
    checked_children(&release, &upgrade.needed, plan).map(drop)
}

fn version_name(version: &OperatorVersion) -> String {
    let spec = &version.spec;
    let operator = spec.operator.name.as_deref().unwrap_or_default();
    let named = version.metadata.name.clone();
    named.unwrap_or_else(|| operator_version_name(operator, &spec.app_version, &spec.version))
}

fn placed_operator(mut operator: crate::api::Operator, namespace: &str) -> crate::api::Operator {
    operator.metadata.namespace = Some(namespace.to_owned());
    operator
}

fn placed_version(mut version: OperatorVersion, namespace: &str) -> OperatorVersion {
    version.metadata.namespace = Some(namespace.to_owned());
    version
}
