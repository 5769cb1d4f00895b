//! Delete: render for the names, ask for deletion, wait until they are gone (kudo-spec 3.6).

use serde_json::Value;

use crate::{error::TaskError, plan::Position};

use super::{Started, Wait, Worker, apply::name_of, wait::Awaited};

impl Worker {
    pub(super) async fn delete(
        &self,
        resources: &[String],
        position: &Position,
    ) -> Result<Started, TaskError> {
        let mut awaited = Vec::new();
        let rendered = self.renderer.objects(resources, position)?;
        let objects: Vec<&Value> = rendered.iter().map(|one| &one.object).collect();
        self.journal.touch(position, &objects).await;
        for rendered in rendered {
            let object = rendered.object;
            let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
            let kind = self.cluster.kind(&text("apiVersion"), &text("kind")).await;
            let kind = kind.map_err(|error| TaskError::of_request(&error, "discovery"))?;
            // Where the kind is gone, so are its objects.
            let Some(kind) = kind else { continue };
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let deleted = self
                .cluster
                .delete(&kind, &self.subject.namespace, name)
                .await;
            let deleted =
                deleted.map_err(|error| TaskError::of_request(&error, &name_of(&object)))?;
            self.forget(&object);
            if let Some(still_there) = deleted {
                awaited.push(Awaited::new(kind, still_there));
            }
        }
        Ok(Started {
            wait: Wait::Gone(awaited),
            warnings: Vec::new(),
        })
    }
}
