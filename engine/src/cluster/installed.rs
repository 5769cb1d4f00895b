//! Packages that are installed in a cluster: an Operator and its versions (kudo-spec 3.11, 7.2).

use kube::{
    Api,
    api::{ListParams, ObjectMeta},
};

use crate::{
    api::{Operator, OperatorVersion},
    package::{Found, Wanted, release::operator_version_name, semver::newest_first},
};

use super::{Cluster, ClusterError, read};

/// Why a cluster does not have a package.
#[derive(Debug, thiserror::Error)]
pub enum NotInstalled {
    /// A request failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// There is no such operator version; the text is KUDO's.
    #[error("failed to resolve operator version {namespace}/{name}:{app_version}")]
    Version {
        /// Where it was looked for.
        namespace: String,
        /// Name of the operator version.
        name: String,
        /// Version of the software.
        app_version: String,
    },
    /// The operator of a version is gone; the text is KUDO's.
    #[error("failed to resolve operator {namespace}/{name}")]
    Operator {
        /// Where it was looked for.
        namespace: String,
        /// Name of the operator.
        name: String,
    },
    /// No version fits; the text is KUDO's.
    #[error(
        "failed to resolve operator version in namespace \"{namespace}\" for name \"{}\", version \
         \"{}\", appVersion \"{}\"", .wanted.package, .wanted.operator_version, .wanted.app_version
    )]
    NoneFits {
        /// Where it was looked for.
        namespace: String,
        /// What was asked for.
        wanted: Wanted,
    },
}

impl Cluster {
    /// Returns the operator version whose name `wanted` gives exactly, with its operator.
    pub async fn installed_exactly(
        &self,
        namespace: &str,
        wanted: &Wanted,
    ) -> Result<Found, NotInstalled> {
        let Wanted {
            package,
            operator_version,
            app_version,
        } = wanted;
        let name = operator_version_name(package, app_version, operator_version);
        let versions: Api<OperatorVersion> = Api::namespaced(self.client().clone(), namespace);
        let Some(version) = read(&versions, &name).await? else {
            return Err(NotInstalled::Version {
                namespace: namespace.to_owned(),
                name,
                app_version: app_version.clone(),
            });
        };
        self.with_operator(namespace, version).await
    }

    /// Returns the newest operator version that fits `wanted`, whose empty versions fit any.
    pub async fn installed_newest(
        &self,
        namespace: &str,
        wanted: &Wanted,
    ) -> Result<Found, NotInstalled> {
        let versions: Api<OperatorVersion> = Api::namespaced(self.client().clone(), namespace);
        let all = versions.list(&ListParams::default()).await;
        let fits = |wanted: &str, has: &str| wanted.is_empty() || wanted == has;
        let mut fitting: Vec<OperatorVersion> = all
            .map_err(ClusterError::from)?
            .into_iter()
            .filter(|version| {
                let spec = &version.spec;
                spec.operator.name.as_deref() == Some(&wanted.package)
                    && fits(&wanted.operator_version, &spec.version)
                    && fits(&wanted.app_version, &spec.app_version)
            })
            .collect();
        fitting.sort_by(|one, two| {
            let versions = |version: &OperatorVersion| {
                (
                    version.spec.app_version.clone(),
                    version.spec.version.clone(),
                )
            };
            newest_first(&versions(one), &versions(two))
        });
        let Some(version) = fitting.into_iter().next() else {
            return Err(NotInstalled::NoneFits {
                namespace: namespace.to_owned(),
                wanted: wanted.clone(),
            });
        };
        self.with_operator(namespace, version).await
    }

    async fn with_operator(
        &self,
        namespace: &str,
        operator_version: OperatorVersion,
    ) -> Result<Found, NotInstalled> {
        let name = operator_version.spec.operator.name.clone();
        let name = name.unwrap_or_default();
        let operators: Api<Operator> = Api::namespaced(self.client().clone(), namespace);
        match read(&operators, &name).await? {
            Some(mut operator) => {
                operator.metadata = bare(&operator.metadata);
                let mut operator_version = operator_version;
                operator_version.metadata = bare(&operator_version.metadata);
                Ok(Found {
                    operator,
                    operator_version,
                    package: None,
                })
            }
            None => Err(NotInstalled::Operator {
                namespace: namespace.to_owned(),
                name,
            }),
        }
    }
}

/// Returns the metadata that an object of the same content would be created with.
fn bare(stored: &ObjectMeta) -> ObjectMeta {
    ObjectMeta {
        name: stored.name.clone(),
        namespace: stored.namespace.clone(),
        ..ObjectMeta::default()
    }
}
