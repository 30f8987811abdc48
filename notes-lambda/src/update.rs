use http::StatusCode;
use http::request::Parts;
use notes_core::{
    Category, Content, NoteId, NotePatch, NoteStore, Notes, Timestamp, Title, UpdateOutcome, UserId,
};

use crate::body::{self, RequestBody};
use crate::members::Members;
use crate::preconditions::IfMatch;
use crate::problem::Problem;
use crate::reply::{self, Response};

/// What it takes.
pub(crate) const MEDIA_TYPES: [&str; 2] = ["application/merge-patch+json", "application/json"];

/// The same as a header's value.
pub(crate) const ACCEPT_PATCH: &str = "application/merge-patch+json, application/json";

/// `PATCH /notes/{id}`, with a JSON merge patch
/// ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)).
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
    let IfMatch {
        expected,
        has_weak_tag,
    } = IfMatch::read(&head.headers)?;
    let body = body::read(&head.headers, body).await?;
    let patch = note_patch(&body, notes.now())?;
    match notes.update(user, id, patch, &expected).await? {
        UpdateOutcome::Updated(note) => reply::note(StatusCode::OK, &note),
        UpdateOutcome::Missing => Err(Problem::NoteNotFound),
        UpdateOutcome::Stale(current) => Err(Problem::PreconditionFailed {
            current: current.map(|it| it.revision),
            has_weak_tag,
        }),
    }
}

pub(crate) fn note_patch(body: &[u8], now: Timestamp) -> Result<NotePatch, Problem> {
    let mut members = Members::parse(body)?;
    let patch = NotePatch {
        title: members.replaceable("title", Title::try_from),
        content: members.replaceable("content", Content::try_from),
        category: members.optional("category", Category::try_from),
        expiry: members.expiry(now),
    };
    members.finish(Some(patch))
}
