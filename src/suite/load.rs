//! Reading suites: which folders are cases, which files are steps, and what they say (kudo-spec 8.1).

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;

use super::{
    document::{Document, Fields},
    model::{Case, Command, Limit, Line, Object, Reference, Settings, Step, Suite},
};

const SUITE_FILES: [&str; 2] = ["kuttl-test.yaml", "kudo-test.yaml"];
const TIMEOUT: Duration = Duration::from_secs(30);
const PARALLEL: usize = 8;
const MOST_PARALLEL: usize = 64;
/// How many files a suite may have; what has more is no suite.
const MOST_FILES: usize = 20_000;

/// Reads the suite at `path`: a folder of cases, or a file of kind `TestSuite` that names such folders.
pub(crate) fn read(path: &Path) -> anyhow::Result<Suite> {
    let mut reader = Reader::default();
    let is_file = path.is_file();
    let file = if is_file {
        Some(path.to_owned())
    } else {
        let named = SUITE_FILES.iter().map(|name| path.join(name));
        named.into_iter().find(|file| file.is_file())
    };
    let folder = if is_file {
        path.parent().unwrap_or(Path::new("")).to_owned()
    } else {
        path.to_owned()
    };
    let (settings, test_folders) = match file {
        Some(file) => reader.suite_file(&file, &folder)?,
        None => (defaults(&folder), Vec::new()),
    };
    let mut cases = Vec::new();
    if test_folders.is_empty() {
        reader.cases(&folder, &mut cases)?;
    }
    for folder in test_folders {
        reader.cases(&folder, &mut cases)?;
    }
    if cases.is_empty() {
        anyhow::bail!(
            "there are no cases in {}: a case is a folder with files such as 00-install.yaml and \
             00-assert.yaml",
            path.display()
        );
    }
    Ok(Suite {
        settings,
        cases,
        notes: reader.notes,
    })
}

fn defaults(folder: &Path) -> Settings {
    Settings {
        timeout: TIMEOUT,
        parallel: PARALLEL,
        skip_delete: false,
        namespace: None,
        manifests: Vec::new(),
        commands: Vec::new(),
        folder: folder.to_owned(),
    }
}

#[derive(Default)]
struct Reader {
    notes: Vec<String>,
    files: usize,
}

impl Reader {
    /// Returns what a `TestSuite` says, and the folders of cases it names; all relative to its folder.
    fn suite_file(
        &mut self,
        file: &Path,
        folder: &Path,
    ) -> anyhow::Result<(Settings, Vec<PathBuf>)> {
        let documents = Document::read_all(file)?;
        let [document] = documents.as_slice() else {
            anyhow::bail!("{} must hold one TestSuite", file.display());
        };
        if document.object()?.kind() != "TestSuite" {
            return Err(document.wrong(&document.node, "a suite file must be of kind `TestSuite`"));
        }
        let fields = document.fields()?;
        let mut settings = defaults(folder);
        if let Some(seconds) = seconds(&fields, "timeout")? {
            settings.timeout = seconds;
        }
        if let Some(parallel) = fields.number("parallel")? {
            settings.parallel = usize::try_from(parallel)
                .ok()
                .filter(|parallel| (1..=MOST_PARALLEL).contains(parallel))
                .ok_or_else(|| {
                    fields.wrong(format!(
                        "`parallel` must be 1 to {MOST_PARALLEL}, got {parallel}"
                    ))
                })?;
        }
        settings.skip_delete = fields.flag("skipDelete")?;
        settings.namespace = fields.text("namespace")?.filter(|name| !name.is_empty());
        settings.commands = self.commands(&fields, "commands")?;
        let mut manifests = fields.texts("manifestDirs")?;
        if let Some(node) = fields.value("crdDir")
            && let Some(path) = fields.text("crdDir")?
        {
            manifests.insert(0, (path, node));
        }
        for (path, node) in manifests {
            let found = self.objects_at(&folder.join(&path));
            let found = found.with_context(|| document.place(node))?;
            settings.manifests.extend(found);
        }
        let known = [
            "apiVersion",
            "kind",
            "metadata",
            "timeout",
            "parallel",
            "skipDelete",
            "namespace",
            "commands",
            "manifestDirs",
            "crdDir",
            "testDirs",
            "name",
        ];
        self.leave_out(&fields, &known);
        let folders = fields.texts("testDirs")?;
        let folders = folders.into_iter().map(|(path, _)| folder.join(path));
        Ok((settings, folders.collect()))
    }

    /// Reads each folder of `folder` as a case.
    fn cases(&mut self, folder: &Path, cases: &mut Vec<Case>) -> anyhow::Result<()> {
        let entries = self.entries(folder)?;
        if entries
            .iter()
            .any(|path| path.is_file() && Name::of(path).is_some())
        {
            let (parent, name) = (folder.parent(), folder.file_name());
            anyhow::bail!(
                "{} is a case, not a folder of cases; run it with: kudo-rs test --suite {} --case {}",
                folder.display(),
                parent.map_or(Path::new("."), |parent| parent).display(),
                name.unwrap_or_default().display(),
            );
        }
        for path in entries {
            if !path.is_dir() {
                continue;
            }
            let case = self.case(&path)?;
            if case.steps.is_empty() {
                self.notes.push(format!("{} has no steps", path.display()));
                continue;
            }
            if cases.iter().any(|other| other.name == case.name) {
                anyhow::bail!("two cases are called `{}`", case.name);
            }
            cases.push(case);
        }
        Ok(())
    }

    fn case(&mut self, folder: &Path) -> anyhow::Result<Case> {
        let mut steps: BTreeMap<u64, Step> = BTreeMap::new();
        for path in self.entries(folder)? {
            let Some(name) = Name::of(&path) else {
                if Name::looks_like_one(&path) {
                    self.notes.push(format!(
                        "{} is not read: steps end in .yaml",
                        path.display()
                    ));
                }
                continue;
            };
            let step = steps.entry(name.number).or_insert_with(|| Step {
                number: name.number,
                ..Step::default()
            });
            if path.is_dir() {
                for inner in self.entries(&path)? {
                    if let Some(inner_name) = Name::inner(&inner) {
                        self.file(&inner, &inner_name, folder, step)?;
                    }
                }
                step.name = name.words;
            } else {
                self.file(&path, &name.words, folder, step)?;
            }
        }
        let name = folder.file_name().unwrap_or_default();
        Ok(Case {
            name: name.to_string_lossy().into_owned(),
            folder: fs::canonicalize(folder)
                .with_context(|| format!("the folder {}", folder.display()))?,
            steps: steps.into_values().collect(),
        })
    }

    /// Adds what a file says to its step.
    fn file(
        &mut self,
        path: &Path,
        words: &str,
        folder: &Path,
        step: &mut Step,
    ) -> anyhow::Result<()> {
        let role = Role::of(words);
        if role == Role::Apply && step.name.is_empty() {
            words.clone_into(&mut step.name);
        }
        for document in Document::read_all(path)? {
            let object = document.object()?;
            let is_kuttls = object.value["apiVersion"]
                .as_str()
                .is_some_and(|version| version.starts_with("kuttl.dev/") || is_kudos(version));
            match (object.kind(), is_kuttls) {
                ("TestStep", true) => self.test_step(&document, folder, step)?,
                ("TestAssert", true) => self.test_assert(&document, step)?,
                _ => match role {
                    Role::Assert => step.asserts.push(object),
                    Role::Errors => step.errors.push(object),
                    Role::Apply => step.apply.push(object),
                },
            }
        }
        Ok(())
    }

    fn test_step(
        &mut self,
        document: &Document,
        folder: &Path,
        step: &mut Step,
    ) -> anyhow::Result<()> {
        let fields = document.fields()?;
        step.commands.extend(self.commands(&fields, "commands")?);
        for reference in fields.structures("delete")? {
            step.delete.push(self.reference(&reference)?);
        }
        for (name, list) in [
            ("apply", &mut step.apply),
            ("assert", &mut step.asserts),
            ("error", &mut step.errors),
        ] {
            for (path, node) in fields.texts(name)? {
                if path.contains("://") {
                    let message = format!("`{path}` cannot be read: only files can");
                    return Err(document.wrong(node, message));
                }
                let found = self.objects_at(&folder.join(&path));
                list.extend(found.with_context(|| document.place(node))?);
            }
        }
        self.leave_out(
            &fields,
            &[
                "apiVersion",
                "kind",
                "metadata",
                "index",
                "commands",
                "delete",
                "apply",
                "assert",
                "error",
            ],
        );
        Ok(())
    }

    fn test_assert(&mut self, document: &Document, step: &mut Step) -> anyhow::Result<()> {
        let fields = document.fields()?;
        if let Some(timeout) = seconds(&fields, "timeout")? {
            step.timeout = Some(timeout);
        }
        step.assert_commands
            .extend(self.commands(&fields, "commands")?);
        self.leave_out(
            &fields,
            &["apiVersion", "kind", "metadata", "timeout", "commands"],
        );
        Ok(())
    }

    fn commands(&mut self, fields: &Fields<'_>, name: &str) -> anyhow::Result<Vec<Command>> {
        let commands = fields.structures(name)?;
        commands.iter().map(|fields| self.command(fields)).collect()
    }

    fn command(&mut self, fields: &Fields<'_>) -> anyhow::Result<Command> {
        let line = match (fields.text("command")?, fields.text("script")?) {
            (Some(words), None) if !words.trim().is_empty() => Line::Words(words),
            (None, Some(script)) if !script.trim().is_empty() => Line::Script(script),
            (Some(_), Some(_)) => {
                return Err(fields.wrong("a command has `command` or `script`, not both"));
            }
            _ => return Err(fields.wrong("a command needs `command` or `script`")),
        };
        let is_namespaced = fields.flag("namespaced")?;
        if is_namespaced && matches!(line, Line::Script(_)) {
            return Err(
                fields.wrong("`namespaced` goes with `command`; a script has $NAMESPACE for it")
            );
        }
        let limit = match fields.number("timeout")? {
            None | Some(0) => Limit::OfSuite,
            Some(seconds) => u64::try_from(seconds).map_or(Limit::None, |seconds| {
                Limit::Of(Duration::from_secs(seconds))
            }),
        };
        self.leave_out(
            fields,
            &[
                "command",
                "script",
                "namespaced",
                "ignoreFailure",
                "background",
                "timeout",
                "skipLogOutput",
            ],
        );
        Ok(Command {
            place: fields.place(),
            line,
            is_namespaced,
            ignores_failure: fields.flag("ignoreFailure")?,
            is_background: fields.flag("background")?,
            limit,
        })
    }

    fn reference(&mut self, fields: &Fields<'_>) -> anyhow::Result<Reference> {
        let needed = |name: &str| -> anyhow::Result<String> {
            fields
                .text(name)?
                .filter(|text| !text.is_empty())
                .ok_or_else(|| fields.wrong(format!("what is to be deleted needs `{name}`")))
        };
        let mut labels = Vec::new();
        if let Some(map) = fields.structure("labels")? {
            for (key, _) in map.node.entries().unwrap_or_default() {
                let key = key.text().unwrap_or_default();
                labels.push((key.to_owned(), map.text(key)?.unwrap_or_default()));
            }
        }
        let known = ["apiVersion", "kind", "name", "namespace", "labels"];
        self.leave_out(fields, &known);
        let given = |text: &String| !text.is_empty();
        Ok(Reference {
            place: fields.place(),
            api_version: needed("apiVersion")?,
            kind: needed("kind")?,
            name: fields.text("name")?.filter(given),
            namespace: fields.text("namespace")?.filter(given),
            labels,
        })
    }

    /// Returns the objects of a file, or of the files of a folder.
    fn objects_at(&mut self, path: &Path) -> anyhow::Result<Vec<Object>> {
        let paths = if path.is_dir() {
            self.entries(path)?
        } else {
            vec![path.to_owned()]
        };
        let mut objects = Vec::new();
        for path in paths {
            if path.is_dir() {
                objects.extend(self.objects_at(&path)?);
            } else if Name::is_yaml(&path) {
                for document in Document::read_all(&path)? {
                    objects.push(document.object()?);
                }
            }
        }
        Ok(objects)
    }

    fn entries(&mut self, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let broken = || format!("the folder {} cannot be read", folder.display());
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).with_context(broken)? {
            paths.push(entry.with_context(broken)?.path());
        }
        self.files += paths.len();
        if self.files > MOST_FILES {
            anyhow::bail!("{} has too many files for a suite", folder.display());
        }
        paths.sort();
        Ok(paths)
    }

    fn leave_out(&mut self, fields: &Fields<'_>, known: &[&str]) {
        let others = fields.others(known).into_iter();
        self.notes
            .extend(others.map(|other| format!("{other} is not for this runner and left out")));
    }
}

/// KUDO had the format before kuttl.
fn is_kudos(api_version: &str) -> bool {
    api_version == "kudo.dev/v1alpha1" || api_version == "kudo.dev/v1beta1"
}

fn seconds(fields: &Fields<'_>, name: &str) -> anyhow::Result<Option<Duration>> {
    let Some(seconds) = fields.number(name)?.filter(|seconds| *seconds != 0) else {
        return Ok(None);
    };
    let seconds = u64::try_from(seconds)
        .map_err(|_| fields.wrong(format!("`{name}` must not be negative, got {seconds}")))?;
    Ok(Some(Duration::from_secs(seconds)))
}

/// What the objects of a file are for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Role {
    Apply,
    Assert,
    Errors,
}

impl Role {
    fn of(words: &str) -> Self {
        match words.split('-').next() {
            Some("assert") => Self::Assert,
            Some("errors") => Self::Errors,
            _ => Self::Apply,
        }
    }
}

/// The name of a file or folder of a step, as in `00-install.yaml`.
#[derive(Debug, Eq, PartialEq)]
struct Name {
    number: u64,
    words: String,
}

impl Name {
    // kudo-spec 8.1: `^(\d+)-[^.]+(\.yaml)?$`
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (number, rest) = name.split_once('-')?;
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let words = rest.strip_suffix(".yaml").unwrap_or(rest);
        let is_plain = !words.is_empty() && !words.contains('.');
        let is_step = is_plain && (Self::is_yaml(path) || path.is_dir());
        Some(Self {
            number: number.parse().ok()?,
            words: words.to_owned(),
        })
        .filter(|_| is_step)
    }

    /// Returns the words of a file in the folder of a step, where the number may be left out.
    fn inner(path: &Path) -> Option<String> {
        if let Some(name) = Self::of(path) {
            return Some(name.words);
        }
        let name = path.file_name()?.to_str()?.strip_suffix(".yaml")?;
        (path.is_file() && !name.contains('.')).then(|| name.to_owned())
    }

    fn is_yaml(path: &Path) -> bool {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    }

    /// Whether it is what somebody may have meant for a step.
    fn looks_like_one(path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_yml = path.extension().is_some_and(|extension| extension == "yml");
        is_yml && name.starts_with(|first: char| first.is_ascii_digit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_make_a_step() {
        for (name, number, role) in [
            ("00-install.yaml", 0, Role::Apply),
            ("01-assert.yaml", 1, Role::Assert),
            ("01-assert-later.yaml", 1, Role::Assert),
            ("12-errors.yaml", 12, Role::Errors),
            ("2-assertive.yaml", 2, Role::Apply),
        ] {
            let found = Name::of(Path::new(name)).unwrap();
            assert_eq!(
                (found.number, Role::of(&found.words)),
                (number, role),
                "{name}"
            );
        }
    }

    #[test]
    fn other_files_are_no_steps() {
        for name in [
            "README.md",
            "assert.yaml",
            "00.yaml",
            "00-a.b.yaml",
            "x-a.yaml",
            "00-a.yml",
        ] {
            assert_eq!(Name::of(Path::new(name)), None, "{name}");
        }
    }
}
