//! `GET /notes`.

use http::StatusCode;
use http::request::Parts;
use notes_core::{NoteStore, Notes, Order, Page, UserId};

use crate::diagnostics::Diagnostics;
use crate::problem::Problem;
use crate::request::preconditions::{Evaluation, Preconditions};
use crate::request::query::{self, ViewedQuery};
use crate::response::note_json::View;
use crate::response::page::page_json;
use crate::response::reply::{self, Response};

/// Lists a page of the user's notes.
pub(crate) async fn list<S: NoteStore>(
    notes: &Notes<S>,
    user: &UserId,
    head: &Parts,
) -> Result<Response, Problem> {
    let ViewedQuery { list: query, view } = query::of_request(head)?;
    let preconditions = Preconditions::read(&head.headers)?;
    let page = notes.list(user, &query).await?;
    // Only now: a precondition counts for what would be a success without it (RFC 9110, section 13.2.1).
    if preconditions.evaluate_list(&head.method)? == Evaluation::NotModified {
        return Ok(reply::empty(StatusCode::NOT_MODIFIED));
    }
    listed(page, query.order, view)
}

/// The response that shows a page of a list in this order and view.
///
/// Separate from [`list`] because the `OpenAPI` description makes its example with it.
pub(crate) fn listed(page: Page, order: Order, view: View) -> Result<Response, Problem> {
    let json = page_json(&page, order, view)?;
    let mut response = reply::serialized(StatusCode::OK, json);
    response.extensions_mut().insert(Diagnostics {
        unreadable: page.unreadable,
        ..Diagnostics::default()
    });
    Ok(response)
}
