use std::fmt;
use std::num::NonZeroU32;

use notes_core::{ListQuery, NoteStore, StoreError, StoreErrorKind};
use serde_json::json;

use crate::given::{FIRST, NEW, NOW, alice, deletion, id, insertion, item, key, question, update};
use crate::wire::{Reply, Wire};

/// A kind of request, as part of the call that sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Insert,
    Get,
    List,
    Update,
    /// An update that may replace nothing: what it finds is what it is for.
    Ask,
    Delete,
    /// The query of a purge.
    FindAll,
    /// The batch of a purge.
    RemoveBatch,
}

/// That change nothing, whatever becomes of them.
pub(crate) const READS: [Operation; 4] = [
    Operation::Get,
    Operation::List,
    Operation::Ask,
    Operation::FindAll,
];
pub(crate) const WRITES: [Operation; 4] = [
    Operation::Insert,
    Operation::Update,
    Operation::Delete,
    Operation::RemoveBatch,
];

/// What came of a call: its outcome as text, or how it failed; and how often the request was sent.
pub(crate) type Course = (Result<String, StoreErrorKind>, usize);

impl Operation {
    /// What the engine replies when all is well.
    pub(crate) fn success(self) -> Reply {
        Reply::ok(&match self {
            Self::Get => json!({"Item": item(FIRST)}),
            Self::List => json!({"Items": [item(FIRST)]}),
            Self::Update => json!({"Attributes": item(NEW)}),
            Self::Ask => return Reply::condition_failed(Some(&item(FIRST))),
            Self::Insert | Self::Delete | Self::FindAll | Self::RemoveBatch => json!({}),
        })
    }

    /// Lets the request meet these replies.
    pub(crate) async fn meets(self, replies: impl IntoIterator<Item = Reply>) -> Course {
        let before = match self {
            Self::RemoveBatch => vec![Reply::ok(&json!({"Items": [key()]}))],
            _ => vec![],
        };
        let others = before.len();
        let wire = Wire::new(before.into_iter().chain(replies));
        let (store, user) = (wire.store(), alice());
        let outcome = match self {
            Self::Insert => text(store.insert(&insertion(), NOW).await),
            Self::Get => text(store.get(&user, id(), NOW).await),
            Self::List => text(store.list(&user, &ListQuery::default(), NOW).await),
            Self::Update => text(store.update(&user, id(), &update(), NOW).await),
            Self::Ask => text(store.update(&user, id(), &question(), NOW).await),
            Self::Delete => text(store.delete(&user, id(), &deletion(), NOW).await),
            Self::FindAll | Self::RemoveBatch => text(store.purge(&user, NonZeroU32::MIN).await),
        };
        (outcome, wire.sent().len() - others)
    }
}

fn text<T: fmt::Debug>(result: Result<T, StoreError>) -> Result<String, StoreErrorKind> {
    match result {
        Ok(outcome) => Ok(format!("{outcome:?}")),
        Err(error) => Err(error.kind()),
    }
}
