use crate::value::text_value::text_value;

text_value! {
    /// A note's text: at most 350,000 bytes of UTF-8. It may be empty and is stored byte for byte.
    ///
    /// The limit leaves room for everything else in one DynamoDB item of at most
    /// [400 KB](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
    Content, InvalidContent, check
}

impl Content {
    /// The greatest length in bytes.
    pub const MAX_BYTES: usize = 350_000;
}

/// Why a text is not a [`Content`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidContent {
    /// It has more than [`Content::MAX_BYTES`] bytes.
    #[error("a content has at most 350000 bytes, this one has {0}")]
    TooLong(usize),
}

fn check(text: String) -> Result<String, InvalidContent> {
    if text.len() > Content::MAX_BYTES {
        return Err(InvalidContent::TooLong(text.len()));
    }
    Ok(text)
}
