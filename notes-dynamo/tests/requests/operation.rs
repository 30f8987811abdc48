use std::fmt;
use std::num::NonZeroU32;

use notes_core::{ChangesQuery, ListQuery, NoteStore, StoreError, StoreErrorKind};
use notes_dynamo::DynamoNoteStore;
use serde_json::json;

use crate::given::{
    FIRST, NEW, NOW, alice, deletion, entry, id, insertion, item, key, question, since_now, update,
};
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
    /// The query of all notes, for a replica that has none.
    ListAll,
    /// The query of the index of changes.
    FindChanged,
    /// The batch of the items that have changed.
    ReadChanged,
    /// The query of a purge.
    FindAll,
    /// The batch of a purge.
    RemoveBatch,
}

/// That change nothing, whatever becomes of them.
pub(crate) const READS: [Operation; 7] = [
    Operation::Get,
    Operation::List,
    Operation::Ask,
    Operation::ListAll,
    Operation::FindChanged,
    Operation::ReadChanged,
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
            Self::List | Self::ListAll => json!({"Items": [item(FIRST)]}),
            Self::ReadChanged => json!({"Responses": {"notes": [item(FIRST)]}}),
            Self::Update => json!({"Attributes": item(NEW)}),
            Self::Ask => return Reply::condition_failed(Some(&item(FIRST))),
            Self::Insert | Self::Delete | Self::FindChanged | Self::FindAll | Self::RemoveBatch => {
                json!({})
            }
        })
    }

    /// Lets the request meet these replies.
    pub(crate) async fn meets(self, replies: impl IntoIterator<Item = Reply>) -> Course {
        let before = match self {
            Self::RemoveBatch => vec![Reply::ok(&json!({"Items": [key()]}))],
            Self::ReadChanged => vec![Reply::ok(&json!({"Items": [entry()]}))],
            _ => vec![],
        };
        let others = before.len();
        let wire = Wire::new(before.into_iter().chain(replies));
        let store = match self {
            Self::ListAll | Self::FindChanged | Self::ReadChanged => wire.store_with_changes(),
            _ => wire.store(),
        };
        let outcome = self.call(&store).await;
        (outcome, wire.sent().len() - others)
    }

    /// The call that sends the request.
    pub(crate) async fn call(self, store: &DynamoNoteStore) -> Result<String, StoreErrorKind> {
        let user = alice();
        match self {
            Self::Insert => text(store.insert(&insertion(), NOW).await),
            Self::Get => text(store.get(&user, id(), NOW).await),
            Self::List => text(store.list(&user, &ListQuery::default(), NOW).await),
            Self::Update => text(store.update(&user, id(), &update(), NOW).await),
            Self::Ask => text(store.update(&user, id(), &question(), NOW).await),
            Self::Delete => text(store.delete(&user, id(), &deletion(), NOW).await),
            Self::ListAll => text(store.changes(&user, &ChangesQuery::live(), NOW).await),
            Self::FindChanged | Self::ReadChanged => {
                text(store.changes(&user, &since_now(), NOW).await)
            }
            Self::FindAll | Self::RemoveBatch => text(store.purge(&user, NonZeroU32::MIN).await),
        }
    }
}

fn text<T: fmt::Debug>(result: Result<T, StoreError>) -> Result<String, StoreErrorKind> {
    match result {
        Ok(outcome) => Ok(format!("{outcome:?}")),
        Err(error) => Err(error.kind()),
    }
}
