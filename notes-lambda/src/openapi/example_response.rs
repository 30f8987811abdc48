//! Descriptions of responses, made from examples that the code gives.

use std::collections::{BTreeMap, BTreeSet};

use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::naming::{reference, schema_name};
use crate::problem::Problem;
use crate::problem::problem_base::ProblemBase;
use crate::response::reply::Response;

/// A response that the code gives, as an example of the responses with its status and its schema.
#[derive(Debug)]
pub(super) struct ExampleResponse {
    status: u16,
    /// When the API responds like this, in Markdown.
    description: String,
    /// The name of its body's schema.
    schema: String,
    media_type: Option<String>,
    headers: BTreeMap<String, String>,
    body: Value,
    /// `OpenAPI` links: which of its members are parameters of other operations.
    links: Value,
}

impl ExampleResponse {
    /// A success. If it has a body, this is the name of the body's schema.
    pub(super) fn success(
        description: &str,
        schema: &str,
        response: Result<Response, Problem>,
    ) -> Self {
        let response = response.unwrap_or_else(in_document);
        Self::of(description.to_owned(), schema.to_owned(), response)
    }

    /// Adds `OpenAPI` links.
    pub(super) fn linked(self, links: Value) -> Self {
        Self { links, ..self }
    }

    /// Adds a header.
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
        Self {
            status: head.status.as_u16(),
            description,
            schema,
            media_type: headers.remove(CONTENT_TYPE.as_str()),
            headers,
            body: serde_json::from_slice(&body.into_bytes()).unwrap_or_default(),
            links: Value::Null,
        }
    }

    /// The description of this response, where it is the only one with its status.
    pub(super) fn describe(self) -> Value {
        describe(&[self])
    }
}

impl From<Problem> for ExampleResponse {
    fn from(problem: Problem) -> Self {
        let mut example = Self::of(String::new(), String::new(), in_document(problem));
        let (of_type, title) = (&example.body["type"], &example.body["title"]);
        let of_type = of_type.as_str().unwrap_or_default();
        let slug = of_type.split('#').next_back().unwrap_or_default();
        let title = title.as_str().unwrap_or_default();
        example.description = format!("[{slug}]({of_type}): {title}.");
        example.schema = schema_name(slug);
        example
    }
}

/// A problem as the document shows it. A deployment may have another base, which the document can't know.
fn in_document(problem: Problem) -> Response {
    problem.into_response(&ProblemBase::default())
}

/// The descriptions of these responses by their statuses.
pub(super) fn responses(examples: Vec<ExampleResponse>) -> Value {
    let mut by_status = BTreeMap::<_, Vec<_>>::new();
    for example in examples {
        by_status.entry(example.status).or_default().push(example);
    }
    let described = by_status.iter();
    described
        .map(|(status, examples)| (status.to_string(), describe(examples)))
        .collect::<Map<_, _>>()
        .into()
}

/// The description of the responses with one status.
fn describe(examples: &[ExampleResponse]) -> Value {
    let mut descriptions: Vec<_> = examples
        .iter()
        .map(|example| &*example.description)
        .collect();
    descriptions.dedup();
    let mut response = json!({"description": descriptions.join("\n\n")});
    let names: BTreeSet<_> = examples
        .iter()
        .flat_map(|example| example.headers.keys())
        .collect();
    response["headers"] = names
        .into_iter()
        .map(|name| {
            let values: Vec<_> = examples
                .iter()
                .filter_map(|example| example.headers.get(name))
                .collect();
            // Required if every response with this status has it.
            header(name, values[0], values.len() == examples.len())
        })
        .collect::<Map<_, _>>()
        .into();
    if let Some(media_type) = &examples[0].media_type {
        let schemas: BTreeSet<_> = examples.iter().map(|example| &*example.schema).collect();
        let schemas: Vec<_> = schemas.into_iter().map(reference).collect();
        // Reversed, so that of several examples with one schema the first is kept.
        let bodies: Map<_, _> = examples
            .iter()
            .rev()
            .map(|example| (example.schema.clone(), json!({"value": example.body})))
            .collect();
        let schema = match schemas.as_slice() {
            [schema] => schema.clone(),
            _ => json!({"oneOf": schemas}),
        };
        response["content"] = json!({media_type: {"schema": schema, "examples": bodies}});
    }
    if let Some(example) = examples.iter().find(|example| !example.links.is_null()) {
        response["links"] = example.links.clone();
    }
    response
}

/// A header's name in its usual spelling, and its description.
fn header(name: &str, example: &str, required: bool) -> (String, Value) {
    let text = || json!({"type": "string"});
    let (written, description, schema) = match name {
        "accept-encoding" => (
            "Accept-Encoding",
            "The encodings that a body may have. Present if the encoding is the error, and not the media type.",
            text(),
        ),
        "accept-patch" => (
            "Accept-Patch",
            "The media types that PATCH accepts.",
            text(),
        ),
        "allow" => ("Allow", "The methods that the path has.", text()),
        "cache-control" => (
            "Cache-Control",
            "A success may be stored for its user and has to be revalidated before each use; \
             an error may not be stored.",
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
            "The note existed already: this creation has happened before.",
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
