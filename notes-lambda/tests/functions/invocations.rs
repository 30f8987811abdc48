use serde_json::{Value, json};

use crate::endpoint::engine;
use crate::function::{
    ALL, Function, TIMEOUT, about, creation, event, is_problem, new_id, variables,
};
use crate::runtime_api::Outcome;

async fn raw(function: &Function, event: &[u8]) -> Outcome {
    let invoked = function.lambda.invoke(event, TIMEOUT);
    tokio::time::timeout(TIMEOUT, invoked).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_none_is_an_error_or_400_and_the_function_goes_on() {
    let engine = engine().await;
    let mut function = Function::start(ALL, &variables(&engine.url())).await;
    for event in [
        &b""[..],
        b"{",
        b"\xff\xfe",
        b"{\"a\": \"\\ud800\"}",
        "[".repeat(1_000).as_bytes(),
    ] {
        let error = raw(&function, event).await.error();
        assert!(error["errorMessage"].is_string(), "{error}");
    }
    for event in [&b"null"[..], b"[]", b"{}", b"7", b"{\"Records\": []}"] {
        let answer = raw(&function, event).await.response();
        is_problem(&answer, 400, "invalid-request");
    }
    let answer = function.invoke(&creation(new_id()), TIMEOUT).await;
    assert_eq!(answer["statusCode"], 201);
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
            let answer = function.invoke(&event, TIMEOUT).await;
            assert_eq!(answer["statusCode"], status, "{answer}");
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
    variables.retain(|it| it.0 != "NOTES_IDENTITY");
    variables.extend(
        [
            ("NOTES_IDENTITY", "cognito:sub"),
            ("NOTES_RETENTION_DAYS", "90"),
            ("NOTES_CONSISTENT_READS", "false"),
            ("NOTES_CORS_ORIGINS", "https://notes.example"),
        ]
        .map(|(name, value)| (name, value.to_owned())),
    );
    let mut function = Function::start(ALL, &variables).await;

    let answer = function.invoke(&creation(new_id()), TIMEOUT).await;
    is_problem(&answer, 401, "unauthenticated");

    let mut rest = event("rest-create");
    let id = new_id();
    for headers in ["headers", "multiValueHeaders"] {
        rest[headers]["Idempotency-Key"] = json!(id);
        rest[headers]["Origin"] = json!("https://notes.example");
    }
    let answer = function.invoke(&rest, TIMEOUT).await;
    assert_eq!(answer["statusCode"], 201, "{answer}");
    let headers = &answer["headers"];
    assert_eq!(headers["location"], format!("/prod/notes/{id}"));
    let origin = &headers["access-control-allow-origin"];
    assert_eq!(origin, "https://notes.example");
    assert!(matches!(&answer["body"]["expiresAt"], Value::String(_)));
    function.end_quietly().await;
}
