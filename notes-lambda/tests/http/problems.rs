use serde_json::json;

use crate::client::client;

#[tokio::test]
async fn a_problem_has_its_members_and_no_others() {
    let client = client();
    let absent = format!("/notes/{}", client.id_at(0));
    let answer = client.get(&absent).send().await;
    assert_eq!(
        answer.json(),
        json!({
            "type": "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#note-not-found",
            "title": "There is no such note",
            "status": 404,
            "detail": "It does not exist, or it is deleted or expired.",
        })
    );
}

#[tokio::test]
async fn a_validation_problem_lists_its_faults() {
    let client = client();
    let answer = client
        .post(r#"{"title":1,"content":"","etag":"x"}"#)
        .send()
        .await;
    assert_eq!(
        answer.json(),
        json!({
            "type": "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#invalid-request",
            "title": "The request is not valid",
            "status": 400,
            "detail": "Its faults are in \"errors\".",
            "errors": [
                {"pointer": "/title", "detail": "has to be a string"},
                {"pointer": "/etag", "detail": "is read-only"},
            ],
        })
    );
}

/// The base is that of the deployment wherever a problem is made: by a route, by an operation, and in a creation, which
/// responds by itself.
#[tokio::test]
async fn a_deployment_gives_the_types_a_base_of_its_own() {
    let mut client = client();
    client.api = client
        .api
        .with_problem_base("https://notes.example/problems/".parse().unwrap());
    let absent = format!("/notes/{}", client.id_at(0));
    for (answer, name) in [
        (client.get("/elsewhere").send().await, "unknown-path"),
        (client.get(&absent).send().await, "note-not-found"),
        (client.post("{").send().await, "malformed-json"),
    ] {
        let of_type = format!("https://notes.example/problems/{name}");
        assert_eq!(answer.json()["type"], of_type);
    }
}

#[test]
fn the_service_is_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + std::fmt::Debug>(_: &T) {}
    shared(&client().api);
}
