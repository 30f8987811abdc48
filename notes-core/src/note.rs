use crate::{Category, Change, Content, Expiry, NoteId, Revision, Timestamp, Title, UserId};

/// One note of one user, as it is stored now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The owner.
    pub user: UserId,
    /// The name of its creation; with the owner, its key.
    pub id: NoteId,
    /// The title.
    pub title: Title,
    /// The text.
    pub content: Content,
    /// The label, if it has one.
    pub category: Option<Category>,
    /// When it ends, if it ends.
    pub expiry: Option<Expiry>,
    /// Whether `expiry` comes from the retention setting and not from the note's author: each write
    /// then moves it.
    pub retained: bool,
    /// The name of this state.
    pub revision: Revision,
}

impl Note {
    /// When it was created: the id's time.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.id.created_at()
    }

    /// When it was last written: the revision's time.
    #[must_use]
    pub fn updated_at(&self) -> Timestamp {
        self.revision.written_at()
    }

    /// Whether it has not expired at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expiry.is_none_or(|expiry| expiry.is_after(now))
    }
}

/// What a creator asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNote {
    /// The title.
    pub title: Title,
    /// The text.
    pub content: Content,
    /// The label, if any.
    pub category: Option<Category>,
    /// When it ends; [`Change::Clear`] for "never", [`Change::Keep`] for "as the retention setting
    /// says".
    pub expiry: Change<Expiry>,
}
