use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::endpoint::{engine, nowhere};
use crate::function::{
    ALL, Function, TIMEOUT, about, creation, event, is_problem, new_id, variables,
};
use crate::runtime_api::Outcome;

async fn raw(function: &Function, event: &[u8]) -> Outcome {
    let invoked = function.lambda.invoke(event, TIMEOUT);
    tokio::time::timeout(TIMEOUT, invoked).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_none_is_400_with_a_line_and_the_function_goes_on() {
    let engine = engine().await;
    let mut function = Function::start(ALL, &variables(&engine.url())).await;
    let create = serde_json::to_vec(&event("http-create")).unwrap();
    let create = String::from_utf8(create).unwrap();
    // Between the quotes of the body: what JSON has no text for.
    let with_body = |body: &[u8]| {
        let (before, after) = create.split_once("Milk").unwrap();
        [before.as_bytes(), body, after.as_bytes()].concat()
    };
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let mut header = event("http-create");
    header["headers"]["If-Match"] = json!("a\nb");
    let events = [
        b"".to_vec(),
        b"{".to_vec(),
        b"\xff\xfe".to_vec(),
        with_body(b"\\ud800"),
        with_body(b"\xff"),
        nested(200).into(),
        nested(100_000).into(),
        "[".repeat(1_000).into(),
        serde_json::to_vec(&header).unwrap(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"7".to_vec(),
        b"{\"Records\": []}".to_vec(),
    ];
    for event in &events {
        let response = raw(&function, event).await.response();
        is_problem(&response, 400, "invalid-request");
    }
    let response = function.invoke(&creation(new_id()), TIMEOUT).await;
    assert_eq!(response["statusCode"], 201);
    let lines = function.end_quietly().await;
    assert_eq!(lines.len(), events.len() + 1);
    for line in &lines[..events.len()] {
        assert_eq!(line["status"], 400);
        assert_eq!(line["route"], "none");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_nothing_reads_do_no_harm() {
    let engine = engine().await;
    let mut function = Function::start(ALL, &variables(&engine.url())).await;
    let mut create = creation(new_id());
    // More than a `HeaderMap` holds, one that is no text, and one that is no header.
    for number in 0..33_000 {
        create["headers"][format!("x-{number}")] = json!("");
    }
    create["headers"]["x"] = json!(7);
    create["headers"]["not a name"] = json!("a\nb");
    let response = function.invoke(&create, TIMEOUT).await;
    assert_eq!(response["statusCode"], 201, "{response}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_keeps_the_function_warm_has_a_line_of_its_own_and_is_no_error() {
    let mut function = Function::start(ALL, &variables(&nowhere())).await;
    for event in [
        json!({}),
        json!({"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
        json!({"source": "serverless-plugin-warmup"}),
    ] {
        let response = function.invoke(&event, TIMEOUT).await;
        assert_eq!(response["statusCode"], 204, "{response}");
    }
    for line in function.end_quietly().await {
        assert_eq!(line["route"], "warm-up");
        assert_eq!(line["status"], 204);
    }
}

/// Only who may invoke the function itself can say such a thing: API Gateway says nothing of its clients.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_context_that_can_not_be_read_ends_the_function_with_a_line_that_does_not_quote_it()
 {
    let function = Function::start(ALL, &variables(&nowhere())).await;
    let readable = r#"{"custom": {"app": "notes"}}"#;
    let outcome = function
        .lambda
        .hand_over(b"{}".to_vec(), TIMEOUT, Some(readable));
    assert_eq!(outcome.await.unwrap().response()["statusCode"], 204);

    let unreadable = r#"{"custom": "a-secret-of-alice"}"#;
    let _no_outcome = function
        .lambda
        .hand_over(b"{}".to_vec(), TIMEOUT, Some(unreadable));
    let (status, _, stderr) = function.ended().await;
    // Lambda starts another one.
    assert_eq!(status.code(), Some(1));
    let line = "Error: the context of an invocation can't be read: line 1, column 30\n";
    assert_eq!(stderr, line);
}

/// Any JSON, with some of the names that an event has.
fn any_json() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] = &[
        "version",
        "requestContext",
        "http",
        "httpMethod",
        "method",
        "headers",
        "source",
        "body",
    ];
    const TEXTS: &[&str] = &["2.0", "GET", "POST", "aws.events", "", "\u{0}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(TEXTS).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        let members = vec((select(NAMES), inner.clone()), 0..6);
        prop_oneof![
            vec(inner, 0..3).prop_map(Value::from),
            members.prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Bytes of which some are an event: any, any JSON, or a real event with some bytes replaced or cut
/// off.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let mut event = event("http-create");
    // Without a key it is good on any day.
    let headers = event["headers"].as_object_mut().unwrap();
    headers.remove("idempotency-key").unwrap();
    let event = serde_json::to_vec(&event).unwrap();
    let damaged = (vec((any::<Index>(), any::<u8>()), 1..4), any::<Index>());
    let damaged = damaged.prop_map(move |(replaced, end)| {
        let mut bytes = event.clone();
        for (at, byte) in replaced {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if end.index(4) == 0 {
            bytes.truncate(end.index(bytes.len()));
        }
        bytes
    });
    prop_oneof![
        vec(any::<u8>(), 0..64),
        "\\PC{0,64}".prop_map(String::into_bytes),
        any_json().prop_map(|json| serde_json::to_vec(&json).unwrap()),
        damaged
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn any_bytes_have_a_response_and_a_line() {
    const EVENTS: usize = 500;
    let engine = engine().await;
    let function = Function::start(ALL, &variables(&engine.url())).await;
    let mut runner = TestRunner::default();
    let mut statuses = vec![];
    for _ in 0..EVENTS {
        let event = bytes().new_tree(&mut runner).unwrap().current();
        let response = raw(&function, &event).await.response();
        let status = response["statusCode"].as_u64().unwrap();
        assert!((200..500).contains(&status), "{response} to {event:?}");
        statuses.push(response["statusCode"].clone());
    }
    // The damage is not such that no event is left.
    assert!(statuses.iter().any(|status| *status == 201));
    let lines = function.end_quietly().await;
    let logged: Vec<_> = lines.iter().map(|line| line["status"].clone()).collect();
    assert_eq!(logged, statuses);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_invocations_leave_no_memory_behind() {
    const INVOCATIONS: usize = 1_000;
    let engine = engine().await;
    let mut function = Function::start(ALL, &variables(&engine.url())).await;
    let mut warm = 0;
    let mut list = event("http-list-encoded-query");
    list["rawQueryString"] = json!("limit=1");
    for number in 0..INVOCATIONS / 4 {
        if number == INVOCATIONS / 20 {
            warm = function.resident();
        }
        let id = new_id();
        for (event, status) in [
            (creation(id), 201),
            (about("http-get", id), 200),
            (about("http-update-base64", id), 200),
            (list.clone(), 200),
        ] {
            let response = function.invoke(&event, TIMEOUT).await;
            assert_eq!(response["statusCode"], status, "{response}");
        }
    }
    let end = function.resident();
    assert!(end < warm + 4 * 1_024, "{warm} KiB, then {end} KiB");
    function.end_quietly().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_are_those_of_the_process() {
    let engine = engine().await;
    let mut variables = variables(&engine.url());
    variables.retain(|variable| variable.0 != "NOTES_IDENTITY");
    variables.extend(
        [
            ("NOTES_IDENTITY", "cognito:sub"),
            ("NOTES_RETENTION_DAYS", "90"),
            ("NOTES_CONSISTENT_READS", "false"),
            ("NOTES_CORS_ORIGINS", "https://notes.example"),
            ("NOTES_CORS_HEADERS", "Authorization, X-Client"),
        ]
        .map(|(name, value)| (name, value.to_owned())),
    );
    let mut function = Function::start(ALL, &variables).await;

    let response = function.invoke(&creation(new_id()), TIMEOUT).await;
    is_problem(&response, 401, "unauthenticated");

    let mut rest = event("rest-create");
    let id = new_id();
    for headers in ["headers", "multiValueHeaders"] {
        rest[headers]["Idempotency-Key"] = json!(id);
        rest[headers]["Origin"] = json!("https://notes.example");
    }
    let response = function.invoke(&rest, TIMEOUT).await;
    assert_eq!(response["statusCode"], 201, "{response}");
    let headers = &response["headers"];
    assert_eq!(headers["location"], format!("/prod/notes/{id}"));
    let origin = &headers["access-control-allow-origin"];
    assert_eq!(origin, "https://notes.example");
    assert!(matches!(&response["body"]["expiresAt"], Value::String(_)));

    let response = function.invoke(&event("rest-preflight"), TIMEOUT).await;
    let allowed = &response["headers"]["access-control-allow-headers"];
    assert_eq!(allowed, "authorization, x-client");
    function.end_quietly().await;
}

/// What changed is found by a token, so the functions that write have to keep track of it.
#[tokio::test(flavor = "multi_thread")]
async fn with_an_epoch_changes_are_kept_and_served_and_without_one_the_path_is_unknown() {
    let engine = engine().await;
    let ask_since = |since: &str| {
        let mut event = event("http-changes");
        event["rawQueryString"] = json!(since);
        event
    };
    let mut variables = variables(&engine.url());
    let mut function = Function::start(ALL, &variables).await;
    let response = function.invoke(&ask_since(""), TIMEOUT).await;
    is_problem(&response, 404, "unknown-path");
    function.end_quietly().await;

    variables.push(("NOTES_SYNC_EPOCH", "first".to_owned()));
    let mut function = Function::start(ALL, &variables).await;
    let body = |response: &Value| -> Value {
        assert_eq!(response["statusCode"], 200, "{response}");
        response["body"].clone()
    };
    let listed = body(&function.invoke(&ask_since(""), TIMEOUT).await);
    assert_eq!(listed["items"], json!([]));
    let id = new_id();
    let created = function.invoke(&creation(id), TIMEOUT).await;
    assert_eq!(created["statusCode"], 201);
    let since = format!("since={}", listed["token"].as_str().unwrap());
    let changed = body(&function.invoke(&ask_since(&since), TIMEOUT).await);
    assert_eq!(changed["items"][0]["id"], json!(id));
    function.end_quietly().await;
}
