use crate::note::list_query::PageLimit;
use crate::note::stored::Note;
use crate::sync::position::ChangePosition;
use crate::value::note_id::NoteId;
use crate::value::timestamp::Timestamp;

/// Which of a user's changes to read, and after which position.
///
/// ```
/// use notes_core::{ChangesQuery, Timestamp};
///
/// let live = ChangesQuery::live();
/// let since = ChangesQuery::since(Timestamp::now());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangesQuery {
    /// What was written at this time or later, in whatever state it is now. `None`: all live notes.
    pub since: Option<Timestamp>,
    /// The position of a change, or the `next` of the page before: only what comes after it.
    pub position: Option<ChangePosition>,
    /// The most changes in a page.
    pub limit: PageLimit,
}

impl ChangesQuery {
    /// All live notes.
    #[must_use]
    pub const fn live() -> Self {
        Self {
            since: None,
            position: None,
            limit: PageLimit::LARGEST,
        }
    }

    /// All that was written at this time or later.
    #[must_use]
    pub const fn since(time: Timestamp) -> Self {
        Self {
            since: Some(time),
            position: None,
            limit: PageLimit::LARGEST,
        }
    }

    /// Sets the most changes in a page, which are 100 otherwise.
    #[must_use]
    pub const fn with_limit(mut self, limit: PageLimit) -> Self {
        self.limit = limit;
        self
    }

    /// Continues after this position.
    #[must_use]
    pub fn with_position(mut self, position: ChangePosition) -> Self {
        self.position = Some(position);
        self
    }
}

/// Some of a user's changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangePage {
    /// The changes, in the order of their positions.
    pub changes: Vec<Changed>,
    /// The position of the next page; `None` if this is the last page.
    pub next: Option<ChangePosition>,
}

impl ChangePage {
    /// A last page with these changes.
    #[must_use]
    pub const fn new(changes: Vec<Changed>) -> Self {
        Self {
            changes,
            next: None,
        }
    }

    /// Sets the position of the next page.
    #[must_use]
    pub fn with_next(mut self, next: ChangePosition) -> Self {
        self.next = Some(next);
        self
    }
}

/// An item that was written, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changed {
    /// Its place in the order of changes, from which a query can continue.
    pub position: ChangePosition,
    /// What has become of it.
    pub state: ChangedState,
}

impl Changed {
    /// An item at this position.
    #[must_use]
    pub const fn new(position: ChangePosition, state: ChangedState) -> Self {
        Self { position, state }
    }
}

/// The state of an item that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangedState {
    /// A live note.
    Live(Note),
    /// The id of a note that is deleted or expired.
    Gone(NoteId),
    /// The id of an item that can't be read, or its key if that is not the key of an id.
    Unreadable(String),
}
