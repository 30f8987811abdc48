//! The suite on any engine: `NOTES_TEST_ENDPOINT=URL cargo test --workspace --test endpoint`.
//!
//! The engine is DynamoDB Local, ScyllaDB Alternator, an emulator, or AWS itself. Region and
//! credentials are `AWS_REGION`, `AWS_ACCESS_KEY_ID` and so on, where an engine looks at them.
//!
//! One of the suites is of a store with changes, whose requests are signed at the invented times of its cases. An engine
//! that checks signatures, such as AWS, refuses them: leave that suite out there with `-- --skip with_changes`.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod at_now;
mod planted;

use async_trait::async_trait;
use at_now::AtNow;
use aws_sdk_dynamodb::Client;
use notes_core::conformance::{Harness, UnreadableKind};
use notes_core::{NoteId, NoteStore, Timestamp, UserId};
use notes_dynamo::{DynamoNoteStore, ensure_table, ensure_table_with_changes};
use tokio::sync::OnceCell;

/// Other tables than this one are left alone.
const TABLE: &str = "notes-conformance";

struct Endpoint {
    client: Client,
    store: Box<dyn NoteStore>,
    /// On a client of its own.
    other: Box<dyn NoteStore>,
    keeps_changes: bool,
}

impl Endpoint {
    async fn open() -> Self {
        static READY: OnceCell<()> = OnceCell::const_new();
        let url = std::env::var("NOTES_TEST_ENDPOINT");
        let url = url.expect("NOTES_TEST_ENDPOINT is an engine's URL");
        let client = || planted::patient(&notes_testing::client(&url));
        READY
            .get_or_init(async || ensure_table(&client(), TABLE).await.unwrap())
            .await;
        Self {
            store: Box::new(DynamoNoteStore::new(client(), TABLE)),
            other: Box::new(DynamoNoteStore::new(client(), TABLE)),
            client: client(),
            keeps_changes: false,
        }
    }

    async fn with_changes() -> Self {
        let endpoint = Self::open().await;
        ensure_table_with_changes(&endpoint.client, TABLE)
            .await
            .unwrap();
        Self {
            store: Box::new(AtNow::new(endpoint.client.clone(), TABLE)),
            other: Box::new(AtNow::new(planted::patient(&endpoint.client), TABLE)),
            keeps_changes: true,
            ..endpoint
        }
    }
}

#[async_trait]
impl Harness for Endpoint {
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

notes_core::conformance!(mod conformance_endpoint, crate::Endpoint::open().await);
notes_core::conformance!(mod conformance_endpoint_with_changes, crate::Endpoint::with_changes().await);
