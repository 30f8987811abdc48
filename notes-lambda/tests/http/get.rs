use crate::client::{client, milk};

#[tokio::test]
async fn a_note_is_200_with_its_tag() {
    let client = client();
    let (path, tag) = client.note().await;
    let response = client.get(&path).send().await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("etag"), tag);
    assert_eq!(response.header("cache-control"), "private, no-cache");
    assert_eq!(response.header("content-type"), "application/json");
    assert_eq!(response.json()["title"], milk()["title"]);
    assert!(!response.has_header("idempotency-key"));
}

#[tokio::test]
async fn what_does_not_exist_is_404() {
    let client = client();
    let absent = format!("/notes/{}", client.id_at(0));
    client
        .get(&absent)
        .send()
        .await
        .is_problem(404, "note-not-found");
}

#[tokio::test]
async fn an_expired_note_is_404_at_once() {
    let client = client();
    let body = r#"{"title":"a","content":"","expiresAt":"2026-11-22T18:47:02Z"}"#;
    let response = client.post(body).send().await;
    let path = response.header("location");
    client.wait_millis(1_876);
    assert_eq!(client.get(path).send().await.status, 200);
    client.wait_millis(1);
    for call in [
        client.get(path).header("if-none-match", "*"),
        client.patch(path, "{}"),
        client.delete(path),
    ] {
        call.send().await.is_problem(404, "note-not-found");
    }
}

#[tokio::test]
async fn a_note_that_the_client_has_is_304() {
    let client = client();
    let (path, tag) = client.note().await;
    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"a\", {tag}"),
        "*".to_owned(),
    ] {
        let response = client
            .get(&path)
            .header("if-none-match", known)
            .send()
            .await;
        assert_eq!(response.status, 304);
        assert_eq!(response.header("etag"), tag);
        assert_eq!(response.header("cache-control"), "private, no-cache");
        assert!(response.body.is_empty());
        assert!(!response.has_header("content-type"));
    }
}

#[tokio::test]
async fn a_note_that_changed_is_200() {
    let client = client();
    let (path, tag) = client.note().await;
    client.patch(&path, r#"{"title":"b"}"#).send().await;
    let response = client.get(&path).header("if-none-match", tag).send().await;
    assert_eq!(response.status, 200);
    assert_eq!(response.json()["title"], "b");
}

#[tokio::test]
async fn the_tag_and_the_time_change_with_every_change() {
    let client = client();
    let (path, tag) = client.note().await;
    client.wait_millis(1_000);
    let patched = client.patch(&path, r#"{"title":"b"}"#).send().await;
    assert_ne!(patched.header("etag"), tag);
    assert_eq!(patched.json()["updatedAt"], client.now().to_string());
    assert_ne!(patched.json()["createdAt"], client.now().to_string());
}

#[tokio::test]
async fn a_malformed_if_none_match_is_400() {
    let client = client();
    let (path, tag) = client.note().await;
    let bare = tag.trim_matches('"');
    let response = client.get(&path).header("if-none-match", bare).send().await;
    response.is_problem(400, "invalid-precondition");
}
