//! The kinds of cases, each by its own rules.

use std::io;

use kudo_templates::Functions;

use super::case::{Case, Named};
use super::random::Random;
use super::rules::Rules;

/// What all kinds share.
const COMMON: &str = include_str!("kinds/common.txt");

/// The kinds by name.
const KINDS: &[(&str, &str)] = &[
    ("access", include_str!("kinds/access.txt")),
    ("blocks", include_str!("kinds/blocks.txt")),
    ("calls", include_str!("kinds/calls.txt")),
    ("compare", include_str!("kinds/compare.txt")),
    ("crypto", include_str!("kinds/crypto.txt")),
    ("dates", include_str!("kinds/dates.txt")),
    ("dicts", include_str!("kinds/dicts.txt")),
    ("encoding", include_str!("kinds/encoding.txt")),
    ("errors", include_str!("kinds/errors.txt")),
    ("lists", include_str!("kinds/lists.txt")),
    ("literals", include_str!("kinds/literals.txt")),
    ("math", include_str!("kinds/math.txt")),
    ("merge", include_str!("kinds/merge.txt")),
    ("missingkey", include_str!("kinds/missingkey.txt")),
    ("printf", include_str!("kinds/printf.txt")),
    ("references", include_str!("kinds/references.txt")),
    ("reflection", include_str!("kinds/reflection.txt")),
    ("regex", include_str!("kinds/regex.txt")),
    ("semver", include_str!("kinds/semver.txt")),
    ("strings", include_str!("kinds/strings.txt")),
    ("times", include_str!("kinds/times.txt")),
    ("urls", include_str!("kinds/urls.txt")),
    ("yaml", include_str!("kinds/yaml.txt")),
];

/// Functions whose results differ from run to run, that take long, or that order maps at random.
const UNSTABLE: &[&str] = &[
    "ago",
    "buildCustomCert",
    "derivePassword",
    "encryptAES",
    "genCA",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSignedCert",
    "getHostByName",
    "indent",
    "keys",
    "merge",
    "mergeOverwrite",
    "nindent",
    "now",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randNumeric",
    "repeat",
    "shuffle",
    "until",
    "untilStep",
    "uuidv4",
    "values",
    "date",
    "dateInZone",
    "date_in_zone",
    "htmlDate",
    "htmlDateInZone",
];

/// A kind of cases.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    rules: Rules,
}

/// Returns the names of all kinds.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, _)| *name)
}

impl Kind {
    /// Returns the kind of that name.
    pub(crate) fn named(wanted: &str) -> io::Result<Self> {
        let (name, text) = KINDS
            .iter()
            .find(|(name, _)| *name == wanted)
            .ok_or_else(|| io::Error::other(format!("there is no kind `{wanted}`")))?;
        let mut rules = Rules::default();
        let functions = Functions::kudo();
        let names = functions.iter().map(|function| function.name);
        rules.add_words(
            "function",
            names.filter(|name| !UNSTABLE.contains(name) && *name != "call"),
        );
        rules.add(COMMON)?;
        rules.add(text)?;
        let rules = rules
            .checked()
            .map_err(|error| io::Error::other(format!("kind {name}: {error}")))?;
        Ok(Self { name, rules })
    }

    /// Returns a question.
    pub(crate) fn case(&self, random: &mut Random) -> io::Result<Case> {
        let mut text = |rule: &str| self.rules.text(rule, random);
        let template = text("case");
        let data = text("data");
        let data = serde_json::from_str(&data).map_err(|error| {
            io::Error::other(format!("kind {}: data {data}: {error}", self.name))
        })?;
        let other = text("other");
        let templates = (!other.is_empty()).then(|| Named {
            name: "other".to_owned(),
            body: other,
        });
        let delims = text("delims");
        Ok(Case {
            group: format!("fuzz-{}", self.name),
            template,
            templates: templates.into_iter().collect(),
            data: Some(data),
            numbers: text("numbers"),
            missingkey: text("missingkey"),
            delims: delims.split_whitespace().map(str::to_owned).collect(),
            ..Case::default()
        })
    }
}
