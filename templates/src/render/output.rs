//! Where the output goes: into one buffer, or through it to a writer.

use std::io;

use super::{Failure, Run};
use crate::limits::Exceeded;

/// What is longer goes to a writer without a stop in the buffer.
const LONG: usize = 256;

/// So much is gathered in the buffer before it goes to a writer.
const MUCH: usize = 4096;

impl Run<'_> {
    /// Writes text of the template.
    pub(super) fn text(&mut self, text: &[u8]) -> Result<(), Failure> {
        if self.writer.is_none() || text.len() < LONG {
            self.out.extend_from_slice(text);
            return self.check_output();
        }
        self.flush()?;
        self.flushed += text.len();
        self.check_output()?;
        self.send(text)
    }

    /// Refuses too much output; passes on what the buffer has when it is much.
    pub(super) fn check_output(&mut self) -> Result<(), Failure> {
        let limit = self.meter.limits.output;
        if self.flushed + self.out.len() > limit {
            return Err(self.exceeded(Exceeded::Output(limit)));
        }
        if self.out.len() >= MUCH && self.writer.is_some() {
            return self.flush();
        }
        Ok(())
    }

    /// Passes on what the buffer has.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        if self.writer.is_none() || self.out.is_empty() {
            return Ok(());
        }
        let out = std::mem::take(&mut self.out);
        self.flushed += out.len();
        self.send(&out)?;
        self.out = out;
        self.out.clear();
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
