//! Parsing of `If-Match` and `If-None-Match`, as far as it needs no note.

use http::{HeaderMap, HeaderName, HeaderValue};
use notes_core::Revision;

/// The value of a conditional header: absent, `*`, or a list of tags.
#[derive(Debug)]
pub(crate) enum Condition<'a> {
    /// The header is absent.
    None,
    /// The header is `*`.
    Any,
    /// The header is a list, which may be empty.
    Tags(Vec<Tag<'a>>),
}

/// An entity tag ([RFC 9110 §8.8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3)).
#[derive(Debug)]
pub(crate) struct Tag<'a> {
    /// Whether it starts with `W/`.
    pub(crate) weak: bool,
    /// The bytes between its quotes.
    opaque: &'a [u8],
}

/// A header's value is neither `*` nor a list of entity tags.
#[derive(Debug)]
pub(crate) struct Malformed;

impl Tag<'_> {
    /// The revision that it names; `None` if the API never sends such a tag. That is not an error: such a tag is valid
    /// and matches no note.
    pub(crate) fn revision(&self) -> Option<Revision> {
        std::str::from_utf8(self.opaque).ok()?.parse().ok()
    }
}

impl<'a> Condition<'a> {
    /// Reads all lines of a header, which together are one list
    /// ([RFC 9110 §5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)).
    pub(crate) fn read(headers: &'a HeaderMap, name: &HeaderName) -> Result<Self, Malformed> {
        let lines: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        match lines.as_slice() {
            [] => return Ok(Self::None),
            [line] if line.trim_ascii() == b"*" => return Ok(Self::Any),
            _ => {}
        }
        let mut tags = Vec::new();
        for line in lines {
            read_tags(line, &mut tags)?;
        }
        Ok(Self::Tags(tags))
    }
}

/// Reads `[ entity-tag ] *( OWS "," OWS [ entity-tag ] )`; elements may be empty
/// ([RFC 9110 §5.6.1.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1.2)).
fn read_tags<'a>(line: &'a [u8], tags: &mut Vec<Tag<'a>>) -> Result<(), Malformed> {
    let mut rest = line.trim_ascii_start();
    loop {
        while let Some(after) = rest.strip_prefix(b",") {
            rest = after.trim_ascii_start();
        }
        if rest.is_empty() {
            return Ok(());
        }
        let weak = rest.strip_prefix(b"W/");
        let quoted = weak.unwrap_or(rest).strip_prefix(b"\"").ok_or(Malformed)?;
        // `etagc` of RFC 9110 §8.8.3: any visible ASCII character but the quote, and bytes beyond ASCII.
        let is_tag_char = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
        let length = quoted.iter().take_while(|byte| is_tag_char(byte)).count();
        let (opaque, after) = quoted.split_at(length);
        tags.push(Tag {
            weak: weak.is_some(),
            opaque,
        });
        rest = after
            .strip_prefix(b"\"")
            .ok_or(Malformed)?
            .trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b",") {
            return Err(Malformed);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_list_is_read_as_it_was_written(
            tags in prop::collection::vec((any::<bool>(), "[!#-~]{0,8}"), 1..20),
            between in "[ \t]{0,2},[ ,]{0,3}",
        ) {
            let written: Vec<_> = tags
                .iter()
                .map(|(weak, opaque)| format!("{}\"{opaque}\"", if *weak { "W/" } else { "" }))
                .collect();
            let line = written.join(&between);
            let mut read = Vec::new();
            read_tags(line.as_bytes(), &mut read).unwrap();
            let read: Vec<_> = read
                .into_iter()
                .map(|tag| (tag.weak, String::from_utf8(tag.opaque.to_vec()).unwrap()))
                .collect();
            prop_assert_eq!(read, tags);
        }

        #[test]
        fn no_line_is_a_danger(line in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = read_tags(&line, &mut Vec::new());
        }
    }
}
