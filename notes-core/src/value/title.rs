use crate::value::invisible::is_blank;
use crate::value::text_value::text_value;

text_value! {
    /// A note's title: 1 to 256 characters, at least one of them visible, and no control characters.
    ///
    /// Characters are Unicode scalar values. White space is not visible, and neither are characters without a
    /// glyph, such as a zero-width space. The text is stored unchanged.
    ///
    /// ```
    /// use notes_core::{InvalidTitle, Title};
    ///
    /// assert_eq!("Milk 🥛".parse::<Title>()?.as_str(), "Milk 🥛");
    /// assert_eq!(" \u{200b}".parse::<Title>(), Err(InvalidTitle::Blank));
    /// # Ok::<(), InvalidTitle>(())
    /// ```
    Title, InvalidTitle, check
}

impl Title {
    /// The greatest length in characters.
    pub const MAX_CHARS: usize = 256;
}

/// Why a text is not a [`Title`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTitle {
    /// It has no visible character: it is empty, or only white space and invisible characters.
    #[error("a title may not be empty or only white space or invisible characters")]
    Blank,
    /// It has more than [`Title::MAX_CHARS`] characters.
    #[error("a title has at most 256 characters, this one has {0}")]
    TooLong(usize),
    /// It contains a control character, such as a line feed.
    #[error("a title may not contain control characters")]
    ControlCharacter,
}

fn check(text: String) -> Result<String, InvalidTitle> {
    match text.chars().count() {
        _ if is_blank(&text) => Err(InvalidTitle::Blank),
        chars if chars > Title::MAX_CHARS => Err(InvalidTitle::TooLong(chars)),
        _ if text.contains(char::is_control) => Err(InvalidTitle::ControlCharacter),
        _ => Ok(text),
    }
}
