use std::collections::HashMap;

use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{
    Category, Expires, Expiry, Fingerprint, Insertion, Note, NoteId, Revision, StoreError,
    StoreErrorKind, UserId,
};

use crate::item::attributes::{
    CATEGORY, CONTENT, CREATION, DELETED, EXPIRES_AT, PURGE_AT, RETAINED, REVISION, TIMESTAMP,
    TITLE, USER_ID,
};
use crate::item::expression::{binary, number, text};
use crate::item::sort_key::{note_id, sort_key};

/// An item as the SDK has it: attribute values by name.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// An item that was read, decoded.
pub(crate) enum DecodedItem {
    /// A note, which may have expired, and the fingerprint of the request that created it.
    Note(Note, Fingerprint),
    /// A deleted note, and the revision that its deletion gave it, if that can be read.
    Tombstone(Option<Revision>),
    /// Neither a note nor a tombstone as this version writes them.
    Unreadable(UnreadableItem),
}

/// An item that can't be decoded.
pub(crate) struct UnreadableItem {
    /// Its sort key as the text of the number, if it has one: it may be the key of no id.
    pub(crate) sort_key: Option<String>,
    /// What is wrong with it, without any of its values: they are the user's, and this gets into logs.
    pub(crate) why: BoxError,
}

impl UnreadableItem {
    /// The error of an operation that has found this item instead of a note.
    pub(crate) fn into_error(self) -> StoreError {
        StoreError::new(StoreErrorKind::Corrupt, self.why)
    }
}

/// The primary key of a note.
pub(crate) fn key(user: &UserId, id: NoteId) -> Item {
    Item::from([
        (
            USER_ID.to_owned(),
            AttributeValue::S(user.as_str().to_owned()),
        ),
        (TIMESTAMP.to_owned(), AttributeValue::N(sort_key(id))),
    ])
}

/// The item of a new note.
pub(crate) fn from_insertion(insertion: &Insertion) -> Item {
    let note = &insertion.note;
    let mut item = key(&note.user, note.id);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set(TITLE, text(note.title.as_str()));
    set(CONTENT, text(note.content.as_str()));
    set(REVISION, binary(note.revision.into_bytes()));
    set(CREATION, binary(insertion.fingerprint.into_bytes()));
    if let Some(category) = &note.category {
        set(CATEGORY, text(category.as_str()));
    }
    if let Some(expiry) = note.expiry() {
        set(EXPIRES_AT, number(expiry.as_secs()));
    }
    if note.expires.is_retained() {
        set(RETAINED, AttributeValue::Bool(true));
    }
    if let Some(at) = insertion.purge_at() {
        set(PURGE_AT, number(at.as_secs()));
    }
    item
}

/// The sort key of an item, as the text of the number.
pub(crate) fn sort_key_of(item: &Item) -> Option<&str> {
    item.get(TIMESTAMP)?.as_n().ok().map(String::as_str)
}

impl From<Item> for DecodedItem {
    fn from(mut item: Item) -> Self {
        let sort_key = match item.remove(TIMESTAMP) {
            Some(AttributeValue::N(number)) => Some(number),
            _ => None,
        };
        match item.get(DELETED) {
            None => match decode_note(item, sort_key.as_deref()) {
                Ok((note, fingerprint)) => Self::Note(note, fingerprint),
                Err(why) => Self::Unreadable(UnreadableItem { sort_key, why }),
            },
            // A tombstone whose revision can't be read is still a deleted note.
            Some(AttributeValue::Bool(true)) => {
                let bytes = required(&mut item, REVISION, as_bytes::<16>).ok();
                Self::Tombstone(bytes.and_then(|bytes| bytes.try_into().ok()))
            }
            Some(_) => {
                let why = "deleted is not true".into();
                Self::Unreadable(UnreadableItem { sort_key, why })
            }
        }
    }
}

/// Decodes an item that is not a tombstone. Attributes that it does not know are ignored, so that a later version
/// may add some.
///
/// # Errors
/// Says what is wrong, without any of the item's values.
fn decode_note(mut item: Item, sort_key: Option<&str>) -> Result<(Note, Fingerprint), BoxError> {
    let id = sort_key
        .and_then(note_id)
        .ok_or("timestamp is not the key of a note id")?;
    let category = optional(&mut item, CATEGORY, as_text)?;
    let expiry = optional(&mut item, EXPIRES_AT, as_number)?;
    let retained = optional(&mut item, RETAINED, |value| value.as_bool().ok().copied())?;
    let user = required(&mut item, USER_ID, as_text)?.try_into()?;
    let title = required(&mut item, TITLE, as_text)?.try_into()?;
    let content = required(&mut item, CONTENT, as_text)?.try_into()?;
    let mut note = Note::new(user, id, title, content)
        .with_expires(match expiry.map(Expiry::try_from).transpose()? {
            // Also with the mark of retention, which means nothing without an expiry.
            None => Expires::Never,
            Some(expiry) if retained == Some(true) => Expires::Retained(expiry),
            Some(expiry) => Expires::Chosen(expiry),
        })
        .with_revision(required(&mut item, REVISION, as_bytes::<16>)?.try_into()?);
    note.category = category.map(Category::try_from).transpose()?;
    let creation = required(&mut item, CREATION, as_bytes::<8>)?;
    Ok((note, creation.into()))
}

/// Moves the value of an attribute out of the item: a note's content is not copied.
///
/// # Errors
/// Names the attribute, and its type if it is of another one.
fn required<T>(
    item: &mut Item,
    name: &str,
    value: fn(AttributeValue) -> Option<T>,
) -> Result<T, BoxError> {
    optional(item, name, value)?.ok_or_else(|| format!("{name} is missing").into())
}

/// The same for an attribute that an item need not have. NULL does not count as absent: it does not for
/// `attribute_not_exists`, so reads and conditions would disagree on such an item.
fn optional<T>(
    item: &mut Item,
    name: &str,
    value: fn(AttributeValue) -> Option<T>,
) -> Result<Option<T>, BoxError> {
    let Some(attribute) = item.remove(name) else {
        return Ok(None);
    };
    let of_type = type_of(&attribute);
    let value = value(attribute);
    let value = value.ok_or_else(|| format!("{name}, of type {of_type}, is not as in a note"))?;
    Ok(Some(value))
}

/// The name of a value's type, for an error message.
fn type_of(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::S(_) => "S",
        AttributeValue::N(_) => "N",
        AttributeValue::B(_) => "B",
        AttributeValue::Bool(_) => "BOOL",
        AttributeValue::Null(_) => "NULL",
        _ => "another type",
    }
}

fn as_text(value: AttributeValue) -> Option<String> {
    match value {
        AttributeValue::S(text) => Some(text),
        _ => None,
    }
}

fn as_number(value: AttributeValue) -> Option<u64> {
    match value {
        AttributeValue::N(number) => number.parse().ok(),
        _ => None,
    }
}

fn as_bytes<const N: usize>(value: AttributeValue) -> Option<[u8; N]> {
    match value {
        AttributeValue::B(bytes) => bytes.into_inner().try_into().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn notes() -> impl Strategy<Value = Note> {
        let values = (
            "[^\\p{Cc}]{0,80}",
            any::<String>(),
            proptest::option::of("[^\\p{Cc}]{0,62}"),
            proptest::option::of(0..=253_402_300_799_u64),
            any::<bool>(),
            (0..1_u128 << 122, 0..1_u128 << 122),
        );
        values.prop_map(
            |(title, content, category, expiry, retained, (id, revision))| {
                let [id, revision] =
                    [id, revision].map(|ordinal| NoteId::from_ordinal(ordinal).unwrap());
                // The letter makes it visible, whatever else there is.
                let title = format!("a{title}").parse().unwrap();
                let content = content.parse().unwrap();
                let mut note = Note::new("alice".parse().unwrap(), id, title, content)
                    .with_revision(revision.into());
                note.category = category.map(|text| format!("a{text}.").parse().unwrap());
                let expiry: Option<Expiry> = expiry.map(|secs| secs.try_into().unwrap());
                let by = if retained {
                    Expires::Retained
                } else {
                    Expires::Chosen
                };
                note.with_expires(expiry.map_or(Expires::Never, by))
            },
        )
    }

    proptest! {
        #[test]
        fn a_note_comes_back_from_its_item(note in notes(), fingerprint: [u8; 8]) {
            let insertion = Insertion::new(note.clone(), fingerprint.into(), Duration::ZERO);
            let mut item = from_insertion(&insertion);
            // An attribute that a later version may add is ignored.
            item.insert("later".to_owned(), AttributeValue::Null(true));
            let DecodedItem::Note(read, of) = item.into() else {
                panic!("not a note");
            };
            prop_assert_eq!((read, of), (note, insertion.fingerprint));
        }
    }
}
