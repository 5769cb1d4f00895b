//! The tables of the manual: how many times as fast as Go, a group of templates a line.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::Value;

/// The least of each figure, by template.
#[derive(Default)]
pub(crate) struct Table(BTreeMap<String, BTreeMap<String, f64>>);

/// A column: its title, and Go's figure and ours.
const COLUMNS: [(&str, &str, &str); 6] = [
    ("parse", "parse_ns", "parse_ns"),
    ("parse, functions known", "parse_shared_ns", "parse_ns"),
    ("render", "exec_ns", "exec_ns"),
    ("render to a text", "exec_text_ns", "exec_text_ns"),
    ("data from JSON", "data_ns", "data_ns"),
    ("data and render", "data_and_exec_ns", "data_and_exec_ns"),
];

/// A group: its title and what the names of its templates begin with.
const GROUPS: [(&str, &str); 5] = [
    ("all", ""),
    ("Kafka", "kafka/"),
    ("Cassandra", "cassandra/"),
    ("Spark", "spark/"),
    ("Galera", "galera/"),
];

impl Table {
    /// Takes the figures of JSON lines.
    pub(crate) fn add(&mut self, lines: &[u8]) -> io::Result<()> {
        for line in lines.split(|byte| *byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            let figures: BTreeMap<String, Value> = serde_json::from_slice(line)?;
            let name = figures.get("name").and_then(Value::as_str);
            let known = self.0.entry(name.unwrap_or_default().to_owned());
            let known = known.or_default();
            for (figure, value) in &figures {
                if let Some(value) = value.as_f64() {
                    let least = known.entry(figure.clone()).or_insert(value);
                    *least = least.min(value);
                }
            }
        }
        Ok(())
    }

    /// Returns a figure of a template.
    fn get(&self, name: &str, figure: &str) -> Option<f64> {
        self.0.get(name)?.get(figure).copied()
    }

    /// Returns the names that begin so, and have that figure.
    fn names(&self, start: &str, figure: &str) -> impl Iterator<Item = &str> {
        let has = move |figures: &BTreeMap<String, f64>| figures.contains_key(figure);
        let names = self.0.iter().filter(move |(_, figures)| has(figures));
        names
            .map(|(name, _)| name.as_str())
            .filter(move |name| name.starts_with(start))
    }
}

/// Prints all tables.
pub(crate) fn print(ours: &Table, go: &Table, out: &mut impl Write) -> io::Result<()> {
    if !go.0.is_empty() {
        speeds(ours, go, out)?;
        slowest(ours, go, out)?;
    }
    memory(ours, go, out)?;
    rival(ours, out)
}

fn speeds(ours: &Table, go: &Table, out: &mut impl Write) -> io::Result<()> {
    write!(out, "| times as fast as Go |")?;
    for (title, _) in GROUPS {
        let count = ours.names(prefix(title), "exec_ns").count();
        write!(out, " {title} ({count}) |")?;
    }
    writeln!(
        out,
        " below 3 |\n|---|{}---:|",
        "---:|".repeat(GROUPS.len())
    )?;
    for (title, theirs, own) in COLUMNS {
        write!(out, "| {title} |")?;
        for (_, start) in GROUPS {
            let ratios = ratios(ours, own, go, theirs, start);
            write!(out, " {} |", summary(&ratios))?;
        }
        let all = ratios(ours, own, go, theirs, "");
        let below = all.iter().filter(|ratio| **ratio < 3.0).count();
        writeln!(out, " {below} of {} |", all.len())?;
    }
    Ok(())
}

fn prefix(title: &str) -> &'static str {
    let group = GROUPS.iter().find(|(group, _)| *group == title);
    group.map_or("", |(_, start)| start)
}

/// Prints the templates that render or parse less than three times as fast as in Go.
fn slowest(ours: &Table, go: &Table, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "\n| below 3 | bytes | what | Go, ns | kudo-rs, ns | times |"
    )?;
    writeln!(out, "|---|---:|---|---:|---:|---:|")?;
    for name in ours.names("", "exec_ns") {
        for (title, theirs, own) in &COLUMNS[..4] {
            let (Some(theirs), Some(own)) = (go.get(name, theirs), ours.get(name, own)) else {
                continue;
            };
            let bytes = ours.get(name, "bytes").unwrap_or_default();
            let times = theirs / own;
            if times < 3.0 {
                writeln!(
                    out,
                    "| {name} | {bytes} | {title} | {theirs:.0} | {own:.0} | {times:.1} |"
                )?;
            }
        }
    }
    Ok(())
}

/// Prints what renders to a text allocate.
fn memory(ours: &Table, go: &Table, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "\n| a render to a text | Go | kudo-rs |\n|---|---:|---:|"
    )?;
    for (title, figure) in [
        ("allocations", "allocs"),
        ("bytes allocated", "allocated"),
        ("bytes at most at a time", "peak"),
    ] {
        let line = |table: &Table| {
            let figures = table
                .names("", figure)
                .filter_map(|name| table.get(name, figure));
            spread(figures.collect())
        };
        writeln!(out, "| {title} | {} | {} |", line(go), line(ours))?;
    }
    Ok(())
}

/// Prints how many times as fast as gtmpl we are, where that gives the same.
fn rival(ours: &Table, out: &mut impl Write) -> io::Result<()> {
    let all = ours.names("", "exec_ns").count();
    let (parse, exec) = ("gtmpl_parse_ns", "gtmpl_exec_ns");
    let count = ours.names("", exec).count();
    writeln!(
        out,
        "\ngtmpl gives the same for {count} of {all} templates."
    )?;
    if count == 0 {
        return Ok(());
    }
    writeln!(out, "\n| times as fast as gtmpl | |\n|---|---:|")?;
    for (title, theirs, own) in [
        ("parse", parse, "parse_ns"),
        ("render", exec, "exec_text_ns"),
    ] {
        let ratios = ratios(ours, own, ours, theirs, "");
        writeln!(out, "| {title} | {} |", summary(&ratios))?;
    }
    Ok(())
}

/// Returns how many times as fast we are, for each template of a group that both have.
fn ratios(ours: &Table, own: &str, other: &Table, theirs: &str, start: &str) -> Vec<f64> {
    let ratio = |name| Some(other.get(name, theirs)? / ours.get(name, own)?);
    ours.names(start, own).filter_map(ratio).collect()
}

/// Returns the geometric mean, and the least.
fn summary(ratios: &[f64]) -> String {
    if ratios.is_empty() {
        return "-".to_owned();
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let count = ratios.len() as f64;
    let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / count).exp();
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    format!("{mean:.1}, least {least:.1}")
}

/// Returns the median, and the most.
fn spread(mut figures: Vec<f64>) -> String {
    figures.sort_by(f64::total_cmp);
    match (figures.get(figures.len() / 2), figures.last()) {
        (Some(median), Some(most)) => format!("median {median:.0}, most {most:.0}"),
        _ => "-".to_owned(),
    }
}
