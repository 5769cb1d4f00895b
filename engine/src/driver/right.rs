//! The right to drive an instance: its Lease, and who of this process is at it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use futures::FutureExt as _;
use kube::api::ListParams;

use crate::{
    api::{Instance, OperatorVersion, OperatorVersionSpec},
    cluster::lease::Asked,
    subject::Subject,
};

use super::{DriveError, Driver, Report, follow};

/// The word that this driver is at an instance, for as long as it lives.
pub(super) struct Busy {
    with: Arc<Mutex<BTreeSet<String>>>,
    key: String,
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Ok(mut busy) = self.with.lock() {
            busy.remove(&self.key);
        }
    }
}

impl Driver {
    /// Notes that this driver is at an instance; `None` when it is there already.
    pub(super) fn busy_with(&self, namespace: &str, name: &str) -> Option<Busy> {
        let key = format!("{namespace}/{name}");
        let mut busy = self.busy.lock().ok()?;
        busy.insert(key.clone()).then(|| Busy {
            with: Arc::clone(&self.busy),
            key,
        })
    }

    /// Gives back the right to drive an instance and its children, where this driver has it.
    pub async fn release(&self, namespace: &str, name: &str) {
        let Ok(instance) = self.instance(namespace, name).await else {
            return;
        };
        let all = self.instances(namespace).list(&ListParams::default()).await;
        let all = all.map(|list| list.items).unwrap_or_default();
        for one in std::iter::once(&instance).chain(descendants(&instance, &all)) {
            self.release_one(one).await;
        }
    }

    async fn release_one(&self, instance: &Instance) {
        let subject = Subject::of(
            instance,
            &OperatorVersion::new("", OperatorVersionSpec::default()),
        );
        if let Err(error) = self.cluster.stop_driving(&subject, &self.holder).await {
            tracing::debug!(%error, "the lease was not given back");
        }
    }

    pub(super) async fn lease_or_outcome(
        &self,
        instance: &Instance,
        is_alone: bool,
        observe: &(dyn Fn(Report) + Sync),
    ) -> Result<follow::Followed, DriveError> {
        let subject = Subject::of(
            instance,
            &OperatorVersion::new("", OperatorVersionSpec::default()),
        );
        let ask = |stale: Option<&str>| {
            let stale = stale.map(str::to_owned);
            let (cluster, subject, holder) = (&self.cluster, &subject, &self.holder);
            let ask = move || {
                let stale = stale.clone();
                async move {
                    cluster
                        .ask_to_drive(subject, holder, stale.as_deref())
                        .await
                }
                .boxed()
            };
            async move { cluster.persistently(ask).await }
        };
        let mut asked = ask(None).await?;
        if let Asked::Theirs { holder, version } = &asked
            && is_alone
            && *holder == self.holder
        {
            // It is ours from a drive that was dropped, as when the parent's plan starts anew, or from
            // a request whose answer was lost.
            let stale = version.clone();
            asked = ask(Some(&stale)).await?;
        }
        match asked {
            Asked::Ours(held) => Ok(follow::Followed::Drive(held)),
            Asked::Theirs { holder, version } => {
                self.follow(&subject, holder, version, observe).await
            }
        }
    }
}

/// Returns the instances that `root` owns, and those that they own, parents before children.
pub fn descendants<'a>(root: &Instance, all: &'a [Instance]) -> Vec<&'a Instance> {
    let mut found: Vec<&Instance> = Vec::new();
    let mut parents: BTreeSet<&str> = root.metadata.uid.as_deref().into_iter().collect();
    loop {
        let is_new = |one: &&Instance| {
            let uid = &one.metadata.uid;
            let is_known = found.iter().any(|known| known.metadata.uid == *uid);
            let mut owners = one.metadata.owner_references.iter().flatten();
            *uid != root.metadata.uid
                && !is_known
                && owners.any(|owner| parents.contains(owner.uid.as_str()))
        };
        let children: Vec<&Instance> = all.iter().filter(is_new).collect();
        if children.is_empty() {
            return found;
        }
        parents = children
            .iter()
            .filter_map(|child| child.metadata.uid.as_deref())
            .collect();
        found.extend(children);
    }
}
