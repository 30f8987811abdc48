use crate::protocol::FIRST;
use crate::state::Revision;

/// What callers ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Request {
    /// The creation that the key names. Each of its calls is a repetition of the same.
    Create,
    /// So that the note does not expire any more.
    RemoveExpiry,
    Update,
    /// If the note is as it was created.
    UpdateIfNew,
    Delete,
    DeleteIfNew,
}

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Response {
    Done,
    Missing,
    Stale,
    Spent,
    Expired,
    NotWritten,
    Unknown,
}

impl Request {
    pub(crate) fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteIfNew)
    }

    /// Whether what it does not refuse has another expiry afterwards.
    pub(crate) fn moves_expiry(self) -> bool {
        matches!(self, Self::RemoveExpiry)
    }

    /// The revision that it expects.
    pub(crate) fn named(self) -> Option<Revision> {
        matches!(self, Self::UpdateIfNew | Self::DeleteIfNew).then_some(FIRST)
    }
}
