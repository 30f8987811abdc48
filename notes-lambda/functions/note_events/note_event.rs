//! What a record of the table's stream means: `docs/events.schema.json` describes the result.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use notes_core::{Expiry, NoteId, Revision, UserId};
use notes_dynamo::note_id;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event for the bus. The pipe takes `detailType` out of it, and publishes `detail`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NoteEvent {
    detail_type: &'static str,
    detail: Detail,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    user_id: String,
    note_id: NoteId,
    revision: Revision,
    /// When the revision was written.
    written_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Contents>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Contents {
    title: String,
    content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
}

/// How many bytes of JSON the detail of an event may have. A bus takes [256 KB][size], with the rest of the event; the
/// pipe would repeat a larger one for a day, and hold back all that comes after it.
///
/// [size]: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
const LARGEST: usize = 250_000;

impl Detail {
    fn fits(&self) -> bool {
        serde_json::to_vec(self).is_ok_and(|json| json.len() <= LARGEST)
    }
}

impl NoteEvent {
    /// The event of a [record][record]; `None` if it is about nothing that a user or an operator has done to a note.
    ///
    /// That the table removes an item after its time is no event: the deletion of the note was one, and its expiry is
    /// in those before. An item that was removed by anybody else was a note that is erased.
    ///
    /// [record]: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
    pub(crate) fn of(record: &Value, with_contents: bool) -> Result<Option<Self>, Unreadable> {
        let record = Record::deserialize(record).map_err(|_| Unreadable)?;
        let is_purged = record.user_identity.is_some_and(|identity| {
            identity.principal_id.as_deref() == Some("dynamodb.amazonaws.com")
        });
        let Change {
            keys,
            new_image,
            old_image,
        } = record.dynamodb;
        let was_live = old_image.as_ref().is_some_and(Image::is_live);
        let (detail_type, image) = match (record.event_name.as_str(), new_image, old_image) {
            ("INSERT", Some(new), _) if new.is_live() => ("NoteCreated", new),
            ("MODIFY", Some(new), _) if new.is_live() => ("NoteChanged", new),
            ("MODIFY", Some(new), _) if was_live => ("NoteDeleted", new),
            ("REMOVE", _, Some(old)) if was_live && !is_purged => ("NoteDeleted", old),
            _ => return Ok(None),
        };
        let is_there = detail_type != "NoteDeleted";
        let revision = image.revision.revision()?;
        let mut detail = Detail {
            user_id: UserId::try_from(keys.user_id.string()?)
                .map_err(|_| Unreadable)?
                .into(),
            note_id: note_id(&keys.timestamp.number()?).ok_or(Unreadable)?,
            written_at: revision.written_at().to_string(),
            revision,
            expires_at: image
                .expires_at
                .filter(|_| is_there)
                .map(expiry)
                .transpose()?,
            note: if is_there && with_contents {
                Some(Contents {
                    title: image.title.ok_or(Unreadable)?.string()?,
                    content: image.content.ok_or(Unreadable)?.string()?,
                    category: image.category.map(Attribute::string).transpose()?,
                })
            } else {
                None
            },
        };
        if detail.note.is_some() && !detail.fits() {
            detail.note = None;
        }
        Ok(Some(Self {
            detail_type,
            detail,
        }))
    }
}

fn expiry(seconds: Attribute) -> Result<String, Unreadable> {
    let seconds: u64 = seconds.number()?.parse().map_err(|_| Unreadable)?;
    Ok(Expiry::try_from(seconds)
        .map_err(|_| Unreadable)?
        .to_string())
}

/// A record that is about no note.
#[derive(Debug, PartialEq)]
pub(crate) struct Unreadable;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_name: String,
    user_identity: Option<UserIdentity>,
    dynamodb: Change,
}

/// Who has removed an item, if that is a service.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity {
    principal_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    keys: Keys,
    new_image: Option<Image>,
    old_image: Option<Image>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    user_id: Attribute,
    timestamp: Attribute,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    revision: Attribute,
    deleted: Option<Attribute>,
    expires_at: Option<Attribute>,
    title: Option<Attribute>,
    content: Option<Attribute>,
    category: Option<Attribute>,
}

impl Image {
    /// Whether it is a note, and no tombstone. An expired note counts as one.
    fn is_live(&self) -> bool {
        self.deleted.is_none()
    }
}

/// A value in the JSON of DynamoDB, such as `{"S": "Milk"}`.
#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "S")]
    string: Option<String>,
    #[serde(rename = "N")]
    number: Option<String>,
    #[serde(rename = "B")]
    binary: Option<String>,
}

impl Attribute {
    fn string(self) -> Result<String, Unreadable> {
        self.string.ok_or(Unreadable)
    }

    fn number(self) -> Result<String, Unreadable> {
        self.number.ok_or(Unreadable)
    }

    fn revision(self) -> Result<Revision, Unreadable> {
        let bytes = BASE64_STANDARD
            .decode(self.binary.ok_or(Unreadable)?)
            .map_err(|_| Unreadable)?;
        let bytes: [u8; 16] = bytes.try_into().map_err(|_| Unreadable)?;
        Revision::try_from(bytes).map_err(|_| Unreadable)
    }
}
