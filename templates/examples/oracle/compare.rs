//! Pairs the figures of two `oracle bench` runs, Go's and ours, into a table.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Deserialize;

/// A line of `oracle bench`.
#[derive(Deserialize)]
struct Figures {
    group: String,
    name: String,
    bytes: usize,
    parse_ns: f64,
    exec_ns: f64,
    #[serde(default)]
    data_and_exec_ns: f64,
}

/// How many times as fast as Go.
struct Ratios {
    name: String,
    bytes: usize,
    parse: f64,
    exec: f64,
    exec_with_data: f64,
}

/// Prints the ratios of all cases that both files have.
pub(crate) fn run(go: &str, ours: &str) -> io::Result<()> {
    let ours = read(ours)?;
    let mut ratios: Vec<Ratios> = read(go)?
        .into_iter()
        .filter_map(|(key, go)| {
            let ours = ours.get(&key)?;
            Some(Ratios {
                name: key.1,
                bytes: go.bytes,
                parse: go.parse_ns / ours.parse_ns,
                exec: go.exec_ns / ours.exec_ns,
                exec_with_data: go.exec_ns / ours.data_and_exec_ns,
            })
        })
        .collect();
    ratios.sort_by(|one, two| one.exec.total_cmp(&two.exec));
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "| times as fast as Go | geometric mean | least | most |"
    )?;
    writeln!(out, "|---|---:|---:|---:|")?;
    let lines: [(&str, Vec<f64>); 3] = [
        ("parse", ratios.iter().map(|one| one.parse).collect()),
        ("render", ratios.iter().map(|one| one.exec).collect()),
        (
            "render, conversion of our data included",
            ratios.iter().map(|one| one.exec_with_data).collect(),
        ),
    ];
    for (what, all) in lines {
        let least = all.iter().copied().fold(f64::INFINITY, f64::min);
        let most = all.iter().copied().fold(0.0, f64::max);
        writeln!(
            out,
            "| {what} | {:.1} | {least:.1} | {most:.1} |",
            mean(&all)
        )?;
    }
    writeln!(
        out,
        "\n{} templates; the ten that gain least:\n",
        ratios.len()
    )?;
    writeln!(
        out,
        "| template | bytes | parse | render |\n|---|---:|---:|---:|"
    )?;
    for Ratios {
        name,
        bytes,
        parse,
        exec,
        ..
    } in ratios.iter().take(10)
    {
        writeln!(out, "| {name} | {bytes} | {parse:.1} | {exec:.1} |")?;
    }
    Ok(())
}

/// Returns the geometric mean.
fn mean(ratios: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let count = ratios.len().max(1) as f64;
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / count).exp()
}

fn read(path: &str) -> io::Result<BTreeMap<(String, String), Figures>> {
    let text = std::fs::read_to_string(path)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let figures: Figures = serde_json::from_str(line)?;
            Ok(((figures.group.clone(), figures.name.clone()), figures))
        })
        .collect()
}
