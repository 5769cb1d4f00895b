//! Where the output goes: into one buffer, or text by text to a writer, as in Go.

use std::io;

use super::{Failure, Run};
use crate::limits::Exceeded;

impl Run<'_> {
    /// Writes text of the template.
    pub(super) fn text(&mut self, text: &[u8]) -> Result<(), Failure> {
        if self.writer.is_none() {
            self.out.extend_from_slice(text);
            return self.check_output();
        }
        self.flushed += text.len();
        self.check_output()?;
        self.send(text)
    }

    /// Refuses too much output; passes on what the buffer has.
    pub(super) fn check_output(&mut self) -> Result<(), Failure> {
        let limit = self.meter.limits.output;
        if self.flushed + self.out.len() > limit {
            return Err(self.exceeded(Exceeded::Output(limit)));
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if self.writer.is_none() || self.out.is_empty() {
            return Ok(());
        }
        let mut out = std::mem::take(&mut self.out);
        self.flushed += out.len();
        self.send(&out)?;
        out.clear();
        self.out = out;
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let sent = self
            .writer
            .as_mut()
            .map_or(Ok(()), |writer| writer.write_all(bytes));
        sent.map_err(|error: io::Error| self.failure(&error.to_string()))
    }
}
