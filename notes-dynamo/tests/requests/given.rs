//! One user, one note, and what is done to it.

use std::time::Duration;

use notes_core::{
    Change, Deletion, Expected, Fingerprint, Insertion, Note, NoteId, NotePatch, PurgeAt, Revision,
    Timestamp, Update, UserId,
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

/// At 1,800,003,600.
pub(crate) fn purge_at() -> PurgeAt {
    PurgeAt::new(id(), 1_800_000_000, Duration::ZERO)
}

pub(crate) fn note() -> Note {
    Note {
        user: alice(),
        id: id(),
        title: "Milk".parse().unwrap(),
        content: "2 litres".parse().unwrap(),
        category: None,
        expiry: None,
        retained: false,
        revision: id().into(),
    }
}

pub(crate) fn insertion() -> Insertion {
    Insertion {
        note: note(),
        fingerprint: Fingerprint::from([1, 2, 3, 4, 5, 6, 7, 8]),
        purge_at: None,
    }
}

/// That changes nothing but the revision.
pub(crate) fn update() -> Update {
    Update {
        patch: NotePatch::default(),
        purge_at: None,
        renewal: false,
        expected: Expected::Any,
        revision: new_revision(),
    }
}

/// That nothing is expected to meet.
pub(crate) fn question() -> Update {
    Update {
        expected: Expected::OneOf(vec![]),
        ..update()
    }
}

/// A new end of the note, and when it may be removed after it.
pub(crate) fn expiring_update() -> Update {
    Update {
        patch: NotePatch {
            expiry: Change::Set(1_800_000_000.try_into().unwrap()),
            ..NotePatch::default()
        },
        purge_at: Some(purge_at()),
        ..update()
    }
}

pub(crate) fn deletion() -> Deletion {
    Deletion {
        expected: Expected::Any,
        revision: new_revision(),
        purge_at: purge_at(),
    }
}

pub(crate) fn key() -> Value {
    json!({"userId": {"S": "alice"}, "timestamp": {"N": KEY}})
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
