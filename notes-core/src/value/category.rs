use crate::value::invisible::is_blank;
use crate::value::text_value::text_value;

text_value! {
    /// A label of a note: 1 to 64 characters after trimming, at least one of them visible, and no control
    /// characters.
    ///
    /// White space at both ends is removed, so that an accidental space does not make another label. Which
    /// characters are visible is explained at [`Title`](crate::Title).
    ///
    /// ```
    /// use notes_core::Category;
    ///
    /// assert_eq!(" work ".parse::<Category>()?.as_str(), "work");
    /// # Ok::<(), notes_core::InvalidCategory>(())
    /// ```
    Category, InvalidCategory, check
}

impl Category {
    /// The greatest length in characters.
    pub const MAX_CHARS: usize = 64;
}

/// Why a text is not a [`Category`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCategory {
    /// It has no visible character: it is empty, or only white space and invisible characters.
    #[error("a category may not be empty or only white space or invisible characters")]
    Blank,
    /// It has more than [`Category::MAX_CHARS`] characters.
    #[error("a category has at most 64 characters, this one has {0}")]
    TooLong(usize),
    /// It contains a control character, such as a line feed.
    #[error("a category may not contain control characters")]
    ControlCharacter,
}

/// Trims the text and checks it.
fn check(text: String) -> Result<String, InvalidCategory> {
    let trimmed = text.trim();
    match trimmed.chars().count() {
        _ if is_blank(trimmed) => Err(InvalidCategory::Blank),
        chars if chars > Category::MAX_CHARS => Err(InvalidCategory::TooLong(chars)),
        _ if text.contains(char::is_control) => Err(InvalidCategory::ControlCharacter),
        _ if trimmed.len() == text.len() => Ok(text),
        _ => Ok(trimmed.to_owned()),
    }
}
