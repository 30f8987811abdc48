use crate::note::stored::Note;
use crate::value::category::Category;
use crate::value::change::Change;
use crate::value::content::Content;
use crate::value::expiry::Expiry;
use crate::value::title::Title;

/// A change of some of a note's fields. What is not mentioned stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotePatch {
    /// A new title.
    pub title: Option<Title>,
    /// A new text.
    pub content: Option<Content>,
    /// A new label, or none.
    pub category: Change<Category>,
    /// A new end, or none.
    pub expiry: Change<Expiry>,
}

impl NotePatch {
    /// Whether it mentions nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Applies the patch to a note. An expiry that the patch mentions is the author's.
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

    /// Whether the note would be the same after it.
    #[must_use]
    pub fn changes_nothing_in(&self, note: &Note) -> bool {
        // An expiry that the patch mentions is the author's, also where it is the one that is there.
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
