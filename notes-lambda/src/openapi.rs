//! The description of the API. It is made by asking the code: the answers in it are answers that
//! the code gives, and names and limits are the constants by which requests are judged.

mod answer;
mod naming;
mod operations;
mod problem_schemas;
mod problems;
mod schemas;

use serde_json::json;

use crate::problem::Problem;
use answer::Answer;

/// The description of the API: an [OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.1.html)
/// document, as JSON text.
///
/// It names no host: the paths are relative to where the API is mounted at the root. A server shows
/// it to the tools of its clients, such as generators and pages to try requests on.
///
/// ```
/// let document = notes_lambda::openapi();
/// assert!(document.contains(r#""openapi": "3.1.1""#));
/// ```
#[must_use]
pub fn openapi() -> String {
    let nowhere = [
        ("UnknownPath", Problem::UnknownPath),
        (
            "MethodNotAllowed",
            Problem::MethodNotAllowed("GET, HEAD, POST"),
        ),
    ];
    let nowhere: serde_json::Map<_, _> = nowhere
        .into_iter()
        .map(|(name, problem)| (name.to_owned(), Answer::from(problem).describe()))
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
            "responses": nowhere,
            "securitySchemes": {"bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "Says who the caller is. Notes of others are not to be had.",
            }},
        },
    });
    format!("{document:#}\n")
}

const DESCRIPTION: &str = "\
Every error is a problem document (RFC 9457) of a documented, stable `type`. Clients ignore members, \
headers and problem types that they do not know.\n\
\n\
Any other path is answered 404 (`UnknownPath` below), and any other method of these paths 405 \
(`MethodNotAllowed`). Where the operator has allowed origins, browsers' preflight requests are \
answered, and answers have `Vary` and, to those origins, `Access-Control-Allow-Origin` and \
`Access-Control-Expose-Headers`. A gateway in front of the API may answer 401, 403, 413, 429 and 5xx in its own words; a \
request that it can't hand on as it is, such as one whose headers are no text, is answered 400 \
(`InvalidRequest`), whatever its operation.";

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::problem::problem_type::ALL;

    #[test]
    fn each_problem_type_is_in_an_answer() {
        let document: Value = serde_json::from_str(&openapi()).unwrap();
        for it in ALL {
            let name = naming::schema_name(it.slug);
            assert!(document["components"]["schemas"][&name].is_object());
            let reference = json!(format!("#/components/schemas/{name}")).to_string();
            let answers = [&document["paths"], &document["components"]["responses"]];
            let named = |it: &&Value| it.to_string().contains(&reference);
            assert!(answers.iter().any(named), "{name}");
        }
    }
}
