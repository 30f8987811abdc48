use std::time::Duration;

use http::{Request, StatusCode};
use notes_core::{MemoryNoteStore, NoteId, UserId};
use notes_lambda::{Deadline, Gateway};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower_service::Service;

use crate::delayed::Delayed;
use crate::support::{ALICE, NEW, api, call_within, event, identity_of, is_problem, store};

const TIMEOUT: Duration = Duration::from_secs(3);

/// The response of a store that hangs, and how long it took on the clock of a runtime of its own,
/// which does not really wait.
fn response(event: Value, timeout: Duration) -> (Value, Duration) {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(async {
        let api = api(Delayed::hanging(store().await));
        let mut gateway = Gateway::new(api, identity_of(&event));
        let start = Instant::now();
        let response = call_within(&mut gateway, event, timeout).await;
        (response, start.elapsed())
    })
}

#[test]
fn a_read_that_hangs_is_unavailable_before_the_deadline() {
    for name in ["rest-get", "rest-head", "rest-list", "http-get"] {
        let (response, took) = response(event(name), TIMEOUT);
        assert!(took < TIMEOUT, "{took:?}");
        assert!(took > TIMEOUT / 2, "{took:?}");
        assert_eq!(response["headers"]["retry-after"], "1");
        assert_eq!(response["statusCode"], 503);
        if name != "rest-head" {
            is_problem(&response, 503, "unavailable");
        }
    }
}

#[test]
fn a_write_that_hangs_has_an_unknown_outcome_before_the_deadline() {
    for name in [
        "rest-create",
        "rest-update-if-match",
        "rest-delete",
        "http-create",
        "http-update-base64",
        "http-delete",
    ] {
        let (response, took) = response(event(name), TIMEOUT);
        assert!(took < TIMEOUT, "{took:?}");
        is_problem(&response, 503, "outcome-unknown");
        assert_eq!(response["headers"]["retry-after"], "1");
    }
}

#[test]
fn a_creation_that_hangs_has_its_key_also_when_we_chose_it() {
    let (chosen, _) = response(event("rest-create"), TIMEOUT);
    assert_eq!(chosen["headers"]["idempotency-key"], NEW);
    let mut without = event("http-create");
    let headers = without["headers"].as_object_mut().unwrap();
    headers.remove("idempotency-key").unwrap();
    let (ours, _) = response(without, TIMEOUT);
    let key = ours["headers"]["idempotency-key"].as_str().unwrap();
    assert!(key.parse::<NoteId>().is_ok());
}

#[test]
fn a_deadline_that_has_passed_gets_a_response_at_once() {
    for (name, slug) in [
        ("rest-get", "unavailable"),
        ("rest-create", "outcome-unknown"),
    ] {
        let (response, took) = response(event(name), Duration::ZERO);
        is_problem(&response, 503, slug);
        assert!(took < Duration::from_millis(10), "{took:?}");
    }
}

#[test]
fn what_is_refused_without_the_store_does_not_wait_for_it() {
    for (name, status) in [
        ("rest-no-authorizer", 401),
        ("rest-other-resource", 404),
        ("rest-list-repeated-parameter", 400),
        ("rest-create-without-body", 400),
    ] {
        let (response, took) = response(event(name), TIMEOUT);
        assert_eq!(response["statusCode"], status);
        assert!(took < Duration::from_millis(10), "{took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn creations_that_hang_until_one_deadline_all_have_their_keys() {
    let api = api(Delayed::hanging(MemoryNoteStore::new()));
    let deadline = Deadline(std::time::Instant::now() + Duration::from_millis(500));
    let mut calls = JoinSet::new();
    for _ in 0..5_000 {
        let mut request = Request::post("/notes")
            .header("content-type", "application/json")
            .body(json!({"title": "Milk", "content": ""}).to_string())
            .unwrap();
        request.extensions_mut().insert(deadline);
        let user: UserId = ALICE.parse().unwrap();
        request.extensions_mut().insert(user);
        calls.spawn(api.clone().call(request));
    }
    let mut without = 0;
    while let Some(Ok(Ok(response))) = calls.join_next().await {
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        without += usize::from(!response.headers().contains_key("idempotency-key"));
    }
    assert_eq!(without, 0);
}
