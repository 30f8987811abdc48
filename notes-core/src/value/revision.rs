use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::value::note_id::NoteId;
use crate::value::timestamp::Timestamp;
use crate::value::uuid_v7;

/// Identifies one state of a note: a UUIDv7 that grows with each write of the note.
///
/// The first revision of a note is its id; each later write makes a new one. The time in it is that of the
/// write. The HTTP API shows it as the `ETag`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Revision(Uuid);

impl Revision {
    /// A new revision: the time `now` and 74 random bits.
    #[must_use]
    pub fn generate(now: Timestamp) -> Self {
        Self(uuid_v7::generate(now))
    }

    /// A new revision that is greater than this one. Its time is `now`, unless this one is from a clock that is
    /// ahead: then it is greater than this one by less than a millisecond.
    ///
    /// In both cases it is random, so that concurrent writers of the same state get different revisions.
    /// `None` only after the last UUIDv7, in the year 10889.
    #[must_use]
    pub fn next(self, now: Timestamp) -> Option<Self> {
        let fresh = Self::generate(now);
        if fresh > self {
            return Some(fresh);
        }
        // With a step of 1, two writers would get the same revision, and each would take the other's write
        // for its own.
        let step = 1 + uuid_v7::low_rest(fresh.0);
        uuid_v7::from_ordinal(uuid_v7::ordinal(self.0) + step).map(Self)
    }

    /// The time of the write. A time after [`Timestamp::MAX`] is returned as that.
    #[must_use]
    pub fn written_at(self) -> Timestamp {
        uuid_v7::created_at(self.0)
    }

    /// The 16 bytes of the UUID. Their lexicographic order is that of the revisions.
    #[must_use]
    pub fn into_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }
}

impl From<NoteId> for Revision {
    fn from(id: NoteId) -> Self {
        Self(id.uuid())
    }
}

impl TryFrom<[u8; 16]> for Revision {
    type Error = InvalidRevision;

    fn try_from(bytes: [u8; 16]) -> Result<Self, InvalidRevision> {
        let uuid = Uuid::from_bytes(bytes);
        uuid_v7::is_v7(uuid)
            .then_some(Self(uuid))
            .ok_or(InvalidRevision)
    }
}

impl TryFrom<String> for Revision {
    type Error = InvalidRevision;

    fn try_from(text: String) -> Result<Self, InvalidRevision> {
        text.parse()
    }
}

impl From<Revision> for String {
    fn from(revision: Revision) -> Self {
        revision.to_string()
    }
}

impl FromStr for Revision {
    type Err = InvalidRevision;

    fn from_str(text: &str) -> Result<Self, InvalidRevision> {
        uuid_v7::parse(text).map(Self).ok_or(InvalidRevision)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A text or 16 bytes are not a [`Revision`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a revision is a UUID of version 7")]
pub struct InvalidRevision;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_revision_is_greater_whatever_the_clock_says() {
        let now = Timestamp::from_millis(1_795_373_220_123);
        let ahead = Revision::generate(Timestamp::from_millis(now.as_millis() + 60_000));
        let next = ahead.next(now).unwrap();
        assert!(next > ahead);
        let drift = next.written_at().as_millis() - ahead.written_at().as_millis();
        assert!(drift <= 1, "{drift}");
        let behind = Revision::generate(Timestamp::from_millis(now.as_millis() - 60_000));
        assert_eq!(behind.next(now).unwrap().written_at(), now);
    }

    #[test]
    fn writers_that_follow_one_revision_have_each_their_own() {
        let now = Timestamp::from_millis(1_795_373_220_123);
        let current = Revision::generate(Timestamp::from_millis(now.as_millis() + 60_000));
        let mut next: Vec<_> = (0..1_000).map(|_| current.next(now)).collect();
        next.sort();
        next.dedup();
        assert_eq!(next.len(), 1_000);
    }

    #[test]
    fn nothing_follows_the_last_revision() {
        let last: Revision = "ffffffff-ffff-7fff-bfff-ffffffffffff".parse().unwrap();
        assert_eq!(last.next(Timestamp::now()), None);
    }
}
