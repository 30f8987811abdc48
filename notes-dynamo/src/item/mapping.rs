use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{
    Category, Content, Expiry, Fingerprint, Insertion, Note, NoteId, PurgeAt, Revision, StoreError,
    StoreErrorKind, Title, UserId,
};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::item::attributes::{
    CATEGORY, CONTENT, CREATION, DELETED, EXPIRES_AT, RETAINED, REVISION, TIMESTAMP, TITLE, USER_ID,
};
use crate::item::sort_key::{note_id, sort_key};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// What an item says.
pub(crate) enum DecodedItem {
    Note(Note, Fingerprint),
    /// A deleted note, and the revision that its deletion gave it.
    Tombstone(Option<Revision>),
    Unreadable(UnreadableItem),
}

/// An item that is not a note as it is written here.
pub(crate) struct UnreadableItem {
    /// The number that is its sort key, if it has one.
    pub(crate) sort_key: Option<String>,
    pub(crate) why: BoxError,
}

impl UnreadableItem {
    pub(crate) fn into_error(self) -> StoreError {
        StoreError::new(StoreErrorKind::Corrupt, self.why)
    }
}

/// The attributes beside the key. What is written is borrowed: contents are large.
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

pub(crate) fn key(user: &UserId, id: NoteId) -> Item {
    Item::from([
        (
            USER_ID.to_owned(),
            AttributeValue::S(user.as_str().to_owned()),
        ),
        (TIMESTAMP.to_owned(), AttributeValue::N(sort_key(id))),
    ])
}

/// # Errors
/// None that a valid note can cause.
pub(crate) fn from_insertion(insertion: &Insertion) -> Result<Item, serde_dynamo::Error> {
    let note = &insertion.note;
    let mut item: Item = serde_dynamo::to_item(Attributes {
        title: Cow::Borrowed(&note.title),
        content: Cow::Borrowed(&note.content),
        category: note.category.as_ref().map(Cow::Borrowed),
        revision: Binary(note.revision.into_bytes()),
        creation: Binary(insertion.fingerprint.into_bytes()),
        expires_at: note.expiry,
        retained: note.retained,
        purge_at: insertion.purge_at.map(PurgeAt::as_secs),
    })?;
    item.extend(key(&note.user, note.id));
    Ok(item)
}

/// The sort key of an item, as the number that it is.
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

fn decode_note(mut item: Item, sort_key: Option<&str>) -> Result<(Note, Fingerprint), BoxError> {
    let user = match item.remove(USER_ID) {
        Some(AttributeValue::S(user)) => user.try_into()?,
        _ => return Err("userId is not a string".into()),
    };
    let id = sort_key
        .and_then(note_id)
        .ok_or("timestamp is not the key of a note id")?;
    // Absence is the only way to say that there is none: to a condition, NULL is a value.
    let is_null = |name| matches!(item.get(name), Some(AttributeValue::Null(_)));
    if [CATEGORY, EXPIRES_AT, RETAINED].into_iter().any(is_null) {
        return Err("an attribute is NULL".into());
    }
    let types = types(&item);
    // The error that this drops may quote a value.
    let attributes: Attributes<'_> = serde_dynamo::from_item(item).map_err(|_| {
        let there: Vec<_> = types.into_iter().flatten().collect();
        format!("the attributes are not those of a note: {there:?}")
    })?;
    let note = Note {
        user,
        id,
        title: attributes.title.into_owned(),
        content: attributes.content.into_owned(),
        category: attributes.category.map(Cow::into_owned),
        expiry: attributes.expires_at,
        retained: attributes.retained,
        revision: attributes.revision.0.try_into()?,
    };
    Ok((note, attributes.creation.0.into()))
}

/// The type of each attribute of a note that is there, for whoever looks into it. Never a value: that
/// is the user's.
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

/// So many bytes, as the type B.
struct Binary<const N: usize>([u8; N]);

impl<const N: usize> Serialize for Binary<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Binary<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
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
            |(title, content, category, expiry, retained, (id, revision))| Note {
                user: "alice".parse().unwrap(),
                // Not blank, and with nothing to trim, whatever else.
                title: format!("a{title}").parse().unwrap(),
                content: content.parse().unwrap(),
                category: category.map(|text| format!("a{text}.").parse().unwrap()),
                expiry: expiry.map(|it| it.try_into().unwrap()),
                retained: retained && expiry.is_some(),
                id: NoteId::from_ordinal(id).unwrap(),
                revision: NoteId::from_ordinal(revision).unwrap().into(),
            },
        )
    }

    proptest! {
        #[test]
        fn a_note_comes_back_from_its_item(note in notes(), fingerprint: [u8; 8]) {
            let insertion = Insertion {
                note: note.clone(),
                fingerprint: fingerprint.into(),
                purge_at: None,
            };
            let mut item = from_insertion(&insertion).unwrap();
            // What a later version adds does not matter.
            item.insert("later".to_owned(), AttributeValue::Null(true));
            let DecodedItem::Note(read, of) = item.into() else {
                panic!("not a note");
            };
            prop_assert_eq!((read, of), (note, insertion.fingerprint));
        }
    }
}
