//! The example `own_store`, checked by the conformance suite.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[expect(dead_code, reason = "its main")]
#[path = "../examples/own_store.rs"]
mod own_store;

use notes_core::conformance::Harness;
use notes_core::{NoteId, NoteStore, Timestamp, UserId};
use own_store::RedbNoteStore;
use redb::Database;
use redb::backends::InMemoryBackend;

/// One database, as only one process can open it: another handle is a clone.
struct Redb {
    store: RedbNoteStore,
    other: RedbNoteStore,
}

fn redb() -> Redb {
    // In memory: what the disk of this machine can do is not what is checked.
    let database = Database::builder().create_with_backend(InMemoryBackend::new());
    let store = RedbNoteStore::new(database.unwrap()).unwrap();
    let other = store.clone();
    Redb { store, other }
}

#[async_trait::async_trait]
impl Harness for Redb {
    fn store(&self) -> &dyn NoteStore {
        &self.store
    }

    fn other_handle(&self) -> &dyn NoteStore {
        &self.other
    }

    fn keeps_changes(&self) -> bool {
        false
    }

    async fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        self.store.plant_unreadable(user, id).await;
    }

    async fn stored_text(&self, user: &UserId, id: NoteId) -> String {
        self.store.stored_text(user, id).await
    }

    async fn sweep(&self, _: &UserId, now: Timestamp) {
        self.store.sweep(now).await.unwrap();
    }
}

notes_core::conformance!(mod conformance_redb, crate::redb());
