//! Numbers that are in two places agree: in the code, and in files and sentences that no compiler reads.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use notes_core::{MemoryNoteStore, Notes, Update};
use notes_lambda::Api;
use tower_service::Service;

const STACK: &str = include_str!("../../deploy/serverless.yml");

/// The number that this setting has in the stack, where it is once.
fn in_stack(name: &str) -> u64 {
    let lines = STACK.lines().map(str::trim);
    let values: Vec<u64> = lines
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .map(|value| value.parse().unwrap())
        .collect();
    assert_eq!(values.len(), 1, "{name}: {values:?}");
    values[0]
}

/// What a function may take, with everything.
fn function_timeout() -> Duration {
    Duration::from_secs(in_stack("timeout"))
}

/// How long the client goes on with a call, over all its attempts.
fn client_timeout() -> Duration {
    let config = notes_dynamo::client_config().build();
    config
        .timeout_config()
        .unwrap()
        .operation_timeout()
        .unwrap()
}

/// A text without its line breaks and the marks of comments.
fn unwrapped(text: &str) -> String {
    let marks = ["///", "//!", "#"];
    let words = text.split_whitespace().filter(|word| !marks.contains(word));
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_browser_keeps_a_preflight_response_as_long_from_an_http_api_as_from_the_code() {
    let origins = "https://notes.example".parse().unwrap();
    let mut api = Api::new(Notes::new(MemoryNoteStore::new())).with_cors_origins(origins);
    let request = Request::options("/notes")
        .header("origin", "https://notes.example")
        .header("access-control-request-method", "GET")
        .body(Body::empty());
    let Ok(response) = api.call(request.unwrap()).await;
    let from_code = response.headers()["access-control-max-age"].to_str();
    assert_eq!(from_code.unwrap(), in_stack("maxAge").to_string());
}

#[test]
fn a_call_has_time_for_all_attempts_and_a_function_for_the_call_and_its_response() {
    let config = notes_dynamo::client_config().build();
    let timeouts = config.timeout_config().unwrap();
    let attempt = timeouts.operation_attempt_timeout().unwrap();
    let attempts = config.retry_config().unwrap().max_attempts();
    assert!(timeouts.connect_timeout().unwrap() < attempt);
    assert!(attempt * attempts < client_timeout());
    assert!(client_timeout() + Duration::from_secs(1) < function_timeout());
}

#[test]
fn the_margin_of_an_expiry_is_longer_than_any_call_whose_caller_learns_its_outcome() {
    assert!(function_timeout() < Update::EXPIRY_MARGIN);
}

#[test]
fn the_sentences_about_the_timeouts_have_their_numbers() {
    let config = notes_dynamo::client_config().build();
    let attempts = config.retry_config().unwrap().max_attempts();
    let timeouts = config.timeout_config().unwrap();
    let attempt = timeouts.operation_attempt_timeout().unwrap().as_secs();
    let (client, function) = (client_timeout().as_secs(), function_timeout().as_secs());
    let margin = Update::EXPIRY_MARGIN.as_secs();
    for (text, sentences) in [
        (
            include_str!("../../notes-core/src/store/note_store.rs"),
            &[format!(
                "times out after {client} seconds and a function after {function}."
            )][..],
        ),
        (
            include_str!("../../docs/adr/0006-expiry-margin.md"),
            &[
                format!("counts as expired {margin} seconds before it does"),
                format!("tries for {client} seconds, and a function ends after {function}."),
            ],
        ),
        (
            include_str!("../../notes-dynamo/src/client.rs"),
            &[format!(
                "at most {attempts} attempts of at most {attempt} seconds each, and {client} seconds in total"
            )],
        ),
        (
            STACK,
            &[format!(
                "Longer than the store's own limit of {client} seconds"
            )],
        ),
        (
            include_str!("../../docs/api.md"),
            &[format!("In the last {margin} seconds before its expiry")],
        ),
    ] {
        let text = unwrapped(text);
        for sentence in sentences {
            assert!(text.contains(sentence), "it nowhere says: {sentence}");
        }
    }
}
