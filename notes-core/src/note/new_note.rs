use crate::value::category::Category;
use crate::value::change::Change;
use crate::value::content::Content;
use crate::value::expiry::Expiry;
use crate::value::title::Title;

/// The content of a note to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNote {
    /// The title.
    pub title: Title,
    /// The text.
    pub content: Content,
    /// The label, if any.
    pub category: Option<Category>,
    /// When it expires: [`Change::Set`] for an expiry of the author's choice, [`Change::Clear`] for "never",
    /// [`Change::Keep`] for "as the retention setting says".
    pub expiry: Change<Expiry>,
}
