use std::fmt;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use notes_core::{
    ChangePage, ChangesQuery, DeleteOutcome, Deletion, InsertOutcome, Insertion, ListQuery, Note,
    NoteId, NoteStore, Page, Purged, StoreError, Timestamp, Update, UpdateOutcome, UserId,
};

type Delay = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A store each of whose operations awaits something first.
#[derive(Clone)]
pub(crate) struct Delayed<S> {
    store: S,
    delay: Delay,
}

impl<S> Delayed<S> {
    pub(crate) fn new<D>(store: S, delay: impl Fn() -> D + Send + Sync + 'static) -> Self
    where
        D: Future<Output = ()> + Send + 'static,
    {
        let delay = Arc::new(move || Box::pin(delay()) as Pin<Box<dyn Future<Output = ()> + Send>>);
        Self { store, delay }
    }

    /// A store that never responds.
    pub(crate) fn hanging(store: S) -> Self {
        Self::new(store, std::future::pending)
    }
}

impl<S> fmt::Debug for Delayed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delayed").finish_non_exhaustive()
    }
}

#[async_trait]
impl<S: NoteStore> NoteStore for Delayed<S> {
    async fn insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
    ) -> Result<InsertOutcome, StoreError> {
        (self.delay)().await;
        self.store.insert(insertion, now).await
    }

    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError> {
        (self.delay)().await;
        self.store.get(user, id, now).await
    }

    async fn list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        (self.delay)().await;
        self.store.list(user, query, now).await
    }

    async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError> {
        (self.delay)().await;
        self.store.update(user, id, update, now).await
    }

    async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError> {
        (self.delay)().await;
        self.store.delete(user, id, deletion, now).await
    }

    async fn changes(
        &self,
        user: &UserId,
        query: &ChangesQuery,
        now: Timestamp,
    ) -> Result<ChangePage, StoreError> {
        (self.delay)().await;
        self.store.changes(user, query, now).await
    }

    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
        (self.delay)().await;
        self.store.purge(user, budget).await
    }
}
