//! The Go program at the other end of a pipe.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use super::case::{Answer, Case};

/// How long Go may think.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running oracle.
pub(crate) struct Oracle {
    path: String,
    child: Child,
    input: ChildStdin,
    answers: Receiver<String>,
}

impl Oracle {
    pub(crate) fn start(path: &str) -> io::Result<Self> {
        let mut child = Command::new(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = child
            .stdin
            .take()
            .ok_or_else(|| io::Error::other("oracle has no input"))?;
        let output = child
            .stdout
            .take()
            .ok_or_else(|| io::Error::other("oracle has no output"))?;
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            path: path.to_owned(),
            child,
            input,
            answers,
        })
    }

    /// Returns Go's answer; nothing if it died or takes too long, and then it is started again.
    pub(crate) fn answer(&mut self, case: &Case) -> io::Result<Option<Answer>> {
        let mut line = serde_json::to_vec(case)?;
        line.push(b'\n');
        let asked = self
            .input
            .write_all(&line)
            .and_then(|()| self.input.flush());
        if asked.is_ok()
            && let Ok(answer) = self.answers.recv_timeout(PATIENCE)
        {
            return Ok(serde_json::from_str::<Case>(&answer)
                .ok()
                .map(|case| case.answer));
        }
        self.stop();
        *self = Self::start(&self.path.clone())?;
        Ok(None)
    }

    fn stop(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.stop();
    }
}
