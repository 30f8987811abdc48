use notes_core::{
    Category, Content, Expires, Expiry, Note, NoteId, Revision, Timestamp, Title, UserId,
};
use serde::{Deserialize, Serialize};

use crate::BoxError;

/// A note as a line of an export.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    user: &'a str,
    id: NoteId,
    revision: Revision,
    /// For people, as is the time of the last update: both are in the id and the revision.
    created_at: Timestamp,
    updated_at: Timestamp,
    title: &'a Title,
    content: &'a Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a Category>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    retained: bool,
}

/// What is read of a line.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    user: String,
    id: NoteId,
    revision: Revision,
    title: Title,
    content: Content,
    category: Option<Category>,
    expires_at: Option<Timestamp>,
    #[serde(default)]
    retained: bool,
}

/// The line of a note, with its line feed. JSON has none inside.
pub(crate) fn write(note: &Note) -> Result<Vec<u8>, BoxError> {
    let mut line = serde_json::to_vec(&Written {
        user: note.user.as_str(),
        id: note.id,
        revision: note.revision,
        created_at: note.created_at(),
        updated_at: note.updated_at(),
        title: &note.title,
        content: &note.content,
        category: note.category.as_ref(),
        expires_at: note
            .expiry()
            .map(|expiry| Timestamp::from_millis(expiry.as_secs() * 1_000)),
        retained: note.expires.is_retained(),
    })?;
    line.push(b'\n');
    Ok(line)
}

/// The note of a line.
pub(crate) fn read(line: &[u8]) -> Result<Note, BoxError> {
    let read: Read = serde_json::from_slice(line)?;
    let user: UserId = read.user.parse()?;
    let expiry = read.expires_at.map(|at| Expiry::try_from(at.as_secs()));
    let mut note = Note::new(user, read.id, read.title, read.content)
        .with_expires(match expiry.transpose()? {
            None => Expires::Never,
            Some(expiry) if read.retained => Expires::Retained(expiry),
            Some(expiry) => Expires::Chosen(expiry),
        })
        .with_revision(read.revision);
    note.category = read.category;
    Ok(note)
}
