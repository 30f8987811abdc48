//! The reference implementation passes the suite that it is the reference of, also behind a pointer.

use std::sync::Arc;

use async_trait::async_trait;
use notes_core::conformance::Harness;
use notes_core::{MemoryNoteStore, NoteId, NoteStore, Timestamp, UserId};

notes_core::conformance!(mod conformance_memory, notes_core::MemoryNoteStore::new());

notes_core::conformance!(mod conformance_shared, crate::Shared::default());

/// A store that is known as `NoteStore` only.
struct Shared {
    memory: MemoryNoteStore,
    store: Arc<dyn NoteStore>,
}

impl Default for Shared {
    fn default() -> Self {
        let memory = MemoryNoteStore::new();
        Self {
            store: Arc::new(memory.clone()),
            memory,
        }
    }
}

#[async_trait]
impl Harness for Shared {
    fn store(&self) -> &dyn NoteStore {
        &self.store
    }

    fn other_handle(&self) -> &dyn NoteStore {
        &self.memory
    }

    async fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        Harness::plant_unreadable(&self.memory, user, id).await;
    }

    async fn stored_text(&self, user: &UserId, id: NoteId) -> String {
        Harness::stored_text(&self.memory, user, id).await
    }

    async fn sweep(&self, user: &UserId, now: Timestamp) {
        Harness::sweep(&self.memory, user, now).await;
    }
}
