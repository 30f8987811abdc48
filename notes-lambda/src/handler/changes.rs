//! `GET /notes/changes`.

use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use notes_core::{ChangedState, ChangesOutcome, NoteStore, Notes, UserId};

use crate::diagnostics::Diagnostics;
use crate::problem::Problem;
use crate::request::preconditions::{Evaluation, Preconditions};
use crate::request::query;
use crate::response::changes::{ChangesJson, Progress};
use crate::response::reply::{self, Response};

/// Shows what has changed since a token, or all notes to a client that has none.
pub(crate) async fn changes<S: NoteStore>(
    notes: &Notes<S>,
    user: &UserId,
    head: &Parts,
) -> Result<Response, Problem> {
    let query = query::of_changes(head)?;
    let preconditions = Preconditions::read(&head.headers)?;
    let outcome = notes
        .changes(user, query.since.as_ref(), query.limit)
        .await?;
    let ChangesOutcome::Page(mut page) = outcome else {
        return Err(Problem::SyncRestart);
    };
    // Only now: a precondition counts for what would be a success without it (RFC 9110, section 13.2.1).
    if preconditions.evaluate_list(&head.method)? == Evaluation::NotModified {
        return Ok(not_stored(reply::empty(StatusCode::NOT_MODIFIED)));
    }
    let (json, shown) = ChangesJson::of(&page.changes)?;
    if let Some(shown) = shown {
        page.cut(shown);
    }
    let progress = Progress {
        as_of: page.as_of,
        token: &page.token,
        more: page.more,
    };
    let mut response = changed(json, &progress)?;
    let unreadable = page
        .changes
        .into_iter()
        .filter_map(|change| match change.state {
            ChangedState::Unreadable(id) => Some(id),
            ChangedState::Live(_) | ChangedState::Gone(_) => None,
        });
    response.extensions_mut().insert(Diagnostics {
        unreadable: unreadable.collect(),
        ..Diagnostics::default()
    });
    Ok(response)
}

/// The response that shows these changes.
///
/// Separate from [`changes`] because the `OpenAPI` description makes its example with it.
pub(crate) fn changed(json: ChangesJson, progress: &Progress<'_>) -> Result<Response, Problem> {
    let json = json.finish(progress)?;
    Ok(not_stored(reply::serialized(StatusCode::OK, json)))
}

/// A response that no cache may store: a client that got an old one for its token would miss nothing, but would stay
/// behind.
fn not_stored(mut response: Response) -> Response {
    let cache = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, cache);
    response
}
