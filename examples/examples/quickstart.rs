//! The notes of a service, kept in DynamoDB, without HTTP: `cargo run --example quickstart`.
//!
//! The engine is one inside this process, so that it runs anywhere. In production the client is that of the README of
//! notes-dynamo, and nothing else changes.
#![allow(clippy::print_stdout, reason = "a program that a person starts")]

use std::error::Error;

use notes_core::{
    CreateOutcome, DeleteOutcome, Expected, ListQuery, NewNote, Note, NotePatch, NoteStore, Notes,
    UpdateOutcome, UserId,
};
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_testing::Engine;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::in_memory()?;
    let client = engine.client();
    ensure_table(&client, "notes").await?;
    let notes = Notes::new(DynamoNoteStore::new(client, "notes"));
    println!("{}", shopping(&notes, &"alice".parse()?).await?);
    Ok(())
}

/// What a service does with a note: creates, changes, lists and deletes it. Returns the note's last content.
pub(crate) async fn shopping(
    notes: &Notes<impl NoteStore>,
    user: &UserId,
) -> Result<String, Box<dyn Error>> {
    // The id is chosen first: whoever does not hear of the outcome repeats the call with the same id, and there is one
    // note.
    let id = notes.new_id();
    let new = NewNote::new("Shopping".parse()?, "milk".parse()?).with_category("errands".parse()?);
    let note = match notes.create(user, id, new).await? {
        CreateOutcome::Created(note) | CreateOutcome::Replayed(note) => note,
        // An id of one's own is new, so the other outcomes are for ids that come from a client.
        other => return Err(format!("not created: {other:?}").into()),
    };

    // On the condition that nobody has changed the note since it was read.
    let as_read = Expected::from(note.revision);
    let patch = NotePatch::default().with_content("milk, tea".parse()?);
    let note = match notes.update(user, id, patch, &as_read).await? {
        UpdateOutcome::Updated(note) => note,
        UpdateOutcome::Stale(Some(current)) => return Err(conflict(&current).into()),
        UpdateOutcome::Stale(None) | UpdateOutcome::Missing => return Err("it is gone".into()),
    };

    let page = notes.list(user, &ListQuery::default()).await?;
    assert!(
        page.notes.contains(&note),
        "a read sees every write before it"
    );

    match notes.delete(user, id, &Expected::Any).await? {
        DeleteOutcome::Deleted | DeleteOutcome::Missing => Ok(note.content.into()),
        DeleteOutcome::Stale(_) => Err("any revision was expected".into()),
    }
}

/// What a person is told who has to choose between two versions.
fn conflict(current: &Note) -> String {
    format!("somebody changed it at {}", current.updated_at())
}
