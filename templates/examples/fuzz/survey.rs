//! So many cases of each kind, told kind by kind.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};

use kudo_templates::Functions;

use super::case::{Answer, Case};
use super::kinds::Kind;
use super::oracle::Oracle;
use super::random::Random;
use super::{Options, guarded, kind, same};

/// How often Go is asked again before its answer counts: some of its functions leave an order to chance.
const AGAIN: usize = 30;

/// What came of the cases of a kind.
#[derive(Default)]
struct Counts {
    cases: usize,
    rendered: usize,
    unanswered: usize,
    by_chance: usize,
    different: usize,
}

/// Writes the questions as JSON lines.
pub(crate) fn questions(options: &Options) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for name in &options.kinds {
        let kind = Kind::named(name)?;
        let mut random = Random::new(options.seed);
        for _ in 0..options.cases {
            serde_json::to_writer(&mut out, &kind.case(&mut random)?)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

/// Compares with Go; returns how many cases differ.
pub(crate) fn survey(options: &Options) -> io::Result<usize> {
    let functions = Functions::kudo();
    let mut oracle = Oracle::start(&options.oracle)?;
    let mut saved = options.save.as_ref().map(File::create).transpose()?;
    let mut out = io::stdout().lock();
    let mut all = Vec::new();
    for name in &options.kinds {
        let kind = Kind::named(name)?;
        let mut random = Random::new(options.seed);
        let (mut counts, mut seen) = (Counts::default(), BTreeMap::new());
        for _ in 0..options.cases {
            let case = kind.case(&mut random)?;
            let difference = compared(&case, &functions, &mut oracle, &mut counts)?;
            let Some((ours, known)) = difference else {
                continue;
            };
            if let Some(saved) = &mut saved {
                save(saved, &case, &known)?;
            }
            tell(&mut out, &mut seen, &case, (&ours, &known))?;
        }
        all.push((name, counts));
    }
    writeln!(out, "seed {}", options.seed)?;
    writeln!(
        out,
        "| kind | cases | rendered | left to chance in Go | without an answer | different |"
    )?;
    writeln!(out, "|---|---:|---:|---:|---:|---:|")?;
    for (name, counts) in &all {
        let Counts {
            cases,
            rendered,
            unanswered,
            by_chance,
            different,
        } = counts;
        writeln!(
            out,
            "| {name} | {cases} | {rendered} | {by_chance} | {unanswered} | {different} |"
        )?;
    }
    Ok(all.iter().map(|(_, counts)| counts.different).sum())
}

/// Returns our answer and Go's where they differ.
fn compared(
    case: &Case,
    functions: &Functions,
    oracle: &mut Oracle,
    counts: &mut Counts,
) -> io::Result<Option<(Answer, Answer)>> {
    counts.cases += 1;
    let Some(known) = oracle.answer(case)? else {
        counts.unanswered += 1;
        return Ok(None);
    };
    counts.rendered += usize::from(known.error.is_none());
    let ours = guarded(case, functions);
    if same(&ours, &known) {
        return Ok(None);
    }
    for _ in 0..AGAIN {
        if oracle.answer(case)?.is_none_or(|again| again != known) {
            counts.by_chance += 1;
            return Ok(None);
        }
    }
    counts.different += 1;
    Ok(Some((ours, known)))
}

/// Prints the first two differences that look alike.
fn tell(
    out: &mut impl Write,
    seen: &mut BTreeMap<String, usize>,
    case: &Case,
    (ours, known): (&Answer, &Answer),
) -> io::Result<()> {
    let times = seen.entry(kind(ours, known)).or_default();
    *times += 1;
    if *times > 2 {
        return Ok(());
    }
    writeln!(out, "{} template {:?}", case.group, case.template)?;
    writeln!(out, "  data {}", serde_json::to_string(&case.data)?)?;
    writeln!(
        out,
        "  numbers {:?} missingkey {:?} delims {:?} others {:?}",
        case.numbers, case.missingkey, case.delims, case.templates
    )?;
    writeln!(out, "  Go   {known:?}\n  ours {ours:?}")
}

fn save(file: &mut File, case: &Case, known: &Answer) -> io::Result<()> {
    let answered = Case {
        answer: known.clone(),
        ..case.clone()
    };
    serde_json::to_writer(&mut *file, &answered)?;
    file.write_all(b"\n")
}
