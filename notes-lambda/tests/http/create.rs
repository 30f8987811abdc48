use std::time::Duration;

use axum::body::Body;
use axum::{Extension, Router};
use http::{Method, Request};
use notes_core::{CreateOutcome, MemoryNoteStore, NewNote, Notes};
use notes_lambda::{Api, PathPrefix};
use serde_json::json;
use tower_service::Service;

use crate::client::{call, client, milk};

#[tokio::test]
async fn a_created_note_is_201_with_its_place_its_tag_and_its_key() {
    let client = client();
    let response = client.post(milk()).send().await;
    assert_eq!(response.status, 201);
    let note = response.json();
    let id = note["id"].as_str().unwrap();
    assert_eq!(response.header("location"), format!("/notes/{id}"));
    assert_eq!(response.header("etag"), note["etag"]);
    assert_eq!(response.header("etag"), format!("\"{id}\""));
    assert_eq!(response.header("idempotency-key"), id);
    assert_eq!(response.header("content-type"), "application/json");
    assert_eq!(response.header("cache-control"), "private, no-cache");
    assert!(!response.has_header("idempotent-replayed"));
    let got = client.get(response.header("location")).send().await;
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
        let response = call(&api, &"alice".parse().unwrap(), Method::POST, "/notes")
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await;
        assert_eq!(response.json().get("expiresAt").is_some(), expires);
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
    let new = NewNote::new("Milk".parse().unwrap(), "2 litres".parse().unwrap());
    let again = Notes::new(client.store.clone())
        .create(&client.user, id, new)
        .await;
    assert!(matches!(again, Ok(CreateOutcome::Replayed(_))));
}

#[tokio::test]
async fn a_location_begins_with_the_prefix_that_a_server_took_away() {
    let client = client();
    for (prefix, front) in [
        ("/v1", "/v1"),
        ("", ""),
        ("/Z\u{fc}rich/", "/Z%C3%BCrich"),
        ("//evil.example", "/evil.example"),
        ("/a\r\nb: c", "/a%0D%0Ab:%20c"),
    ] {
        let response = client.post(milk()).below(prefix).send().await;
        let key = response.header("idempotency-key");
        assert_eq!(response.header("location"), format!("{front}/notes/{key}"));
    }
}

#[tokio::test]
async fn below_a_router_the_location_leads_back_to_the_note() {
    let client = client();
    let mut router = Router::new()
        .nest_service("/v1", client.api.clone())
        .layer(Extension(PathPrefix::new("/v1")))
        .layer(Extension(client.user.clone()));
    let create = Request::post("/v1/notes")
        .header("content-type", "application/json")
        .body(Body::from(milk().to_string()));
    let Ok(created) = router.call(create.unwrap()).await;
    let location = created.headers()["location"].to_str().unwrap();
    assert!(location.starts_with("/v1/notes/"), "{location}");
    let get = Request::get(location).body(Body::empty());
    let Ok(shown) = router.call(get.unwrap()).await;
    assert_eq!(shown.status(), 200);
}
