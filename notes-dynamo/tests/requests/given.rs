//! One user, one note, and what is done to it.

use std::time::Duration;

use notes_core::{
    ChangesQuery, Deletion, Expected, Expiry, Fingerprint, Insertion, Note, NoteId, NotePatch,
    PurgeAt, Revision, Revisions, Timestamp, Update, UserId,
};
use serde_json::{Value, json};

pub(crate) const ID: &str = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d";
/// The sort key of it.
pub(crate) const KEY: &str = "176681363765916721973606223869262637";
/// The bytes of it, as the note's first revision.
pub(crate) const FIRST: &str = "AZteTJwbfiqAAF4MH3o7LQ==";
/// The bytes of the revision that a write gives.
pub(crate) const NEW: &str = "AZteTQAAcACAAAAAAAAAAQ==";
/// The bytes of the revision that a rival gives.
pub(crate) const RIVAL: &str = "AZteTQAAcACAAAAAAAAAAg==";
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_766_813_700_123);

pub(crate) fn alice() -> UserId {
    "alice".parse().unwrap()
}

pub(crate) fn id() -> NoteId {
    ID.parse().unwrap()
}

pub(crate) fn new_revision() -> Revision {
    "019b5e4d-0000-7000-8000-000000000001".parse().unwrap()
}

pub(crate) fn rival_revision() -> Revision {
    "019b5e4d-0000-7000-8000-000000000002".parse().unwrap()
}

/// How long after the time of its id a creation is accepted.
const WINDOW: Duration = Duration::ZERO;

/// At 1,800,003,600.
pub(crate) fn purge_at() -> PurgeAt {
    PurgeAt::new(id(), 1_800_000_000, WINDOW)
}

pub(crate) fn note() -> Note {
    let (title, content) = ("Milk".parse().unwrap(), "2 litres".parse().unwrap());
    Note::new(alice(), id(), title, content)
}

pub(crate) fn insertion() -> Insertion {
    insertion_of(note())
}

pub(crate) fn insertion_of(note: Note) -> Insertion {
    Insertion::new(note, Fingerprint::from([1, 2, 3, 4, 5, 6, 7, 8]), WINDOW)
}

/// That changes nothing but the revision.
pub(crate) fn update() -> Update {
    update_by(NotePatch::default())
}

pub(crate) fn update_by(patch: NotePatch) -> Update {
    Update::new(patch, Expected::Any, new_revision(), WINDOW)
}

/// That nothing is expected to meet.
pub(crate) fn question() -> Update {
    let mut update = update();
    update.expected = Expected::OneOf(Revisions::EMPTY);
    update
}

/// That sets an expiry, and with it the time after which the note may be removed.
pub(crate) fn expiring_update() -> Update {
    update_by(NotePatch::default().with_expiry(expiry()))
}

pub(crate) fn expiry() -> Expiry {
    1_800_000_000.try_into().unwrap()
}

pub(crate) fn deletion() -> Deletion {
    Deletion::new(Expected::Any, new_revision(), purge_at())
}

pub(crate) fn key() -> Value {
    json!({"userId": {"S": "alice"}, "timestamp": {"N": KEY}})
}

/// The value of `changed` that a write at `NOW` gives the note: the window of 17.5 minutes, and the id.
pub(crate) const CHANGED: &str = "ABm15AGbXkycG34qgABeDB96Oy0=";

/// What is in the index of changes of the note, when it was written at `NOW`.
pub(crate) fn entry() -> Value {
    with(key(), json!({"changed": {"B": CHANGED}}))
}

/// What was written since `NOW`.
pub(crate) fn since_now() -> ChangesQuery {
    ChangesQuery::since(NOW)
}

/// The note in the table, with this revision.
pub(crate) fn item(revision: &str) -> Value {
    json!({
        "userId": {"S": "alice"},
        "timestamp": {"N": KEY},
        "title": {"S": "Milk"},
        "content": {"S": "2 litres"},
        "revision": {"B": revision},
        "creation": {"B": "AQIDBAUGBwg="},
    })
}

/// What is left of it after a deletion with this revision.
pub(crate) fn tombstone(revision: &str) -> Value {
    json!({
        "userId": {"S": "alice"},
        "timestamp": {"N": KEY},
        "revision": {"B": revision},
        "creation": {"B": "AQIDBAUGBwg="},
        "deleted": {"BOOL": true},
        "purgeAt": {"N": "1800003600"},
    })
}

/// The first with the members of the second put in, at any depth.
pub(crate) fn with(mut base: Value, changes: Value) -> Value {
    match (&mut base, changes) {
        (Value::Object(base), Value::Object(changes)) => {
            for (name, change) in changes {
                let before = base.remove(&name).unwrap_or_default();
                base.insert(name, with(before, change));
            }
        }
        (base, changes) => *base = changes,
    }
    base
}
