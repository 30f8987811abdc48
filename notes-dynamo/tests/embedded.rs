//! The store passes the port's suite on the embedded engine, in memory and on a file.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod at_now;
mod planted;

use async_trait::async_trait;
use at_now::AtNow;
use aws_sdk_dynamodb::Client;
use notes_core::conformance::{Harness, UnreadableKind};
use notes_core::{NoteId, NoteStore, Timestamp, UserId};
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_testing::Engine;
use tempfile::TempDir;

const TABLE: &str = "notes";

struct Embedded {
    store: Box<dyn NoteStore>,
    /// On a client of its own.
    other: Box<dyn NoteStore>,
    keeps_changes: bool,
    client: Client,
    engine: Engine,
    _directory: Option<TempDir>,
}

impl Embedded {
    async fn in_memory() -> Self {
        Self::new(Engine::in_memory().unwrap(), None).await
    }

    async fn in_file() -> Self {
        let directory = TempDir::new().unwrap();
        let engine = Engine::in_file(&directory.path().join("notes.db")).unwrap();
        Self::new(engine, Some(directory)).await
    }

    async fn with_changes() -> Self {
        let embedded = Self::in_memory().await;
        let other = planted::patient(&embedded.engine.client());
        Self {
            store: Box::new(AtNow::new(embedded.client.clone(), TABLE)),
            other: Box::new(AtNow::new(other, TABLE)),
            keeps_changes: true,
            ..embedded
        }
    }

    async fn new(engine: Engine, directory: Option<TempDir>) -> Self {
        let client = planted::patient(&engine.client());
        ensure_table(&client, TABLE).await.unwrap();
        Self {
            store: Box::new(DynamoNoteStore::new(client.clone(), TABLE)),
            other: Box::new(DynamoNoteStore::new(
                planted::patient(&engine.client()),
                TABLE,
            )),
            keeps_changes: false,
            client,
            engine,
            _directory: directory,
        }
    }
}

#[async_trait]
impl Harness for Embedded {
    fn store(&self) -> &dyn NoteStore {
        &*self.store
    }

    fn other_handle(&self) -> &dyn NoteStore {
        &*self.other
    }

    fn keeps_changes(&self) -> bool {
        self.keeps_changes
    }

    async fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        self.plant_unreadable_of(0, user, id).await;
    }

    fn unreadable_kinds(&self) -> Vec<UnreadableKind> {
        planted::unreadable_kinds()
    }

    async fn plant_unreadable_of(&self, kind: usize, user: &UserId, id: NoteId) {
        planted::plant(&self.client, TABLE, kind, user, id).await;
    }

    async fn stored_text(&self, user: &UserId, id: NoteId) -> String {
        planted::stored_text(&self.client, TABLE, user, id).await
    }

    async fn sweep(&self, user: &UserId, now: Timestamp) {
        planted::sweep(&self.client, TABLE, user, now).await;
    }
}

notes_core::conformance!(mod conformance_embedded_in_memory, crate::Embedded::in_memory().await);
notes_core::conformance!(mod conformance_embedded_in_file, crate::Embedded::in_file().await);
notes_core::conformance!(mod conformance_embedded_with_changes, crate::Embedded::with_changes().await);
