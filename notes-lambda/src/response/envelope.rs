//! How large a response may be.
//!
//! Lambda accepts a response of up to [6 MB](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
//! What counts is not the body but the JSON envelope that goes to API Gateway. The body is a string in it, so it is
//! escaped once more: each quote and each backslash of the body takes two bytes.

/// The most bytes of the envelope, with a safety margin below Lambda's limit.
pub(crate) const MAX_BYTES: usize = 5_500_000;

/// Reserved for the response's headers and the other members of the envelope.
const RESERVED_BYTES: usize = 32_768;

/// The most bytes that a byte of text becomes: `U+0001` is `\u0001` in the JSON, and `\\u0001` in the envelope.
const MOST_OF_A_BYTE: usize = 7;

/// Counts the bytes that are left for a body in the envelope.
#[derive(Debug)]
pub(crate) struct Envelope {
    /// `None` if all that is to come fits, whatever it is: then nothing is counted.
    left: Option<usize>,
}

impl Envelope {
    /// The envelope for a body that is made of so many bytes of text, before they are escaped, or fewer.
    pub(crate) fn for_text(bytes: usize) -> Self {
        let left = MAX_BYTES - RESERVED_BYTES;
        let may_be_full = bytes > left / MOST_OF_A_BYTE;
        Self {
            left: may_be_full.then_some(left),
        }
    }

    /// Reserves the bytes for a piece of a JSON body and a comma, and returns whether they were left. If not, nothing
    /// is left from then on: a later, smaller piece must not take the place of one that did not fit.
    pub(crate) fn try_reserve(&mut self, json: &[u8]) -> bool {
        let Some(left) = &mut self.left else {
            return true;
        };
        let needed = escaped_len(json) + 1;
        let fits = needed <= *left;
        *left = left.saturating_sub(needed);
        fits
    }
}

/// How many bytes a text takes within a JSON string, as `serde_json` escapes it
/// ([RFC 8259 §7](https://www.rfc-editor.org/rfc/rfc8259#section-7)).
fn escaped_len(text: &[u8]) -> usize {
    text.iter()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
            ..0x20 => 6,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use notes_core::Content;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_length_is_that_of_the_escaped_text(text in any::<String>()) {
            let escaped = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(escaped_len(text.as_bytes()) + 2, escaped.len());
        }
    }

    #[test]
    fn every_ascii_character_has_its_length() {
        for byte in 0..0x80_u8 {
            let text = char::from(byte).to_string();
            let escaped = serde_json::to_string(&text).unwrap();
            assert_eq!(escaped_len(text.as_bytes()) + 2, escaped.len(), "{byte:#x}");
        }
    }

    #[test]
    fn the_largest_note_always_fits() {
        for (worst, bytes) in [("\u{1}", 7), ("\"", 4), ("\\", 4), ("\n", 3), ("a", 1)] {
            let content = worst.repeat(Content::MAX_BYTES);
            let json = serde_json::to_string(&content).unwrap();
            assert_eq!(escaped_len(json.as_bytes()), Content::MAX_BYTES * bytes + 4);
            assert!(Envelope::for_text(usize::MAX).try_reserve(json.as_bytes()));
        }
    }

    #[test]
    fn what_is_not_counted_fits_in_any_case() {
        let most = (MAX_BYTES - RESERVED_BYTES) / MOST_OF_A_BYTE;
        assert!(Envelope::for_text(most).left.is_none());
        assert!(Envelope::for_text(most + 1).left.is_some());
        for worst in ["\u{1}", "\"", "\\", "a"] {
            let json = serde_json::to_string(&worst.repeat(most)).unwrap();
            // The quotes around it are not its own.
            let text = &json.as_bytes()[1..json.len() - 1];
            assert!(escaped_len(text) + RESERVED_BYTES <= MAX_BYTES);
        }
    }

    #[test]
    fn after_what_does_not_fit_nothing_fits() {
        let mut envelope = Envelope { left: Some(10) };
        assert!(envelope.try_reserve(b"12345"));
        assert!(!envelope.try_reserve(b"1234"));
        assert!(!envelope.try_reserve(b""));
    }
}
