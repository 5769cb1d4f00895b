//! Running suites through `kudo-rs test`, as package authors do.

use std::path::Path;

use super::{Ran, User};

/// How long asserts may take: machines under load are slow, and nothing waits longer than it must.
const TIMEOUT: &str = "120s";

/// Runs the suite in `folder` on a fresh sandbox, or on the cluster of `kubeconfig`.
pub(crate) fn run_suite(folder: &Path, kubeconfig: Option<&Path>, kudo: Option<&Path>) -> Ran {
    let mut args = vec![
        "test".to_owned(),
        "--suite".to_owned(),
        folder.display().to_string(),
        "--timeout".to_owned(),
        TIMEOUT.to_owned(),
    ];
    for (flag, path) in [("--kubeconfig", kubeconfig), ("--kudo", kudo)] {
        if let Some(path) = path {
            args.extend([flag.to_owned(), path.display().to_string()]);
        }
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let user = User::new();
    let mut command = user.command(&args);
    // Commands of cases need a shell and, where there is one, kubectl.
    command.env("PATH", search_path());
    super::ran(&mut command)
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests run the programs of the machine"
)]
pub(crate) fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
