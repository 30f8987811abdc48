//! The suite on any engine: `NOTES_TEST_ENDPOINT=URL cargo test --workspace --test endpoint`.
//!
//! The engine is DynamoDB Local, ScyllaDB Alternator, an emulator, or AWS itself. Region and
//! credentials are `AWS_REGION`, `AWS_ACCESS_KEY_ID` and so on, where an engine looks at them.
//!
//! One of the suites is of a store with changes, whose requests are signed at the invented times of its cases. An
//! engine that checks signatures, such as AWS, refuses them: leave that suite out there with `-- --skip with_changes`.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod at_now;
mod on_engine;
mod planted;

use aws_sdk_dynamodb::Client;
use notes_dynamo::{ensure_table, ensure_table_with_changes};
use on_engine::OnEngine;
use tokio::sync::OnceCell;

/// Other tables than this one are left alone.
const TABLE: &str = "notes-conformance";

fn client() -> Client {
    let url = std::env::var("NOTES_TEST_ENDPOINT");
    let url = url.expect("NOTES_TEST_ENDPOINT is an engine's URL");
    planted::patient(&notes_testing::client(&url))
}

async fn without_changes() -> OnEngine {
    static READY: OnceCell<()> = OnceCell::const_new();
    READY
        .get_or_init(async || ensure_table(&client(), TABLE).await.unwrap())
        .await;
    OnEngine::new(client, TABLE)
}

async fn with_changes() -> OnEngine {
    without_changes().await;
    ensure_table_with_changes(&client(), TABLE).await.unwrap();
    OnEngine::with_changes(client, TABLE)
}

notes_core::conformance!(mod conformance_endpoint, crate::without_changes().await);
notes_core::conformance!(mod conformance_endpoint_with_changes, crate::with_changes().await);
