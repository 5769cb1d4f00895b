//! Values of parameters from the command line and from files.

use std::{collections::BTreeMap, fs};

use anyhow::anyhow;
use kudo_engine::package::value::{self, ValueFile};

use crate::cli::Values;

/// Returns the values that were given: later files win over earlier ones, `-p` wins over files.
pub(super) fn given(values: &Values) -> anyhow::Result<BTreeMap<String, String>> {
    let read = |path: &std::path::PathBuf| {
        let text =
            fs::read_to_string(path).map_err(|error| format!("open {}: {error}", path.display()));
        (path.display().to_string(), text)
    };
    let files: Vec<_> = values.parameter_file.iter().map(read).collect();
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| ValueFile {
            name,
            text: text.as_deref().map_err(String::as_str),
        })
        .collect();
    value::given(&values.parameter, &files)
        .map_err(|problems| anyhow!("could not parse parameters: {problems}"))
}
