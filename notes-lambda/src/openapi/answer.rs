use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};

use super::naming::{reference, schema_name};
use crate::problem::Problem;
use crate::response::reply::Response;

/// An answer that the code gives, and what it is an example of.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    /// What is to be said of its status.
    description: String,
    /// The name of its body's schema.
    schema: String,
    media_type: Option<String>,
    headers: BTreeMap<String, String>,
    body: Value,
    links: Value,
}

impl Answer {
    /// A success whose body, if it has one, is of this schema.
    pub(super) fn success(
        description: &str,
        schema: &str,
        response: Result<Response, Problem>,
    ) -> Self {
        let response = response.unwrap_or_else(Problem::into_response);
        Self::of(description.to_owned(), schema.to_owned(), response)
    }

    /// Says what its members are good for in other requests.
    pub(super) fn linked(self, links: Value) -> Self {
        Self { links, ..self }
    }

    /// The same with one more header.
    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    fn of(description: String, schema: String, response: Response) -> Self {
        let (head, body) = response.into_parts();
        let mut headers: BTreeMap<_, _> = head
            .headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                (name.to_string(), value.into_owned())
            })
            .collect();
        // All of it is there: nothing has to be waited for.
        let body = match body.collect().now_or_never() {
            Some(Ok(body)) => body.to_bytes(),
            None => bytes::Bytes::new(),
        };
        Self {
            status: head.status.as_u16(),
            description,
            schema,
            media_type: headers.remove(CONTENT_TYPE.as_str()),
            headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
            links: Value::Null,
        }
    }

    /// The description of this answer alone.
    pub(super) fn describe(self) -> Value {
        describe(&[self])
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let mut answer = Self::of(String::new(), String::new(), problem.into_response());
        let (of_type, title) = (&answer.body["type"], &answer.body["title"]);
        let of_type = of_type.as_str().unwrap_or_default();
        let slug = of_type.split('#').next_back().unwrap_or_default();
        let title = title.as_str().unwrap_or_default();
        answer.description = format!("[{slug}]({of_type}): {title}.");
        answer.schema = schema_name(slug);
        answer
    }
}

/// The descriptions of these answers by their statuses.
pub(super) fn responses(answers: Vec<Answer>) -> Value {
    let mut by_status = BTreeMap::<_, Vec<_>>::new();
    for answer in answers {
        by_status.entry(answer.status).or_default().push(answer);
    }
    let described = by_status.iter();
    described
        .map(|(status, answers)| (status.to_string(), describe(answers)))
        .collect::<Map<_, _>>()
        .into()
}

/// The description of answers of one status.
fn describe(answers: &[Answer]) -> Value {
    let mut descriptions: Vec<_> = answers.iter().map(|it| &*it.description).collect();
    descriptions.dedup();
    let mut response = json!({"description": descriptions.join("\n\n")});
    let names: BTreeSet<_> = answers.iter().flat_map(|it| it.headers.keys()).collect();
    response["headers"] = names
        .into_iter()
        .map(|name| {
            let values: Vec<_> = answers
                .iter()
                .filter_map(|it| it.headers.get(name))
                .collect();
            header(name, values[0], values.len() == answers.len())
        })
        .collect::<Map<_, _>>()
        .into();
    if let Some(media_type) = &answers[0].media_type {
        let schemas: BTreeSet<_> = answers.iter().map(|it| &*it.schema).collect();
        let schemas: Vec<_> = schemas.into_iter().map(reference).collect();
        let examples: Map<_, _> = answers
            .iter()
            .rev()
            .map(|it| (it.schema.clone(), json!({"value": it.body})))
            .collect();
        let schema = match schemas.as_slice() {
            [schema] => schema.clone(),
            _ => json!({"oneOf": schemas}),
        };
        response["content"] = json!({media_type: {"schema": schema, "examples": examples}});
    }
    if let Some(answer) = answers.iter().find(|it| !it.links.is_null()) {
        response["links"] = answer.links.clone();
    }
    response
}

/// A header's name as people write it, and its description.
fn header(name: &str, example: &str, required: bool) -> (String, Value) {
    let text = || json!({"type": "string"});
    let (written, description, schema) = match name {
        "accept-encoding" => (
            "Accept-Encoding",
            "The body's encoding is at fault, and not its media type: the encodings that are taken.",
            text(),
        ),
        "accept-patch" => ("Accept-Patch", "The media types that PATCH takes.", text()),
        "allow" => ("Allow", "The methods that the path has.", text()),
        "cache-control" => (
            "Cache-Control",
            "A success may be kept for its user and has to be asked about before it is used again; \
             an error may not be kept.",
            text(),
        ),
        "etag" => (
            "ETag",
            "The note's present state, as the note's `etag`.",
            reference("EntityTag"),
        ),
        "idempotency-key" => (
            "Idempotency-Key",
            "The note's id. The same request with this key is safe, as often as it takes.",
            reference("NoteId"),
        ),
        "idempotent-replayed" => (
            "Idempotent-Replayed",
            "The note was there: this creation has happened before.",
            json!({"type": "string", "const": "true"}),
        ),
        "location" => (
            "Location",
            "The note's path.",
            json!({"type": "string", "format": "uri-reference"}),
        ),
        "retry-after" => (
            "Retry-After",
            "The seconds after which to repeat the request.",
            json!({"type": "integer", "minimum": 0}),
        ),
        "www-authenticate" => ("WWW-Authenticate", "What authenticates a caller.", text()),
        other => (other, "", text()),
    };
    let example = match schema["type"].as_str() {
        Some("integer") => serde_json::from_str(example).unwrap_or_default(),
        _ => json!(example),
    };
    let mut described = json!({"description": description, "schema": schema, "example": example});
    if required {
        described["required"] = true.into();
    }
    (written.to_owned(), described)
}
