//! `DELETE /notes/{id}`.

use http::StatusCode;
use http::request::Parts;
use notes_core::{DeleteOutcome, NoteId, NoteStore, Notes, UserId};

use crate::problem::Problem;
use crate::request::preconditions::Preconditions;
use crate::response::reply::{self, Response};

/// Deletes a note, if it is in a state that the preconditions allow.
pub(crate) async fn delete<S: NoteStore>(
    notes: &Notes<S>,
    user: &UserId,
    id: NoteId,
    head: &Parts,
) -> Result<Response, Problem> {
    let preconditions = Preconditions::read(&head.headers)?;
    match notes.delete(user, id, &preconditions.expected()?).await? {
        DeleteOutcome::Deleted => Ok(reply::empty(StatusCode::NO_CONTENT)),
        DeleteOutcome::Missing => Err(Problem::NoteNotFound),
        DeleteOutcome::Stale(current) => Err(preconditions.failed_with(current)),
    }
}
