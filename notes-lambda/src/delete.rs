use http::StatusCode;
use http::request::Parts;
use notes_core::{DeleteOutcome, NoteId, NoteStore, Notes, UserId};

use crate::preconditions::IfMatch;
use crate::problem::Problem;
use crate::reply::{self, Response};

/// `DELETE /notes/{id}`.
pub(crate) async fn delete<S: NoteStore>(
    notes: &Notes<S>,
    user: &UserId,
    id: NoteId,
    head: &Parts,
) -> Result<Response, Problem> {
    let IfMatch {
        expected,
        has_weak_tag,
    } = IfMatch::read(&head.headers)?;
    match notes.delete(user, id, &expected).await? {
        DeleteOutcome::Deleted => Ok(reply::empty(StatusCode::NO_CONTENT)),
        DeleteOutcome::Missing => Err(Problem::NoteNotFound),
        DeleteOutcome::Stale(current) => Err(Problem::PreconditionFailed {
            current: current.map(|it| it.revision),
            has_weak_tag,
        }),
    }
}
