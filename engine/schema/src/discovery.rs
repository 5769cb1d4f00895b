//! Which kinds are served where, and the discovery documents that say so.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// Aggregated discovery of a Kubernetes 1.36 API server.
const BUILT_IN: &str = include_str!("../data/discovery-1.36.json");

/// The groups an API server serves, in its order of preference.
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    groups: Vec<Group>,
}

/// An API group with its versions, the preferred one first.
#[derive(Debug, Clone)]
pub struct Group {
    /// The name; empty for the core group.
    pub name: String,
    /// The versions served.
    pub versions: Vec<Version>,
}

/// One version of a group.
#[derive(Debug, Clone)]
pub struct Version {
    /// The name, such as `v1`.
    pub name: String,
    /// The resources in alphabetical order.
    pub resources: Vec<Resource>,
}

/// A resource: where a kind is served and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resource {
    /// The group; empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind of its objects.
    pub kind: String,
    /// The plural name, as in paths.
    pub plural: String,
    /// The singular name.
    pub singular: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Short names for the command line.
    pub short_names: Vec<String>,
    /// Groupings for the command line, such as `all`.
    pub categories: Vec<String>,
    /// What can be asked of it.
    pub verbs: Vec<String>,
    /// The subresources, such as `status` and `scale`.
    pub subresources: Vec<Subresource>,
}

/// A subresource of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subresource {
    /// The name after the slash.
    pub name: String,
    /// The group of the kind it speaks; empty where it is the resource's.
    pub group: String,
    /// The version of that kind; empty where it is the resource's.
    pub version: String,
    /// The kind it speaks, such as `Scale`.
    pub kind: String,
    /// What can be asked of it.
    pub verbs: Vec<String>,
}

impl Resource {
    /// Returns the resources of a `CustomResourceDefinition`: one for each served version.
    pub fn of_crd(crd: &Value) -> Vec<Self> {
        let spec = crd.get("spec").unwrap_or(&Value::Null);
        let names = spec.get("names").unwrap_or(&Value::Null);
        let served = list(spec, "versions").filter(|version| version["served"] == json!(true));
        let kind = text(names, "kind");
        let singular = text(names, "singular");
        let resource = |version: &Value| Self {
            group: text(spec, "group"),
            version: text(version, "name"),
            plural: text(names, "plural"),
            singular: if singular.is_empty() {
                kind.to_lowercase()
            } else {
                singular.clone()
            },
            namespaced: text(spec, "scope") == "Namespaced",
            short_names: texts(names, "shortNames"),
            categories: texts(names, "categories"),
            verbs: CUSTOM_VERBS.map(str::to_owned).to_vec(),
            subresources: custom_subresources(version, &kind),
            kind: kind.clone(),
        };
        served.map(resource).collect()
    }

    /// Returns `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    /// Tells whether a subresource is served.
    pub fn has_subresource(&self, name: &str) -> bool {
        self.subresources
            .iter()
            .any(|subresource| subresource.name == name)
    }

    /// Tells whether a verb is served.
    pub fn has_verb(&self, verb: &str) -> bool {
        self.verbs.iter().any(|served| served == verb)
    }
}

static BUILT_IN_DISCOVERY: LazyLock<Discovery> = LazyLock::new(|| {
    Discovery::from_groups(&serde_json::from_str(BUILT_IN).unwrap_or(Value::Null))
});

impl Discovery {
    /// Returns what an API server 1.36 without CRDs serves.
    pub fn built_in() -> &'static Self {
        &BUILT_IN_DISCOVERY
    }

    /// Reads an aggregated document (`APIGroupDiscoveryList`, `apidiscovery.k8s.io/v2`).
    pub fn from_aggregated(document: &Value) -> Self {
        let mut discovery = Self::default();
        for item in list(document, "items") {
            let name = item
                .pointer("/metadata/name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            discovery.read_group(name, item);
        }
        discovery
    }

    fn from_groups(groups: &Value) -> Self {
        let mut discovery = Self::default();
        for group in groups.as_array().into_iter().flatten() {
            discovery.read_group(&text(group, "group"), group);
        }
        discovery
    }

    fn read_group(&mut self, name: &str, group: &Value) {
        for version in list(group, "versions") {
            let version_name = text(version, "version");
            for resource in list(version, "resources") {
                self.add(read_resource(name, &version_name, resource));
            }
        }
    }

    /// Adds a resource, or replaces the one of the same group, version and plural name.
    ///
    /// A new group comes last; a new version of a known group comes in Kubernetes' order of
    /// versions (stable before beta before alpha, newer first).
    pub fn add(&mut self, resource: Resource) {
        let group = match self
            .groups
            .iter()
            .position(|group| group.name == resource.group)
        {
            Some(at) => &mut self.groups[at],
            None => self.groups.push_mut(Group {
                name: resource.group.clone(),
                versions: vec![],
            }),
        };
        let versions = &mut group.versions;
        let known = versions
            .iter()
            .position(|version| version.name == resource.version);
        let at = known.unwrap_or_else(|| {
            let age = version_priority(&resource.version);
            let at = versions.partition_point(|v| version_priority(&v.name) > age);
            versions.insert(
                at,
                Version {
                    name: resource.version.clone(),
                    resources: vec![],
                },
            );
            at
        });
        let resources = &mut versions[at].resources;
        match resources.binary_search_by(|known| known.plural.cmp(&resource.plural)) {
            Ok(at) => resources[at] = resource,
            Err(at) => resources.insert(at, resource),
        }
    }

    /// Adds the served versions of a `CustomResourceDefinition`.
    pub fn add_crd(&mut self, crd: &Value) {
        for resource in Resource::of_crd(crd) {
            self.add(resource);
        }
    }

    /// Takes a resource away, with its version and group where they are empty then.
    pub fn remove(&mut self, group: &str, version: &str, plural: &str) {
        for of_group in self.groups.iter_mut().filter(|known| known.name == group) {
            for of_version in of_group
                .versions
                .iter_mut()
                .filter(|known| known.name == version)
            {
                of_version
                    .resources
                    .retain(|resource| resource.plural != plural);
            }
            of_group
                .versions
                .retain(|version| !version.resources.is_empty());
        }
        self.groups.retain(|group| !group.versions.is_empty());
    }

    /// Returns the groups, the core group first.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Returns a group by name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// Lists all resources, in order of preference.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.groups
            .iter()
            .flat_map(|g| &g.versions)
            .flat_map(|version| &version.resources)
    }

    /// Finds a resource by the parts of its path.
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<&Resource> {
        self.of_version(group, version)?
            .resources
            .iter()
            .find(|found| found.plural == plural)
    }

    /// Finds the resource that serves a kind.
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<&Resource> {
        let mut resources = self.of_version(group, version)?.resources.iter();
        resources.find(|found| found.kind == kind)
    }

    /// Finds the resource that serves `apiVersion` and `kind` of an object.
    pub fn kind_of(&self, object: &Value) -> Option<&Resource> {
        let api_version = object.get("apiVersion")?.as_str()?;
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.kind(group, version, object.get("kind")?.as_str()?)
    }

    /// Finds a resource by plural, singular or short name or kind in any case, as kubectl users
    /// type it; `name.group` and `name.version.group` narrow it.
    pub fn find(&self, word: &str) -> Option<&Resource> {
        let word = word.to_lowercase();
        let (name, place) = word.split_once('.').unwrap_or((&word, ""));
        let fits_place = |resource: &Resource| {
            place.is_empty()
                || resource.group == place
                || place.split_once('.') == Some((&resource.version, &resource.group))
        };
        let by = |test: &dyn Fn(&Resource) -> bool| {
            self.resources()
                .find(|resource| fits_place(resource) && test(resource))
        };
        by(&|resource| resource.plural == name)
            .or_else(|| by(&|r| r.singular == name || r.kind.to_lowercase() == name))
            .or_else(|| by(&|resource| resource.short_names.iter().any(|short| short == name)))
    }

    fn of_version(&self, group: &str, version: &str) -> Option<&Version> {
        self.group(group)?
            .versions
            .iter()
            .find(|known| known.name == version)
    }
}

/// Documents.
impl Discovery {
    /// Returns `/api` (`APIVersions`).
    pub fn api_versions(&self) -> Value {
        let core = self
            .group("")
            .map(|group| &*group.versions)
            .unwrap_or_default();
        let versions: Vec<_> = core.iter().map(|version| &version.name).collect();
        json!({"kind": "APIVersions", "versions": versions, "serverAddressByClientCIDRs": []})
    }

    /// Returns `/apis` (`APIGroupList`).
    pub fn api_group_list(&self) -> Value {
        let groups: Vec<_> = self
            .groups
            .iter()
            .filter(|group| !group.name.is_empty())
            .map(api_group)
            .collect();
        json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
    }

    /// Returns `/apis/GROUP` (`APIGroup`).
    pub fn api_group(&self, name: &str) -> Option<Value> {
        let mut document = api_group(self.group(name)?);
        document["kind"] = json!("APIGroup");
        document["apiVersion"] = json!("v1");
        Some(document)
    }

    /// Returns `/apis/GROUP/VERSION`, and `/api/v1` for the empty group (`APIResourceList`).
    pub fn api_resource_list(&self, group: &str, version: &str) -> Option<Value> {
        let resources = &self.of_version(group, version)?.resources;
        let resources: Vec<_> = resources.iter().flat_map(api_resources).collect();
        let mut document = json!({"kind": "APIResourceList", "groupVersion":
            api_version(group, version), "resources": resources});
        if !group.is_empty() {
            document["apiVersion"] = json!("v1");
        }
        Some(document)
    }

    /// Returns `/api` as aggregated discovery: the core group.
    pub fn aggregated_core(&self) -> Value {
        self.aggregated(|group| group.name.is_empty())
    }

    /// Returns `/apis` as aggregated discovery: all groups that have a name.
    pub fn aggregated_groups(&self) -> Value {
        self.aggregated(|group| !group.name.is_empty())
    }

    fn aggregated(&self, wanted: impl Fn(&Group) -> bool) -> Value {
        let groups: Vec<_> = self
            .groups
            .iter()
            .filter(|group| wanted(group))
            .map(aggregated_group)
            .collect();
        json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {}, "items": groups})
    }
}

/// What every custom resource can do, in the order an API server lists it.
const CUSTOM_VERBS: [&str; 8] = [
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "create",
    "update",
    "watch",
];

fn custom_subresources(version: &Value, kind: &str) -> Vec<Subresource> {
    let declared = version.get("subresources").unwrap_or(&Value::Null);
    let subresource = |name: &str, (group, version, kind): (&str, &str, &str)| {
        declared.get(name).map(|_| Subresource {
            name: name.to_owned(),
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            verbs: ["get", "patch", "update"].map(str::to_owned).to_vec(),
        })
    };
    let status = subresource("status", ("", "", kind));
    status
        .into_iter()
        .chain(subresource("scale", ("autoscaling", "v1", "Scale")))
        .collect()
}

fn read_resource(group: &str, version: &str, resource: &Value) -> Resource {
    let subresources = list(resource, "subresources").map(|subresource| {
        let kind = subresource.get("responseKind").unwrap_or(&Value::Null);
        Subresource {
            name: text(subresource, "subresource"),
            group: text(kind, "group"),
            version: text(kind, "version"),
            kind: text(kind, "kind"),
            verbs: texts(subresource, "verbs"),
        }
    });
    Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: resource
            .get("responseKind")
            .map(|kind| text(kind, "kind"))
            .unwrap_or_default(),
        plural: text(resource, "resource"),
        singular: text(resource, "singularResource"),
        namespaced: text(resource, "scope") == "Namespaced",
        short_names: texts(resource, "shortNames"),
        categories: texts(resource, "categories"),
        verbs: texts(resource, "verbs"),
        subresources: subresources.collect(),
    }
}

fn api_group(group: &Group) -> Value {
    let version = |version: &Version| {
        let group_version = api_version(&group.name, &version.name);
        json!({"groupVersion": group_version, "version": version.name})
    };
    let versions: Vec<_> = group.versions.iter().map(version).collect();
    json!({"name": group.name, "preferredVersion": versions.first(), "versions": versions})
}

fn api_resources(resource: &Resource) -> Vec<Value> {
    let mut main = json!({"name": resource.plural, "singularName": resource.singular,
        "namespaced": resource.namespaced, "kind": resource.kind, "verbs": resource.verbs});
    add_lists(&mut main, resource);
    let subresources = resource.subresources.iter().map(|subresource| {
        let name = format!("{}/{}", resource.plural, subresource.name);
        let mut document = json!({"name": name, "singularName": "", "kind": subresource.kind,
            "namespaced": resource.namespaced, "verbs": subresource.verbs});
        if !subresource.version.is_empty() {
            document["group"] = json!(subresource.group);
            document["version"] = json!(subresource.version);
        }
        document
    });
    [main].into_iter().chain(subresources).collect()
}

fn aggregated_group(group: &Group) -> Value {
    let versions: Vec<_> = group
        .versions
        .iter()
        .map(|version| {
            let resources: Vec<_> = version.resources.iter().map(aggregated_resource).collect();
            json!({"version": version.name, "freshness": "Current", "resources": resources})
        })
        .collect();
    let mut metadata = Map::new();
    if !group.name.is_empty() {
        metadata.insert("name".to_owned(), json!(group.name));
    }
    json!({"metadata": metadata, "versions": versions})
}

fn aggregated_resource(resource: &Resource) -> Value {
    let scope = if resource.namespaced {
        "Namespaced"
    } else {
        "Cluster"
    };
    let mut document = json!({"resource": resource.plural, "singularResource": resource.singular,
        "responseKind": {"group": resource.group, "version": resource.version,
        "kind": resource.kind}, "scope": scope, "verbs": resource.verbs});
    add_lists(&mut document, resource);
    if !resource.subresources.is_empty() {
        let subresources = resource.subresources.iter().map(|subresource| {
            let own = subresource.version.is_empty();
            let group = if own {
                &resource.group
            } else {
                &subresource.group
            };
            let version = if own {
                &resource.version
            } else {
                &subresource.version
            };
            json!({"subresource": subresource.name, "verbs": subresource.verbs, "responseKind":
                {"group": group, "version": version, "kind": subresource.kind}})
        });
        document["subresources"] = subresources.collect();
    }
    document
}

fn add_lists(document: &mut Value, resource: &Resource) {
    if !resource.short_names.is_empty() {
        document["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        document["categories"] = json!(resource.categories);
    }
}

fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

/// Stable before beta before alpha, newer before older; other names come last.
fn version_priority(version: &str) -> (u8, u32, u32) {
    let none = (0, 0, 0);
    let Some(rest) = version.strip_prefix('v') else {
        return none;
    };
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (major, rest) = rest.split_at(digits);
    let Ok(major) = major.parse() else {
        return none;
    };
    if rest.is_empty() {
        return (3, major, 0);
    }
    let staged = [("beta", 2), ("alpha", 1)]
        .into_iter()
        .find_map(|(word, stage)| Some((stage, major, rest.strip_prefix(word)?.parse().ok()?)));
    staged.unwrap_or(none)
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text(value: &Value, name: &str) -> String {
    value
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    list(value, name)
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
