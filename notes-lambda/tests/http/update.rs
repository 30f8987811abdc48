use notes_core::Timestamp;
use serde_json::json;

use crate::client::client;

#[tokio::test]
async fn what_a_patch_mentions_changes_and_nothing_else() {
    let client = client();
    let body =
        json!({"title": "a", "content": "b", "category": "c", "expiresAt": "2030-01-01T00:00:00Z"});
    let created = client.post(body).send().await;
    let path = created.header("location");
    let mut note = created.json();
    for (member, value) in [
        ("title", "A"),
        ("content", ""),
        ("category", "C"),
        ("expiresAt", "2031-01-01T00:00:00Z"),
    ] {
        let response = client.patch(path, json!({member: value})).send().await;
        assert_eq!(response.status, 200);
        let patched = response.json();
        note[member] = value.into();
        note["etag"] = response.header("etag").into();
        note["updatedAt"] = patched["updatedAt"].clone();
        assert_eq!(patched, note);
        assert_eq!(client.get(path).send().await.json(), note);
    }
}

#[tokio::test]
async fn null_removes_what_is_optional() {
    let client = client();
    let body =
        json!({"title": "a", "content": "b", "category": "c", "expiresAt": "2030-01-01T00:00:00Z"});
    let created = client.post(body).send().await;
    let path = created.header("location");
    let response = client
        .patch(path, r#"{"category":null,"expiresAt":null}"#)
        .send()
        .await;
    let note = response.json();
    assert!(note.get("category").is_none() && note.get("expiresAt").is_none());
    assert_eq!(note["title"], "a");
}

#[tokio::test]
async fn null_for_what_is_required_is_400() {
    let client = client();
    let (path, _) = client.note().await;
    let response = client
        .patch(&path, r#"{"title":null,"content":null}"#)
        .send()
        .await;
    response.is_problem(400, "invalid-request");
    assert_eq!(response.places(), ["/title", "/content"]);
}

#[tokio::test]
async fn an_empty_patch_changes_nothing() {
    let client = client();
    let (path, tag) = client.note().await;
    let before = client.get(&path).send().await.json();
    client.wait_millis(1_000);
    let response = client.patch(&path, "{}").send().await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("etag"), tag);
    assert_eq!(response.json(), before);
}

#[tokio::test]
async fn an_update_never_creates() {
    let client = client();
    let absent = format!("/notes/{}", client.id_at(0));
    for call in [
        client.patch(&absent, "{}"),
        client.patch(&absent, r#"{"title":"ghost"}"#),
        client
            .patch(&absent, r#"{"title":"ghost"}"#)
            .header("if-match", "*"),
    ] {
        call.send().await.is_problem(404, "note-not-found");
    }
    assert!(client.get("/notes").send().await.titles().is_empty());
}

#[tokio::test]
async fn a_note_in_the_expected_state_is_changed() {
    let client = client();
    let (path, mut tag) = client.note().await;
    for (title, known) in [("b", "{}"), ("c", "*"), ("d", "\"x\", {}, W/\"y\"")] {
        let response = client
            .patch(&path, json!({"title": title}))
            .header("if-match", known.replace("{}", &tag))
            .send()
            .await;
        assert_eq!(response.status, 200);
        tag = response.header("etag").to_owned();
    }
    let call = client
        .patch(&path, r#"{"title":"e"}"#)
        .header("if-match", "\"x\"");
    assert_eq!(call.header("if-match", tag).send().await.status, 200);
}

#[tokio::test]
async fn a_note_in_another_state_is_412_with_its_tag() {
    let client = client();
    let (path, old) = client.note().await;
    let patched = client.patch(&path, r#"{"title":"b"}"#).send().await;
    for known in [&old, "\"x\"", ""] {
        let call = client
            .patch(&path, r#"{"title":"c"}"#)
            .header("if-match", known);
        let response = call.send().await;
        response.is_problem(412, "precondition-failed");
        assert_eq!(response.header("etag"), patched.header("etag"));
    }
    assert_eq!(client.get(&path).send().await.json(), patched.json());
}

#[tokio::test]
async fn a_weak_tag_never_matches_and_the_412_says_so() {
    let client = client();
    let (path, tag) = client.note().await;
    let call = client.patch(&path, r#"{"title":"b"}"#);
    let response = call.header("if-match", format!("W/{tag}")).send().await;
    response.is_problem(412, "precondition-failed");
    assert!(response.json()["detail"].as_str().unwrap().contains("weak"));
    let call = client.patch(&path, r#"{"title":"b"}"#);
    let response = call.header("if-match", "\"x\"").send().await;
    assert!(!response.json()["detail"].as_str().unwrap().contains("weak"));
}

#[tokio::test]
async fn a_stale_patch_that_changes_nothing_is_200() {
    let client = client();
    let (path, old) = client.note().await;
    let update = || {
        client
            .patch(&path, r#"{"title":"b"}"#)
            .header("if-match", &old)
    };
    let first = update().send().await;
    let again = update().send().await;
    assert_eq!(again.status, 200);
    assert_eq!(again.header("etag"), first.header("etag"));
    let response = client
        .patch(&path, "{}")
        .header("if-match", "\"x\"")
        .send()
        .await;
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn missing_is_404_before_412() {
    let client = client();
    let absent = format!("/notes/{}", client.id_at(0));
    for known in [
        "\"x\"",
        "W/\"x\"",
        "\"019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d\"",
    ] {
        let update = client.patch(&absent, r#"{"title":"b"}"#);
        for call in [update, client.delete(&absent)] {
            let response = call.header("if-match", known).send().await;
            response.is_problem(404, "note-not-found");
        }
    }
}

#[tokio::test]
async fn a_malformed_or_endless_if_match_is_400() {
    let client = client();
    let (path, tag) = client.note().await;
    let endless = vec!["\"x\""; 101].join(",");
    for known in [tag.trim_matches('"'), "*, \"x\"", "\"x\" \"y\"", &endless] {
        let update = client.patch(&path, r#"{"title":"b"}"#);
        for call in [update, client.delete(&path)] {
            let response = call.header("if-match", known).send().await;
            response.is_problem(400, "invalid-precondition");
        }
    }
    assert_eq!(client.get(&path).send().await.header("etag"), tag);
}

/// In the last seconds of a note, too, where its expiry can't be moved any more.
#[tokio::test]
async fn a_repeated_patch_of_the_expiry_is_no_missing_note() {
    let client = client();
    let (path, tag) = client.note().await;
    let at = |secs: u64| Timestamp::from_millis(client.now().as_millis() + secs * 1_000);
    let send_with = |expiry: Timestamp| {
        let body = format!(r#"{{"expiresAt":"{expiry}"}}"#);
        client.patch(&path, body).header("if-match", &tag)
    };
    let expiry = at(25);
    let first = send_with(expiry).send().await;
    assert_eq!(first.status, 200);
    client.wait_millis(1_000);
    let again = send_with(expiry).send().await;
    assert_eq!(again.status, 200);
    assert_eq!(again.header("etag"), first.header("etag"));
    send_with(at(60))
        .send()
        .await
        .is_problem(404, "note-not-found");
}
