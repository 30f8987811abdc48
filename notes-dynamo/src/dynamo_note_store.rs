use std::num::NonZeroU32;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{
    ChangePage, ChangesQuery, DeleteOutcome, Deletion, InsertOutcome, Insertion, ListQuery, Note,
    NoteId, NoteStore, Page, Purged, StoreError, Timestamp, Update, UpdateOutcome, UserId,
};

use crate::item::attributes::{TIMESTAMP, USER_ID};
use crate::item::expression::text;
use crate::item::mapping::Item;
use crate::operation::{changes, delete, get, insert, list, purge, update};
use crate::request::capacity::{Capacity, CapacityObserver};
use crate::table::Table;

/// [`NoteStore`] on one DynamoDB table.
///
/// Each operation except [`list`](NoteStore::list), [`changes`](NoteStore::changes) and
/// [`purge`](NoteStore::purge) is one request, with no read before a write. A clone shares the client's
/// connections.
///
/// How often a request is retried and how long it may take are settings of the client; see
/// [`client_config`](crate::client_config).
///
/// ```no_run
/// use notes_core::{ListQuery, Notes};
/// use notes_dynamo::{DynamoNoteStore, client_from_env};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let notes = Notes::new(DynamoNoteStore::new(client_from_env()?, "notes"));
/// let page = notes.list(&"alice".parse()?, &ListQuery::default()).await?;
/// # Ok(())
/// # }
/// ```
///
/// # What is sent
///
/// Each action needs the permission of its name, such as `dynamodb:PutItem`, on the table. An item has *n* bytes.
///
/// | call | requests | capacity units |
/// |---|---|---|
/// | `insert` | one conditional `PutItem` | write: *n* / 1,024, rounded up |
/// | `get` | one `GetItem` | read: *n* / 4,096, rounded up; half with eventual consistency |
/// | `update`, `delete` | one conditional `UpdateItem` | write: as `insert`, of the larger of before and after |
/// | `list` | 1 to 8 times `Query` | read: as `get`, of all items read, at most 2 MB a call |
/// | `changes` | `Query` of the index, then `BatchGetItem` | read: of the entries and of the items |
/// | `purge` | `Query`, then `BatchWriteItem`, up to the budget | read of what is found, write of what is removed |
///
/// `changes` needs `dynamodb:Query` on the index, too; without a time it is as `list`. A write whose condition fails
/// costs as much as one that is done. A store [`with_changes`](Self::with_changes) pays for the entries of the index,
/// too. The repository's `docs/data-model.md` has the sizes of all attributes.
///
/// # Errors
///
/// The kind of a [`StoreError`] is by the code of DynamoDB's error:
///
/// | [kind](notes_core::StoreErrorKind) | when |
/// |---|---|
/// | `Throttled` | the table or the account has no capacity left at the moment |
/// | `Unavailable` | no connection, a timeout of a read, a 5xx, an error of a proxy on the way |
/// | `Contended` | a transaction or a replication was writing the same item |
/// | `OutcomeUnknown` | an attempt of a write was sent and not answered, whatever the last attempt has met |
/// | `TooLarge` | the item, or all items of the user in a table with an index, are too large |
/// | `Corrupt` | what is stored can't be read as a note |
/// | `Denied` | credentials are missing rights, have expired, or the signature is wrong, as by a wrong clock |
/// | `Unsupported` | `changes` of a store that is not [`with_changes`](Self::with_changes) |
/// | `Other` | no table of this name, a client without region or credentials, a request that DynamoDB finds invalid |
///
/// The sources are the SDK's errors. Log an error by its own `Debug` or by [`ErrorChain`](notes_core::ErrorChain),
/// which have no text of a note; the `Debug` of a source may have the whole response.
///
/// # Late writes
/// A request whose caller has stopped waiting can still be executed as long as DynamoDB accepts its signature,
/// which AWS rejects when it is [more than 15 minutes old][signature] (some services after 5). So after a
/// [`purge`](NoteStore::purge) that failed with `OutcomeUnknown` or was dropped, wait 20 minutes before you
/// use the ids of that user again. If the clock that signs the requests is ahead, wait longer by as much.
///
/// [signature]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
#[derive(Clone, Debug)]
pub struct DynamoNoteStore {
    table: Table,
}

impl DynamoNoteStore {
    /// The store of the notes in this table, by its name (3 to 255 characters) or its ARN. Reads are strongly
    /// consistent.
    ///
    /// Nothing is sent yet: that the table exists and has the right key shows in the first call, or in
    /// [`ensure_table`](crate::ensure_table). [`TableName`](crate::TableName) checks the form of a name that comes from
    /// settings.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            table: Table {
                client,
                name: table.into(),
                consistent_reads: true,
                keeps_changes: false,
                capacity: CapacityObserver::default(),
            },
        }
    }

    /// Makes `get` and `list` eventually consistent: they cost half as much, but may not see the latest writes
    /// ([read consistency][consistency]). A note may be missing right after its creation was acknowledged,
    /// or still be there after its deletion was.
    ///
    /// [consistency]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
    #[must_use]
    pub fn with_eventually_consistent_reads(mut self) -> Self {
        self.table.consistent_reads = false;
        self
    }

    /// Keeps track of what changes, so that replicas can ask for it.
    ///
    /// Then a request is sent only if it is signed within a minute of the time `now` that it was made for.
    /// The process may have been suspended, or its clock may have been set, between the two. Otherwise the call
    /// fails: with `Unavailable` if no attempt was sent before, so that nothing has changed, else with
    /// `OutcomeUnknown`.
    ///
    /// An entry of the index whose key this crate has not written, and which is longer than its own, makes the
    /// user's [`changes`](NoteStore::changes) fail as `Corrupt`.
    #[must_use]
    pub fn with_changes(mut self) -> Self {
        self.table.keeps_changes = true;
        self
    }

    /// Calls this function with the capacity that each successful request has consumed, in the task that sent
    /// it. A failed request is not reported, although a write whose condition fails consumes write units too:
    /// the response with the error does not say how many.
    ///
    /// ```no_run
    /// use notes_dynamo::{Capacity, DynamoNoteStore, client_from_env};
    ///
    /// let count = |consumed: Capacity| {
    ///     // A counter of your metrics.
    ///     println!("{} read, {} written", consumed.read_units, consumed.write_units);
    /// };
    /// let store = DynamoNoteStore::new(client_from_env()?, "notes").with_capacity_observer(count);
    /// # Ok::<(), notes_dynamo::EnvironmentError>(())
    /// ```
    ///
    /// It runs on the task of the request, so it must not block. Without an observer DynamoDB is not asked for the
    /// numbers.
    #[must_use]
    pub fn with_capacity_observer(
        mut self,
        observer: impl Fn(Capacity) + Send + Sync + 'static,
    ) -> Self {
        self.table.capacity = CapacityObserver::new(observer);
        self
    }

    /// Opens a connection that the next request can use, so that it does not have to wait for the TLS
    /// handshake. Call it in the initialisation of a Lambda function, which has more CPU than its invocations.
    ///
    /// It requests an item that no user has, and ignores the response and any error: a persistent error will
    /// also occur in the next request. So the function does not need the permission `dynamodb:GetItem` for it.
    pub async fn warm_up(&self) {
        let key = Item::from([
            // A user id has no control characters, so this is nobody's.
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

    async fn changes(
        &self,
        user: &UserId,
        query: &ChangesQuery,
        now: Timestamp,
    ) -> Result<ChangePage, StoreError> {
        changes::changes(&self.table, user, query, now).await
    }

    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
        purge::purge(&self.table, user, budget).await
    }
}
