use crate::note::stored::Note;
use crate::value::category::Category;
use crate::value::change::Change;
use crate::value::content::Content;
use crate::value::expiry::Expiry;
use crate::value::title::Title;

/// A change of some of a note's fields. A field that the patch does not mention stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// Whether it mentions no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Applies the patch to a note.
    ///
    /// If the patch mentions the expiry, the note is no longer [`retained`](Note::retained): its author has now
    /// decided when, or that it never, expires.
    pub fn apply(self, note: &mut Note) {
        if let Some(title) = self.title {
            note.title = title;
        }
        if let Some(content) = self.content {
            note.content = content;
        }
        self.category.apply(&mut note.category);
        if self.expiry != Change::Keep {
            note.retained = false;
        }
        self.expiry.apply(&mut note.expiry);
    }

    /// Whether the note would be the same after the patch.
    #[must_use]
    pub fn changes_nothing_in(&self, note: &Note) -> bool {
        // An author who sets the expiry that retention has given the note still makes a change: later writes
        // will no longer move it.
        let keeps_expiry = match self.expiry {
            Change::Keep => true,
            expiry => !note.retained && expiry.keeps(note.expiry.as_ref()),
        };
        self.title.as_ref().is_none_or(|title| *title == note.title)
            && self
                .content
                .as_ref()
                .is_none_or(|content| *content == note.content)
            && self.category.keeps(note.category.as_ref())
            && keeps_expiry
    }
}
