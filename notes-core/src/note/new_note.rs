use crate::value::category::Category;
use crate::value::content::Content;
use crate::value::expiry::Expiry;
use crate::value::expiry_choice::ExpiryChoice;
use crate::value::title::Title;

/// The content of a note to create.
///
/// ```
/// use notes_core::NewNote;
///
/// let new = NewNote::new("Milk".parse()?, "2 litres".parse()?)
///     .with_category("shop".parse()?)
///     .with_expiry("2026-11-22T18:47:00Z".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A text is no title until it was checked, so a text alone does not compile:
///
/// ```compile_fail,E0308
/// let new = notes_core::NewNote::new("Milk", "2 litres");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewNote {
    /// The title.
    pub title: Title,
    /// The text.
    pub content: Content,
    /// The label, if any.
    pub category: Option<Category>,
    /// What its author says about its expiry.
    pub expiry: ExpiryChoice,
}

impl NewNote {
    /// A note without a category, whose expiry the retention setting decides.
    #[must_use]
    pub const fn new(title: Title, content: Content) -> Self {
        Self {
            title,
            content,
            category: None,
            expiry: ExpiryChoice::Retention,
        }
    }

    /// Sets the label.
    #[must_use]
    pub fn with_category(mut self, category: Category) -> Self {
        self.category = Some(category);
        self
    }

    /// Makes the note expire then, whatever the retention setting.
    #[must_use]
    pub fn with_expiry(mut self, expiry: Expiry) -> Self {
        self.expiry = ExpiryChoice::At(expiry);
        self
    }

    /// Makes the note never expire, whatever the retention setting.
    #[must_use]
    pub fn without_expiry(mut self) -> Self {
        self.expiry = ExpiryChoice::Never;
        self
    }
}
