//! The example `quickstart`, on the engine that it starts itself and on the store in memory.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[expect(dead_code, reason = "its main: a test starts the engine itself")]
#[path = "../examples/quickstart.rs"]
mod quickstart;

use notes_core::{ListQuery, MemoryNoteStore, NoteStore, Notes};
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_testing::Engine;

async fn ends_with_nothing_left(notes: &Notes<impl NoteStore>) {
    let user = "alice".parse().unwrap();
    let content = quickstart::shopping(notes, &user).await.unwrap();
    assert_eq!(content, "milk, tea");
    let left = notes.list(&user, &ListQuery::default()).await.unwrap();
    assert_eq!(left.notes, []);
}

#[tokio::test]
async fn the_example_works_on_dynamodb() {
    let engine = Engine::in_memory().unwrap();
    ensure_table(&engine.client(), "notes").await.unwrap();
    ends_with_nothing_left(&Notes::new(DynamoNoteStore::new(engine.client(), "notes"))).await;
}

#[tokio::test]
async fn the_example_works_on_any_other_store() {
    ends_with_nothing_left(&Notes::new(MemoryNoteStore::new())).await;
}
