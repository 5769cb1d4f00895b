//! Which instances have something to be done, and when: a plain value over times that are handed in.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::Key;

const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Instances by when they are due; one that is being worked on waits until that has ended.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: BTreeMap<Key, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    due: Option<Timestamp>,
    /// Not before this time, however often it is marked.
    held_until: Option<Timestamp>,
    is_forced: bool,
    is_busy: bool,
    failures: u32,
}

impl Entry {
    fn due(&self) -> Option<Timestamp> {
        let due = self.due.filter(|_| !self.is_busy)?;
        Some(self.held_until.map_or(due, |held| held.max(due)))
    }
}

impl Queue {
    /// Makes an instance due after `delay`, or earlier where it was due earlier; `is_forced` means that
    /// it is to be looked at even if nothing about it has changed.
    pub(super) fn mark(&mut self, key: &Key, now: Timestamp, delay: Duration, is_forced: bool) {
        let entry = self.entries.entry(key.clone()).or_default();
        let due = later(now, delay);
        entry.due = Some(entry.due.map_or(due, |before| before.min(due)));
        entry.is_forced |= is_forced;
    }

    /// Takes the first instance that is due and `may` be worked on; tells whether it was forced.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        may: impl Fn(&Key) -> bool,
    ) -> Option<(Key, bool)> {
        let is_due = |entry: &Entry| entry.due().is_some_and(|due| due <= now);
        let (key, entry) = self
            .entries
            .iter_mut()
            .filter(|(key, entry)| is_due(entry) && may(key))
            .min_by_key(|(_, entry)| entry.due())?;
        entry.due = None;
        entry.is_busy = true;
        Some((key.clone(), std::mem::take(&mut entry.is_forced)))
    }

    /// Returns when the next instance is due.
    pub(super) fn next(&self, may: impl Fn(&Key) -> bool) -> Option<Timestamp> {
        let entries = self.entries.iter().filter(|(key, _)| may(key));
        entries.filter_map(|(_, entry)| entry.due()).min()
    }

    /// The work on an instance has ended, and there is nothing to come back for.
    pub(super) fn done(&mut self, key: &Key) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        if entry.due.is_none() {
            self.entries.remove(key);
            return;
        }
        (entry.is_busy, entry.failures, entry.held_until) = (false, 0, None);
    }

    /// The work on an instance has failed; returns after what time it is tried again.
    pub(super) fn failed(&mut self, key: &Key, now: Timestamp) -> Duration {
        let entry = self.entries.entry(key.clone()).or_default();
        let pause = Duration::from_secs(1 << entry.failures.min(6)).min(LONGEST_PAUSE);
        entry.failures += 1;
        entry.is_busy = false;
        entry.is_forced = true;
        entry.held_until = Some(later(now, pause));
        entry.due = Some(now);
        pause
    }
}

fn later(now: Timestamp, delay: Duration) -> Timestamp {
    now.checked_add(delay).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        ("ns".to_owned(), name.to_owned())
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn an_instance_is_worked_on_once_at_a_time() {
        let mut queue = Queue::default();
        queue.mark(&key("a"), at(0), NOW, false);

        assert_eq!(queue.take(at(0), |_| true), Some((key("a"), false)));
        queue.mark(&key("a"), at(1), NOW, true);
        assert_eq!(queue.take(at(1), |_| true), None);
        queue.done(&key("a"));
        assert_eq!(queue.take(at(1), |_| true), Some((key("a"), true)));
        queue.done(&key("a"));
        assert_eq!(queue.next(|_| true), None);
    }

    #[test]
    fn what_is_marked_often_is_due_when_it_was_first() {
        let mut queue = Queue::default();
        let second = Duration::from_secs(1);

        queue.mark(&key("a"), at(0), second, false);
        queue.mark(&key("a"), at(5), second, false);

        assert_eq!(queue.next(|_| true), Some(at(1)));
        assert_eq!(queue.take(at(0), |_| true), None);
    }

    #[test]
    fn failures_come_back_after_growing_pauses_whatever_happens_meanwhile() {
        let mut queue = Queue::default();
        queue.mark(&key("a"), at(0), NOW, false);
        let mut pauses = Vec::new();
        let mut now = at(0);
        for _ in 0..8 {
            queue.take(now, |_| true).unwrap();
            let pause = queue.failed(&key("a"), now);
            queue.mark(&key("a"), now, NOW, false);
            assert_eq!(queue.take(now, |_| true), None);
            now += pause;
            pauses.push(pause.as_secs());
        }

        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn what_may_not_be_worked_on_stays() {
        let mut queue = Queue::default();
        queue.mark(&key("a"), at(0), NOW, false);
        queue.mark(&key("b"), at(1), NOW, false);

        let only_b = |key: &Key| key.1 == "b";

        assert_eq!(queue.take(at(1), only_b), Some((key("b"), false)));
        assert_eq!(queue.next(|_| true), Some(at(0)));
    }
}
