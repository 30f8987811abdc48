use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::FutureExt;
use http::Method;
use notes_core::conformance::Harness;
use notes_core::{
    DeleteOutcome, InsertOutcome, MemoryNoteStore, MockNoteStore, NoteStore, Notes, StoreError,
    StoreErrorKind, SyncSettings, Timestamp, UpdateOutcome,
};
use notes_lambda::{Api, Diagnostics};
use serde_json::{Value, json};

use crate::client::{Response, call, client, milk};

const SECRET: &str = "table prod-notes at 10.0.0.7";

/// A store whose every operation ends so.
fn store(end: fn() -> StoreError) -> MockNoteStore {
    let mut store = MockNoteStore::new();
    store.expect_insert().returning(move |_, _| Err(end()));
    store.expect_get().returning(move |_, _, _| Err(end()));
    store.expect_list().returning(move |_, _, _| Err(end()));
    store.expect_changes().returning(move |_, _, _| Err(end()));
    store
        .expect_update()
        .returning(move |_, _, _, _| Err(end()));
    store
        .expect_delete()
        .returning(move |_, _, _, _| Err(end()));
    store
}

/// The response of each operation, that of POST first.
pub(crate) async fn responses(end: fn() -> StoreError) -> Vec<Response> {
    let user = "alice".parse().unwrap();
    let note = "/notes/019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d";
    let mut responses = vec![];
    for (method, uri) in [
        (Method::POST, "/notes"),
        (Method::GET, "/notes"),
        (Method::GET, "/notes/changes"),
        (Method::GET, note),
        (Method::PATCH, note),
        (Method::DELETE, note),
    ] {
        let api = Api::new(Notes::new(store(end)).with_sync(SyncSettings::new("first")));
        let call = call(&api, &user, method, uri)
            .header("content-type", "application/json")
            .body(milk());
        responses.push(call.send().await);
    }
    responses
}

fn error(kind: StoreErrorKind) -> StoreError {
    StoreError::new(kind, SECRET)
}

fn check(responses: &[Response], kind: StoreErrorKind) {
    assert!(responses[0].has_header("idempotency-key"));
    for response in responses {
        let body = String::from_utf8_lossy(&response.body);
        assert!(
            !body.contains("10.0.0.7") && !body.contains("panic"),
            "{body}"
        );
        let report: &Diagnostics = response.extensions.get().unwrap();
        let error = report.error.as_ref().unwrap();
        assert_eq!(error.kind(), kind);
        assert_eq!(error.source().unwrap().to_string(), SECRET);
    }
}

#[tokio::test]
async fn a_store_that_can_not_serve_now_is_503_with_retry_after() {
    let throttled = responses(|| error(StoreErrorKind::Throttled)).await;
    check(&throttled, StoreErrorKind::Throttled);
    let unavailable = responses(|| error(StoreErrorKind::Unavailable)).await;
    check(&unavailable, StoreErrorKind::Unavailable);
    let contended = responses(|| error(StoreErrorKind::Contended)).await;
    check(&contended, StoreErrorKind::Contended);
    for response in throttled.iter().chain(&unavailable).chain(&contended) {
        response.is_problem(503, "unavailable");
        assert_eq!(response.header("retry-after"), "1");
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_never_reported_as_not_written() {
    let responses = responses(|| error(StoreErrorKind::OutcomeUnknown)).await;
    check(&responses, StoreErrorKind::OutcomeUnknown);
    for response in responses {
        response.is_problem(503, "outcome-unknown");
        assert_eq!(response.header("retry-after"), "1");
        let detail = response.json()["detail"].to_string();
        assert!(detail.contains("may have happened") && detail.contains("safe"));
    }
}

#[tokio::test]
async fn a_note_that_the_store_finds_too_large_is_413() {
    let responses = responses(|| error(StoreErrorKind::TooLarge)).await;
    check(&responses, StoreErrorKind::TooLarge);
    for response in responses {
        response.is_problem(413, "too-large");
    }
}

#[tokio::test]
async fn any_other_failure_is_500() {
    let denied = responses(|| error(StoreErrorKind::Denied)).await;
    check(&denied, StoreErrorKind::Denied);
    let corrupt = responses(|| error(StoreErrorKind::Corrupt)).await;
    check(&corrupt, StoreErrorKind::Corrupt);
    let other = responses(|| error(StoreErrorKind::Other)).await;
    check(&other, StoreErrorKind::Other);
    for response in denied.iter().chain(&corrupt).chain(&other) {
        response.is_problem(500, "internal-error");
        assert!(!response.has_header("retry-after"));
    }
}

#[tokio::test]
async fn a_panic_of_a_read_is_500_and_of_a_write_an_unknown_outcome() {
    let responses = responses(|| panic!("{SECRET}")).await;
    let [create, list, changes, get, update, delete] = responses.as_slice() else {
        panic!("{} responses", responses.len());
    };
    assert!(create.has_header("idempotency-key"));
    for read in [list, changes, get] {
        read.is_problem(500, "internal-error");
    }
    for write in [create, update, delete] {
        write.is_problem(503, "outcome-unknown");
        assert_eq!(write.header("retry-after"), "1");
        let detail = write.json()["detail"].to_string();
        assert!(detail.contains("may have happened") && detail.contains("safe"));
    }
    for response in &responses {
        assert!(!String::from_utf8_lossy(&response.body).contains("10.0.0.7"));
        let report: &Diagnostics = response.extensions.get().unwrap();
        assert!(report.panicked);
    }
}

/// A store that panics after each write.
fn panicking_after_writes(store: &MemoryNoteStore) -> MockNoteStore {
    let mut panicking = MockNoteStore::new();
    let own = store.clone();
    panicking.expect_insert().returning(move |note, now| {
        let inserted = own.insert(note, now).now_or_never().unwrap();
        assert_eq!(inserted.unwrap(), InsertOutcome::Inserted);
        panic!("after the write")
    });
    let own = store.clone();
    panicking
        .expect_update()
        .returning(move |key, patch, expected, now| {
            let updated = own.update(key, patch, expected, now).now_or_never();
            let updated = updated.unwrap().unwrap();
            assert!(matches!(updated, UpdateOutcome::Updated(_)));
            panic!("after the write")
        });
    let own = store.clone();
    panicking
        .expect_delete()
        .returning(move |key, expected, revision, now| {
            let deleted = own.delete(key, expected, revision, now).now_or_never();
            assert_eq!(deleted.unwrap().unwrap(), DeleteOutcome::Deleted);
            panic!("after the write")
        });
    panicking
}

#[tokio::test]
async fn a_panic_after_the_write_is_never_told_as_not_written_and_the_repetition_is_safe() {
    let client = client();
    // Of two revisions of one millisecond either may be the later, and a write may be refused at first.
    let millis = AtomicU64::new(client.now().as_millis());
    let notes = Notes::new(panicking_after_writes(&client.store))
        .with_clock(move || Timestamp::from_millis(millis.fetch_add(1, Ordering::SeqCst)));
    let api = Api::new(notes);
    let send = |method, path: &str, body: &Value| {
        let call = call(&api, &client.user, method, path);
        let call = call.header("content-type", "application/json");
        call.body(body).send()
    };

    let created = send(Method::POST, "/notes", &milk()).await;
    created.is_problem(503, "outcome-unknown");
    let key = created.header("idempotency-key").to_owned();
    let again = client.post(milk()).header("idempotency-key", &key);
    let again = again.send().await;
    assert_eq!(again.status, 201);
    assert_eq!(again.header("idempotent-replayed"), "true");

    let path = format!("/notes/{key}");
    let bread = json!({"title": "Bread"});
    let updated = send(Method::PATCH, &path, &bread).await;
    updated.is_problem(503, "outcome-unknown");
    let shown = client.get(&path).send().await;
    assert_eq!(shown.json()["title"], "Bread");

    let deleted = send(Method::DELETE, &path, &json!({})).await;
    deleted.is_problem(503, "outcome-unknown");
    assert_eq!(client.get(&path).send().await.status, 404);
}

#[tokio::test]
async fn after_a_panic_the_service_goes_on() {
    let panics = Arc::new(AtomicBool::new(true));
    let once = Arc::clone(&panics);
    let notes = Notes::new(MemoryNoteStore::new()).with_clock(move || {
        assert!(!once.swap(false, Ordering::SeqCst), "once");
        Timestamp::now()
    });
    let api = Api::new(notes);
    let user = "alice".parse().unwrap();
    let list = || call(&api, &user, Method::GET, "/notes");
    list().send().await.is_problem(500, "internal-error");
    assert_eq!(list().send().await.status, 200);
}

#[tokio::test]
async fn a_note_that_can_not_be_read_is_500_and_stays_as_it_is() {
    let client = client();
    let id = client.id_at(0);
    client.store.plant_unreadable(&client.user, id).await;
    let path = format!("/notes/{id}");
    for call in [
        client.post(milk()).header("idempotency-key", id),
        client.get(&path),
        client.patch(&path, r#"{"title":"b"}"#),
        client.delete(&path),
    ] {
        call.send().await.is_problem(500, "internal-error");
    }
}

#[tokio::test]
async fn a_note_that_can_not_be_read_is_in_no_expected_state() {
    let client = client();
    let id = client.id_at(0);
    client.store.plant_unreadable(&client.user, id).await;
    let path = format!("/notes/{id}");
    let update = client.patch(&path, r#"{"title":"b"}"#);
    for call in [update, client.delete(&path)] {
        let response = call.header("if-match", format!("\"{id}\"")).send().await;
        response.is_problem(412, "precondition-failed");
        assert!(!response.has_header("etag"));
    }
}
