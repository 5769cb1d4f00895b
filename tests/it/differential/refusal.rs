//! Whether two refusals say the same.

/// What we say in other words than KUDO.
const OTHER_WORDS: [(&str, &str); 9] = [
    // Row: changes while an instance is being deleted.
    ("", "it is being deleted, and changes are not looked at"),
    // The plans are named in the order of a Go map.
    (
        "triggering multiple plans: [",
        "triggering multiple plans: [",
    ),
    // Row: an immutable parameter. It is looked at before other things are.
    ("", "is immutable but was changed"),
    (
        "need to specify at least one parameter to override",
        "there is nothing to change",
    ),
    (
        "does not exist in the cluster",
        "there is no instance `shop`",
    ),
    (
        "instances.kudo.dev \"shop\" not found",
        "there is no instance `shop`",
    ),
    (
        "failed to find parameter \"",
        "the package has no parameter `",
    ),
    ("is the same or smaller as current version", "already"),
    // KUDO names the plan that was there before instead of the one that is asked for (kudo-spec 6.4, 7).
    ("triggering one plan '' directly", "triggering one plan '"),
];

/// Returns whether ours says what KUDO says: its cause word by word, or in our own words.
pub(super) fn says_the_same(theirs: &str, ours: &str) -> bool {
    let cause = cause(theirs);
    plain(ours).contains(&cause)
        || OTHER_WORDS
            .iter()
            .any(|(kudo, own)| cause.contains(kudo) && ours.contains(own))
}

/// Returns whether we refuse on purpose, so that the rest of a sequence is another one: what changes an
/// immutable parameter (row), and what names a version that an upgrade brought which KUDO refused (row:
/// a refused upgrade).
pub(super) fn is_ours_alone(theirs: Option<&str>, ours: Option<&str>) -> bool {
    const MISSING: &str = "operatorversions.kudo.dev \"mirror-2.0-0.2.0\" not found";
    let is_missing = |text: &str| text.contains(MISSING);
    let Some(ours) = ours else { return false };
    theirs.is_none() && ours.contains("is immutable but was changed")
        || is_missing(ours) && !theirs.is_some_and(is_missing)
}

/// Returns what is left of KUDO's text without the layers around the cause.
fn cause(theirs: &str) -> String {
    let text = theirs
        .rsplit_once("Error: ")
        .map_or(theirs, |(_, text)| text);
    let text = text
        .split_once("denied the request: ")
        .map_or(text, |(_, text)| text);
    plain(text.trim())
}

/// Row: texts of failures. KUDO prints lists in lists, and all fields of references.
fn plain(text: &str) -> String {
    let text = text.replace("[[", "[").replace("]]", "]");
    text.replace("{  mirror", "mirror").replace("    } ", " ")
}
