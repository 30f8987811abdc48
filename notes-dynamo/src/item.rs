//! How a note lies in the table: the only place that knows the attributes' names and types.

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{
    Category, Content, Expiry, Fingerprint, Insertion, Note, NoteId, PurgeAt, Revision, Title,
    UserId,
};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::sort_key::{note_id, sort_key};

pub(crate) const USER_ID: &str = "userId";
pub(crate) const TIMESTAMP: &str = "timestamp";
pub(crate) const TITLE: &str = "title";
pub(crate) const CONTENT: &str = "content";
pub(crate) const CATEGORY: &str = "category";
pub(crate) const REVISION: &str = "revision";
pub(crate) const CREATION: &str = "creation";
pub(crate) const EXPIRES_AT: &str = "expiresAt";
pub(crate) const RETAINED: &str = "retained";
pub(crate) const DELETED: &str = "deleted";
pub(crate) const PURGE_AT: &str = "purgeAt";

/// The attributes that a note may lack.
const OPTIONAL: [&str; 3] = [CATEGORY, EXPIRES_AT, RETAINED];

pub(crate) type Item = HashMap<String, AttributeValue>;

/// What an item says.
pub(crate) enum Stored {
    Note(Note, Fingerprint),
    /// A deleted note, and the revision that its deletion gave it.
    Tombstone(Option<Revision>),
    Unreadable(Box<dyn Error + Send + Sync>),
}

/// The attributes beside the key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    title: Title,
    content: Content,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    category: Option<Category>,
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
    let note = insertion.note.clone();
    let mut item: Item = serde_dynamo::to_item(Attributes {
        title: note.title,
        content: note.content,
        category: note.category,
        revision: Binary(note.revision.into_bytes()),
        creation: Binary(insertion.fingerprint.into_bytes()),
        expires_at: note.expiry,
        retained: note.retained,
        purge_at: insertion.purge_at.map(PurgeAt::as_secs),
    })?;
    item.extend(key(&note.user, note.id));
    Ok(item)
}

impl From<Item> for Stored {
    fn from(item: Item) -> Self {
        let deleted = item.get(DELETED).map(AttributeValue::as_bool);
        if deleted.is_some_and(|it| it != Ok(&true)) {
            return Self::Unreadable("deleted is not true".into());
        }
        if deleted.is_some() {
            let revision = item.get(REVISION).and_then(|it| it.as_b().ok());
            let bytes = revision.and_then(|it| <[u8; 16]>::try_from(it.as_ref()).ok());
            return Self::Tombstone(bytes.and_then(|it| it.try_into().ok()));
        }
        match read(item) {
            Ok((note, fingerprint)) => Self::Note(note, fingerprint),
            Err(error) => Self::Unreadable(error),
        }
    }
}

fn read(mut item: Item) -> Result<(Note, Fingerprint), Box<dyn Error + Send + Sync>> {
    let user = match item.remove(USER_ID) {
        Some(AttributeValue::S(user)) => user.try_into()?,
        _ => return Err("userId is not a string".into()),
    };
    let id = item
        .remove(TIMESTAMP)
        .and_then(|it| note_id(it.as_n().ok()?))
        .ok_or("timestamp is not the key of a note id")?;
    // Absence is the only way to say that there is none: to a condition, NULL is a value.
    if OPTIONAL
        .iter()
        .any(|&name| item.get(name).is_some_and(AttributeValue::is_null))
    {
        return Err("an attribute is NULL".into());
    }
    let types = types(&item);
    // The error that this drops may quote a value.
    let attributes: Attributes = serde_dynamo::from_item(item).map_err(|_| {
        let there: Vec<_> = types.into_iter().flatten().collect();
        format!("the attributes are not those of a note: {there:?}")
    })?;
    let note = Note {
        user,
        id,
        title: attributes.title,
        content: attributes.content,
        category: attributes.category,
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
            proptest::option::of("[^\\p{Cc}\\s]{1,64}"),
            proptest::option::of(0..=253_402_300_799_u64),
            any::<bool>(),
            (0..1_u128 << 122, 0..1_u128 << 122),
        );
        values.prop_map(
            |(title, content, category, expiry, retained, (id, revision))| Note {
                user: "alice".parse().unwrap(),
                // Not blank, whatever else.
                title: format!("a{title}").parse().unwrap(),
                content: content.parse().unwrap(),
                category: category.map(|it| it.parse().unwrap()),
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
            let Stored::Note(read, of) = item.into() else {
                panic!("not a note");
            };
            prop_assert_eq!((read, of), (note, insertion.fingerprint));
        }
    }
}
