//! Where the time of an execution went: a line a phase and step, with a bar from start to end.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kudo_engine::api::{PastExecution, instance::ExecutionStatus};

/// Columns of a line that names, times and bar may take.
const WIDTH: usize = 78;
const LONGEST_NAME: usize = 32;
const LONGEST_TIME: usize = 9;

/// One line: a phase, or one of its steps.
struct Line {
    name: String,
    status: ExecutionStatus,
    from: Timestamp,
    to: Timestamp,
    is_running: bool,
}

/// Returns the timeline of an execution; empty when no times are known.
pub(crate) fn drawn(execution: &PastExecution, now: Timestamp) -> String {
    let end = execution.finished.as_ref().map_or(now, |time| time.0);
    let mut lines = lines(execution, end);
    if let Some(started) = &execution.started {
        // Another try does not repeat what an earlier one completed.
        lines.retain(|line| line.to >= started.0);
    }
    let begun = lines.iter().map(|line| line.from).min();
    let begun = [execution.started.as_ref().map(|time| time.0), begun];
    let (Some(begun), false) = (begun.into_iter().flatten().min(), lines.is_empty()) else {
        return String::new();
    };
    let end = lines.iter().map(|line| line.to).fold(end, Timestamp::max);
    let names = lines.iter().map(|line| line.name.chars().count()).max();
    let name_width = names.unwrap_or_default().max("step".len());
    let bar_width = WIDTH - name_width - LONGEST_TIME - 4;
    let scale = took(begun, end);
    let mut text = format!(
        "{:<name_width$}  {:>LONGEST_TIME$}  0s{scale:>width$}\n",
        "STEP",
        "TOOK",
        width = bar_width - 2
    );
    for line in lines {
        let took = took(line.from, line.to);
        let bar = bar(&line, begun, end, bar_width);
        let status = match line.status {
            ExecutionStatus::Complete => String::new(),
            status => format!(" {status}"),
        };
        let name = &line.name;
        let padded =
            format!("{name:<name_width$}  {took:>LONGEST_TIME$}  {bar:<bar_width$}{status}");
        text.push_str(padded.trim_end());
        text.push('\n');
    }
    text
}

fn lines(execution: &PastExecution, end: Timestamp) -> Vec<Line> {
    let mut lines = Vec::new();
    for phase in &execution.phases {
        let times = (&phase.started, &phase.finished);
        lines.extend(line(&phase.name, phase.status, times, end));
        for step in &phase.steps {
            let times = (&step.started, &step.finished);
            lines.extend(line(&format!("  {}", step.name), step.status, times, end));
        }
    }
    lines
}

/// Returns the line of what has begun.
fn line(
    name: &str,
    status: ExecutionStatus,
    (started, finished): (&Option<MicroTime>, &Option<MicroTime>),
    end: Timestamp,
) -> Option<Line> {
    let from = started.as_ref()?.0;
    let to = finished.as_ref().map_or(end, |time| time.0).max(from);
    let mut short: String = name.chars().take(LONGEST_NAME).collect();
    if short.len() < name.len() {
        short.pop();
        short.push('…');
    }
    Some(Line {
        name: short,
        status,
        from,
        to,
        is_running: finished.is_none(),
    })
}

/// Returns the bar of a line within the time from `begun` to `end`.
fn bar(line: &Line, begun: Timestamp, end: Timestamp, width: usize) -> String {
    let all = milliseconds(begun, end).max(1);
    let column = |time: Timestamp| {
        let columns = milliseconds(begun, time).saturating_mul(width as u64) / all;
        usize::try_from(columns).unwrap_or(width).min(width - 1)
    };
    let (from, to) = (column(line.from), column(line.to));
    let last = if line.is_running { "▶" } else { "█" };
    format!("{}{}{last}", " ".repeat(from), "█".repeat(to - from))
}

/// Returns the time between two moments as people read it: `0.4s`, `12.3s`, `4m10s`, `2h05m`.
pub(crate) fn took(from: Timestamp, to: Timestamp) -> String {
    let milliseconds = milliseconds(from, to);
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{seconds}.{}s", milliseconds % 1000 / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

fn milliseconds(from: Timestamp, to: Timestamp) -> u64 {
    let between = to.as_millisecond().saturating_sub(from.as_millisecond());
    u64::try_from(between).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kudo_engine::api::instance::{PhaseStatus, StepStatus};

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).unwrap()
    }

    fn step(name: &str, from: i64, to: Option<i64>) -> StepStatus {
        StepStatus {
            name: name.to_owned(),
            status: to.map_or(ExecutionStatus::InProgress, |_| ExecutionStatus::Complete),
            started: Some(MicroTime(at(from))),
            finished: to.map(|to| MicroTime(at(to))),
            ..StepStatus::default()
        }
    }

    fn execution(steps: Vec<StepStatus>) -> PastExecution {
        PastExecution {
            started: Some(MicroTime(at(0))),
            phases: vec![PhaseStatus {
                name: "main".to_owned(),
                status: ExecutionStatus::InProgress,
                started: Some(MicroTime(at(0))),
                steps,
                ..PhaseStatus::default()
            }],
            ..PastExecution::default()
        }
    }

    #[test]
    fn bars_stand_where_the_time_went() {
        let steps = vec![step("first", 0, Some(5000)), step("second", 5000, None)];

        let text = drawn(&execution(steps), at(10_000));

        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0].split_whitespace().collect::<Vec<_>>(),
            ["STEP", "TOOK", "0s", "10.0s"]
        );
        let blocks = |line: &str| line.chars().filter(|letter| *letter == '█').count();
        let full = blocks(lines[1]);
        // The running bar ends with an arrow in the last column.
        assert_eq!(blocks(lines[2]), full.div_ceil(2) + 1, "{text}");
        assert!(lines[2].starts_with("  first        5.0s  █"), "{text}");
        assert!(lines[3].ends_with("▶ IN_PROGRESS"), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDTH + 13),
            "{text}"
        );
    }

    #[test]
    fn nothing_is_drawn_without_times() {
        assert_eq!(drawn(&PastExecution::default(), at(1)), "");
    }

    #[test]
    fn strange_times_and_names_do_no_harm() {
        let mut backwards = step(&"ü".repeat(500), 9000, Some(10));
        backwards.status = ExecutionStatus::FatalError;

        let text = drawn(&execution(vec![backwards]), Timestamp::MIN);

        assert!(text.contains("ü…"), "{text}");
        assert!(text.contains(" FATAL_ERROR"), "{text}");
    }

    #[test]
    fn times_are_told_in_fitting_units() {
        for (millisecond, text) in [
            (0, "0.0s"),
            (12_340, "12.3s"),
            (250_000, "4m10s"),
            (7_500_000, "2h05m"),
            (-5, "0.0s"),
        ] {
            assert_eq!(took(at(0), at(millisecond)), text);
        }
    }
}
