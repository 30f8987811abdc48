use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::value::timestamp::Timestamp;
use crate::value::uuid_v7;

/// Identifies a note and its creation: a UUIDv7
/// ([RFC 9562 §5.7](https://www.rfc-editor.org/rfc/rfc9562#section-5.7)), chosen by the creator.
///
/// The creator of a note chooses the id before the first attempt, so that a retry means the same note. The
/// time in the id is the note's time of creation, and ids sort by it. The text is canonical: 36 characters,
/// lower case.
///
/// ```
/// use notes_core::{NoteId, Timestamp};
///
/// let now = Timestamp::now();
/// let id = NoteId::generate(now);
/// assert_eq!(id.created_at(), now);
/// assert_eq!(id.to_string().parse(), Ok(id));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NoteId(Uuid);

impl NoteId {
    /// The smallest possible id.
    pub const FIRST: Self = Self(uuid_v7::FIRST);

    /// The greatest possible id.
    pub const LAST: Self = Self(uuid_v7::LAST);

    /// A new id: the time `now` and 74 random bits.
    #[must_use]
    pub fn generate(now: Timestamp) -> Self {
        Self(uuid_v7::generate(now))
    }

    /// The time in the id. Ids reach to the year 10889; a time after [`Timestamp::MAX`] is returned as that.
    #[must_use]
    pub fn created_at(self) -> Timestamp {
        uuid_v7::created_at(self.0)
    }

    /// The id as a number of 122 bits: 48 bits of milliseconds and the 74 remaining bits, without version and
    /// variant. Ordinals have the order of the ids and no gaps: the ordinal of the next id is one more.
    #[must_use]
    pub fn ordinal(self) -> u128 {
        uuid_v7::ordinal(self.0)
    }

    /// The id with this [`ordinal`](Self::ordinal), if it has at most 122 bits.
    #[must_use]
    pub fn from_ordinal(ordinal: u128) -> Option<Self> {
        uuid_v7::from_ordinal(ordinal).map(Self)
    }

    /// The time in the id if it was made by an old draft of UUIDv7, with seconds instead of milliseconds.
    pub(crate) fn created_at_by_old_draft(self) -> Timestamp {
        uuid_v7::created_at_by_old_draft(self.0)
    }

    /// The id as a UUID.
    pub(crate) fn uuid(self) -> Uuid {
        self.0
    }
}

impl FromStr for NoteId {
    type Err = InvalidNoteId;

    fn from_str(text: &str) -> Result<Self, InvalidNoteId> {
        uuid_v7::parse(text).map(Self).ok_or(InvalidNoteId)
    }
}

impl TryFrom<String> for NoteId {
    type Error = InvalidNoteId;

    fn try_from(text: String) -> Result<Self, InvalidNoteId> {
        text.parse()
    }
}

impl From<NoteId> for String {
    fn from(id: NoteId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for NoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A text is not a [`NoteId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a note id is a UUID of version 7 in lower case, such as 019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d"
)]
pub struct InvalidNoteId;
