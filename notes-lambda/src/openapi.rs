//! The OpenAPI description of the API.
//!
//! It is made from the code, so that it can't differ from it: the example responses come from the functions that make
//! the real ones, and names and limits are the constants that the validation uses.

mod example_response;
mod naming;
mod operations;
mod problem_schemas;
mod problems;
mod schemas;

use serde_json::json;

use crate::problem::Problem;
use example_response::ExampleResponse;

/// The description of the API: an [OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.1.html)
/// document, as JSON text.
///
/// It names no host: the paths are relative to the root of the server that serves it. It is for the tools of clients,
/// such as code generators and pages to try requests on.
///
/// ```
/// let document = notes_lambda::openapi();
/// assert!(document.contains(r#""openapi": "3.1.1""#));
/// ```
#[must_use]
pub fn openapi() -> String {
    // Responses of paths and methods that the document does not describe.
    let elsewhere = [
        ("UnknownPath", Problem::UnknownPath),
        (
            "MethodNotAllowed",
            Problem::MethodNotAllowed("GET, HEAD, POST"),
        ),
    ];
    let elsewhere: serde_json::Map<_, _> = elsewhere
        .into_iter()
        .map(|(name, problem)| (name.to_owned(), ExampleResponse::from(problem).describe()))
        .collect();
    let document = json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Notes",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
            "summary": "Users have notes: create, list, read, change and delete them.",
            "description": DESCRIPTION,
        },
        "servers": [{"url": "/", "description": "Where the API is mounted"}],
        "tags": [{"name": "notes", "description": "The notes of the caller"}],
        "security": [{"bearer": []}],
        "paths": operations::paths(),
        "components": {
            "schemas": schemas::all(),
            "responses": elsewhere,
            "securitySchemes": {"bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "Says who the caller is. A caller has no access to the notes of others.",
            }},
        },
    });
    format!("{document:#}\n")
}

const DESCRIPTION: &str = "\
Every error is a problem document (RFC 9457) of a documented, stable `type`. Clients ignore members, \
headers and problem types that they do not know. A deployment may have a base of its own in place of the address \
before the `#`.\n\
\n\
Any other path is 404 (`UnknownPath` below), and any other method of these paths 405 \
(`MethodNotAllowed`). Where the operator has allowed origins, browsers' preflight requests \
succeed, and responses have `Vary` and, to those origins, `Access-Control-Allow-Origin` and \
`Access-Control-Expose-Headers`. A gateway in front of the API may respond with 401, 403, 413, 429 and 5xx \
itself, without a problem document. A request that it can't pass on correctly, such as one whose headers are not text, \
is 400 (`InvalidRequest`), whatever its operation.";

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::problem::problem_type::ALL;

    #[test]
    fn each_problem_type_is_in_a_response() {
        let document: Value = serde_json::from_str(&openapi()).unwrap();
        for of_type in ALL {
            let name = naming::schema_name(of_type.slug);
            assert!(document["components"]["schemas"][&name].is_object());
            let reference = json!(format!("#/components/schemas/{name}")).to_string();
            let responses = [&document["paths"], &document["components"]["responses"]];
            let is_named = |part: &&Value| part.to_string().contains(&reference);
            assert!(responses.iter().any(is_named), "{name}");
        }
    }
}
