use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{Category, Expires, Expiry, Note, NoteId, UserId};
use sha2::{Digest, Sha256};

use crate::BoxError;

/// An item of the Node.js original's table: `user_id` (S), `timestamp` (N, seconds), `note_id`, `title`, `content`,
/// `cat` (all S), `expires` (N, seconds).
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The note of an item.
///
/// Its id is computed from the item's key and `note_id`, so that each run of the migration makes the same one.
///
/// # Errors
/// Says why there is no note in it, as in the items that the original has made of updates of missing notes. It contains
/// nothing that the user has written.
pub(crate) fn read(item: &Item, ignore_expires: bool) -> Result<Note, BoxError> {
    let user: UserId = text(item, "user_id")?.ok_or("it has no user_id")?.parse()?;
    let secs = number(item, "timestamp")?.ok_or("it has no timestamp")?;
    let title = text(item, "title")?.ok_or("it has no title")?.parse()?;
    let content = text(item, "content")?.unwrap_or_default().parse()?;
    let id = note_id(&user, secs, text(item, "note_id")?.unwrap_or_default())
        .ok_or("its timestamp is out of range")?;
    let mut note = Note::new(user, id, title, content);
    // The original writes an empty text where there is none.
    if let Some(category) = text(item, "cat")?.filter(|text| !text.trim().is_empty()) {
        note.category = Some(category.parse::<Category>()?);
    }
    if let (Some(secs), false) = (number(item, "expires")?, ignore_expires) {
        // It is the original's retention, which each write renews.
        note.expires = Expires::Retained(Expiry::try_from(secs)?);
    }
    Ok(note)
}

/// An id of that second, whose other bits are a hash of what names the item.
fn note_id(user: &UserId, secs: u64, name: &str) -> Option<NoteId> {
    let millis = secs.checked_mul(1_000).filter(|millis| *millis < 1 << 48)?;
    let mut hash = Sha256::new();
    hash.update(user.as_str());
    // A user id has no control characters, so the parts do not run together.
    hash.update([0]);
    hash.update(secs.to_be_bytes());
    hash.update(name);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    let rest = u128::from_be_bytes(bytes) >> (128 - 74);
    NoteId::from_ordinal(u128::from(millis) << 74 | rest)
}

fn text<'a>(item: &'a Item, name: &str) -> Result<Option<&'a str>, BoxError> {
    match item.get(name) {
        None | Some(AttributeValue::Null(_)) => Ok(None),
        Some(AttributeValue::S(text)) => Ok(Some(text)),
        Some(_) => Err(format!("its {name} is no text").into()),
    }
}

fn number(item: &Item, name: &str) -> Result<Option<u64>, BoxError> {
    match item.get(name) {
        None | Some(AttributeValue::Null(_)) => Ok(None),
        Some(AttributeValue::N(number)) => {
            let number = number.parse();
            Ok(Some(number.map_err(|_| {
                format!("its {name} is no whole number of seconds")
            })?))
        }
        Some(_) => Err(format!("its {name} is no number").into()),
    }
}
