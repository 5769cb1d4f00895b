//! Time that is handed in: the real clock, and one that tests move.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

/// A sleep that ends when its clock says so.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the sandbox reads the time, timers included.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;
    /// Waits until this clock shows `deadline` or later.
    fn sleep_until(&self, deadline: Timestamp) -> Sleep;

    /// Waits for `duration` from now.
    fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(later(self.now(), duration))
    }
}

/// Adds a duration to a moment; the end of time stays the end of time.
pub fn later(moment: Timestamp, duration: Duration) -> Timestamp {
    moment.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// Returns a moment as `metav1.Time` is written: RFC 3339 in whole seconds.
pub fn seconds(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns a moment as `metav1.MicroTime` is written.
pub fn micros(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, deadline: Timestamp) -> Sleep {
        let wait = Duration::try_from(deadline.duration_since(self.now())).unwrap_or_default();
        Box::pin(tokio::time::sleep(wait))
    }
}

/// A clock that stands still until it is moved: plan tests run hours in milliseconds.
#[derive(Debug)]
pub struct TestClock {
    moment: watch::Sender<Timestamp>,
}

impl TestClock {
    /// Starts a clock at `moment`.
    pub fn new(moment: Timestamp) -> Self {
        Self {
            moment: watch::Sender::new(moment),
        }
    }

    /// Moves the clock forward and wakes whoever waited for it.
    pub fn advance(&self, duration: Duration) {
        self.moment
            .send_modify(|moment| *moment = later(*moment, duration));
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.moment.borrow()
    }

    fn sleep_until(&self, deadline: Timestamp) -> Sleep {
        let mut moment = self.moment.subscribe();
        Box::pin(async move {
            // A clock that is gone never gets there: the sleeper waits for its own end.
            if moment.wait_for(|moment| *moment >= deadline).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_test_clock_passes_its_deadline() {
        let clock = TestClock::new(Timestamp::UNIX_EPOCH);
        let sleep = clock.sleep(Duration::from_hours(1));

        clock.advance(Duration::from_hours(1));
        sleep.await;

        assert_eq!(seconds(clock.now()), "1970-01-01T01:00:00Z");
        assert_eq!(micros(clock.now()), "1970-01-01T01:00:00.000000Z");
    }
}
