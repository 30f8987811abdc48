//! `PATCH /notes/{id}`.

use http::StatusCode;
use http::request::Parts;
use notes_core::{
    Category, Content, NoteId, NotePatch, NoteStore, Notes, Timestamp, Title, UpdateOutcome, UserId,
};

use crate::problem::Problem;
use crate::request::body::{self, RequestBody};
use crate::request::members::Members;
use crate::request::preconditions::Preconditions;
use crate::response::reply::{self, Response};

/// The media types of a patch's body.
pub(crate) const MEDIA_TYPES: [&str; 2] = ["application/merge-patch+json", "application/json"];

/// The same as the value of the `Accept-Patch` header.
pub(crate) const ACCEPT_PATCH: &str = "application/merge-patch+json, application/json";

/// Changes a note by a JSON merge patch ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)).
pub(crate) async fn update<S: NoteStore>(
    notes: &Notes<S>,
    user: &UserId,
    id: NoteId,
    head: &Parts,
    body: impl RequestBody,
) -> Result<Response, Problem> {
    if !body::has_type(&head.headers, &MEDIA_TYPES) {
        return Err(Problem::PatchMediaType(ACCEPT_PATCH));
    }
    let preconditions = Preconditions::read(&head.headers)?;
    let body = body::read(&head.headers, body).await?;
    let patch = note_patch(&body, notes.now())?;
    let expected = preconditions.expected()?;
    match notes.update(user, id, patch, &expected).await? {
        // A patch that changes nothing is a success whatever If-Match says, because it may be the repetition of a
        // patch that succeeded. That does not hold for If-None-Match, which the service does not check in that case.
        UpdateOutcome::Updated(note) if !preconditions.if_none_match_holds(Some(note.revision)) => {
            Err(preconditions.failed_with(Some(note)))
        }
        UpdateOutcome::Updated(note) => Ok(reply::note(StatusCode::OK, &note)?),
        UpdateOutcome::Missing => Err(Problem::NoteNotFound),
        UpdateOutcome::Stale(current) => Err(preconditions.failed_with(current)),
    }
}

/// Reads the body of a patch; a new `expiresAt` has to be later than `now`.
pub(crate) fn note_patch(body: &[u8], now: Timestamp) -> Result<NotePatch, Problem> {
    let mut members = Members::parse(body)?;
    let mut patch = NotePatch::default();
    patch.title = members.replaceable("title", Title::try_from);
    patch.content = members.replaceable("content", Content::try_from);
    patch.category = members.optional("category", Category::try_from);
    patch.expiry = members.expiry(now);
    members.finish(Some(patch))
}
