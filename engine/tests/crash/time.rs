//! Time that passes only when nothing else can happen: hours of pauses cost nothing, and no test
//! depends on how fast the machine is.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use jiff::Timestamp;

/// A clock that jumps to the next thing to happen whenever its runtime has nothing left to do.
#[derive(Debug)]
pub(crate) struct Time(Mutex<Sleepers>);

#[derive(Debug)]
struct Sleepers {
    now: Timestamp,
    next: u64,
    waiting: BTreeMap<(Timestamp, u64), Waker>,
}

impl Time {
    /// Runs `body` on a runtime of one thread whose only time is the one that `body` is handed.
    pub(crate) fn run<F: Future>(body: impl FnOnce(Arc<Self>) -> F) -> F::Output {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        let time = Arc::new(Self(Mutex::new(Sleepers {
            now: start,
            next: 0,
            waiting: BTreeMap::new(),
        })));
        let idle = time.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            // Connections into pods ping now and then; nothing waits for that.
            .enable_time()
            .on_thread_park(move || idle.advance())
            .build()
            .unwrap();
        runtime.block_on(body(time))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.lock().unwrap().now
    }

    pub(crate) fn sleep_until(self: &Arc<Self>, deadline: Timestamp) -> Sleep {
        let mut sleepers = self.0.lock().unwrap();
        sleepers.next += 1;
        Sleep {
            time: self.clone(),
            key: (deadline, sleepers.next),
        }
    }

    pub(crate) fn sleep(self: &Arc<Self>, duration: Duration) -> Sleep {
        let deadline = self.now().saturating_add(duration);
        self.sleep_until(deadline.unwrap_or(Timestamp::MAX))
    }

    fn advance(&self) {
        let mut sleepers = self.0.lock().unwrap();
        let Some(((deadline, _), waker)) = sleepers.waiting.pop_first() else {
            return;
        };
        sleepers.now = sleepers.now.max(deadline);
        drop(sleepers);
        waker.wake();
    }
}

/// Ends when its clock says so.
#[derive(Debug)]
pub(crate) struct Sleep {
    time: Arc<Time>,
    key: (Timestamp, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut sleepers = self.time.0.lock().unwrap();
        if sleepers.now >= self.key.0 {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        drop(sleepers.waiting.insert(self.key, waker));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let removed = self.time.0.lock().unwrap().waiting.remove(&self.key);
        drop(removed);
    }
}

/// The engine's view of a [`Time`].
#[derive(Clone, Debug)]
pub(crate) struct EngineClock(pub(crate) Arc<Time>);

impl kudo_engine::clock::Clock for EngineClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.0.sleep(duration))
    }
}

/// The sandbox's view of a [`Time`].
#[derive(Clone, Debug)]
pub(crate) struct SandboxClock(pub(crate) Arc<Time>);

impl kudo_sandbox::clock::Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep_until(&self, deadline: Timestamp) -> kudo_sandbox::clock::Sleep {
        Box::pin(self.0.sleep_until(deadline))
    }
}
