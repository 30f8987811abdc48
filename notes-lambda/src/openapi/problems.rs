use http::header::IF_MATCH;
use http::{HeaderMap, HeaderName, HeaderValue};
use notes_core::{Revision, StoreErrorKind, Timestamp, UnacceptableDate};

use super::answer::Answer;
use super::naming::EXAMPLE_ID;
use crate::handler::{create, update};
use crate::operation::Operation;
use crate::problem::Problem;
use crate::request::idempotency_key::{self, IDEMPOTENCY_KEY};
use crate::request::preconditions::Preconditions;
use crate::request::query;

/// An answer for each problem that an operation may end with.
pub(super) fn answers(operation: Operation) -> Vec<Answer> {
    let mut problems = vec![Problem::Unauthenticated];
    match operation {
        Operation::Create => return of_creation(),
        Operation::List => problems.push(refused(query::read(Some("limit=0&order=up")))),
        Operation::Update => {
            problems.push(Problem::PatchMediaType(update::ACCEPT_PATCH));
            problems.push(Problem::ContentEncoding);
            problems.extend([Problem::BodyTooLarge, Problem::BodyIncomplete]);
            problems.push(refused(update::note_patch(b"{", Timestamp::now())));
            let faulty = br#"{"title": null, "etag": "1"}"#;
            problems.push(refused(update::note_patch(faulty, Timestamp::now())));
        }
        Operation::Get | Operation::Delete => {}
    }
    let current = EXAMPLE_ID.parse::<Revision>().ok();
    problems.extend(match operation {
        Operation::Create | Operation::List => preconditions(&[None]),
        Operation::Get => preconditions(&[current]),
        Operation::Update | Operation::Delete => preconditions(&[current, None]),
    });
    if let Operation::Update | Operation::Delete = operation {
        problems.push(Problem::Store(StoreErrorKind::OutcomeUnknown.into()));
    }
    if let Operation::Get | Operation::Update | Operation::Delete = operation {
        problems.extend([Problem::UnknownPath, Problem::NoteNotFound]);
    }
    problems.push(Problem::Store(StoreErrorKind::Unavailable.into()));
    problems.push(Problem::Internal);
    problems.into_iter().map(Answer::from).collect()
}

/// Those of a creation carry its key from where it is known.
fn of_creation() -> Vec<Answer> {
    let before = [
        Problem::Unauthenticated,
        refused(idempotency_key::read(&headers(IDEMPOTENCY_KEY, "order-17"))),
        Problem::Internal,
    ];
    let after = [
        Problem::Date(UnacceptableDate::TooOld),
        Problem::Date(UnacceptableDate::TooFarAhead),
        Problem::MediaType(create::MEDIA_TYPE),
    ]
    .into_iter()
    .chain(preconditions(&[None]));
    let after = after.chain([
        Problem::ContentEncoding,
        Problem::BodyTooLarge,
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
    let after = after.map(|it| Answer::from(it).with_header(IDEMPOTENCY_KEY.as_str(), EXAMPLE_ID));
    before.into_iter().map(Answer::from).chain(after).collect()
}

/// Conditions that can't be read, and one that doesn't hold for what is in one of these states.
fn preconditions(states: &[Option<Revision>]) -> Vec<Problem> {
    let (malformed, foreign) = (headers(IF_MATCH, "1"), headers(IF_MATCH, "\"1\""));
    let mut problems = vec![refused(Preconditions::read(&malformed).map(drop))];
    if let Ok(conditions) = Preconditions::read(&foreign) {
        problems.extend(states.iter().map(|&current| conditions.failed(current)));
    }
    problems
}

/// What the code says of something that it refuses.
fn refused<T>(result: Result<T, Problem>) -> Problem {
    result.err().unwrap_or(Problem::Internal)
}

fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
}
