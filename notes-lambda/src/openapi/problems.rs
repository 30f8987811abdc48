//! For each operation, an example of every problem that it may respond with.

use http::header::IF_MATCH;
use http::{HeaderMap, HeaderName, HeaderValue};
use notes_core::{Revision, StoreErrorKind, Timestamp, UnacceptableDate};

use super::example_response::ExampleResponse;
use super::naming::{EXAMPLE_ID, example_note};
use crate::handler::{create, update};
use crate::operation::Operation;
use crate::problem::Problem;
use crate::request::body::MAX_BYTES;
use crate::request::idempotency_key::{self, IDEMPOTENCY_KEY};
use crate::request::preconditions::Preconditions;
use crate::request::query;

/// An example for each problem that this operation may respond with.
pub(super) fn examples(operation: Operation) -> Vec<ExampleResponse> {
    let mut problems = vec![Problem::Unauthenticated];
    match operation {
        Operation::Create => return of_creation(),
        Operation::List => problems.push(refused(query::read(Some("limit=0&order=up")))),
        Operation::Changes => {
            problems.push(Problem::UnknownPath);
            problems.push(refused(query::changes("since=yesterday&limit=0")));
            problems.push(Problem::SyncRestart);
        }
        Operation::Update => {
            problems.push(Problem::PatchMediaType(update::ACCEPT_PATCH));
            problems.push(Problem::ContentEncoding);
            problems.extend([Problem::BodyTooLarge(MAX_BYTES), Problem::BodyIncomplete]);
            problems.push(refused(update::note_patch(b"{", Timestamp::now())));
            let invalid = br#"{"title": null, "etag": "1"}"#;
            problems.push(refused(update::note_patch(invalid, Timestamp::now())));
        }
        Operation::Get | Operation::Delete => {}
    }
    let current = EXAMPLE_ID.parse::<Revision>().ok();
    problems.extend(match operation {
        Operation::Create | Operation::List | Operation::Changes => preconditions(&[None]),
        Operation::Get => preconditions(&[current]),
        Operation::Update | Operation::Delete => preconditions(&[current, None]),
    });
    if let Operation::Get | Operation::Update | Operation::Delete = operation {
        let shows_it = |problem: Problem| match example_note() {
            Some(note)
                if matches!(
                    problem,
                    Problem::PreconditionFailed {
                        current: Some(_),
                        ..
                    }
                ) =>
            {
                problem.with_note(note)
            }
            _ => problem,
        };
        problems = problems.into_iter().map(shows_it).collect();
    }
    if let Operation::Update | Operation::Delete = operation {
        problems.push(Problem::Store(StoreErrorKind::OutcomeUnknown.into()));
    }
    if let Operation::Get | Operation::Update | Operation::Delete = operation {
        problems.extend([Problem::UnknownPath, Problem::NoteNotFound]);
    }
    problems.push(Problem::Store(StoreErrorKind::Unavailable.into()));
    problems.push(Problem::Internal);
    problems.into_iter().map(ExampleResponse::from).collect()
}

/// The same for a creation, whose responses carry its key from the moment at which the key is known.
fn of_creation() -> Vec<ExampleResponse> {
    let before_key = [
        Problem::Unauthenticated,
        refused(idempotency_key::read(&headers(IDEMPOTENCY_KEY, "order-17"))),
        Problem::Internal,
    ];
    let after_key = [
        Problem::IdempotencyKeyDate(UnacceptableDate::TooOld),
        Problem::IdempotencyKeyDate(UnacceptableDate::TooFarAhead),
        Problem::MediaType(create::MEDIA_TYPE),
    ]
    .into_iter()
    .chain(preconditions(&[None]));
    let after_key = after_key.chain([
        Problem::ContentEncoding,
        Problem::BodyTooLarge(MAX_BYTES),
        Problem::BodyIncomplete,
        refused(create::new_note(b"{", Timestamp::now())),
        refused(create::new_note(
            br#"{"title": " ", "etag": "1"}"#,
            Timestamp::now(),
        )),
        Problem::IdSpent,
        Problem::IdReused,
        Problem::Store(StoreErrorKind::Unavailable.into()),
        Problem::Store(StoreErrorKind::OutcomeUnknown.into()),
        Problem::Internal,
    ]);
    let after_key = after_key.map(|problem| {
        ExampleResponse::from(problem).with_header(IDEMPOTENCY_KEY.as_str(), EXAMPLE_ID)
    });
    before_key
        .into_iter()
        .map(ExampleResponse::from)
        .chain(after_key)
        .collect()
}

/// A precondition that can't be read, and one that fails: once for each of these states of the resource, `None` being
/// a state that is not known or a resource without an entity tag.
fn preconditions(states: &[Option<Revision>]) -> Vec<Problem> {
    let (malformed, foreign) = (headers(IF_MATCH, "1"), headers(IF_MATCH, "\"1\""));
    let mut problems = vec![refused(Preconditions::read(&malformed).map(drop))];
    if let Ok(preconditions) = Preconditions::read(&foreign) {
        problems.extend(states.iter().map(|&current| preconditions.failed(current)));
    }
    problems
}

/// The problem with which the code refuses something.
fn refused<T>(result: Result<T, Problem>) -> Problem {
    result.err().unwrap_or(Problem::Internal)
}

fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
}
