//! The store passes the port's suite on the embedded engine, in memory and on a file.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod ghost;
mod unreadable;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use notes_core::conformance::Harness;
use notes_core::{NoteId, NoteStore, UserId};
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_examples::Engine;
use tempfile::TempDir;

const TABLE: &str = "notes";

struct Embedded {
    store: DynamoNoteStore,
    client: Client,
    _engine: Engine,
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

    async fn new(engine: Engine, directory: Option<TempDir>) -> Self {
        let client = patient(&engine.client());
        ensure_table(&client, TABLE).await.unwrap();
        Self {
            store: DynamoNoteStore::new(client.clone(), TABLE),
            client,
            _engine: engine,
            _directory: directory,
        }
    }
}

/// The suite is about what the store says, not about how long a slow disk may take.
fn patient(client: &Client) -> Client {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_mins(1))
        .operation_timeout(Duration::from_mins(2));
    let config = client.config().to_builder();
    Client::from_conf(config.timeout_config(timeouts.build()).build())
}

#[async_trait]
impl Harness for Embedded {
    fn store(&self) -> &dyn NoteStore {
        &self.store
    }

    async fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        ghost::plant(&self.client, TABLE, user, id).await;
    }
}

notes_core::conformance!(mod conformance_embedded_in_memory, crate::Embedded::in_memory().await);
notes_core::conformance!(mod conformance_embedded_in_file, crate::Embedded::in_file().await);

#[tokio::test]
async fn an_item_that_is_no_note_is_seen_whatever_is_wrong() {
    let embedded = Embedded::in_memory().await;
    unreadable::is_seen_whatever_is_wrong(&embedded.client, TABLE).await;
}
