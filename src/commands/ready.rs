//! Readiness as it is now, for people to see.
//!
//! Where no manager runs nobody writes the condition `Ready` after a plan has ended, so what is shown is
//! computed from the workloads. `-o json|yaml` gives what is stored.

use kudo_engine::{
    api::Instance,
    readiness::{self, Readiness},
};

use crate::connection::Connection;

/// Makes the condition `Ready` of each instance say what its workloads say now.
///
/// Somebody who may not list the workloads is shown what is stored.
pub(super) async fn refresh(
    instances: &mut [Instance],
    namespace: Option<&str>,
    connection: &Connection,
) {
    if !instances.iter().any(readiness::is_computed) {
        return;
    }
    let objects = match readiness::objects(&connection.cluster, namespace).await {
        Ok(objects) => objects,
        Err(error) => {
            tracing::info!(%error, "readiness is shown as it is stored");
            return;
        }
    };
    for instance in instances
        .iter_mut()
        .filter(|one| readiness::is_computed(one))
    {
        let key = (
            instance.namespace_or_default().to_owned(),
            instance.object_name().to_owned(),
        );
        let found = objects.get(&key).map(Vec::as_slice).unwrap_or_default();
        show(instance, &readiness::of_objects(found));
    }
}

fn show(instance: &mut Instance, readiness: &Readiness) {
    let (status, reason, message) = readiness.condition();
    let conditions = instance
        .status
        .iter_mut()
        .flat_map(|one| &mut one.conditions);
    for ready in conditions.filter(|one| one.type_ == "Ready") {
        status.clone_into(&mut ready.status);
        reason.clone_into(&mut ready.reason);
        message.clone_into(&mut ready.message);
    }
}

/// Returns what a person should know of an instance beside its plans: why it is not ready, and why its
/// spec is refused; nothing when all is well.
pub(super) fn troubles(instance: &Instance) -> String {
    let conditions = instance.status.as_ref().map(|status| &status.conditions);
    let conditions = conditions.into_iter().flatten();
    let told = ["Ready", "Admitted"].into_iter().filter_map(|kind| {
        let found = conditions.clone().find(|one| one.type_ == kind)?;
        let is_worth = found.status == "False" || kind == "Ready" && !found.message.is_empty();
        let message = &found.message;
        is_worth.then(|| format!("{kind}: {}, {}: {message}\n", found.status, found.reason))
    });
    told.collect()
}
