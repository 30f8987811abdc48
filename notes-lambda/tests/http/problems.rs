use http::Request;
use serde_json::{Value, json};
use tower_service::Service;

use crate::client::client;

#[tokio::test]
async fn a_problem_has_its_members_and_no_others() {
    let client = client();
    let absent = format!("/notes/{}", client.id_at(0));
    let response = client.get(&absent).send().await;
    assert_eq!(
        response.json(),
        json!({
            "type": "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#note-not-found",
            "title": "There is no such note",
            "status": 404,
            "detail": "It does not exist, or it is deleted or expired.",
        })
    );
}

#[tokio::test]
async fn a_validation_problem_lists_its_errors() {
    let client = client();
    let response = client
        .post(r#"{"title":1,"content":"","etag":"x"}"#)
        .send()
        .await;
    assert_eq!(
        response.json(),
        json!({
            "type": "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#invalid-request",
            "title": "The request is not valid",
            "status": 400,
            "detail": "Its errors are listed in \"errors\".",
            "errors": [
                {"pointer": "/title", "detail": "has to be a string"},
                {"pointer": "/etag", "detail": "is read-only"},
            ],
        })
    );
}

/// The base is that of the deployment wherever a problem is made: by a route, by an operation, and in a creation, which
/// responds by itself. Sent past the client of the other tests, which compares with the description of the API.
#[tokio::test]
async fn a_deployment_gives_the_types_a_base_of_its_own() {
    let client = client();
    let base = "https://notes.example/problems/".parse().unwrap();
    let mut api = client.api.clone().with_problem_base(base);
    let absent = format!("/notes/{}", client.id_at(0));
    for (method, path, body, name) in [
        ("GET", "/elsewhere", "", "unknown-path"),
        ("GET", &absent, "", "note-not-found"),
        ("POST", "/notes", "{", "malformed-json"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .extension(client.user.clone())
            .body(body.to_owned());
        let Ok(response) = api.call(request.unwrap()).await;
        let document: Value = serde_json::from_slice(&response.into_body().into_bytes()).unwrap();
        let of_type = format!("https://notes.example/problems/{name}");
        assert_eq!(document["type"], of_type);
    }
}
