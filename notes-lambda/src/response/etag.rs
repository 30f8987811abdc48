//! The text of an entity tag.

use std::fmt;

use notes_core::Revision;

/// A note's revision as a strong entity tag: quoted
/// ([RFC 9110 §8.8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3)).
#[derive(Clone, Copy, Debug)]
pub(crate) struct ETag(pub(crate) Revision);

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_strong_and_quoted() {
        let text = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d";
        let tag = ETag(text.parse().unwrap());
        assert_eq!(tag.to_string(), format!("\"{text}\""));
    }
}
