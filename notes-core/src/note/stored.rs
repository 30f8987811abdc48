use crate::value::category::Category;
use crate::value::content::Content;
use crate::value::expiry::Expiry;
use crate::value::note_id::NoteId;
use crate::value::revision::Revision;
use crate::value::timestamp::Timestamp;
use crate::value::title::Title;
use crate::value::user_id::UserId;

/// One note of one user, as it is stored now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The owner.
    pub user: UserId,
    /// Identifies its creation. Owner and id are the key of the note.
    pub id: NoteId,
    /// The title.
    pub title: Title,
    /// The text.
    pub content: Content,
    /// The label, if it has one.
    pub category: Option<Category>,
    /// When it expires, if it does.
    pub expiry: Option<Expiry>,
    /// Whether `expiry` comes from the retention setting and not from the note's author. Each write of such a
    /// note moves its expiry.
    pub retained: bool,
    /// Identifies this state of the note.
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
