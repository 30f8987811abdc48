//! `GET /notes/{id}`.

use http::StatusCode;
use http::header::ETAG;
use http::request::Parts;
use notes_core::{NoteId, NoteStore, Notes, Revision, UserId};

use crate::problem::Problem;
use crate::request::preconditions::{Evaluation, Preconditions};
use crate::response::etag::ETag;
use crate::response::reply::{self, Response};

/// Shows a note. The note is looked up first: a missing one is 404 whatever the preconditions say
/// (RFC 9110 §13.2.1).
pub(crate) async fn get<S: NoteStore>(
    notes: &Notes<S>,
    user: &UserId,
    id: NoteId,
    head: &Parts,
) -> Result<Response, Problem> {
    let preconditions = Preconditions::read(&head.headers)?;
    let note = notes.get(user, id).await?.ok_or(Problem::NoteNotFound)?;
    match preconditions.evaluate(&head.method, Some(note.revision)) {
        Ok(Evaluation::Proceed) => Ok(reply::note(StatusCode::OK, &note)?),
        Ok(Evaluation::NotModified) => Ok(not_modified(note.revision)),
        Err(problem) => Err(problem.with_note(note)),
    }
}

/// The 304 response to a client that already has this state of the note.
pub(crate) fn not_modified(revision: Revision) -> Response {
    let mut response = reply::empty(StatusCode::NOT_MODIFIED);
    reply::set(&mut response, ETAG, ETag(revision));
    response
}
