use crate::value::category::Category;
use crate::value::content::Content;
use crate::value::expires::Expires;
use crate::value::expiry::Expiry;
use crate::value::note_id::NoteId;
use crate::value::revision::Revision;
use crate::value::timestamp::Timestamp;
use crate::value::title::Title;
use crate::value::user_id::UserId;

/// One note of one user, as it is stored now.
///
/// A store makes it with [`Note::new`] and the methods `with_…`; fields that a later version adds have a default there.
/// So a literal does not compile outside of this crate:
///
/// ```compile_fail,E0639
/// # use notes_core::{Content, Expires, Note, NoteId, Title, UserId};
/// fn note(user: UserId, id: NoteId, title: Title, content: Content) -> Note {
///     let (category, expires, revision) = (None, Expires::Never, id.into());
///     Note { user, id, title, content, category, expires, revision }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// Whether and when it expires, and who has decided that.
    pub expires: Expires,
    /// Identifies this state of the note.
    pub revision: Revision,
}

impl Note {
    /// A note in its first state, whose revision is its id. It has no category and never expires.
    #[must_use]
    pub fn new(user: UserId, id: NoteId, title: Title, content: Content) -> Self {
        Self {
            user,
            id,
            title,
            content,
            category: None,
            expires: Expires::Never,
            revision: id.into(),
        }
    }

    /// Sets the label.
    #[must_use]
    pub fn with_category(mut self, category: Category) -> Self {
        self.category = Some(category);
        self
    }

    /// Sets whether and when the note expires.
    #[must_use]
    pub fn with_expires(mut self, expires: Expires) -> Self {
        self.expires = expires;
        self
    }

    /// Sets the revision.
    #[must_use]
    pub fn with_revision(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

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

    /// When it expires, if it does.
    #[must_use]
    pub fn expiry(&self) -> Option<Expiry> {
        self.expires.expiry()
    }

    /// Whether it has not expired at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires.is_after(now)
    }
}
