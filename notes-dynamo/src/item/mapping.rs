//! Notes as items, and back. A note as DynamoDB has it, with its attributes in the order of a note's life:
//!
//! ```json
//! {
//!   "userId":    {"S": "alice"},            "timestamp": {"N": "…"},
//!   "creation":  {"B": "8 bytes"},          "revision":  {"B": "16 bytes"},
//!   "title":     {"S": "Milk"},             "content":   {"S": "2 litres"},
//!   "category":  {"S": "shopping"},
//!   "expiresAt": {"N": "1798761600"},       "retained":  {"BOOL": true},
//!   "purgeAt":   {"N": "1801353600"}
//! }
//! ```
//!
//! What a note does not have is absent, never NULL. A tombstone has the key, `creation`, `revision`, `purgeAt`, and
//! `deleted` with the value true. Other attributes are left as they are by every write but a removal.

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
    key_of(user, sort_key(id))
}

/// The primary key of an item with this sort key.
pub(crate) fn key_of(user: &UserId, sort_key: String) -> Item {
    Item::from([
        (
            USER_ID.to_owned(),
            AttributeValue::S(user.as_str().to_owned()),
        ),
        (TIMESTAMP.to_owned(), AttributeValue::N(sort_key)),
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
            None => match decode_note(&mut item, sort_key.as_deref()) {
                Ok((note, fingerprint)) => Self::Note(note, fingerprint),
                Err(why) => {
                    let why = format!("{why}; the attributes are {:?}", types(&item)).into();
                    Self::Unreadable(UnreadableItem { sort_key, why })
                }
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
fn decode_note(item: &mut Item, sort_key: Option<&str>) -> Result<(Note, Fingerprint), BoxError> {
    let id = sort_key
        .and_then(note_id)
        .ok_or("timestamp is not the key of a note id")?;
    let category = optional(item, CATEGORY, as_text)?;
    let expiry = optional(item, EXPIRES_AT, as_number)?;
    let retained = optional(item, RETAINED, as_bool)?;
    let user = required(item, USER_ID, as_text)?.try_into()?;
    let title = required(item, TITLE, as_text)?.try_into()?;
    let content = required(item, CONTENT, as_text)?.try_into()?;
    let mut note = Note::new(user, id, title, content)
        .with_expires(match expiry.map(Expiry::try_from).transpose()? {
            // Also with the mark of retention, which means nothing without an expiry.
            None => Expires::Never,
            Some(expiry) if retained == Some(true) => Expires::Retained(expiry),
            Some(expiry) => Expires::Chosen(expiry),
        })
        .with_revision(required(item, REVISION, as_bytes::<16>)?.try_into()?);
    note.category = category.map(Category::try_from).transpose()?;
    let creation = required(item, CREATION, as_bytes::<8>)?;
    Ok((note, creation.into()))
}

/// Moves the value of an attribute out of the item, as a note's content is not to be copied. What stays in the item has
/// its type, for the error message.
///
/// # Errors
/// Names the attribute.
fn required<T>(
    item: &mut Item,
    name: &str,
    value: fn(&mut AttributeValue) -> Option<T>,
) -> Result<T, BoxError> {
    optional(item, name, value)?.ok_or_else(|| format!("{name} is missing").into())
}

/// The same for an attribute that an item need not have. NULL does not count as absent: it does not for
/// `attribute_not_exists`, so reads and conditions would disagree on such an item.
fn optional<T>(
    item: &mut Item,
    name: &str,
    value: fn(&mut AttributeValue) -> Option<T>,
) -> Result<Option<T>, BoxError> {
    let Some(attribute) = item.get_mut(name) else {
        return Ok(None);
    };
    let value = value(attribute).ok_or_else(|| format!("{name} is not as in a note"))?;
    Ok(Some(value))
}

fn as_text(value: &mut AttributeValue) -> Option<String> {
    match value {
        AttributeValue::S(text) => Some(std::mem::take(text)),
        _ => None,
    }
}

fn as_number(value: &mut AttributeValue) -> Option<u64> {
    value.as_n().ok()?.parse().ok()
}

fn as_bool(value: &mut AttributeValue) -> Option<bool> {
    value.as_bool().ok().copied()
}

fn as_bytes<const N: usize>(value: &mut AttributeValue) -> Option<[u8; N]> {
    value.as_b().ok()?.as_ref().try_into().ok()
}

/// The name and the type of each of a note's attributes that the item has, for an error message. It contains no
/// value, since values are the user's data.
fn types(item: &Item) -> Vec<(&'static str, &'static str)> {
    let names = [
        TITLE, CONTENT, CATEGORY, REVISION, CREATION, EXPIRES_AT, RETAINED,
    ];
    let of_type = |value: &AttributeValue| match value {
        AttributeValue::S(_) => "S",
        AttributeValue::N(_) => "N",
        AttributeValue::B(_) => "B",
        AttributeValue::Bool(_) => "BOOL",
        _ => "another type",
    };
    names
        .into_iter()
        .filter_map(|name| Some((name, of_type(item.get(name)?))))
        .collect()
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
