use std::time::Duration;

use crate::value::note_id::NoteId;

/// From when a store may remove an item physically: whole seconds since the Unix epoch.
///
/// A key may not become free while a retry of its creation can still come, or the retry would make
/// the note again. So it is the end of the note (its expiry or its deletion) or the end of the time
/// in which its id is accepted, whichever is later, and an hour for clocks that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PurgeAt(u64);

const MARGIN_SECS: u64 = 60 * 60;

impl PurgeAt {
    /// For the note `id` that ends at `end_secs` (seconds since the Unix epoch), where creations
    /// are accepted for `window` after the id's time.
    #[must_use]
    pub fn new(id: NoteId, end_secs: u64, window: Duration) -> Self {
        let accepted = id.created_at().as_secs().saturating_add(window.as_secs());
        Self(end_secs.max(accepted).saturating_add(MARGIN_SECS))
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::timestamp::Timestamp;

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
