use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use notes_core::{
    ChangePage, ChangesQuery, DeleteOutcome, Deletion, InsertOutcome, Insertion, ListQuery, Note,
    NoteId, NoteStore, Page, Purged, StoreError, StoreErrorKind, Timestamp, Update, UpdateOutcome,
    UserId,
};
use notes_dynamo::DynamoNoteStore;

/// The store of a server that crashes in the middle of a call, and that is suspended between reading its clock and
/// sending, for up to two hours.
#[derive(Clone)]
pub(crate) struct Unsteady {
    /// The store for a call with this `now`.
    store: Arc<dyn Fn(Timestamp) -> DynamoNoteStore + Send + Sync>,
    suspended_percent: u8,
    random: Arc<Mutex<fastrand::Rng>>,
}

impl Unsteady {
    pub(crate) fn new(
        store: impl Fn(Timestamp) -> DynamoNoteStore + Send + Sync + 'static,
        suspended_percent: u8,
        random: fastrand::Rng,
    ) -> Self {
        Self {
            store: Arc::new(store),
            suspended_percent,
            random: Arc::new(Mutex::new(random)),
        }
    }

    /// Of a hundred calls, some are suspended, and three end by a crash.
    async fn call<T>(
        &self,
        now: Timestamp,
        after_a_crash: StoreErrorKind,
        call: impl AsyncFnOnce(DynamoNoteStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (suspended, crash) = {
            let mut random = self.random.lock().unwrap();
            // Half of them about as long as a signature may differ from `now`.
            let most = if random.bool() { 120_000 } else { 7_200_000 };
            let is_suspended = random.u8(..100) < self.suspended_percent;
            let suspended = is_suspended.then(|| random.u64(..most));
            let crash = (random.u8(..100) < 3).then(|| random.u64(..60));
            (suspended, crash)
        };
        if let Some(millis) = suspended {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        let done = call((self.store)(now));
        let Some(millis) = crash else {
            return done.await;
        };
        let until = Duration::from_millis(millis);
        let crashed = |_| Err(after_a_crash.into());
        tokio::time::timeout(until, done)
            .await
            .unwrap_or_else(crashed)
    }
}

impl fmt::Debug for Unsteady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsteady").finish_non_exhaustive()
    }
}

const READ: StoreErrorKind = StoreErrorKind::Unavailable;
const WRITE: StoreErrorKind = StoreErrorKind::OutcomeUnknown;

#[async_trait]
impl NoteStore for Unsteady {
    async fn insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
    ) -> Result<InsertOutcome, StoreError> {
        let call = async |store: DynamoNoteStore| store.insert(insertion, now).await;
        self.call(now, WRITE, call).await
    }

    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError> {
        let call = async |store: DynamoNoteStore| store.get(user, id, now).await;
        self.call(now, READ, call).await
    }

    async fn list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        let call = async |store: DynamoNoteStore| store.list(user, query, now).await;
        self.call(now, READ, call).await
    }

    async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError> {
        let call = async |store: DynamoNoteStore| store.update(user, id, update, now).await;
        self.call(now, WRITE, call).await
    }

    async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError> {
        let call = async |store: DynamoNoteStore| store.delete(user, id, deletion, now).await;
        self.call(now, WRITE, call).await
    }

    async fn changes(
        &self,
        user: &UserId,
        query: &ChangesQuery,
        now: Timestamp,
    ) -> Result<ChangePage, StoreError> {
        let call = async |store: DynamoNoteStore| store.changes(user, query, now).await;
        self.call(now, READ, call).await
    }

    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
        let call = async |store: DynamoNoteStore| store.purge(user, budget).await;
        self.call(Timestamp::MAX, WRITE, call).await
    }
}
