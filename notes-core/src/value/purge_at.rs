use std::time::Duration;

use crate::value::note_id::NoteId;
use crate::value::timestamp::Timestamp;

/// The time from which a store may remove an item physically: whole seconds since the Unix epoch.
///
/// A key must not become free while a retry of its creation can still arrive, or the retry would create the
/// note again. So it is one hour, as a safety margin for clocks that differ, after the later of two times:
/// when the note expires or is deleted, and when its id is no longer accepted for a creation.
///
/// With [sync](crate::SyncSettings), what is deleted or gets an expiry also stays for the horizon after that write, so
/// that every client hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PurgeAt(u64);

/// The safety margin for clocks that differ.
pub(crate) const MARGIN_SECS: u64 = 60 * 60;

impl PurgeAt {
    /// The time of removal of a note that expires or is deleted at `gone_secs` (seconds since the Unix epoch),
    /// where creations are accepted for `window` after the time of their id.
    #[must_use]
    pub fn new(id: NoteId, gone_secs: u64, window: Duration) -> Self {
        let accepted = id.created_at().as_secs().saturating_add(window.as_secs());
        Self(gone_secs.max(accepted).saturating_add(MARGIN_SECS))
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }
}

/// Until when what is gone at `gone_secs`, by a write with this `now`, is kept for clients: until then without sync,
/// and at least for the horizon with it. In seconds, rounded up.
pub(crate) fn kept_until(gone_secs: u64, now: Timestamp, horizon: Option<Duration>) -> u64 {
    let horizon_end = |horizon| now.saturating_add(horizon).as_millis().div_ceil(1_000);
    gone_secs.max(horizon.map_or(0, horizon_end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_taken_until_no_retry_can_come() {
        let id = NoteId::generate(Timestamp::from_millis(1_000_000_000));
        let week = Duration::from_secs(604_800);
        assert_eq!(
            PurgeAt::new(id, 1_000_001, week).as_secs(),
            1_604_800 + 3_600
        );
        assert_eq!(
            PurgeAt::new(id, 9_000_000, week).as_secs(),
            9_000_000 + 3_600
        );
    }
}
