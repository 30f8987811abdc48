//! The JSON form of a note.

use std::fmt::Display;

use notes_core::{Category, Expiry, Note, NoteId, Timestamp};
use serde::{Serialize, Serializer};

use crate::response::etag::ETag;

/// A note as the API shows it. A value that the note does not have is left out, never `null`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NoteJson<'a> {
    id: NoteId,
    title: &'a str,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    created_at: Text<Timestamp>,
    updated_at: Text<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Text<Expiry>>,
    etag: Text<ETag>,
}

impl<'a> From<&'a Note> for NoteJson<'a> {
    fn from(note: &'a Note) -> Self {
        Self {
            id: note.id,
            title: note.title.as_str(),
            content: note.content.as_str(),
            category: note.category.as_ref().map(Category::as_str),
            created_at: Text(note.created_at()),
            updated_at: Text(note.updated_at()),
            expires_at: note.expiry().map(Text),
            etag: Text(ETag(note.revision)),
        }
    }
}

/// A value that is serialised as its `Display` text, written into the JSON without an intermediate string.
#[derive(Debug)]
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use notes_core::Expires;

    use super::*;

    fn note() -> Note {
        let id: NoteId = "01938d2c-5b1b-7e2a-8000-5e0c1f7a3b2d".parse().unwrap();
        let (title, content) = ("Milk".parse().unwrap(), "2 \"litres\"".parse().unwrap());
        Note::new("alice".parse().unwrap(), id, title, content)
    }

    #[test]
    fn the_members_have_their_names_and_order() {
        let expiry = 1_900_000_000.try_into().unwrap();
        let note = note()
            .with_category("shop".parse().unwrap())
            .with_expires(Expires::Chosen(expiry));
        let json = serde_json::to_string(&NoteJson::from(&note)).unwrap();
        assert_eq!(
            json,
            r#"{"id":"01938d2c-5b1b-7e2a-8000-5e0c1f7a3b2d","title":"Milk","content":"2 \"litres\"","category":"shop","createdAt":"2024-12-03T15:38:34.651Z","updatedAt":"2024-12-03T15:38:34.651Z","expiresAt":"2030-03-17T17:46:40Z","etag":"\"01938d2c-5b1b-7e2a-8000-5e0c1f7a3b2d\""}"#
        );
    }

    #[test]
    fn what_a_note_does_not_have_is_left_out() {
        let json = serde_json::to_string(&NoteJson::from(&note())).unwrap();
        assert!(!json.contains("category") && !json.contains("expiresAt"));
    }
}
