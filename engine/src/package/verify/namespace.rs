//! Where a Namespace may be (kudo-spec 1.11, 10).

use kudo_yaml::{Node, parse};

use crate::package::Package;
use crate::package::diagnostic::{Diagnostic, Step};

use super::Verification;

pub(super) fn verify(package: &Package, result: &mut Verification) {
    let manifest = &package.manifest.namespace_manifest;
    for (name, text) in package
        .templates
        .iter()
        .filter(|(name, _)| *name != manifest)
    {
        if let Some(offset) = namespace_kind(text) {
            let message = format!(
                "template \"{name}\" contains 'kind: Namespace' not allowed unless specified as \
                 'NamespaceManifest'"
            );
            let line = text[..offset].matches('\n').count() + 1;
            let file = package.template_file(name);
            result
                .errors
                .push(Diagnostic::of_text(file, text, (line, 1), message));
        }
    }
    if manifest.is_empty() {
        return;
    }
    if let Some(message) = manifest_problem(package, manifest) {
        let path = [Step::Key("namespaceManifest")];
        result
            .errors
            .push(package.manifest.document.diagnostic_at(&path, message));
    }
}

/// Returns where `kind:` and `Namespace` stand with nothing but white space between.
fn namespace_kind(text: &str) -> Option<usize> {
    let mut kinds = text.match_indices("kind:");
    kinds
        .find(|(offset, kind)| {
            text[offset + kind.len()..]
                .trim_start()
                .starts_with("Namespace")
        })
        .map(|(offset, _)| offset)
}

fn manifest_problem(package: &Package, name: &str) -> Option<String> {
    let Some(text) = package.templates.get(name) else {
        return Some(format!(
            "NamespaceManifest \"{name}\" not found in /templates folder"
        ));
    };
    // The text is looked at as it is, not rendered.
    let Ok(objects) = objects(text) else {
        return Some(format!("Unable to marshal NamespaceManifest \"{name}\" "));
    };
    match objects.as_slice() {
        [] => Some(format!(
            "NamespaceManifest \"{name}\" found but does not contain a manifest"
        )),
        [object] => {
            let kind = object.get("kind").map(Node::resolve);
            let is_namespace = kind.is_some_and(|kind| kind.as_str() == Some("Namespace"));
            let message =
                format!("NamespaceManifest \"{name}\" found but manifest is not kind: Namespace");
            (!is_namespace).then_some(message)
        }
        objects => Some(format!(
            "NamespaceManifest \"{name}\" found but contains {} manifests which is greater than 1",
            objects.len()
        )),
    }
}

/// Splits at lines that begin with `---`, and leaves out what is empty (kudo-spec 4.4).
fn objects(text: &str) -> Result<Vec<Node>, kudo_yaml::Error> {
    let mut objects = Vec::new();
    for chunk in text.split("\n---") {
        let node = parse(chunk)?;
        if !node.is_null() {
            objects.push(node);
        }
    }
    Ok(objects)
}
