use std::sync::{Arc, Mutex};

use dynoxide::storage_backend;
use notes_core::Timestamp;
use tokio::time::Instant;

/// How many servers there are, whose clocks differ.
pub(crate) const SERVERS: u64 = 3;

/// How far each server's clock is ahead of the one before it: about as long as a request takes.
const SKEW_MILLIS: u64 = 1_000;

/// How far the fastest clock is ahead of the slowest.
pub(crate) const MAX_SKEW_MILLIS: u64 = (SERVERS - 1) * SKEW_MILLIS;

const START_MILLIS: u64 = 1_795_373_220_000;

/// The slowest clock of the servers of one user. It goes with simulated time, and no two readings of it, nor of the
/// other servers' clocks, are the same: or the order of two revisions would depend on their random bits.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    started: Instant,
    last: Arc<Mutex<u64>>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            last: Arc::default(),
        }
    }

    /// A clock that started with this one, for another user.
    pub(crate) fn another(&self) -> Self {
        Self {
            last: Arc::default(),
            ..self.clone()
        }
    }

    pub(crate) fn millis(&self) -> u64 {
        let mut last = self.last.lock().unwrap();
        *last = self.elapsed_millis().div_ceil(SERVERS).max(*last + 1);
        START_MILLIS + *last * SERVERS
    }

    /// The same without a reading of its own: not before any reading so far, and before all that follow.
    pub(crate) fn peek_millis(&self) -> u64 {
        let last = *self.last.lock().unwrap();
        START_MILLIS + self.elapsed_millis().max(last * SERVERS)
    }

    /// The time on a server's clock.
    pub(crate) fn at_server(&self, server: u64) -> Timestamp {
        Timestamp::from_millis(self.millis() + server * SKEW_MILLIS)
    }

    fn elapsed_millis(&self) -> u64 {
        self.started.elapsed().as_millis().try_into().unwrap()
    }
}

/// The engine's clock, by which it removes what is over.
impl storage_backend::Clock for Clock {
    fn now_unix_secs(&self) -> u64 {
        (START_MILLIS + self.elapsed_millis()) / 1_000
    }

    fn now_unix_secs_f64(&self) -> f64 {
        f64::from(u32::try_from(self.now_unix_secs()).unwrap())
    }
}
