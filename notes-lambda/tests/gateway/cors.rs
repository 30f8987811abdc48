use std::collections::BTreeSet;

use notes_core::MemoryNoteStore;
use notes_lambda::{CorsOrigins, Gateway, Operation};
use serde_json::{Value, json};

use crate::support::{NOTE, api, call, event, identity_of, is_problem, store, with_header};

const ORIGIN: &str = "https://notes.example";

async fn respond(origins: &str, event: Value) -> Value {
    let api = api(store().await).with_cors_origins(origins.parse().unwrap());
    call(&mut Gateway::new(api, identity_of(&event)), event).await
}

#[track_caller]
fn is_hidden(response: &Value) {
    let headers = response["headers"].as_object().unwrap();
    let shown = headers
        .keys()
        .find(|name| name.starts_with("access-control-"));
    assert_eq!(shown, None);
}

#[track_caller]
fn is_shown_to(response: &Value, origin: &str) {
    let headers = &response["headers"];
    assert_eq!(headers["access-control-allow-origin"], origin);
    let exposed = headers["access-control-expose-headers"].as_str().unwrap();
    for name in [
        "etag",
        "location",
        "idempotency-key",
        "idempotent-replayed",
        "retry-after",
        "x-amzn-requestid",
        "apigw-requestid",
    ] {
        assert!(exposed.split(", ").any(|header| header == name), "{name}");
    }
    assert!(headers["access-control-allow-credentials"].is_null());
}

#[tokio::test]
async fn a_preflight_is_served_before_the_identity() {
    let response = respond(ORIGIN, event("rest-preflight")).await;
    assert_eq!(response["statusCode"], 204);
    assert_eq!(response["body"], "");
    is_shown_to(&response, ORIGIN);
    let headers = &response["headers"];
    assert_eq!(headers["access-control-allow-methods"], "GET, HEAD, POST");
    assert_eq!(
        headers["access-control-allow-headers"],
        "authorization, content-type, idempotency-key, if-match, if-none-match, traceparent, \
         tracestate, baggage"
    );
    assert_eq!(headers["access-control-max-age"], "7200");
    assert_eq!(headers["vary"], "origin");
}

#[tokio::test]
async fn a_preflight_of_a_note_has_the_methods_of_a_note() {
    let mut preflight = with_header(event("rest-get"), "Origin", ORIGIN);
    preflight["httpMethod"] = json!("OPTIONS");
    let preflight = with_header(preflight, "Access-Control-Request-Method", "PATCH");
    let response = respond(ORIGIN, preflight).await;
    let methods = &response["headers"]["access-control-allow-methods"];
    assert_eq!(methods, "GET, HEAD, PATCH, DELETE");
}

#[tokio::test]
async fn a_function_of_one_operation_serves_preflights_of_all() {
    let origins = ORIGIN.parse().unwrap();
    let api = api(MemoryNoteStore::new())
        .with_cors_origins(origins)
        .only(|operation| operation == Operation::Get);
    let mut gateway = Gateway::new(api, "cognito:sub".parse().unwrap());
    let response = call(&mut gateway, event("rest-preflight")).await;
    assert_eq!(response["statusCode"], 204);
}

#[tokio::test]
async fn a_preflight_from_elsewhere_allows_nothing() {
    for origin in [
        "https://evil.example",
        "http://notes.example",
        "https://notes.example.evil.example",
        "https://notes.example:8443",
        "null",
        "",
    ] {
        let preflight = with_header(event("rest-preflight"), "Origin", origin);
        let response = respond(ORIGIN, preflight).await;
        assert_eq!(response["statusCode"], 204);
        is_hidden(&response);
        assert_eq!(response["headers"]["vary"], "origin");
    }
}

/// A preflight of whatever is in this place of the path.
fn preflight_of(id: &str) -> Value {
    let mut preflight = event("rest-preflight");
    preflight["resource"] = json!("/notes/{id}");
    preflight["pathParameters"] = json!({"id": id});
    preflight
}

#[tokio::test]
async fn a_preflight_of_any_path_is_served_and_the_page_sees_what_follows() {
    let upper_case = NOTE.to_uppercase();
    for id in [
        "1",
        "",
        &upper_case,
        "a/b",
        "a?b#c",
        "\u{0}\n",
        "Z\u{fc}rich",
    ] {
        let preflight = respond(ORIGIN, preflight_of(id)).await;
        assert_eq!(preflight["statusCode"], 204, "{id:?}");
        is_shown_to(&preflight, ORIGIN);
        let methods = &preflight["headers"]["access-control-allow-methods"];
        assert_eq!(methods, "GET, HEAD, POST, PATCH, DELETE");

        let mut get = with_header(event("rest-get"), "Origin", ORIGIN);
        get["pathParameters"]["id"] = json!(id);
        let response = respond(ORIGIN, get).await;
        is_problem(&response, 404, "unknown-path");
        is_shown_to(&response, ORIGIN);
    }
    let mut elsewhere = event("rest-preflight");
    elsewhere["resource"] = json!("/users");
    let response = respond(ORIGIN, elsewhere).await;
    assert_eq!(response["statusCode"], 204);
    is_shown_to(&response, ORIGIN);
}

#[tokio::test]
async fn a_preflight_of_any_path_from_elsewhere_allows_nothing() {
    let from_elsewhere = with_header(preflight_of("1"), "Origin", "https://evil.example");
    let response = respond(ORIGIN, from_elsewhere).await;
    assert_eq!(response["statusCode"], 204);
    is_hidden(&response);
}

#[tokio::test]
async fn the_request_headers_are_a_setting() {
    let origins: CorsOrigins = ORIGIN.parse().unwrap();
    let origins = origins.with_request_headers("Authorization,X-Client".parse().unwrap());
    let api = api(store().await).with_cors_origins(origins);
    let mut gateway = Gateway::new(api, "cognito:sub".parse().unwrap());
    let response = call(&mut gateway, event("rest-preflight")).await;
    let allowed = &response["headers"]["access-control-allow-headers"];
    assert_eq!(allowed, "authorization, x-client");
}

/// The value of a setting in `serverless.yml`, which is on one line or on those that follow.
fn deployed(name: &str) -> BTreeSet<String> {
    let settings = include_str!("../../../deploy/serverless.yml");
    let mut lines = settings.lines().map(str::trim);
    let value = lines.find_map(|line| line.strip_prefix(&format!("{name}: "))?.into());
    let value = match value.unwrap_or_default() {
        "" => {
            let lines = settings.lines().map(str::trim);
            let lines = lines.skip_while(|line| *line != format!("{name}:")).skip(1);
            let items: Vec<_> = lines.map_while(|line| line.strip_prefix("- ")).collect();
            items.join(",")
        }
        value => value.trim_matches(['[', ']', '\'']).to_owned(),
    };
    let parts = value.split(',').map(|part| part.trim().to_lowercase());
    parts.collect()
}

#[tokio::test]
async fn the_page_for_client_authors_names_what_a_page_may_send() {
    let page = include_str!("../../../docs/api.md").to_lowercase();
    let (_, browsers) = page.split_once("## caches and browsers").unwrap();
    let response = respond(ORIGIN, preflight_of("1")).await;
    let allowed = &response["headers"]["access-control-allow-headers"];
    for name in allowed.as_str().unwrap().split(", ") {
        assert!(browsers.contains(&format!("`{name}`")), "{name}");
    }
}

#[tokio::test]
async fn an_http_api_serves_a_preflight_as_the_functions_do() {
    let response = respond(ORIGIN, preflight_of("1")).await;
    let sent = |name: &str| {
        let value = response["headers"][format!("access-control-{name}")].as_str();
        let parts = value.unwrap().split(", ").map(str::to_lowercase);
        parts.collect::<BTreeSet<_>>()
    };
    assert_eq!(deployed("corsHeaders"), sent("allow-headers"));
    assert_eq!(deployed("allowedMethods"), sent("allow-methods"));
    assert_eq!(deployed("maxAge"), sent("max-age"));
    let mut exposed = deployed("exposedResponseHeaders");
    // A REST API's name for the request's id.
    exposed.insert("x-amzn-requestid".to_owned());
    assert_eq!(exposed, sent("expose-headers"));
}

#[tokio::test]
async fn options_that_are_no_preflight_are_405() {
    let mut options = event("rest-list");
    options["httpMethod"] = json!("OPTIONS");
    let response_to = |event| respond(ORIGIN, event);
    is_problem(
        &response_to(options.clone()).await,
        405,
        "method-not-allowed",
    );
    let of_page = with_header(options, "Origin", ORIGIN);
    let response = response_to(of_page).await;
    is_problem(&response, 405, "method-not-allowed");
    is_shown_to(&response, ORIGIN);
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_sees_successes_and_problems() {
    let page = |name| with_header(event(name), "Origin", ORIGIN);
    for (name, status) in [
        ("rest-create", 201),
        ("rest-get", 200),
        ("rest-get-odd-id", 404),
        ("rest-no-authorizer", 401),
        ("rest-update-stale", 412),
        ("http-get", 200),
    ] {
        let response = respond(ORIGIN, page(name)).await;
        assert_eq!(response["statusCode"], status, "{name}");
        is_shown_to(&response, ORIGIN);
        assert_eq!(response["headers"]["vary"], "origin");
    }
}

#[tokio::test]
async fn a_page_from_elsewhere_sees_nothing() {
    let page = with_header(event("rest-get"), "Origin", "https://evil.example");
    let response = respond(ORIGIN, page).await;
    is_hidden(&response);
    assert_eq!(response["headers"]["vary"], "origin");
}

#[tokio::test]
async fn one_of_several_origins_is_named_alone() {
    let origins = "https://notes.example, http://localhost:5173";
    for origin in ["https://notes.example", "http://localhost:5173"] {
        let page = with_header(event("rest-get"), "Origin", origin);
        is_shown_to(&respond(origins, page).await, origin);
    }
}

#[tokio::test]
async fn a_star_allows_any_origin() {
    let page = with_header(event("rest-get"), "Origin", "https://any.example");
    is_shown_to(&respond("*", page).await, "https://any.example");
}

#[tokio::test]
async fn without_origins_there_is_no_word_of_cors() {
    let page = with_header(event("rest-get"), "Origin", ORIGIN);
    let response = crate::support::response(page).await;
    is_hidden(&response);
    assert!(response["headers"]["vary"].is_null());
    let response = crate::support::response(event("rest-preflight")).await;
    is_problem(&response, 405, "method-not-allowed");
    is_hidden(&response);
}

#[tokio::test]
async fn what_is_no_request_is_400_for_a_page_too() {
    for name in ["rest-create-broken-base64", "http-create-broken-base64"] {
        let broken = with_header(event(name), "Origin", ORIGIN);
        let response = respond(ORIGIN, broken).await;
        is_problem(&response, 400, "invalid-request");
        is_shown_to(&response, ORIGIN);
        assert_eq!(response["headers"]["vary"], "origin");
        let elsewhere = with_header(event(name), "Origin", "https://evil.example");
        is_hidden(&respond(ORIGIN, elsewhere).await);
    }
}
