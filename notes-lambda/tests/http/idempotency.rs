use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::Method;
use http_body::Frame;
use http_body_util::StreamBody;
use notes_core::{
    InsertOutcome, MemoryNoteStore, MockNoteStore, NoteId, Notes, Occupant, Timestamp,
};
use notes_lambda::Api;
use serde_json::json;

use crate::client::{call, client, milk};

#[tokio::test]
async fn a_key_names_the_note_bare_or_quoted() {
    let client = client();
    for quote in ["", "\""] {
        let id = client.id_at(-1_000);
        let call = client.post(milk());
        let response = call
            .header("idempotency-key", format!("{quote}{id}{quote}"))
            .send()
            .await;
        assert_eq!(response.status, 201);
        assert_eq!(response.json()["id"], id.to_string());
        assert_eq!(response.header("idempotency-key"), id.to_string());
        assert!(!response.has_header("idempotent-replayed"));
    }
}

#[tokio::test]
async fn a_replay_is_201_with_the_note_as_it_is_now() {
    let client = client();
    let id = client.id_at(0);
    let create = || client.post(milk()).header("idempotency-key", id);
    let first = create().send().await;
    let path = first.header("location").to_owned();
    client.wait_millis(1_000);
    let patched = client.patch(&path, r#"{"title":"Oat milk"}"#).send().await;
    let replay = create().send().await;
    assert_eq!(replay.status, 201);
    assert_eq!(replay.header("idempotent-replayed"), "true");
    assert_eq!(replay.header("location"), path);
    assert_eq!(replay.header("idempotency-key"), id.to_string());
    assert_eq!(replay.header("etag"), patched.header("etag"));
    assert_eq!(replay.json(), patched.json());
}

#[tokio::test]
async fn an_id_used_with_other_contents_is_422_and_the_note_is_as_it_was() {
    let client = client();
    let id = client.id_at(0);
    let first = client
        .post(milk())
        .header("idempotency-key", id)
        .send()
        .await;
    let other = json!({"title": "Eggs", "content": "2 litres"});
    let response = client
        .post(other)
        .header("idempotency-key", id)
        .send()
        .await;
    response.is_problem(422, "id-reused");
    assert_eq!(response.header("idempotency-key"), id.to_string());
    let got = client.get(first.header("location")).send().await;
    assert_eq!(got.json(), first.json());
}

#[tokio::test]
async fn a_spent_id_is_409() {
    let client = client();
    let id = client.id_at(0);
    let create = || client.post(milk()).header("idempotency-key", id);
    let path = create().send().await.header("location").to_owned();
    client.delete(&path).send().await;
    let response = create().send().await;
    response.is_problem(409, "id-spent");
    assert_eq!(response.header("idempotency-key"), id.to_string());
    client
        .get(&path)
        .send()
        .await
        .is_problem(404, "note-not-found");
}

#[tokio::test]
async fn a_key_that_is_no_uuid_v7_is_400() {
    let client = client();
    for key in [
        "",
        "order-17",
        "9c5b94b1-35ad-49bb-b118-8e8fc24abf80",
        "\"\"",
    ] {
        let response = client
            .post(milk())
            .header("idempotency-key", key)
            .send()
            .await;
        response.is_problem(400, "invalid-idempotency-key");
        assert!(!response.has_header("idempotency-key"));
    }
}

#[tokio::test]
async fn more_than_one_key_is_400() {
    let client = client();
    let id = client.id_at(0);
    let call = client.post(milk()).header("idempotency-key", id);
    let response = call.header("idempotency-key", id).send().await;
    response.is_problem(400, "invalid-idempotency-key");
}

#[tokio::test]
async fn a_key_that_is_too_old_or_too_far_ahead_is_a_problem_of_its_own() {
    let client = client();
    let week = 7 * 24 * 60 * 60 * 1_000;
    for (millis, slug) in [
        (-week, None),
        (-week - 1, Some("idempotency-key-too-old")),
        (5 * 60 * 1_000, None),
        (5 * 60 * 1_000 + 1, Some("idempotency-key-too-far-ahead")),
    ] {
        let id = client.id_at(millis);
        let response = client
            .post(milk())
            .header("idempotency-key", id)
            .send()
            .await;
        match slug {
            None => assert_eq!(response.status, 201),
            Some(slug) => drop(response.is_problem(400, slug)),
        }
        assert_eq!(response.header("idempotency-key"), id.to_string());
    }
}

#[tokio::test]
async fn a_key_of_an_old_draft_is_told_what_it_is() {
    let client = client();
    let secs = client.id_at(0).created_at().as_secs();
    // 36 bits of seconds where there are 48 of milliseconds.
    let id = NoteId::generate(Timestamp::from_millis(secs << 12));
    let call = client.post(milk()).header("idempotency-key", id);
    let response = call.send().await;
    response.is_problem(400, "idempotency-key-too-far-ahead");
    let detail = response.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("time in seconds"), "{detail}");
}

#[tokio::test]
async fn the_window_in_which_keys_are_accepted_is_the_services() {
    let store = MemoryNoteStore::new();
    let notes = Notes::new(store).with_acceptance_window(Duration::from_secs(60));
    let id = NoteId::generate(Timestamp::from_millis(notes.now().as_millis() - 61_000));
    let api = Api::new(notes);
    let response = call(&api, &"alice".parse().unwrap(), Method::POST, "/notes")
        .header("idempotency-key", id)
        .send()
        .await;
    response.is_problem(400, "idempotency-key-too-old");
}

#[tokio::test]
async fn every_response_after_the_key_is_known_carries_it() {
    let client = client();
    let id = client.id_at(0);
    let large = json!({"title": "x".repeat(3_000_000)});
    for (call, status) in [
        (client.post("{"), 400),
        (client.post("{}"), 400),
        (client.post(large), 413),
        (client.post(milk()).without_header("content-type"), 415),
    ] {
        let response = call.header("idempotency-key", id).send().await;
        assert_eq!(response.status, status);
        assert_eq!(response.header("idempotency-key"), id.to_string());
    }
    let response = client.post("{").send().await;
    assert!(response.header("idempotency-key").parse::<NoteId>().is_ok());
}

#[tokio::test]
async fn a_failed_creation_can_be_repeated_with_the_key_of_the_response() {
    let client = client();
    let failed = client.post("{}").send().await;
    let key = failed.header("idempotency-key");
    let response = client
        .post(milk())
        .header("idempotency-key", key)
        .send()
        .await;
    assert_eq!(response.status, 201);
    assert_eq!(response.json()["id"], key);
    assert!(!response.has_header("idempotent-replayed"));
}

/// A store whose first attempt was given up as lost and had landed: the next finds the note.
fn store_after_own_retry() -> MockNoteStore {
    let mut store = MockNoteStore::new();
    store.expect_insert().returning(|insertion, _| {
        Ok(InsertOutcome::Taken(Occupant::Live {
            note: insertion.note.clone(),
            fingerprint: insertion.fingerprint,
        }))
    });
    store
}

#[tokio::test]
async fn our_own_retry_of_an_id_that_we_chose_is_no_replay() {
    let api = Api::new(Notes::new(store_after_own_retry()));
    let user = "alice".parse().unwrap();
    let create = || {
        call(&api, &user, Method::POST, "/notes")
            .header("content-type", "application/json")
            .body(milk())
    };
    let response = create().send().await;
    assert_eq!(response.status, 201);
    assert!(!response.has_header("idempotent-replayed"));
    let id = Notes::new(MockNoteStore::new()).new_id();
    let response = create().header("idempotency-key", id).send().await;
    assert_eq!(response.header("idempotent-replayed"), "true");
}

#[tokio::test]
async fn a_first_delivery_of_a_note_that_has_expired_stores_nothing() {
    let client = client();
    let hour_ago = client.id_at(-3_600_000);
    let at = |millis: u64| Timestamp::from_millis(client.now().as_millis() - millis);
    let body = |millis| {
        format!(
            r#"{{"title":"a","content":"","expiresAt":"{}"}}"#,
            at(millis)
        )
    };
    let post = |body: String| client.post(body).header("idempotency-key", hour_ago);
    for _ in 0..2 {
        let response = post(body(1_800_000)).send().await;
        response.is_problem(400, "invalid-request");
        assert_eq!(response.places(), ["/expiresAt"]);
        assert_eq!(response.header("idempotency-key"), hour_ago.to_string());
    }
    // Nothing was stored: the key is free for another note.
    let response = post(milk().to_string()).send().await;
    assert_eq!(response.status, 201);
    post(body(1_800_000))
        .send()
        .await
        .is_problem(422, "id-reused");
}

/// A repetition of a creation is one also after the note has expired.
#[tokio::test]
async fn a_repetition_after_the_expiry_is_told_that_the_note_is_gone() {
    let client = client();
    let key = client.id_at(0);
    let expiry = Timestamp::from_millis(client.now().as_millis() + 60_000);
    let body = format!(r#"{{"title":"a","content":"","expiresAt":"{expiry}"}}"#);
    let post = || client.post(&body).header("idempotency-key", key);
    assert_eq!(post().send().await.status, 201);
    client.wait_millis(120_000);
    post().send().await.is_problem(409, "id-spent");
}

/// The key was acceptable when the request began, and is too old when its body has arrived: by then the
/// tombstone of its note may be gone.
#[tokio::test]
async fn the_date_of_a_key_is_checked_again_when_the_body_has_arrived() {
    let client = Arc::new(client());
    let week = 7 * 24 * 60 * 60 * 1_000;
    let oldest = client.id_at(-week);
    let call = client.post(milk()).header("idempotency-key", oldest);
    let body = milk().to_string();
    let clock = Arc::clone(&client);
    let slow = StreamBody::new(stream::once(async move {
        clock.wait_millis(1);
        Ok::<_, Infallible>(Frame::data(Bytes::from(body)))
    }));
    let response = call.send_body(|_| Box::pin(slow)).await;
    response.is_problem(400, "idempotency-key-too-old");
    assert_eq!(client.get("/notes").send().await.titles(), [""; 0]);
}

/// Dated ahead, the key says nothing of when the first attempt came: that was up to 5 minutes earlier.
#[tokio::test]
async fn a_repetition_under_a_key_dated_ahead_is_told_that_the_note_is_gone() {
    let client = client();
    let key = client.id_at(240_000);
    let expiry = Timestamp::from_millis(client.now().as_millis() + 120_000);
    let body = format!(r#"{{"title":"a","content":"","expiresAt":"{expiry}"}}"#);
    let post = || client.post(&body).header("idempotency-key", key);
    assert_eq!(post().send().await.status, 201);
    client.wait_millis(180_000);
    post().send().await.is_problem(409, "id-spent");
}
