use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Mutex;

use async_trait::async_trait;
use notes_core::{
    Change, ChangePage, ChangesQuery, DeleteOutcome, Deletion, Expires, InsertOutcome, Insertion,
    ListQuery, Note, NoteId, NoteStore, Page, Purged, StoreError, StoreErrorKind, Timestamp,
    Update, UpdateOutcome, UserId,
};
use notes_dynamo::DynamoNoteStore;
use notes_testing::Call;
use serde_json::{Value, json};

/// A protocol that is broken in one place, for the proof that this is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// A creation takes its key whatever is there.
    InsertOverwrites,
    /// A deletion leaves no tombstone.
    DeleteFreesTheId,
    /// An update is also done when a later one was done before it.
    RevisionsMayShrink,
    /// An update is also done when the expected revision is no longer there.
    IfMatchIsIgnored,
    /// An update is also done when the state that its condition excludes is there.
    IfNoneMatchIsIgnored,
    /// A read shows the note as the read before could have.
    ReadsAreOld,
    /// A creation whose outcome is unknown is repeated under another id.
    CreationsAreRenamed,
    /// An update whose outcome is unknown is repeated as if it were another one.
    UpdatesAreRepeated,
    /// What may have been written is said not to be.
    UnknownIsNotWritten,
    /// A client's fault that is none of the engine's errors is taken for its refusal.
    AnyClientErrorIsARefusal,
    /// A purge forgets that what it sent before may still arrive.
    PurgeIsNeverInDoubt,
    /// An update that moves the expiry is done up to the last moment before it.
    ExpiryHasNoMargin,
    /// An update renews a note by the retention setting also when its author has said when it expires.
    EveryNoteIsRenewed,
}

impl Sabotage {
    /// Changes a request before it is executed.
    pub(crate) fn change(self, call: &mut Call) {
        let (part, instead) = match self {
            Self::InsertOverwrites => (
                // With its quotes: of a note that has not expired.
                r#""attribute_not_exists(#userId)""#,
                r#""attribute_exists(#userId) OR attribute_not_exists(#userId)""#,
            ),
            Self::RevisionsMayShrink => ("#revision < :revision", "attribute_exists(#revision)"),
            Self::IfMatchIsIgnored => (
                "AND (#revision IN (:expected0))",
                "AND (attribute_exists(#revision) OR #revision IN (:expected0))",
            ),
            Self::IfNoneMatchIsIgnored => (
                "AND NOT (#revision IN (:expected0))",
                "AND (attribute_exists(#revision) OR #revision IN (:expected0))",
            ),
            Self::ExpiryHasNoMargin => return remove_margin(call),
            _ => return,
        };
        call.body = call.body.replace(part, instead);
    }

    /// Does what it does after a request was executed.
    pub(crate) fn follow(
        self,
        call: &Call,
        response: &mut (u16, String),
        execute: impl Fn(&Call) -> (u16, String),
    ) {
        if self == Self::DeleteFreesTheId && response.0 == 200 && call.body.contains(":deleted") {
            let request: Value = serde_json::from_str(&call.body).unwrap();
            let delete = json!({"TableName": request["TableName"], "Key": request["Key"]});
            execute(&Call {
                operation: "DeleteItem".to_owned(),
                body: delete.to_string(),
                ..call.clone()
            });
        }
    }
}

/// Lets an update that moves the expiry find a note up to the last moment before it.
fn remove_margin(call: &mut Call) {
    let mut request: Value = serde_json::from_str(&call.body).unwrap();
    let update = request["UpdateExpression"].as_str().unwrap_or_default();
    if update.contains("#expiresAt") && !update.contains("#deleted") {
        let now = &mut request["ExpressionAttributeValues"][":now"]["N"];
        let second: u64 = now.as_str().unwrap().parse().unwrap();
        *now = (second - Update::EXPIRY_MARGIN.as_secs())
            .to_string()
            .into();
        call.body = request.to_string();
    }
}

/// A store that does not do all that it should.
#[derive(Debug)]
pub(crate) struct Sabotaged {
    store: DynamoNoteStore,
    sabotage: Sabotage,
    reads: Mutex<HashMap<NoteId, Option<Note>>>,
}

impl Sabotaged {
    pub(crate) fn new(store: DynamoNoteStore, sabotage: Sabotage) -> Self {
        Self {
            store,
            sabotage,
            reads: Mutex::default(),
        }
    }

    fn own<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        outcome.map_err(|error| match self.sabotage {
            Sabotage::UnknownIsNotWritten if is_unknown(&error) => {
                StoreErrorKind::Unavailable.into()
            }
            _ => error,
        })
    }
}

fn is_unknown(error: &StoreError) -> bool {
    error.kind() == StoreErrorKind::OutcomeUnknown
}

#[async_trait]
impl NoteStore for Sabotaged {
    async fn insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
    ) -> Result<InsertOutcome, StoreError> {
        let outcome = self.store.insert(insertion, now).await;
        match outcome {
            Err(error) if self.sabotage == Sabotage::CreationsAreRenamed && is_unknown(&error) => {
                let mut renamed = insertion.clone();
                renamed.note.id = NoteId::generate(now);
                renamed.note.revision = renamed.note.id.into();
                self.store.insert(&renamed, now).await
            }
            outcome => self.own(outcome),
        }
    }

    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError> {
        let read = self.store.get(user, id, now).await?;
        let before = self.reads.lock().unwrap().insert(id, read.clone());
        Ok(match before {
            Some(before) if self.sabotage == Sabotage::ReadsAreOld => before,
            _ => read,
        })
    }

    async fn list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        self.store.list(user, query, now).await
    }

    async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError> {
        let mut update = update.clone();
        // As if the author had set what the retention setting says.
        if self.sabotage == Sabotage::EveryNoteIsRenewed
            && let Some(Expires::Retained(expiry)) = update.expires()
        {
            update.patch.expiry = Change::Set(expiry);
        }
        let outcome = self.store.update(user, id, &update, now).await;
        match outcome {
            Err(error) if self.sabotage == Sabotage::UpdatesAreRepeated && is_unknown(&error) => {
                update.revision = update.revision.next(now).unwrap();
                self.store.update(user, id, &update, now).await
            }
            outcome => self.own(outcome),
        }
    }

    async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError> {
        let outcome = self.store.delete(user, id, deletion, now).await;
        self.own(outcome)
    }

    async fn changes(
        &self,
        user: &UserId,
        query: &ChangesQuery,
        now: Timestamp,
    ) -> Result<ChangePage, StoreError> {
        self.store.changes(user, query, now).await
    }

    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
        loop {
            match self.store.purge(user, budget).await {
                Err(error)
                    if self.sabotage == Sabotage::PurgeIsNeverInDoubt && is_unknown(&error) => {}
                purged => return purged,
            }
        }
    }
}
