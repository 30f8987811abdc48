//! The suite on any engine: `NOTES_TEST_ENDPOINT=URL cargo test --workspace --test endpoint`.
//!
//! The engine is DynamoDB Local, ScyllaDB Alternator, an emulator, or AWS itself. Region and
//! credentials are `AWS_REGION`, `AWS_ACCESS_KEY_ID` and so on, where an engine looks at them.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod ghost;
mod unreadable;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use notes_core::conformance::Harness;
use notes_core::{NoteId, NoteStore, UserId};
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_examples::client;
use tokio::sync::OnceCell;

/// Other tables than this one are left alone.
const TABLE: &str = "notes-conformance";

struct Endpoint {
    client: Client,
    store: DynamoNoteStore,
}

impl Endpoint {
    async fn open() -> Self {
        static READY: OnceCell<()> = OnceCell::const_new();
        let url = std::env::var("NOTES_TEST_ENDPOINT");
        let client = client(&url.expect("NOTES_TEST_ENDPOINT is an engine's URL"));
        READY
            .get_or_init(async || ensure_table(&client, TABLE).await.unwrap())
            .await;
        let store = DynamoNoteStore::new(client.clone(), TABLE);
        Self { client, store }
    }
}

#[async_trait]
impl Harness for Endpoint {
    fn store(&self) -> &dyn NoteStore {
        &self.store
    }

    async fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        ghost::plant(&self.client, TABLE, user, id).await;
    }
}

notes_core::conformance!(mod conformance_endpoint, crate::Endpoint::open().await);

#[tokio::test]
async fn an_item_that_is_no_note_is_seen_whatever_is_wrong() {
    let endpoint = Endpoint::open().await;
    unreadable::is_seen_whatever_is_wrong(&endpoint.client, TABLE).await;
}
