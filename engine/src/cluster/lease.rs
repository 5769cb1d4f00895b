//! One driver per instance: a Lease that is held while a plan runs (design decision 8).

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, OwnerReference},
};
use kube::{
    Api,
    api::{DeleteParams, ObjectMeta, PostParams, Preconditions},
};

use crate::{api::API_VERSION, subject::Subject};

use super::{Cluster, ClusterError, read};

/// A driver that has not renewed for this long is taken for dead.
pub const DURATION: Duration = Duration::from_secs(15);
const RENEW_EVERY: Duration = Duration::from_secs(4);
/// A renewal that takes longer has failed.
const RENEW_WITHIN: Duration = Duration::from_secs(3);
/// How often giving the right back is tried: whoever comes next would have to wait otherwise.
const MOST_RELEASES: usize = 3;

/// The right to drive the plans of one instance.
#[derive(Debug)]
pub struct Held {
    api: Api<Lease>,
    lease: Lease,
    cluster: Cluster,
}

/// What came of asking for the right to drive.
#[derive(Debug)]
pub enum Asked {
    /// It is ours.
    Ours(Box<Held>),
    /// Somebody else drives; this is the name they gave themselves.
    Theirs {
        /// Who drives.
        holder: String,
        /// When they last said so, as a version that changes with every renewal.
        version: String,
    },
}

/// Returns the name of the Lease of an instance.
pub fn name_of(instance: &str) -> String {
    format!("kudo-rs-{instance}")
}

impl Cluster {
    /// Asks for the right to drive the instance of `subject` as `holder`.
    ///
    /// `stale` names the version of a Lease that was seen not to change for longer than
    /// [`DURATION`]: that one may be taken over. Clocks of different machines are never compared.
    pub async fn ask_to_drive(
        &self,
        subject: &Subject,
        holder: &str,
        stale: Option<&str>,
    ) -> Result<Asked, ClusterError> {
        let api: Api<Lease> = Api::namespaced(self.client().clone(), &subject.namespace);
        let wanted = self.lease(subject, holder);
        match api.create(&PostParams::default(), &wanted).await {
            Ok(lease) => return Ok(self.ours(api, lease)),
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            // It may have been created all the same: then the caller finds its own name.
            Err(error) => {
                let error = ClusterError::from(error);
                if !error.is_passing() {
                    return Err(error);
                }
            }
        }
        let Some(mut found) = read(&api, &name_of(&subject.name)).await? else {
            return Ok(Asked::Theirs {
                holder: String::new(),
                version: String::new(),
            });
        };
        let version = found.metadata.resource_version.clone().unwrap_or_default();
        let current = found
            .spec
            .as_ref()
            .and_then(|spec| spec.holder_identity.clone());
        let is_free = current.as_deref().is_none_or(str::is_empty);
        if !is_free && stale != Some(version.as_str()) {
            return Ok(Asked::Theirs {
                holder: current.unwrap_or_default(),
                version,
            });
        }
        found.spec = wanted.spec;
        let name = name_of(&subject.name);
        match api.replace(&name, &PostParams::default(), &found).await {
            Ok(lease) => Ok(self.ours(api, lease)),
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {
                Ok(Asked::Theirs {
                    holder: current.unwrap_or_default(),
                    version,
                })
            }
            // Who holds it now is asked again; it may be the caller.
            Err(error) => match ClusterError::from(error) {
                error if error.is_passing() => Ok(Asked::Theirs {
                    holder: current.unwrap_or_default(),
                    version,
                }),
                error => Err(error),
            },
        }
    }

    /// Returns who holds the Lease of an instance, and its version; `None` when it is free.
    pub async fn holder(
        &self,
        subject: &Subject,
    ) -> Result<Option<(String, String)>, ClusterError> {
        let api: Api<Lease> = Api::namespaced(self.client().clone(), &subject.namespace);
        let Some(lease) = read(&api, &name_of(&subject.name)).await? else {
            return Ok(None);
        };
        let holder = lease
            .spec
            .and_then(|spec| spec.holder_identity)
            .unwrap_or_default();
        let version = lease.metadata.resource_version.unwrap_or_default();
        Ok((!holder.is_empty()).then_some((holder, version)))
    }

    /// Gives back the Lease of an instance, if `holder` has it.
    pub async fn stop_driving(&self, subject: &Subject, holder: &str) -> Result<(), ClusterError> {
        let api: Api<Lease> = Api::namespaced(self.client().clone(), &subject.namespace);
        let Some(lease) = read(&api, &name_of(&subject.name)).await? else {
            return Ok(());
        };
        let current = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.holder_identity.as_deref());
        if current == Some(holder) {
            Held {
                api,
                lease,
                cluster: self.clone(),
            }
            .release()
            .await;
        }
        Ok(())
    }

    fn ours(&self, api: Api<Lease>, lease: Lease) -> Asked {
        Asked::Ours(Box::new(Held {
            api,
            lease,
            cluster: self.clone(),
        }))
    }

    fn lease(&self, subject: &Subject, holder: &str) -> Lease {
        let now = MicroTime(self.clock().now());
        Lease {
            metadata: ObjectMeta {
                name: Some(name_of(&subject.name)),
                namespace: Some(subject.namespace.clone()),
                owner_references: Some(vec![OwnerReference {
                    api_version: API_VERSION.to_owned(),
                    kind: "Instance".to_owned(),
                    name: subject.name.clone(),
                    uid: subject.uid.clone(),
                    controller: None,
                    block_owner_deletion: None,
                }]),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(holder.to_owned()),
                lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
                acquire_time: Some(now.clone()),
                renew_time: Some(now),
                ..LeaseSpec::default()
            }),
        }
    }
}

impl Held {
    /// Renews the right for as long as it is polled; returns why it was lost.
    pub async fn keep(&mut self) -> String {
        let clock = self.cluster.clock().clone();
        let mut silent = Duration::ZERO;
        loop {
            clock.sleep(RENEW_EVERY).await;
            let renewed = tokio::select! {
                biased;
                renewed = self.renew() => renewed,
                () = clock.sleep(RENEW_WITHIN) => {
                    silent += RENEW_WITHIN;
                    Err(ClusterError::Unreachable("no answer in time".to_owned()))
                }
            };
            match renewed {
                Ok(true) => silent = Duration::ZERO,
                Ok(false) => return "somebody else drives this instance now".to_owned(),
                Err(error) => {
                    silent += RENEW_EVERY;
                    tracing::warn!(%error, "the lease could not be renewed");
                    if silent + RENEW_EVERY + RENEW_WITHIN > DURATION {
                        return format!("the lease could not be renewed: {error}");
                    }
                }
            }
        }
    }

    /// Renews the right; returns whether it is still ours.
    async fn renew(&mut self) -> Result<bool, ClusterError> {
        match self.write_renewal().await {
            Ok(()) => return Ok(true),
            Err(error) if error.is_conflict() => {}
            Err(error) if error.is_not_found() => return Ok(false),
            Err(error) => return Err(error),
        }
        // An earlier renewal may have been written although nobody heard so: then the name is ours.
        if !self.read_again().await? {
            return Ok(false);
        }
        self.write_renewal().await.map(|()| true)
    }

    /// Reads the Lease anew; returns whether it is still ours.
    async fn read_again(&mut self) -> Result<bool, ClusterError> {
        let name = self.lease.metadata.name.clone().unwrap_or_default();
        let holder = |lease: &Lease| lease.spec.as_ref()?.holder_identity.clone();
        let Some(found) = read(&self.api, &name).await? else {
            return Ok(false);
        };
        let is_ours = holder(&found) == holder(&self.lease);
        if is_ours {
            self.lease = found;
        }
        Ok(is_ours)
    }

    async fn write_renewal(&mut self) -> Result<(), ClusterError> {
        if let Some(spec) = &mut self.lease.spec {
            spec.renew_time = Some(MicroTime(self.cluster.clock().now()));
        }
        let name = self.lease.metadata.name.clone().unwrap_or_default();
        self.lease = self
            .api
            .replace(&name, &PostParams::default(), &self.lease)
            .await?;
        Ok(())
    }

    /// Gives the right back, so that the next driver need not wait.
    pub async fn release(mut self) {
        for _ in 0..MOST_RELEASES {
            match self.delete().await {
                Ok(()) => return,
                Err(error) if error.is_not_found() => return,
                Err(error) => tracing::debug!(%error, "the lease was not given back"),
            }
            // A renewal of which nothing was heard has changed its version.
            if matches!(self.read_again().await, Ok(false)) {
                return;
            }
        }
    }

    async fn delete(&self) -> Result<(), ClusterError> {
        let name = self.lease.metadata.name.clone().unwrap_or_default();
        let ours = Preconditions {
            uid: self.lease.metadata.uid.clone(),
            resource_version: self.lease.metadata.resource_version.clone(),
        };
        let params = DeleteParams {
            preconditions: Some(ours),
            ..DeleteParams::default()
        };
        self.api.delete(&name, &params).await?;
        Ok(())
    }
}
