//! The timeouts of the client, of the functions and of an expiry fit one another, and what is written about them has
//! their numbers.

use std::time::Duration;

use notes_core::Update;
use notes_dynamo::client_config;

const STACK: &str = include_str!("../../../deploy/serverless.yml");

/// What a function may take, with everything. The stack has one timeout, for all functions.
fn function_timeout() -> Duration {
    let lines = STACK.lines().map(str::trim);
    let timeouts: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("timeout: "))
        .collect();
    let [timeout] = timeouts[..] else {
        panic!("the timeouts of the stack: {timeouts:?}")
    };
    Duration::from_secs(timeout.parse().unwrap())
}

/// How long the client goes on with a call, over all its attempts.
fn client_timeout() -> Duration {
    let config = client_config().build();
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

#[test]
fn a_call_has_time_for_all_attempts_and_a_function_for_the_call_and_its_response() {
    let config = client_config().build();
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
    let config = client_config().build();
    let attempts = config.retry_config().unwrap().max_attempts();
    let timeouts = config.timeout_config().unwrap();
    let attempt = timeouts.operation_attempt_timeout().unwrap().as_secs();
    let (client, function) = (client_timeout().as_secs(), function_timeout().as_secs());
    let margin = Update::EXPIRY_MARGIN.as_secs();
    for (text, sentences) in [
        (
            include_str!("../../../notes-core/src/store/update.rs"),
            &[format!(
                "times out after {client} seconds and a function after {function}."
            )][..],
        ),
        (
            include_str!("../../../docs/adr/0006-expiry-margin.md"),
            &[
                format!("counts as expired {margin} seconds before it does"),
                format!("tries for {client} seconds, and a function ends after {function}."),
            ],
        ),
        (
            include_str!("../../src/client.rs"),
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
            include_str!("../../../docs/api.md"),
            &[format!("In the last {margin} seconds before its expiry")],
        ),
    ] {
        let text = unwrapped(text);
        for sentence in sentences {
            assert!(text.contains(sentence), "it nowhere says: {sentence}");
        }
    }
}
