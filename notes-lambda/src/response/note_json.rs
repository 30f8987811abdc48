//! The JSON form of a note.

use std::fmt::{self, Display};

use notes_core::{Category, Expiry, Note, NoteId, Timestamp};
use serde::{Serialize, Serializer};

use crate::response::etag::ETag;

/// A note in the JSON form in which the API shows it, for services that send notes in other ways too: in events, in
/// exports, in responses of their own.
///
/// It borrows the note and copies nothing of it. Its members are those that `docs/api.md` describes, in this order:
/// `id`, `title`, `content`, `category`, `createdAt`, `updatedAt`, `expiresAt` and `etag`. A value that the note does
/// not have is left out, never `null`. The user is not in it. Later versions may add members.
///
/// Its `Debug` shows the id and the entity tag, and nothing that the author has written.
///
/// ```
/// use notes_core::{MemoryNoteStore, Notes, Order, UserId};
/// use notes_lambda::NoteJson;
///
/// /// One line of JSON for each of a user's notes.
/// async fn export(
///     notes: &Notes<MemoryNoteStore>,
///     user: &UserId,
/// ) -> Result<String, Box<dyn std::error::Error>> {
///     let mut lines = String::new();
///     for note in notes.list(user, &Default::default()).await?.notes {
///         lines += &serde_json::to_string(&NoteJson::from(&note))?;
///         lines += "\n";
///     }
///     Ok(lines)
/// }
/// ```
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NoteJson<'a> {
    id: NoteId,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    created_at: Text<Timestamp>,
    updated_at: Text<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Text<Expiry>>,
    etag: Text<ETag>,
}

impl fmt::Debug for NoteJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteJson")
            .field("id", &self.id)
            .field("etag", &self.etag.0)
            .finish_non_exhaustive()
    }
}

/// How much of each note a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum View {
    /// The whole note.
    #[default]
    Full,
    /// All but its content.
    Summary,
}

impl<'a> NoteJson<'a> {
    /// So much of a note.
    pub(crate) fn viewed(note: &'a Note, view: View) -> Self {
        let json = Self::from(note);
        match view {
            View::Full => json,
            View::Summary => json.without_content(),
        }
    }

    /// Leaves the content out, as `GET /notes?view=summary` does: a list of titles need not move megabytes.
    #[must_use]
    pub const fn without_content(mut self) -> Self {
        self.content = None;
        self
    }

    /// How many bytes the JSON has at most, unless more than a sixteenth of the content is escaped. A buffer with room
    /// for them does not grow while the JSON is written into it, which would copy all that is there each time.
    ///
    /// It is never less than the bytes of the note's texts and the rest of the JSON before anything is escaped: by it,
    /// [`Envelope::for_text`](crate::response::envelope::Envelope::for_text) decides whether a page need be counted.
    pub(crate) const fn likely_len(&self) -> usize {
        match self.content {
            Some(content) => content.len() + content.len() / 16 + 1_024,
            None => 1_024,
        }
    }
}

impl<'a> From<&'a Note> for NoteJson<'a> {
    fn from(note: &'a Note) -> Self {
        Self {
            id: note.id,
            title: note.title.as_str(),
            content: Some(note.content.as_str()),
            category: note.category.as_ref().map(Category::as_str),
            created_at: Text(note.created_at()),
            updated_at: Text(note.updated_at()),
            expires_at: note.expiry().map(Text),
            etag: Text(ETag(note.revision)),
        }
    }
}

/// A value that is serialised as its `Display` text, written into the JSON without an intermediate string.
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
