//! The scripted shell of pretend pods.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::files::{self, Entry};
use super::script::{self, When};
use crate::clock::{self, later};
use crate::store::{Store, object};

/// What a command has done so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// Absent while the command waits for input or time.
    pub(crate) exit: Option<u8>,
}

/// What the shell waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    No,
    /// Input is printed.
    Copies,
    /// Input is a script, line by line.
    Reads,
    /// Input is swallowed.
    Swallows,
    Until(Timestamp),
}

/// A shell in one container.
#[derive(Debug)]
pub(crate) struct Shell {
    store: Store,
    pod: Arc<Value>,
    container: Value,
    has_input: bool,
    rest: VecDeque<script::Step>,
    waiting: Waiting,
    last: u8,
    input: Vec<u8>,
}

impl Shell {
    pub(crate) fn new(store: Store, pod: Arc<Value>, container: Value, has_input: bool) -> Self {
        Self {
            store,
            pod,
            container,
            has_input,
            rest: VecDeque::new(),
            waiting: Waiting::No,
            last: 0,
            input: Vec::new(),
        }
    }

    /// The log of the container.
    pub(crate) fn log(&self) -> Vec<String> {
        super::log_lines(&self.pod, &self.container, false)
    }

    /// Starts a command.
    pub(crate) fn start(&mut self, command: &[String]) -> Outcome {
        let words = command.to_vec();
        self.rest.push_back(script::Step {
            when: When::Always,
            words,
        });
        self.go_on(Outcome::default())
    }

    /// Hands input to the command.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Outcome {
        let mut outcome = Outcome::default();
        match self.waiting {
            Waiting::Copies => outcome.stdout.extend(bytes),
            Waiting::Reads => {
                self.input.extend(bytes);
                while let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = self.input.drain(..=end).collect();
                    self.read_line(&String::from_utf8_lossy(&line), &mut outcome);
                }
                outcome = self.run(outcome);
                if outcome.exit.is_none() && self.waiting == Waiting::No {
                    self.waiting = Waiting::Reads;
                }
            }
            Waiting::Swallows | Waiting::No | Waiting::Until(_) => {}
        }
        outcome
    }

    /// Tells the command that there is no more input.
    pub(crate) fn end_of_input(&mut self) -> Outcome {
        self.has_input = false;
        match self.waiting {
            Waiting::Copies | Waiting::Reads | Waiting::Swallows => {
                let line = std::mem::take(&mut self.input);
                let mut outcome = Outcome::default();
                if self.waiting == Waiting::Reads {
                    self.read_line(&String::from_utf8_lossy(&line), &mut outcome);
                }
                self.waiting = Waiting::No;
                self.go_on(outcome)
            }
            Waiting::No | Waiting::Until(_) => Outcome::default(),
        }
    }

    /// Waits for the end of a `sleep`; for ever when there is none.
    pub(crate) async fn timer(&self) {
        match self.waiting {
            Waiting::Until(end) => self.store.clock().sleep_until(end).await,
            _ => std::future::pending().await,
        }
    }

    /// Goes on after a `sleep`.
    pub(crate) fn timer_ended(&mut self) -> Outcome {
        self.waiting = Waiting::No;
        self.go_on(Outcome::default())
    }

    fn read_line(&mut self, line: &str, outcome: &mut Outcome) {
        match script::parse(line) {
            Ok(steps) => self.rest.extend(steps),
            Err(why) => self.last = complain(outcome, "sh", &why, 2),
        }
    }

    fn go_on(&mut self, outcome: Outcome) -> Outcome {
        let mut outcome = self.run(outcome);
        if self.waiting == Waiting::No && outcome.exit.is_none() {
            outcome.exit = Some(self.last);
        }
        outcome
    }

    /// Runs commands until one waits or none is left.
    fn run(&mut self, mut outcome: Outcome) -> Outcome {
        while let Some(step) = self.rest.pop_front() {
            let due = match step.when {
                When::Always => true,
                When::AfterSuccess => self.last == 0,
                When::AfterFailure => self.last != 0,
            };
            if !due {
                continue;
            }
            self.waiting = Waiting::No;
            self.last = self.command(&step.words, &mut outcome);
            if outcome.exit.is_some() || self.waiting != Waiting::No {
                break;
            }
        }
        outcome
    }

    fn command(&mut self, words: &[String], outcome: &mut Outcome) -> u8 {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let Some((program, arguments)) = words.split_first() else {
            return 0;
        };
        let program = program.rsplit('/').next().unwrap_or(program);
        match program {
            // Nothing is written in a pretend pod, so nothing can go wrong with it.
            "true" | ":" | "sync" | "mkdir" | "rm" | "touch" | "chmod" | "chown" => 0,
            "false" => 1,
            "echo" => echo(arguments, outcome),
            "sh" | "bash" | "ash" => self.shell(arguments, outcome),
            "cat" => self.cat(arguments, outcome),
            "sleep" => self.sleep(arguments, outcome),
            "exit" => {
                let code = arguments.first().and_then(|code| code.parse().ok());
                outcome.exit = Some(code.unwrap_or(self.last));
                self.rest.clear();
                code.unwrap_or(self.last)
            }
            "hostname" => print(outcome, object::name(&self.pod)),
            "whoami" => print(outcome, "root"),
            "pwd" => {
                let folder = object::text(&self.container, "/workingDir");
                print(outcome, if folder.is_empty() { "/" } else { folder })
            }
            "date" => print(outcome, &clock::seconds(self.store.clock().now())),
            "env" | "printenv" => self.environment(outcome),
            "ls" => self.list(arguments, outcome),
            "stat" => self.stat(arguments, outcome),
            "test" | "[" => self.test(arguments),
            "tar" => self.tar(arguments, outcome),
            other => {
                let why = "not found: the kudo-rs sandbox pretends its pods and knows only simple \
                           commands";
                complain(outcome, other, why, 127)
            }
        }
    }

    fn shell(&mut self, arguments: &[&str], outcome: &mut Outcome) -> u8 {
        let script = arguments
            .iter()
            .position(|argument| argument.starts_with('-') && argument.ends_with('c'))
            .and_then(|place| arguments.get(place + 1));
        let Some(script) = script else {
            if self.has_input {
                self.waiting = Waiting::Reads;
            }
            return 0;
        };
        match script::parse(script) {
            Ok(steps) => {
                for step in steps.into_iter().rev() {
                    self.rest.push_front(step);
                }
                // The first command of the script runs whatever came before it.
                self.last = 0;
                0
            }
            Err(why) => complain(outcome, "sh", &why, 2),
        }
    }

    fn cat(&mut self, arguments: &[&str], outcome: &mut Outcome) -> u8 {
        let files: Vec<&&str> = arguments
            .iter()
            .filter(|argument| **argument != "-")
            .collect();
        if files.is_empty() {
            if self.has_input {
                self.waiting = Waiting::Copies;
            }
            return 0;
        }
        let mut code = 0;
        for file in files {
            match self.at(file) {
                Some(Entry::File(bytes)) => outcome.stdout.extend(bytes),
                Some(Entry::Folder(_)) => {
                    code = complain(outcome, "cat", &format!("{file}: Is a directory"), 1);
                }
                None => code = missing(outcome, "cat", file),
            }
        }
        code
    }

    fn sleep(&mut self, arguments: &[&str], outcome: &mut Outcome) -> u8 {
        let seconds = arguments
            .first()
            .and_then(|text| text.trim_end_matches('s').parse::<f64>().ok());
        let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let Some(duration) = duration else {
            return complain(outcome, "sleep", "missing or invalid number of seconds", 1);
        };
        self.waiting = Waiting::Until(later(self.store.clock().now(), duration));
        0
    }

    fn environment(&self, outcome: &mut Outcome) -> u8 {
        print(outcome, &format!("HOSTNAME={}", object::name(&self.pod)));
        for variable in object::list(&self.container, "/env") {
            let value = object::text(variable, "/value");
            print(
                outcome,
                &format!("{}={value}", object::text(variable, "/name")),
            );
        }
        0
    }

    fn list(&self, arguments: &[&str], outcome: &mut Outcome) -> u8 {
        let paths: Vec<&&str> = arguments
            .iter()
            .filter(|word| !word.starts_with('-'))
            .collect();
        let paths = if paths.is_empty() { vec![&"/"] } else { paths };
        let mut code = 0;
        for path in paths {
            match self.at(path) {
                Some(Entry::File(_)) => {
                    print(outcome, path);
                }
                Some(Entry::Folder(names)) => {
                    for name in names {
                        print(outcome, &name);
                    }
                }
                None => code = missing(outcome, "ls", path),
            }
        }
        code
    }

    fn stat(&self, arguments: &[&str], outcome: &mut Outcome) -> u8 {
        let mut code = 0;
        for path in arguments.iter().filter(|word| !word.starts_with('-')) {
            match self.at(path) {
                Some(Entry::File(bytes)) => {
                    print(outcome, &format!("  File: {path}\n  Size: {}", bytes.len()));
                }
                Some(Entry::Folder(_)) => {
                    print(outcome, &format!("  File: {path}\n  Size: 4096"));
                }
                None => {
                    let why = format!("cannot stat '{path}': No such file or directory");
                    code = complain(outcome, "stat", &why, 1);
                }
            }
        }
        code
    }

    fn test(&self, arguments: &[&str]) -> u8 {
        let holds = match arguments.strip_suffix(&["]"]).unwrap_or(arguments) {
            ["-e", path] => self.at(path).is_some(),
            ["-f" | "-s" | "-r", path] => matches!(self.at(path), Some(Entry::File(_))),
            ["-d", path] => matches!(self.at(path), Some(Entry::Folder(_))),
            ["-z", text] => text.is_empty(),
            [left, "=" | "==", right] => left == right,
            [left, "!=", right] => left != right,
            ["-n", text] | [text] => !text.is_empty(),
            _ => false,
        };
        u8::from(!holds)
    }

    /// `tar cf - FILE...` writes an archive; reading one swallows it.
    fn tar(&mut self, arguments: &[&str], outcome: &mut Outcome) -> u8 {
        let Some((mode, files)) = arguments.split_first() else {
            return complain(outcome, "tar", "no mode given", 2);
        };
        if mode.contains('x') {
            if self.has_input {
                self.waiting = Waiting::Swallows;
            }
            return 0;
        }
        let (mut archive, mut code) = (tar::Builder::new(Vec::new()), 0);
        let names = files.iter().filter(|word| !word.starts_with('-'));
        for path in names {
            let Some(Entry::File(bytes)) = self.at(path) else {
                code = missing(outcome, "tar", path);
                continue;
            };
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            if archive
                .append_data(&mut header, path.trim_start_matches('/'), bytes.as_slice())
                .is_err()
            {
                code = complain(outcome, "tar", &format!("{path}: the name is too long"), 2);
            }
        }
        match archive.into_inner() {
            Ok(bytes) => outcome.stdout.extend(bytes),
            Err(error) => code = complain(outcome, "tar", &error.to_string(), 2),
        }
        code
    }

    fn at(&self, path: &str) -> Option<Entry> {
        files::at(&self.store, &self.pod, &self.container, path)
    }
}

fn echo(arguments: &[&str], outcome: &mut Outcome) -> u8 {
    match arguments {
        ["-n", rest @ ..] => outcome.stdout.extend(rest.join(" ").bytes()),
        rest => {
            print(outcome, &rest.join(" "));
        }
    }
    0
}

fn print(outcome: &mut Outcome, line: &str) -> u8 {
    outcome.stdout.extend(line.bytes());
    outcome.stdout.push(b'\n');
    0
}

fn complain(outcome: &mut Outcome, program: &str, why: &str, code: u8) -> u8 {
    outcome.stderr.extend(format!("{program}: {why}\n").bytes());
    code
}

fn missing(outcome: &mut Outcome, program: &str, path: &str) -> u8 {
    complain(
        outcome,
        program,
        &format!("{path}: No such file or directory"),
        1,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::SystemClock;
    use crate::ids::SeededIds;
    use crate::store::resources;

    fn run(command: &[&str]) -> Outcome {
        let store = Store::in_memory(Arc::new(SystemClock), Arc::new(SeededIds::new(1)));
        store
            .create(
                &resources::CONFIG_MAPS,
                json!({"metadata": {"name": "m", "namespace": "d"}, "data": {"k": "v"}}),
            )
            .unwrap();
        let container = json!({"name": "c", "volumeMounts": [{"name": "m", "mountPath": "/m"}]});
        let pod = json!({"metadata": {"name": "p", "namespace": "d"},
                         "spec": {"containers": [container],
                                  "volumes": [{"name": "m", "configMap": {"name": "m"}}]}});
        let mut shell = Shell::new(store, Arc::new(pod), container, false);
        shell.start(
            &command
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn commands_print_and_exit_as_in_a_container() {
        assert_eq!(run(&["echo", "a", "b"]).stdout, b"a b\n");
        assert_eq!(run(&["cat", "/m/k"]).stdout, b"v");
        assert_eq!(run(&["cat", "/m/absent"]).exit, Some(1));
        assert_eq!(run(&["sh", "-c", "false || exit 7; echo no"]).exit, Some(7));
        assert_eq!(
            run(&["sh", "-c", "test -f /m/k && echo yes"]).stdout,
            b"yes\n"
        );
        assert_eq!(run(&["mysqld"]).exit, Some(127));
        assert_eq!(run(&["sleep", "1"]).exit, None);
    }
}
