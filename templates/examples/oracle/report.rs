//! Times Go, gtmpl and us on the same templates and data, in turns, and prints the tables of the manual.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::bench::{self, Wanted};
use super::case::Case;
use super::table::Table;
use super::{file, functions_of, package};

/// The cases of a corpus that are templates of operators.
const GROUP: &str = "kudo-operators";

/// Figures of Go that `oracle bench` does not give: a file for the oracle's package.
const COSTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/go/costs.go");

/// Runs `report [-go FOLDER] [-passes N] [-time D] CORPUS|PACKAGE...`.
pub(crate) fn run(mut arguments: &[&str]) -> io::Result<()> {
    let (mut go, mut passes, mut time) = (None, 3, "20ms");
    loop {
        match arguments {
            ["-go", folder, rest @ ..] => {
                go = Some(Path::new(*folder));
                arguments = rest;
            }
            ["-passes", number, rest @ ..] => {
                passes = number.parse().map_err(io::Error::other)?;
                arguments = rest;
            }
            ["-time", budget, rest @ ..] => {
                time = budget;
                arguments = rest;
            }
            _ => break,
        }
    }
    let folder = std::env::temp_dir().join(format!("kudo-rs-report-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let made = Report::new(&folder, go, time, arguments).and_then(|report| report.tables(passes));
    fs::remove_dir_all(&folder)?;
    let (ours, theirs) = made?;
    super::table::print(&ours, &theirs, &mut io::stdout().lock())
}

/// What is measured, and with what.
struct Report<'a> {
    /// The cases, as a file.
    cases: PathBuf,
    /// The Go oracle with our file in it, if there is one.
    go: Option<PathBuf>,
    time: &'a str,
}

impl<'a> Report<'a> {
    fn new(folder: &Path, go: Option<&Path>, time: &'a str, sources: &[&str]) -> io::Result<Self> {
        let cases = folder.join("cases.jsonl");
        let mut out = io::BufWriter::new(File::create(&cases)?);
        for source in sources {
            for case in cases_of(Path::new(source))? {
                serde_json::to_writer(&mut out, &case)?;
                out.write_all(b"\n")?;
            }
        }
        out.flush()?;
        if go.is_none() {
            note("Go is skipped: name the folder of its oracle with -go")?;
        }
        let go = go.map(|source| build(source, folder)).transpose()?;
        Ok(Self { cases, go, time })
    }

    /// Returns the figures of ours and of Go, the least of all passes.
    fn tables(&self, passes: usize) -> io::Result<(Table, Table)> {
        let (mut ours, mut theirs) = (Table::default(), Table::default());
        let cases = self.cases.to_string_lossy();
        for pass in 1..=passes {
            note(&format!("pass {pass} of {passes}"))?;
            if let Some(go) = &self.go {
                for figures in ["bench", "costs"] {
                    let mut command = Command::new(go);
                    command.args([figures, "-time", self.time, &cases]);
                    theirs.add(&output(&mut command)?)?;
                }
            }
            let mut lines = Vec::new();
            bench::run(&Wanted::new(&["-time", self.time, &cases])?, &mut lines)?;
            ours.add(&lines)?;
        }
        let memory = std::env::current_exe()?.with_file_name("memory");
        if memory.exists() {
            ours.add(&output(Command::new(memory).arg(&*cases))?)?;
        } else {
            note("memory is skipped: build the example `memory` too")?;
        }
        self.compare_outputs()?;
        Ok((ours, theirs))
    }

    /// Says where Go gives another output.
    fn compare_outputs(&self) -> io::Result<()> {
        let Some(go) = &self.go else { return Ok(()) };
        let answers = output(Command::new(go).stdin(File::open(&self.cases)?))?;
        for case in file::cases(&String::from_utf8_lossy(&answers)) {
            let ours = case.answered(&functions_of(&case.group));
            if !ours.agrees(&case.answer) {
                note(&format!("{}: Go gives another output", case.name))?;
            }
        }
        Ok(())
    }
}

/// Reads the templates of a package's folder, or those of operators from a corpus.
fn cases_of(source: &Path) -> io::Result<Vec<Case>> {
    if source.is_dir() {
        return package::cases(source);
    }
    let mut cases = file::cases(&fs::read_to_string(source)?);
    cases.retain(|case| case.group == GROUP);
    Ok(cases)
}

/// Builds the Go oracle with our file beside its own; its folder stays as it is.
fn build(source: &Path, folder: &Path) -> io::Result<PathBuf> {
    let source = source.canonicalize()?;
    let (program, overlay) = (folder.join("go-oracle"), folder.join("overlay.json"));
    let replace =
        serde_json::json!({"Replace": {source.join("costs.go").to_string_lossy(): COSTS}});
    fs::write(&overlay, replace.to_string())?;
    let mut command = Command::new("go");
    command.arg("-C").arg(source).arg("build");
    command.arg("-overlay").arg(overlay).arg("-o").arg(&program);
    output(&mut command)?;
    Ok(program)
}

/// Returns what a program prints; its complaints go to the terminal.
fn output(command: &mut Command) -> io::Result<Vec<u8>> {
    let done = command.stderr(Stdio::inherit()).output()?;
    if !done.status.success() {
        return Err(io::Error::other(format!("{command:?}: {}", done.status)));
    }
    Ok(done.stdout)
}

fn note(text: &str) -> io::Result<()> {
    writeln!(io::stderr(), "{text}")
}
