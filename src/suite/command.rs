//! Running the commands of steps, with what kuttl gives them (kudo-spec 8.1).

use std::{ffi::OsString, path::PathBuf, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command as Process},
};

use super::model::{Command, Limit, Line};

/// How much of a command's output is kept: its end.
const MOST_OUTPUT: usize = 32 * 1024;

/// What commands find around them.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// `$NAMESPACE`.
    pub namespace: String,
    /// Where they run.
    pub folder: PathBuf,
    /// `$KUBECONFIG`; none in a pod.
    pub kubeconfig: Option<PathBuf>,
    /// `$PATH`.
    pub path: OsString,
    /// How long they may take.
    pub limit: Duration,
    /// What else is in the environment, to replace `$NAME` in words.
    pub variable: fn(&str) -> Option<String>,
}

/// Commands that run beside a suite; they end with it.
#[derive(Debug, Default)]
pub(crate) struct Background(Vec<Child>);

impl Background {
    /// Ends them.
    pub(crate) async fn end(mut self) {
        for child in &mut self.0 {
            end(child).await;
        }
    }
}

impl Environment {
    /// Runs commands one after the other until one fails; returns why.
    pub(crate) async fn run_all(
        &self,
        commands: &[Command],
        background: Option<&mut Background>,
    ) -> Result<(), String> {
        let mut background = background;
        for command in commands {
            match &mut background {
                Some(background) if command.is_background => {
                    let child = self.process(command)?.spawn();
                    let child = child.map_err(|error| self.unstarted(command, &error))?;
                    background.0.push(child);
                }
                _ => self.run(command).await?,
            }
        }
        Ok(())
    }

    async fn run(&self, command: &Command) -> Result<(), String> {
        let mut process = self.process(command)?;
        process.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process
            .spawn()
            .map_err(|error| self.unstarted(command, &error))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let limit = match command.limit {
            Limit::OfSuite => self.limit,
            Limit::Of(limit) => limit,
            Limit::None => Duration::MAX,
        };
        let ended = tokio::time::timeout(limit, async {
            tokio::join!(tail(stdout), tail(stderr), child.wait())
        })
        .await;
        let Ok((stdout, stderr, status)) = ended else {
            end(&mut child).await;
            return Err(format!(
                "{}: `{}` did not end within {} s",
                command.place,
                shown(&command.line),
                limit.as_secs()
            ));
        };
        let status = status.map_err(|error| format!("{}: {error}", command.place))?;
        if status.success() || command.ignores_failure {
            return Ok(());
        }
        let said = [stdout, stderr].concat();
        Err(format!(
            "{}: `{}` ended with {status}{}{}",
            command.place,
            shown(&command.line),
            if said.trim().is_empty() { "" } else { ":\n" },
            said.trim_end()
        ))
    }

    fn process(&self, command: &Command) -> Result<Process, String> {
        let mut words = match &command.line {
            Line::Words(line) => words(line, &|name| self.value(name))
                .map_err(|error| format!("{}: {error}", command.place))?,
            Line::Script(script) => vec!["sh".to_owned(), "-c".to_owned(), script.clone()],
        };
        if command.is_namespaced && !names_a_namespace(&words) {
            words.extend(["--namespace".to_owned(), self.namespace.clone()]);
        }
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| format!("{}: there is nothing to run", command.place))?;
        let mut process = Process::new(program);
        process
            .args(arguments)
            .current_dir(&self.folder)
            .env("NAMESPACE", &self.namespace)
            .env("PATH", &self.path)
            // KUDO's commands return at once, and suites rely on that.
            .env("KUDO_RS_NO_WAIT", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(kubeconfig) = &self.kubeconfig {
            process.env("KUBECONFIG", kubeconfig);
        }
        Ok(process)
    }

    fn value(&self, name: &str) -> String {
        match name {
            "NAMESPACE" => self.namespace.clone(),
            "PATH" => self.path.to_string_lossy().into_owned(),
            "KUBECONFIG" => {
                let path = self
                    .kubeconfig
                    .as_ref()
                    .map(|path| path.display().to_string());
                path.unwrap_or_default()
            }
            _ => (self.variable)(name).unwrap_or_default(),
        }
    }

    #[expect(
        clippy::unused_self,
        reason = "it reads as what this environment could not start"
    )]
    fn unstarted(&self, command: &Command, error: &std::io::Error) -> String {
        format!(
            "{}: `{}` cannot be started: {error}",
            command.place,
            shown(&command.line)
        )
    }
}

/// Ends a process with all that it started.
async fn end(child: &mut Child) {
    if let Some(id) = child.id() {
        let group = format!("-{id}");
        let killed = Process::new("kill").args(["-KILL", "--", &group]).status();
        if let Err(error) = killed.await {
            tracing::debug!(%error, "a process group was not ended");
        }
    }
    if let Err(error) = child.kill().await {
        tracing::debug!(%error, "a process was not ended");
    }
}

/// Returns the end of what is read.
async fn tail(from: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut from) = from else {
        return String::new();
    };
    let (mut kept, mut buffer) = (Vec::new(), vec![0; 8 * 1024]);
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..read]);
        if kept.len() > 2 * MOST_OUTPUT {
            kept.drain(..kept.len() - MOST_OUTPUT);
        }
    }
    let start = kept.len().saturating_sub(MOST_OUTPUT);
    String::from_utf8_lossy(&kept[start..]).into_owned()
}

fn shown(line: &Line) -> String {
    let (Line::Words(text) | Line::Script(text)) = line;
    let mut lines = text.trim().lines();
    let first = lines.next().unwrap_or_default();
    let more = if lines.next().is_some() { " ..." } else { "" };
    format!("{first}{more}")
}

fn names_a_namespace(words: &[String]) -> bool {
    words.iter().any(|word| {
        word == "-n"
            || word == "--namespace"
            || word.starts_with("--namespace=")
            || (word.starts_with("-n") && !word.starts_with("--") && word.len() > 2)
    })
}

/// Splits a line into words as a shell does: quotes, escapes and comments; `$NAME` and `${NAME}` are
/// replaced before, as kuttl does.
fn words(line: &str, value: &dyn Fn(&str) -> String) -> Result<Vec<String>, String> {
    let line = expanded(line, value);
    let mut letters = line.chars().peekable();
    let (mut words, mut word) = (Vec::new(), None::<String>);
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        None => return Err(format!("a quote is not closed in `{line}`")),
                        Some(next) if next == letter => break,
                        Some('\\') if letter == '"' => match letters.next() {
                            Some(next @ ('"' | '\\')) => word.push(next),
                            Some(next) => word.extend(['\\', next]),
                            None => return Err(format!("a quote is not closed in `{line}`")),
                        },
                        Some(next) => word.push(next),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(letters.next()),
            '#' if word.is_none() => while letters.next_if(|next| *next != '\n').is_some() {},
            space if space.is_whitespace() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn expanded(line: &str, value: &dyn Fn(&str) -> String) -> String {
    let is_name = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
    let mut text = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(escaped) = rest.strip_prefix('$') {
            text.push('$');
            rest = escaped;
            continue;
        }
        if let Some((name, after)) = rest
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
        {
            text.push_str(&value(name));
            rest = after;
            continue;
        }
        let name: String = rest.chars().take_while(is_name).collect();
        if name.is_empty() {
            text.push('$');
        } else {
            text.push_str(&value(&name));
        }
        rest = &rest[name.len()..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Result<Vec<String>, String> {
        words(line, &|name| format!("<{name}>"))
    }

    // POSIX, shell command language 2.2: quoting.
    #[test]
    fn lines_are_split_as_a_shell_does() {
        for (line, expected) in [
            ("kubectl get pods", vec!["kubectl", "get", "pods"]),
            ("a 'b c' \"d e\"", vec!["a", "b c", "d e"]),
            (
                r#"a\ b "c\"d" 'e\f' "g\h""#,
                vec!["a b", "c\"d", r"e\f", r"g\h"],
            ),
            ("a''b '' c", vec!["ab", "", "c"]),
            ("a # b\nc", vec!["a", "c"]),
            ("a#b", vec!["a#b"]),
            (
                "-n $NAMESPACE ${X}y $$Z $",
                vec!["-n", "<NAMESPACE>", "<X>y", "$Z", "$"],
            ),
            ("", vec![]),
        ] {
            assert_eq!(split(line).unwrap(), expected, "{line}");
        }
        for line in ["a 'b", "a \"b", "a \"b\\"] {
            assert!(split(line).unwrap_err().contains("not closed"), "{line}");
        }
    }

    #[test]
    fn a_namespace_is_added_once() {
        for (line, names) in [
            ("kubectl get pods", false),
            ("kubectl -n a get pods", true),
            ("kubectl get pods --namespace=a", true),
            ("kubectl get pods --name-only", false),
        ] {
            assert_eq!(names_a_namespace(&split(line).unwrap()), names, "{line}");
        }
    }
}
