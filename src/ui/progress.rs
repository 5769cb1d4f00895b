//! A plan while it runs: a live tree on a terminal, one line a move elsewhere; always on stderr.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use kudo_engine::{
    api::instance::{ExecutionStatus, PlanStatus},
    driver::{Fate, Removal, Report},
};

use super::Ui;

/// Shows the reports of one drive.
#[derive(Debug)]
pub(crate) struct Progress {
    ui: Ui,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What was said of each step last, by `phase/step`.
    said: BTreeMap<String, (ExecutionStatus, String)>,
    plan: Option<(String, ExecutionStatus)>,
    drawing: Option<Drawing>,
}

/// The lines of a live tree.
#[derive(Debug)]
struct Drawing {
    lines: MultiProgress,
    bars: BTreeMap<String, (ProgressBar, Option<ExecutionStatus>)>,
    is_plain: bool,
}

impl Progress {
    /// Returns a view for `ui` that has shown nothing yet.
    pub(crate) fn new(ui: Ui) -> Self {
        Self {
            ui,
            state: Mutex::default(),
        }
    }

    /// Shows what `report` adds to what was shown.
    pub(crate) fn show(&self, report: &Report) {
        let mut state = self
            .state
            .lock()
            .expect("nothing panics while it holds the view");
        match report {
            Report::DrivenBy(holder) => {
                self.ui
                    .note(&format!("{holder} runs the plan; following it."));
            }
            Report::TakenOver(holder) => {
                self.ui.note(&format!(
                    "{holder} no longer answers; going on in its place."
                ));
            }
            Report::OldDefinitions => self.ui.note(
                "hint: the cluster's definitions of KUDO are older than this kudo-rs, so no history and no \
                 inventory are kept; `kudo-rs init` brings them up to date",
            ),
            Report::Removal(removal) => {
                if let Some(told) = told(removal) {
                    self.ui.note(&told);
                }
            }
            Report::Progress(plan) if self.ui.is_live => state.draw(plan, self.ui.has_color),
            Report::Progress(plan) => state.tell(plan, &self.ui),
        }
    }

    /// Leaves the last state of a live tree on the screen.
    pub(crate) fn close(&self) {
        let mut state = self
            .state
            .lock()
            .expect("nothing panics while it holds the view");
        if let Some(drawing) = state.drawing.take() {
            drawing.bars.values().for_each(|(bar, _)| bar.abandon());
        }
    }
}

/// Returns what became of an object, where something did.
pub(crate) fn told(Removal { object, fate }: &Removal) -> Option<String> {
    match fate {
        Fate::Deleted => Some(format!("{object} was deleted.")),
        Fate::Left(why) => Some(format!("{object} is left: {why}.")),
        Fate::Gone => None,
    }
}

impl State {
    fn tell(&mut self, plan: &PlanStatus, ui: &Ui) {
        let now = (plan.name.clone(), plan.status);
        if self.plan.as_ref() != Some(&now) && plan.status == ExecutionStatus::InProgress {
            ui.note(&format!("Plan {} runs.", plan.name));
        }
        self.plan = Some(now);
        for phase in &plan.phases {
            for step in &phase.steps {
                let is_quiet = matches!(
                    step.status,
                    ExecutionStatus::Pending | ExecutionStatus::NeverRun
                );
                let key = format!("{}/{}", phase.name, step.name);
                let said = (step.status, step.message.clone());
                if is_quiet || self.said.get(&key) == Some(&said) {
                    continue;
                }
                if step.status == ExecutionStatus::InProgress && step.message.is_empty() {
                    continue;
                }
                let why = reason(&step.message);
                ui.note(&format!("  {key}: {}{why}", word(step.status)));
                self.said.insert(key, said);
            }
        }
    }

    fn draw(&mut self, plan: &PlanStatus, has_color: bool) {
        let drawing = self.drawing.get_or_insert_with(|| Drawing {
            lines: MultiProgress::new(),
            bars: BTreeMap::new(),
            is_plain: !has_color,
        });
        drawing.line(
            &plan.name,
            format!("Plan {}", plan.name),
            plan.status,
            &plan.message,
        );
        for phase in &plan.phases {
            let key = format!("{}/{}", plan.name, phase.name);
            drawing.line(
                &key,
                format!("  Phase {}", phase.name),
                phase.status,
                &phase.message,
            );
            for step in &phase.steps {
                let key = format!("{key}/{}", step.name);
                drawing.line(
                    &key,
                    format!("    Step {}", step.name),
                    step.status,
                    &step.message,
                );
            }
        }
    }
}

impl Drawing {
    fn line(&mut self, key: &str, name: String, status: ExecutionStatus, message: &str) {
        let style = |text: &str| {
            ProgressStyle::with_template(text)
                .unwrap_or_else(|_| ProgressStyle::default_spinner())
                .tick_strings(&["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "])
        };
        let (bar, drawn) = self.bars.entry(key.to_owned()).or_insert_with(|| {
            let bar = self.lines.add(ProgressBar::new_spinner());
            bar.set_prefix(name);
            (bar, None)
        });
        bar.set_message(format!("[{}]{}", word(status), reason(message)));
        // A new style would set the spinner back, so it comes only with a new status.
        if drawn.replace(status) == Some(status) {
            return;
        }
        let (mark, color) = match status {
            ExecutionStatus::Complete => ("✔", ".green"),
            ExecutionStatus::FatalError => ("✘", ".red"),
            ExecutionStatus::Error => ("!", ".yellow"),
            ExecutionStatus::InProgress => ("{spinner}", ".cyan"),
            ExecutionStatus::Pending | ExecutionStatus::NeverRun => ("·", ".dim"),
        };
        let color = if self.is_plain { "" } else { color };
        let text = format!("{mark} {{prefix}} {{wide_msg:0{color}}}");
        bar.set_style(style(&text.replace(":0}", "}").replace(":0.", ":.")));
        if status == ExecutionStatus::InProgress {
            bar.enable_steady_tick(Duration::from_millis(100));
        } else {
            bar.disable_steady_tick();
            bar.tick();
        }
    }
}

/// Returns how a status is called on the screen.
pub(crate) fn word(status: ExecutionStatus) -> &'static str {
    match status {
        ExecutionStatus::InProgress => "waiting",
        other => other.as_str(),
    }
}

fn reason(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(" {}", message.replace('\n', " "))
    }
}
