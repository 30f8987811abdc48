use notes_lambda::Gateway;
use serde_json::{Value, json};

use crate::support::{
    NEW, NOTE, TIME, api, bread, call, event, is_problem, response, store, success,
};

fn created(title: &str, content: &str, location: &str) -> Value {
    let tag = format!("\"{NEW}\"");
    let headers = json!({"etag": tag, "idempotency-key": NEW, "location": location});
    let note = json!({
        "id": NEW, "title": title, "content": content, "createdAt": TIME, "updatedAt": TIME,
        "etag": tag,
    });
    success(201, headers, note)
}

#[tokio::test]
async fn each_kind_of_gateway_creates_a_note() {
    for name in [
        "rest-create-domain-root",
        "http-create",
        "http-create-default",
    ] {
        let location = format!("/notes/{NEW}");
        let milk = created("Milk", "2 litres", &location);
        assert_eq!(response(event(name)).await, milk, "{name}");
    }
}

#[tokio::test]
async fn a_location_begins_with_the_stage_or_the_base_path() {
    for (name, front) in [
        ("rest-create", "/prod"),
        ("rest-create-trailing-slash", "/prod"),
        ("rest-create-as-proxy", "/prod"),
        ("rest-create-custom-domain", "/team/v2"),
        ("http-create-stage", "/prod"),
        ("http-create-custom-domain", "/team/v2"),
    ] {
        let location = format!("{front}/notes/{NEW}");
        let milk = created("Milk", "2 litres", &location);
        assert_eq!(response(event(name)).await, milk, "{name}");
    }
}

#[tokio::test]
async fn a_location_is_a_path_of_this_host_whatever_is_in_front() {
    for (visible, front) in [
        ("/Zürich/notes", "/Z%C3%BCrich"),
        ("/Z%C3%BCrich/notes", "/Z%C3%BCrich"),
        ("/a?b#c/notes", "/a%3Fb%23c"),
        ("/a\r\nSet-Cookie: b=c/notes", "/a%0D%0ASet-Cookie:%20b=c"),
        ("//evil.example/notes", "/evil.example"),
        ("/\\evil.example/notes", "/%5Cevil.example"),
        ("evil.example/notes", "/evil.example"),
        ("/100%/notes", "/100%25"),
        ("/somewhere/else", ""),
    ] {
        for (name, pointer) in [
            ("rest-create", "/requestContext/path"),
            ("http-create", "/requestContext/http/path"),
        ] {
            let mut event = event(name);
            *event.pointer_mut(pointer).unwrap() = json!(visible);
            let milk = created("Milk", "2 litres", &format!("{front}/notes/{NEW}"));
            assert_eq!(response(event).await, milk, "{name}: {visible:?}");
        }
    }
}

#[tokio::test]
async fn the_case_of_header_names_does_not_matter() {
    let milk = created("Milk", "2 litres", &format!("/prod/notes/{NEW}"));
    assert_eq!(
        response(event("rest-create-upper-case-headers")).await,
        milk
    );
    let updated = response(event("rest-update-if-match")).await;
    assert_eq!(updated["statusCode"], 200);
}

#[tokio::test]
async fn a_body_in_base64_is_decoded() {
    let cheese = created("Käse 🧀", "Zürich", &format!("/prod/notes/{NEW}"));
    assert_eq!(response(event("rest-create-base64")).await, cheese);
    let updated = response(event("http-update-base64")).await;
    assert_eq!(updated["statusCode"], 200);
    assert_eq!(updated["body"]["title"], "Käse");
}

#[tokio::test]
async fn a_body_that_is_not_the_base64_it_should_be_is_400() {
    for name in ["rest-create-broken-base64", "http-create-broken-base64"] {
        is_problem(&response(event(name)).await, 400, "invalid-request");
    }
}

#[tokio::test]
async fn a_missing_body_is_empty() {
    for name in ["rest-create-without-body", "http-create-without-body"] {
        is_problem(&response(event(name)).await, 400, "malformed-json");
    }
}

#[tokio::test]
async fn a_body_without_a_content_type_is_415_though_it_is_base64() {
    let response = response(event("http-create-without-content-type")).await;
    is_problem(&response, 415, "unsupported-media-type");
    assert_eq!(response["headers"]["idempotency-key"], NEW);
}

#[tokio::test]
async fn a_note_is_found_by_the_route_whatever_is_in_front_of_it() {
    for name in [
        "rest-get",
        "rest-get-custom-domain",
        "rest-get-nested-resource",
        "rest-get-percent-encoded",
        "http-get",
        "http-get-stage",
        "http-get-stage-notes",
        "http-get-custom-domain",
        "http-get-any",
        "http-v1-get",
    ] {
        let found = success(200, json!({"etag": format!("\"{NOTE}\"")}), bread());
        assert_eq!(response(event(name)).await, found, "{name}");
    }
}

#[tokio::test]
async fn a_note_is_found_by_the_path_within_a_catch_all_route() {
    for name in [
        "rest-get-as-proxy",
        "rest-get-as-notes-proxy",
        "http-get-as-proxy",
        "http-get-as-proxy-custom-domain",
        "http-get-default",
        "http-get-default-stage",
        "http-get-default-stage-notes",
        "http-get-default-stage-notes-custom-domain",
        "http-v1-get-default-stage",
    ] {
        let found = success(200, json!({"etag": format!("\"{NOTE}\"")}), bread());
        assert_eq!(response(event(name)).await, found, "{name}");
    }
}

#[tokio::test]
async fn what_may_be_missing_is_not_missed() {
    for name in [
        "rest-get-minimal",
        "rest-get-test-console",
        "http-get-minimal",
    ] {
        let found = success(200, json!({"etag": format!("\"{NOTE}\"")}), bread());
        assert_eq!(response(event(name)).await, found, "{name}");
    }
}

#[tokio::test]
async fn a_path_of_none_of_the_routes_is_404() {
    for name in [
        "rest-get-odd-id",
        "rest-get-as-proxy-odd",
        "rest-other-resource",
        "http-get-default-other-path",
        // Nothing in the event says what is in front of the path here.
        "http-get-default-custom-domain",
        "url-other-path",
    ] {
        is_problem(&response(event(name)).await, 404, "unknown-path");
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_405() {
    let response = response(event("rest-other-method")).await;
    is_problem(&response, 405, "method-not-allowed");
    assert_eq!(response["headers"]["allow"], "GET, HEAD, PATCH, DELETE");
}

#[tokio::test]
async fn a_list_is_the_same_through_both_formats() {
    let page = success(200, json!({}), json!({"items": [bread()]}));
    for name in [
        "rest-list",
        "rest-list-encoded-query",
        "http-list-encoded-query",
    ] {
        assert_eq!(response(event(name)).await, page, "{name}");
    }
}

#[tokio::test]
async fn a_parameter_given_twice_is_seen_twice() {
    for name in [
        "rest-list-repeated-parameter",
        "http-list-repeated-parameter",
    ] {
        let response = response(event(name)).await;
        is_problem(&response, 400, "invalid-request");
        let errors = response["body"]["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{response}");
        assert_eq!(errors[0]["parameter"], "limit");
        let detail = errors[0]["detail"].as_str().unwrap();
        assert!(detail.contains("once"), "{detail}");
    }
}

#[tokio::test]
async fn single_values_count_where_there_are_no_lists() {
    let response = response(event("rest-list-single-values")).await;
    is_problem(&response, 400, "invalid-request");
    assert_eq!(response["body"]["errors"][0]["parameter"], "limit");
}

#[tokio::test]
async fn all_values_of_a_header_count() {
    let response = response(event("rest-get-if-none-match-twice")).await;
    let unchanged = success(304, json!({"etag": format!("\"{NOTE}\"")}), json!(""));
    assert_eq!(response, unchanged);
}

#[tokio::test]
async fn a_header_that_the_gateway_joined_with_commas_is_a_list() {
    let updated = response(event("http-update-tag-list")).await;
    assert_eq!(updated["statusCode"], 200);
    let two_keys = response(event("http-create-two-keys")).await;
    is_problem(&two_keys, 400, "invalid-idempotency-key");
}

#[tokio::test]
async fn a_stale_condition_is_refused() {
    let response = response(event("rest-update-stale")).await;
    is_problem(&response, 412, "precondition-failed");
    assert_eq!(response["headers"]["etag"], format!("\"{NOTE}\""));
}

#[tokio::test]
async fn a_condition_that_can_not_be_carried_is_400_and_never_left_out() {
    let response = response(event("rest-update-bad-if-match")).await;
    is_problem(&response, 400, "invalid-request");
}

#[tokio::test]
async fn a_deletion_has_no_body() {
    for name in ["rest-delete", "http-delete"] {
        let deleted = success(204, json!({}), json!(""));
        assert_eq!(response(event(name)).await, deleted, "{name}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let get = response(event("rest-get")).await;
    let head = response(event("rest-head")).await;
    let length = bread().to_string().len().to_string();
    let mut headers = get["headers"].clone();
    headers["content-length"] = json!(length);
    assert_eq!(head["headers"], headers);
    assert_eq!(head["body"], "");
}

#[tokio::test]
async fn a_function_url_is_routed_by_its_path_and_never_has_a_user() {
    for name in ["url-get", "url-get-iam", "url-create-base64"] {
        is_problem(&response(event(name)).await, 401, "unauthenticated");
    }
}

#[tokio::test]
async fn what_is_no_event_of_a_gateway_is_400() {
    for event in [
        json!(null),
        json!([]),
        json!("x"),
        json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}),
        json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {}}),
    ] {
        is_problem(&response(event).await, 400, "invalid-request");
    }
}

/// The gateway itself refuses such an event, without the API.
#[tokio::test]
async fn what_is_no_event_is_refused_with_the_base_of_the_deployment() {
    let base = "tag:notes.example,2026:".parse().unwrap();
    let api = api(store().await).with_problem_base(base);
    let mut gateway = Gateway::new(api, "jwt:sub".parse().unwrap());
    let response = call(&mut gateway, json!([])).await;
    assert_eq!(
        response["body"]["type"],
        "tag:notes.example,2026:invalid-request"
    );
}

#[tokio::test]
async fn what_only_keeps_the_function_warm_gets_a_response_at_once_and_is_no_error() {
    for event in [
        json!({}),
        json!({"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
        json!({"source": "serverless-plugin-warmup"}),
    ] {
        let expected = success(204, json!({}), json!(""));
        assert_eq!(response(event).await, expected);
    }
}

#[tokio::test]
async fn more_headers_than_can_be_carried_are_400() {
    let mut event = event("http-create");
    for number in 0..33_000 {
        event["headers"][format!("x-{number}")] = json!("");
    }
    is_problem(&response(event).await, 400, "invalid-request");
}
