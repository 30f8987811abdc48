//! A reference or an `Arc` to a store is a store, so that [`Notes`](crate::Notes) can use a store that is
//! shared, or chosen at run time (`Arc<dyn NoteStore>`).

use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;

use crate::note::list_query::ListQuery;
use crate::note::stored::Note;
use crate::store::changes::{ChangePage, ChangesQuery};
use crate::store::note_store::{
    DeleteOutcome, Deletion, InsertOutcome, Insertion, NoteStore, Page, Purged,
};
use crate::store::store_error::StoreError;
use crate::store::update::{Update, UpdateOutcome};
use crate::value::note_id::NoteId;
use crate::value::timestamp::Timestamp;
use crate::value::user_id::UserId;

/// Implements [`NoteStore`] for a pointer by the methods of the store that it points to.
macro_rules! delegate {
    ($pointer:ty) => {
        #[async_trait]
        impl<T: NoteStore + ?Sized> NoteStore for $pointer {
            async fn insert(
                &self,
                insertion: &Insertion,
                now: Timestamp,
            ) -> Result<InsertOutcome, StoreError> {
                (**self).insert(insertion, now).await
            }

            async fn get(
                &self,
                user: &UserId,
                id: NoteId,
                now: Timestamp,
            ) -> Result<Option<Note>, StoreError> {
                (**self).get(user, id, now).await
            }

            async fn list(
                &self,
                user: &UserId,
                query: &ListQuery,
                now: Timestamp,
            ) -> Result<Page, StoreError> {
                (**self).list(user, query, now).await
            }

            async fn update(
                &self,
                user: &UserId,
                id: NoteId,
                update: &Update,
                now: Timestamp,
            ) -> Result<UpdateOutcome, StoreError> {
                (**self).update(user, id, update, now).await
            }

            async fn delete(
                &self,
                user: &UserId,
                id: NoteId,
                deletion: &Deletion,
                now: Timestamp,
            ) -> Result<DeleteOutcome, StoreError> {
                (**self).delete(user, id, deletion, now).await
            }

            async fn changes(
                &self,
                user: &UserId,
                query: &ChangesQuery,
                now: Timestamp,
            ) -> Result<ChangePage, StoreError> {
                (**self).changes(user, query, now).await
            }

            async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
                (**self).purge(user, budget).await
            }
        }
    };
}

delegate!(&T);
delegate!(Arc<T>);
delegate!(Box<T>);
