//! Clauses of [`NoteStore::insert`](crate::NoteStore::insert).

use super::Harness;

/// What was inserted is what is read.
pub async fn stores_the_note_as_given(harness: &dyn Harness) {
    let _ = harness.store();
}
