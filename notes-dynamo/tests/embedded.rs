//! The store passes the port's suite on the embedded engine, in memory and on a file.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod at_now;
mod on_engine;
mod planted;

use notes_dynamo::ensure_table;
use notes_testing::Engine;
use on_engine::OnEngine;
use tempfile::TempDir;

const TABLE: &str = "notes";

async fn in_memory() -> OnEngine {
    let engine = Engine::in_memory().unwrap();
    let client = || planted::patient(&engine.client());
    ensure_table(&client(), TABLE).await.unwrap();
    OnEngine::new(client, TABLE).keeping(engine)
}

async fn in_file() -> OnEngine {
    let directory = TempDir::new().unwrap();
    let engine = Engine::in_file(&directory.path().join("notes.db")).unwrap();
    let client = || planted::patient(&engine.client());
    ensure_table(&client(), TABLE).await.unwrap();
    OnEngine::new(client, TABLE).keeping((engine, directory))
}

async fn with_changes() -> OnEngine {
    let engine = Engine::in_memory().unwrap();
    let client = || planted::patient(&engine.client());
    ensure_table(&client(), TABLE).await.unwrap();
    OnEngine::with_changes(client, TABLE).keeping(engine)
}

notes_core::conformance!(mod conformance_embedded_in_memory, crate::in_memory().await);
notes_core::conformance!(mod conformance_embedded_in_file, crate::in_file().await);
notes_core::conformance!(mod conformance_embedded_with_changes, crate::with_changes().await);
