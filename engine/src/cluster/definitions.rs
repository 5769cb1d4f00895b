//! KUDO's own kinds in a cluster.

use futures::{FutureExt as _, TryFutureExt as _};
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::Value;

use crate::{
    api::{API_VERSION, crds, names::FIELD_MANAGER},
    health,
};

use super::{Cluster, ClusterError, Kind, as_value, kinds, read, watch};

/// KUDO's admission webhook; where it is installed, KUDO's manager runs the plans (kudo-spec 6.1).
pub const KUDO_WEBHOOK: &str = "kudo-manager-instance-admission-webhook-config";

impl Cluster {
    /// Returns whether the cluster serves KUDO's kinds.
    pub async fn serves_kudo(&self) -> Result<bool, ClusterError> {
        Ok(self.kind(API_VERSION, "Instance").await?.is_some())
    }

    /// Returns whether KUDO's own admission webhook is installed; somebody who may not look has not
    /// installed it.
    pub async fn has_kudo_webhook(&self) -> bool {
        let webhooks: Api<MutatingWebhookConfiguration> = Api::all(self.client().clone());
        matches!(read(&webhooks, KUDO_WEBHOOK).await, Ok(Some(_)))
    }

    /// Installs or updates the definitions of KUDO's kinds and waits until they are served; returns
    /// their names.
    pub async fn install_definitions(&self) -> Result<Vec<String>, ClusterError> {
        let kind = definition_kind();
        let mut names = Vec::new();
        for definition in crds::definitions() {
            let name = definition["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let params = PatchParams::apply(FIELD_MANAGER).force();
            let patch = Patch::Apply(&definition);
            let api = self.objects(&kind, "");
            let apply = || {
                api.patch(&name, &params, &patch)
                    .map_err(ClusterError::from)
            };
            let stored = self.unconditionally(|| apply().boxed()).await?;
            self.wait_for_definition(&kind, &name, &as_value(&stored))
                .await;
            names.push(name);
        }
        Ok(names)
    }

    async fn wait_for_definition(&self, kind: &Kind, name: &str, stored: &Value) {
        if health::judge(stored).is_healthy() {
            return;
        }
        let target = watch::Target {
            kind: kind.clone(),
            namespace: String::new(),
            name: name.to_owned(),
        };
        let is_served = |state: Option<&Value>| match state {
            Some(state) if !health::judge(state).is_healthy() => watch::Verdict::Watch,
            _ => watch::Verdict::Enough,
        };
        self.observe(&target, &watch::version_of(stored), is_served)
            .await;
    }
}

fn definition_kind() -> Kind {
    let group = "apiextensions.k8s.io";
    let kind = kinds::namespaced(
        group,
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
    );
    Kind {
        is_namespaced: false,
        ..kind
    }
}
