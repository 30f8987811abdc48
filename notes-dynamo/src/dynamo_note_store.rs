use std::num::NonZeroU32;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use notes_core::{
    Change, DeleteOutcome, Deletion, Expected, InsertOutcome, Insertion, ListQuery, Note, NoteId,
    NoteStore, Occupant, Page, Purged, StoreError, StoreErrorKind, Timestamp, Update,
    UpdateOutcome, UserId,
};

use crate::attempts::Attempts;
use crate::capacity::{Capacity, Observer};
use crate::error::{of_read, of_write};
use crate::expression::{Expression, number};
use crate::item::{
    self, CATEGORY, CONTENT, DELETED, DecodedItem, EXPIRES_AT, Item, PURGE_AT, RETAINED, TIMESTAMP,
    TITLE, USER_ID, UnreadableItem,
};

/// [`NoteStore`] on one DynamoDB table.
///
/// Each operation but [`list`](NoteStore::list) and [`purge`](NoteStore::purge) is one request that
/// consumes the least capacity there is for it. A clone shares the client's connections.
///
/// How often a request is repeated and how long it may take is the client's configuration; see
/// [`client_config`](crate::client_config).
///
/// # Late writes
/// A request that was given up can still be executed for as long as DynamoDB accepts its signature, which AWS
/// refuses when it is [more than 15 minutes old][signature] (some services after 5). So the ids of a user
/// have to rest for 20 minutes after a [`purge`](NoteStore::purge) that answered `OutcomeUnknown` or was
/// dropped, as long as the clock that signs is right; a clock that is ahead adds as much.
///
/// [signature]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
#[derive(Clone, Debug)]
pub struct DynamoNoteStore {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) consistent_reads: bool,
    pub(crate) capacity: Observer,
}

impl DynamoNoteStore {
    /// The notes in this table. Reads are strongly consistent.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
            consistent_reads: true,
            capacity: Observer::default(),
        }
    }

    /// Reads at half the price, which may miss writes of the last moments
    /// ([read consistency][consistency]): a note may be missing from an answer right after its
    /// creation was acknowledged, or be shown after its deletion was.
    ///
    /// [consistency]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
    #[must_use]
    pub fn with_eventually_consistent_reads(mut self) -> Self {
        self.consistent_reads = false;
        self
    }

    /// Tells this how much capacity each request has consumed, in the task that sent it. A request
    /// that failed has told nobody, although a refused conditional write consumes write units too.
    #[must_use]
    pub fn with_capacity_observer(
        mut self,
        observer: impl Fn(Capacity) + Send + Sync + 'static,
    ) -> Self {
        self.capacity = Observer::new(observer);
        self
    }

    /// Opens the connection that the next request will use, so that it need not: for the
    /// initialisation of a function, which has more CPU than its invocations.
    ///
    /// It asks for an item of no user. The answer does not matter, nor does a failure, which the next
    /// request meets as well; a function needs no permission for it.
    pub async fn warm_up(&self) {
        let key = Item::from([
            // A control character: no user id has one.
            (USER_ID.to_owned(), text("\u{1}")),
            (TIMESTAMP.to_owned(), AttributeValue::N("0".to_owned())),
        ]);
        let request = self.client.get_item().table_name(&self.table);
        let _ = request.set_key(Some(key)).send().await;
    }

    /// Sends an update that depends on a condition.
    async fn update_item(
        &self,
        key: Item,
        expression: Expression,
        expected: &Expected,
        returns: ReturnValue,
    ) -> Result<Written, StoreError> {
        let attempts = if expected.is_never_met() {
            Attempts::to_ask()
        } else {
            Attempts::to_write()
        };
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(expression.update())
            .condition_expression(expression.condition())
            .set_expression_attribute_names(Some(expression.names))
            .set_expression_attribute_values(Some(expression.values))
            .return_values(returns)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .set_return_consumed_capacity(self.capacity.asks())
            .customize()
            .interceptor(attempts.clone())
            .send()
            .await;
        let error = match sent {
            Ok(output) => {
                self.capacity.wrote(output.consumed_capacity());
                return Ok(Written::Done(output.attributes));
            }
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                error.into_err()
            }
            Err(error) => return Err(of_write(error, &attempts)),
        };
        let item = match error {
            UpdateItemError::ConditionalCheckFailedException(refused) => refused.item,
            _ => None,
        };
        match item {
            Some(item) => Ok(Written::Refused(item.into(), attempts)),
            None if attempts.may_have_executed() => Err(gone()),
            None => Ok(Written::NotFound),
        }
    }
}

/// What became of an update that was sent.
enum Written {
    /// The item as asked for by `ReturnValues`.
    Done(Option<Item>),
    /// The condition does not hold for what is there.
    Refused(DecodedItem, Attempts<UpdateItemError>),
    NotFound,
}

/// There is nothing any more, not even a tombstone: a purge came between two attempts.
fn gone() -> StoreError {
    let why = "an earlier attempt may have been executed before the item was removed";
    StoreError::new(StoreErrorKind::OutcomeUnknown, why)
}

/// The outcome of a refused write that is not found to have been executed.
fn rejected<O>(
    stored: DecodedItem,
    attempts: &Attempts<UpdateItemError>,
    is_live: impl FnOnce(&Note) -> bool,
    missing: O,
    stale: fn(Option<Note>) -> O,
) -> Result<O, StoreError> {
    if attempts.may_have_executed() {
        let why = "an earlier attempt may have been executed before the note was changed again";
        return Err(StoreError::new(StoreErrorKind::OutcomeUnknown, why));
    }
    Ok(match stored {
        DecodedItem::Note(note, _) if is_live(&note) => stale(Some(note)),
        DecodedItem::Note(..) | DecodedItem::Tombstone(_) => missing,
        DecodedItem::Unreadable(_) => stale(None),
    })
}

#[async_trait]
impl NoteStore for DynamoNoteStore {
    async fn insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
    ) -> Result<InsertOutcome, StoreError> {
        let mut expression = Expression::default();
        expression.is_absent(USER_ID);
        let is_live = insertion.note.is_live(now);
        let key = item::key(&insertion.note.user, insertion.note.id);
        let (item, attempts) = if is_live {
            let item = item::from_insertion(insertion)
                .map_err(|error| StoreError::new(StoreErrorKind::Other, error))?;
            (item, Attempts::to_write())
        } else {
            // Never true: a note that has expired is not stored, and what holds its id is the answer. The
            // key alone costs the least.
            expression.exists(USER_ID);
            (key.clone(), Attempts::to_ask())
        };
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(expression.condition())
            .set_expression_attribute_names(Some(expression.names))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .set_return_consumed_capacity(self.capacity.asks())
            .customize()
            .interceptor(attempts.clone())
            .send()
            .await;
        let error = match sent {
            Ok(output) => {
                self.capacity.wrote(output.consumed_capacity());
                return Ok(InsertOutcome::Inserted);
            }
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                error.into_err()
            }
            Err(error) => return Err(of_write(error, &attempts)),
        };
        let item = match error {
            PutItemError::ConditionalCheckFailedException(refused) => refused.item,
            _ => None,
        };
        let Some(item) = item else {
            if !is_live {
                return Ok(InsertOutcome::Expired);
            }
            // Then nobody can tell a replay from a conflict.
            let kind = if attempts.may_have_executed() {
                StoreErrorKind::OutcomeUnknown
            } else {
                StoreErrorKind::Other
            };
            let why = "the engine does not return the item that a condition failed on";
            return Err(StoreError::new(kind, why));
        };
        if key
            .iter()
            .any(|(name, value)| item.get(name) != Some(value))
        {
            let table = &self.table;
            let why = format!("the key of table {table} is not {USER_ID} and {TIMESTAMP}");
            return Err(StoreError::new(StoreErrorKind::Other, why));
        }
        Ok(InsertOutcome::Taken(match item.into() {
            DecodedItem::Note(note, fingerprint) if note.is_live(now) => {
                Occupant::Live { note, fingerprint }
            }
            DecodedItem::Note(..) | DecodedItem::Tombstone(_) => Occupant::Spent,
            DecodedItem::Unreadable(_) => Occupant::Unreadable,
        }))
    }

    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item::key(user, id)))
            .consistent_read(self.consistent_reads)
            .set_return_consumed_capacity(self.capacity.asks())
            .send()
            .await
            .map_err(of_read)?;
        self.capacity.read(output.consumed_capacity());
        match output.item.map(DecodedItem::from) {
            Some(DecodedItem::Note(note, _)) => Ok(note.is_live(now).then_some(note)),
            Some(DecodedItem::Tombstone(_)) | None => Ok(None),
            Some(DecodedItem::Unreadable(item)) => Err(corrupt(item)),
        }
    }

    async fn list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        self.page(user, query, now).await
    }

    async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError> {
        let mut expression = Expression::default();
        expression.replaces(&update.expected, update.revision, update.live_at(now));
        if update.renewal {
            expression.is_true(RETAINED);
        }
        set_patch(&mut expression, update);
        let written = self
            .update_item(
                item::key(user, id),
                expression,
                &update.expected,
                ReturnValue::AllNew,
            )
            .await?;
        match written {
            Written::NotFound => Ok(UpdateOutcome::Missing),
            Written::Done(item) => match item.unwrap_or_default().into() {
                DecodedItem::Note(note, _) => Ok(UpdateOutcome::Updated(note)),
                DecodedItem::Tombstone(_) => Ok(UpdateOutcome::Missing),
                DecodedItem::Unreadable(item) => Err(corrupt(item)),
            },
            Written::Refused(DecodedItem::Note(note, _), _) if note.revision == update.revision => {
                Ok(UpdateOutcome::Updated(note))
            }
            Written::Refused(stored, attempts) => rejected(
                stored,
                &attempts,
                |note| update.finds_live(note, now),
                UpdateOutcome::Missing,
                UpdateOutcome::Stale,
            ),
        }
    }

    async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError> {
        let mut expression = Expression::default();
        expression.replaces(&deletion.expected, deletion.revision, now);
        expression.set(DELETED, AttributeValue::Bool(true));
        expression.set(PURGE_AT, number(deletion.purge_at.as_secs()));
        expression.remove(&[TITLE, CONTENT, CATEGORY, EXPIRES_AT, RETAINED]);
        let written = self
            .update_item(
                item::key(user, id),
                expression,
                &deletion.expected,
                ReturnValue::None,
            )
            .await?;
        match written {
            Written::NotFound => Ok(DeleteOutcome::Missing),
            Written::Done(_) => Ok(DeleteOutcome::Deleted),
            Written::Refused(DecodedItem::Tombstone(Some(revision)), _)
                if revision == deletion.revision =>
            {
                Ok(DeleteOutcome::Deleted)
            }
            Written::Refused(stored, attempts) => rejected(
                stored,
                &attempts,
                |note| note.is_live(now),
                DeleteOutcome::Missing,
                DeleteOutcome::Stale,
            ),
        }
    }

    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
        self.remove_items(user, budget).await
    }
}

fn corrupt(item: UnreadableItem) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, item.why)
}

fn set_patch(expression: &mut Expression, update: &Update) {
    let patch = &update.patch;
    if let Some(title) = &patch.title {
        expression.set(TITLE, text(title.as_str()));
    }
    if let Some(content) = &patch.content {
        expression.set(CONTENT, text(content.as_str()));
    }
    match &patch.category {
        Change::Keep => {}
        Change::Clear => expression.remove(&[CATEGORY]),
        Change::Set(category) => expression.set(CATEGORY, text(category.as_str())),
    }
    match patch.expiry {
        Change::Keep => {}
        Change::Clear => expression.remove(&[EXPIRES_AT, PURGE_AT, RETAINED]),
        Change::Set(expiry) => {
            expression.set(EXPIRES_AT, number(expiry.as_secs()));
            match update.purge_at {
                Some(at) => expression.set(PURGE_AT, number(at.as_secs())),
                None => expression.remove(&[PURGE_AT]),
            }
            if !update.renewal {
                expression.remove(&[RETAINED]);
            }
        }
    }
}

fn text(it: &str) -> AttributeValue {
    AttributeValue::S(it.to_owned())
}
