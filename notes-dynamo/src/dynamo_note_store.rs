use std::num::NonZeroU32;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{
    DeleteOutcome, Deletion, InsertOutcome, Insertion, ListQuery, Note, NoteId, NoteStore, Page,
    Purged, StoreError, Timestamp, Update, UpdateOutcome, UserId,
};

use crate::item::attributes::{TIMESTAMP, USER_ID};
use crate::item::expression::text;
use crate::item::mapping::Item;
use crate::operation::{delete, get, insert, list, purge, update};
use crate::request::capacity::{Capacity, Observer};
use crate::table::Table;

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
    table: Table,
}

impl DynamoNoteStore {
    /// The notes in this table. Reads are strongly consistent.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            table: Table {
                client,
                name: table.into(),
                consistent_reads: true,
                capacity: Observer::default(),
            },
        }
    }

    /// Reads at half the price, which may miss writes of the last moments
    /// ([read consistency][consistency]): a note may be missing from an answer right after its
    /// creation was acknowledged, or be shown after its deletion was.
    ///
    /// [consistency]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
    #[must_use]
    pub fn with_eventually_consistent_reads(mut self) -> Self {
        self.table.consistent_reads = false;
        self
    }

    /// Tells this how much capacity each request has consumed, in the task that sent it. A request
    /// that failed has told nobody, although a refused conditional write consumes write units too.
    #[must_use]
    pub fn with_capacity_observer(
        mut self,
        observer: impl Fn(Capacity) + Send + Sync + 'static,
    ) -> Self {
        self.table.capacity = Observer::new(observer);
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
        let request = self.table.client.get_item().table_name(&self.table.name);
        let _ = request.set_key(Some(key)).send().await;
    }
}

#[async_trait]
impl NoteStore for DynamoNoteStore {
    async fn insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
    ) -> Result<InsertOutcome, StoreError> {
        insert::insert(&self.table, insertion, now).await
    }

    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError> {
        get::get(&self.table, user, id, now).await
    }

    async fn list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        list::list(&self.table, user, query, now).await
    }

    async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError> {
        update::update(&self.table, user, id, update, now).await
    }

    async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError> {
        delete::delete(&self.table, user, id, deletion, now).await
    }

    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
        purge::purge(&self.table, user, budget).await
    }
}
