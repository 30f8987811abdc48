use std::time::Duration;

use http::Method;
use notes_core::{Change, CreateOutcome, MemoryNoteStore, NewNote, Notes};
use notes_lambda::Api;
use serde_json::json;

use crate::client::{call, client, milk};

#[tokio::test]
async fn a_created_note_is_201_with_its_place_its_tag_and_its_key() {
    let client = client();
    let answer = client.post(milk()).send().await;
    assert_eq!(answer.status, 201);
    let note = answer.json();
    let id = note["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/notes/{id}"));
    assert_eq!(answer.header("etag"), note["etag"]);
    assert_eq!(answer.header("etag"), format!("\"{id}\""));
    assert_eq!(answer.header("idempotency-key"), id);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    assert!(!answer.has_header("idempotent-replayed"));
    let got = client.get(answer.header("location")).send().await;
    assert_eq!(got.json(), note);
}

#[tokio::test]
async fn a_note_has_what_was_asked_for_and_its_times() {
    let client = client();
    let body = json!({"title": "Milk", "content": "", "category": " shop ", "expiresAt": "2030-01-01T01:00:00.5+01:00"});
    let note = client.post(body).send().await.json();
    let now = client.now().to_string();
    assert_eq!(
        note,
        json!({
            "id": note["id"],
            "title": "Milk",
            "content": "",
            "category": "shop",
            "createdAt": now,
            "updatedAt": now,
            "expiresAt": "2030-01-01T00:00:01Z",
            "etag": note["etag"],
        })
    );
}

#[tokio::test]
async fn two_notes_created_in_one_millisecond_are_two_notes() {
    let client = client();
    let (first, second) = (client.note().await, client.note().await);
    assert_ne!(first, second);
    assert_eq!(client.get("/notes").send().await.titles(), ["Milk", "Milk"]);
}

#[tokio::test]
async fn null_is_no_category_and_no_expiry() {
    let client = client();
    let body = json!({"title": "Milk", "content": "", "category": null, "expiresAt": null});
    let note = client.post(body).send().await.json();
    assert!(note.get("category").is_none() && note.get("expiresAt").is_none());
}

#[tokio::test]
async fn an_expiry_of_null_wins_over_the_retention_and_absence_does_not() {
    let store = MemoryNoteStore::new();
    let notes = Notes::new(store).with_retention(Duration::from_secs(60));
    let api = Api::new(notes);
    for (body, expires) in [
        (
            json!({"title": "a", "content": "", "expiresAt": null}),
            false,
        ),
        (json!({"title": "a", "content": ""}), true),
    ] {
        let answer = call(&api, &"alice".parse().unwrap(), Method::POST, "/notes")
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await;
        assert_eq!(answer.json().get("expiresAt").is_some(), expires);
    }
}

#[tokio::test]
async fn a_note_of_the_api_is_one_of_the_library() {
    let client = client();
    let id = client.id_at(0);
    client
        .post(milk())
        .header("idempotency-key", id)
        .send()
        .await;
    let new = NewNote {
        title: "Milk".parse().unwrap(),
        content: "2 litres".parse().unwrap(),
        category: None,
        expiry: Change::Keep,
    };
    let again = Notes::new(client.store.clone())
        .create(&client.user, id, new)
        .await;
    assert!(matches!(again, Ok(CreateOutcome::Replayed(_))));
}
