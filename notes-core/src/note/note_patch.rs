use crate::note::stored::Note;
use crate::value::category::Category;
use crate::value::change::Change;
use crate::value::content::Content;
use crate::value::expires::Expires;
use crate::value::expiry::Expiry;
use crate::value::title::Title;

/// A change of some of a note's fields. A field that the patch does not mention stays as it is.
///
/// ```
/// use notes_core::NotePatch;
///
/// let patch = NotePatch::default()
///     .with_title("Butter".parse()?)
///     .without_category();
/// # Ok::<(), notes_core::InvalidTitle>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotePatch {
    /// A new title.
    pub title: Option<Title>,
    /// A new text.
    pub content: Option<Content>,
    /// A new label, or none.
    pub category: Change<Category>,
    /// A new expiry, or none.
    pub expiry: Change<Expiry>,
}

impl NotePatch {
    /// Sets the title.
    #[must_use]
    pub fn with_title(mut self, title: Title) -> Self {
        self.title = Some(title);
        self
    }

    /// Sets the text.
    #[must_use]
    pub fn with_content(mut self, content: Content) -> Self {
        self.content = Some(content);
        self
    }

    /// Sets the label.
    #[must_use]
    pub fn with_category(mut self, category: Category) -> Self {
        self.category = Change::Set(category);
        self
    }

    /// Removes the label.
    #[must_use]
    pub fn without_category(mut self) -> Self {
        self.category = Change::Clear;
        self
    }

    /// Sets the expiry.
    #[must_use]
    pub fn with_expiry(mut self, expiry: Expiry) -> Self {
        self.expiry = Change::Set(expiry);
        self
    }

    /// Removes the expiry.
    #[must_use]
    pub fn without_expiry(mut self) -> Self {
        self.expiry = Change::Clear;
        self
    }

    /// Whether it mentions no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Applies the patch to a note.
    ///
    /// If the patch mentions the expiry, the note is no longer [retained](Expires::Retained): its author has now
    /// decided when, or that it never, expires.
    pub fn apply(self, note: &mut Note) {
        if let Some(expires) = self.expires() {
            note.expires = expires;
        }
        if let Some(title) = self.title {
            note.title = title;
        }
        if let Some(content) = self.content {
            note.content = content;
        }
        self.category.apply(&mut note.category);
    }

    /// Whether the note would be the same after the patch.
    ///
    /// An author who sets the expiry that retention has given the note still makes a change: later writes will
    /// no longer move it.
    #[must_use]
    pub fn changes_nothing_in(&self, note: &Note) -> bool {
        self.title.as_ref().is_none_or(|title| *title == note.title)
            && self
                .content
                .as_ref()
                .is_none_or(|content| *content == note.content)
            && self.category.keeps(note.category.as_ref())
            && self.expires().is_none_or(|expires| expires == note.expires)
    }

    /// What the author decides on the note's expiry, if the patch mentions it.
    pub(crate) fn expires(&self) -> Option<Expires> {
        match self.expiry {
            Change::Keep => None,
            Change::Clear => Some(Expires::Never),
            Change::Set(expiry) => Some(Expires::Chosen(expiry)),
        }
    }
}
