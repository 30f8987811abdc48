use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_smithy_async::time::StaticTimeSource;
use notes_core::{
    ChangePage, ChangesQuery, DeleteOutcome, Deletion, InsertOutcome, Insertion, ListQuery, Note,
    NoteId, NoteStore, Page, Purged, StoreError, Timestamp, Update, UpdateOutcome, UserId,
};
use notes_dynamo::DynamoNoteStore;
use std::num::NonZeroU32;

/// A store with changes whose clock always shows the `now` of the call.
///
/// The suite's cases are at invented times, and such a store sends no request that is signed at another time than its
/// `now`. The engines of tests do not check signatures.
#[derive(Clone, Debug)]
pub(crate) struct AtNow {
    client: Client,
    table: String,
}

impl AtNow {
    pub(crate) fn new(client: Client, table: &str) -> Self {
        let table = table.to_owned();
        Self { client, table }
    }

    pub(crate) fn store(&self, now: Timestamp) -> DynamoNoteStore {
        let config = self.client.config().to_builder();
        let clock = StaticTimeSource::from_secs(now.as_secs());
        let client = Client::from_conf(config.time_source(clock).build());
        DynamoNoteStore::new(client, &self.table).with_changes()
    }
}

#[async_trait]
impl NoteStore for AtNow {
    async fn insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
    ) -> Result<InsertOutcome, StoreError> {
        self.store(now).insert(insertion, now).await
    }

    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError> {
        self.store(now).get(user, id, now).await
    }

    async fn list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        self.store(now).list(user, query, now).await
    }

    async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError> {
        self.store(now).update(user, id, update, now).await
    }

    async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError> {
        self.store(now).delete(user, id, deletion, now).await
    }

    async fn changes(
        &self,
        user: &UserId,
        query: &ChangesQuery,
        now: Timestamp,
    ) -> Result<ChangePage, StoreError> {
        self.store(now).changes(user, query, now).await
    }

    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
        self.store(Timestamp::now()).purge(user, budget).await
    }
}
