use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{
    Category, Content, Expires, Expiry, Fingerprint, Insertion, Note, NoteId, PurgeAt, Revision,
    StoreError, StoreErrorKind, Title, UserId,
};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::item::attributes::{
    CATEGORY, CONTENT, CREATION, DELETED, EXPIRES_AT, RETAINED, REVISION, TIMESTAMP, TITLE, USER_ID,
};
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

/// The attributes of a note apart from its key. Contents are up to 350 KB, so they are borrowed when they are
/// written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes<'a> {
    title: Cow<'a, Title>,
    content: Cow<'a, Content>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    category: Option<Cow<'a, Category>>,
    revision: Binary<16>,
    creation: Binary<8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Expiry>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    retained: bool,
    #[serde(default, skip_serializing_if = "Option::is_none", skip_deserializing)]
    purge_at: Option<u64>,
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
///
/// # Errors
/// None for a valid note; the serialiser's signature has one.
pub(crate) fn from_insertion(insertion: &Insertion) -> Result<Item, serde_dynamo::Error> {
    let note = &insertion.note;
    let mut item: Item = serde_dynamo::to_item(Attributes {
        title: Cow::Borrowed(&note.title),
        content: Cow::Borrowed(&note.content),
        category: note.category.as_ref().map(Cow::Borrowed),
        revision: Binary(note.revision.into_bytes()),
        creation: Binary(insertion.fingerprint.into_bytes()),
        expires_at: note.expiry(),
        retained: note.expires.is_retained(),
        purge_at: insertion.purge_at().map(PurgeAt::as_secs),
    })?;
    item.extend(key(&note.user, note.id));
    Ok(item)
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
                let revision = item.get(REVISION).and_then(|value| value.as_b().ok());
                let bytes = revision.and_then(|blob| <[u8; 16]>::try_from(blob.as_ref()).ok());
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
    let user = match item.remove(USER_ID) {
        Some(AttributeValue::S(user)) => user.try_into()?,
        _ => return Err("userId is not a string".into()),
    };
    let id = sort_key
        .and_then(note_id)
        .ok_or("timestamp is not the key of a note id")?;
    // An optional value that a note does not have is an absent attribute. serde would also take NULL for
    // that, but `attribute_not_exists` does not: reads and conditions would disagree on such an item.
    let is_null = |name| matches!(item.get(name), Some(AttributeValue::Null(_)));
    if [CATEGORY, EXPIRES_AT, RETAINED].into_iter().any(is_null) {
        return Err("an attribute is NULL".into());
    }
    let types = types(&item);
    // The error of serde_dynamo is dropped, as it may quote a value.
    let attributes: Attributes<'_> = serde_dynamo::from_item(item).map_err(|_| {
        let there: Vec<_> = types.into_iter().flatten().collect();
        format!("the attributes are not those of a note: {there:?}")
    })?;
    let (title, content) = (
        attributes.title.into_owned(),
        attributes.content.into_owned(),
    );
    let mut note = Note::new(user, id, title, content)
        .with_expires(match attributes.expires_at {
            // Also with the mark of retention, which means nothing without an expiry.
            None => Expires::Never,
            Some(expiry) if attributes.retained => Expires::Retained(expiry),
            Some(expiry) => Expires::Chosen(expiry),
        })
        .with_revision(attributes.revision.0.try_into()?);
    note.category = attributes.category.map(Cow::into_owned);
    Ok((note, attributes.creation.0.into()))
}

/// The name and the type of each of a note's attributes that the item has, for the error message. It contains
/// no value, since values are the user's data.
fn types(item: &Item) -> [Option<(&'static str, &'static str)>; 7] {
    [
        TITLE, CONTENT, CATEGORY, REVISION, CREATION, EXPIRES_AT, RETAINED,
    ]
    .map(|name| {
        let of_type = match item.get(name)? {
            AttributeValue::S(_) => "S",
            AttributeValue::N(_) => "N",
            AttributeValue::B(_) => "B",
            AttributeValue::Bool(_) => "BOOL",
            _ => "another type",
        };
        Some((name, of_type))
    })
}

/// `N` bytes as a value of the type B (binary). serde's default for an array is a list of numbers.
struct Binary<const N: usize>([u8; N]);

impl<const N: usize> Serialize for Binary<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Binary<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Accepts exactly `N` bytes.
        struct Bytes<const N: usize>;

        impl<const N: usize> Visitor<'_> for Bytes<N> {
            type Value = Binary<N>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{N} bytes")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Binary<N>, E> {
                bytes
                    .try_into()
                    .map(Binary)
                    .map_err(|_| E::invalid_length(bytes.len(), &self))
            }
        }

        deserializer.deserialize_bytes(Bytes)
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
            let mut item = from_insertion(&insertion).unwrap();
            // An attribute that a later version may add is ignored.
            item.insert("later".to_owned(), AttributeValue::Null(true));
            let DecodedItem::Note(read, of) = item.into() else {
                panic!("not a note");
            };
            prop_assert_eq!((read, of), (note, insertion.fingerprint));
        }
    }
}
