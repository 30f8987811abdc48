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

#[test]
fn the_service_is_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + std::fmt::Debug>(_: &T) {}
    shared(&client().api);
}
