use http::header::IF_MATCH;
use http::{HeaderMap, HeaderName, HeaderValue};
use notes_core::{Revision, StoreErrorKind, Timestamp, UnacceptableDate};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::schemas::{EXAMPLE_ID, reference};
use crate::idempotency_key::{self, IDEMPOTENCY_KEY};
use crate::preconditions::Preconditions;
use crate::problem::Problem;
use crate::problem_type::ALL;
use crate::{Operation, create, query, update};

/// The name of the schema of the problem type with this slug.
pub(super) fn schema_name(slug: &str) -> String {
    slug.split('-')
        .flat_map(|word| {
            let (first, rest) = word.split_at(1);
            [first.to_ascii_uppercase(), rest.to_owned()]
        })
        .collect()
}

/// The schemas of all problem types by their names.
pub(super) fn schemas() -> Map<String, Value> {
    ALL.iter()
        .map(|it| {
            let schema = json!({
                "title": it.title,
                "description": section(it.slug),
                "allOf": [reference("Problem")],
                "properties": {
                    "type": {"const": it.uri()},
                    "status": {"const": it.status.as_u16()},
                },
                "required": ["type", "status"],
            });
            (schema_name(it.slug), schema)
        })
        .collect()
}

/// What the documentation says of the problem type with this slug.
fn section(slug: &str) -> String {
    let lines = include_str!("../problems.rs").lines();
    let text = lines.map(|it| it.trim_start_matches("//!").trim_start());
    text.skip_while(|it| it.strip_prefix("# ") != Some(slug))
        .skip(1)
        .take_while(|it| !it.starts_with("# "))
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

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
