//! What the functions write on standard output: a line per invocation.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::http::StatusCode;
use notes_dynamo::sort_key;
use serde_json::{Value, json};

use crate::endpoint::{TABLE, engine, hanging, nowhere, url_of};
use crate::function::{
    ALL, Function, TIMEOUT, about, creation, event, is_problem, new_id, variables,
};

/// Checks a line against the [specification][emf] of the Embedded Metric Format.
///
/// [emf]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
#[track_caller]
fn is_embedded_metric_format(line: &Value) {
    let named = |name: &Value| {
        let name = name.as_str().unwrap();
        assert!(
            (1..=1_024).contains(&name.len()) && name.is_ascii(),
            "{name}"
        );
        name.to_owned()
    };
    assert!(line["_aws"]["Timestamp"].is_u64(), "{line}");
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    assert!(!directives.is_empty());
    for directive in directives {
        named(&directive["Namespace"]);
        // Each set of dimensions publishes, and bills, every metric once more.
        assert_eq!(directive["Dimensions"], json!([["FunctionName"]]));
        for set in directive["Dimensions"].as_array().unwrap() {
            let set = set.as_array().unwrap();
            assert!(set.len() <= 30);
            for dimension in set {
                named(&line[named(dimension)]);
            }
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let value = &line[named(&metric["Name"])];
            // A metric of zero would be published, and billed, for nothing.
            assert!(value.as_u64().unwrap() > 0, "{metric} is {value}");
            assert_eq!(metric["Unit"], "Count");
        }
    }
}

/// Checks that a line publishes these metrics and no others.
#[track_caller]
fn publishes(line: &Value, metrics: &[(&str, u64)]) {
    if metrics.is_empty() {
        assert!(line.get("_aws").is_none(), "{line}");
    } else {
        is_embedded_metric_format(line);
        let published = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array();
        let names = published.unwrap().iter().map(|metric| &metric["Name"]);
        assert!(names.eq(metrics.iter().map(|(name, _)| *name)), "{line}");
    }
    for name in ["OutcomeUnknown", "Throttled", "UnreadableItems"] {
        let expected = metrics.iter().find(|(metric, _)| *metric == name);
        let expected = expected.map(|(_, count)| json!(count));
        assert_eq!(line.get(name), expected.as_ref(), "{line}");
    }
}

fn list() -> Value {
    let mut list = event("http-list-encoded-query");
    list["rawQueryString"] = json!("limit=10");
    list
}

#[tokio::test(flavor = "multi_thread")]
async fn each_invocation_is_one_line_and_publishes_no_metric_of_what_others_count() {
    let engine = engine().await;
    let mut function = Function::start(ALL, &variables(&engine.url())).await;
    let id = new_id();
    let mut expected = vec![];
    for (event, route, status, read, write) in [
        (creation(id), "POST /notes", 201, 0.0, 1.0),
        (about("http-get", id), "GET /notes/{id}", 200, 1.0, 0.0),
        (list(), "GET /notes", 200, 1.0, 0.0),
        (
            about("http-update-base64", id),
            "PATCH /notes/{id}",
            200,
            0.0,
            1.0,
        ),
        (
            about("http-delete", id),
            "DELETE /notes/{id}",
            204,
            0.0,
            1.0,
        ),
        (about("http-get", id), "GET /notes/{id}", 404, 1.0, 0.0),
        (event("http-no-authorizer"), "GET /notes", 401, 0.0, 0.0),
        (event("url-other-path"), "none", 404, 0.0, 0.0),
        (json!(null), "none", 400, 0.0, 0.0),
    ] {
        let response = function.invoke(&event, TIMEOUT).await;
        assert_eq!(response["statusCode"], status, "{response}");
        expected.push((
            route,
            status,
            read,
            write,
            event["requestContext"]["requestId"].clone(),
        ));
    }

    let lines = function.end_quietly().await;
    assert_eq!(lines.len(), expected.len());
    for (number, (line, expected)) in lines.iter().zip(expected).enumerate() {
        publishes(line, &[]);
        let (route, status, read, write, gateway_request_id) = expected;
        assert_eq!(line["route"], route);
        assert_eq!(line["status"], status);
        assert_eq!(line["readUnits"], read, "{line}");
        assert_eq!(line["writeUnits"], write, "{line}");
        assert_eq!(line["coldStart"], number == 0);
        assert!(line["milliseconds"].as_f64().unwrap() > 0.0);
        let request_id = format!("8476a536-e9f4-11e8-9739-{number:012}");
        assert_eq!(line["requestId"], request_id);
        assert_eq!(line["gatewayRequestId"], gateway_request_id);
        assert_eq!(line["traceId"], "1-5bef4de7-ad49b0e87f6ef6c87fc2e700");
        assert_eq!(line["FunctionName"], "notes");
        assert!(line.get("error").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_the_store_is_in_the_line_with_its_causes() {
    let mut function = Function::start(ALL, &variables(&nowhere())).await;
    let response = function.invoke(&event("http-get"), TIMEOUT).await;
    is_problem(&response, 503, "unavailable");
    let lines = function.end_quietly().await;
    // API Gateway counts the 503.
    publishes(&lines[0], &[]);
    assert_eq!(lines[0]["status"], 503);
    assert_eq!(lines[0]["errorKind"], "Unavailable");
    let error = lines[0]["error"].as_str().unwrap();
    assert!(error.contains(": ") && error.contains("refused"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_unknown_outcome_is_a_metric() {
    let mut function = Function::start(ALL, &variables(&hanging().await)).await;
    let timeout = Duration::from_millis(300);
    let response = function.invoke(&creation(new_id()), timeout).await;
    is_problem(&response, 503, "outcome-unknown");
    let lines = function.end_quietly().await;
    publishes(&lines[0], &[("OutcomeUnknown", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_refused_for_lack_of_capacity_is_a_metric() {
    let throttled = Router::new().fallback(async || {
        let error = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
        let body = json!({"__type": error, "message": "too many"});
        (StatusCode::BAD_REQUEST, axum::Json(body))
    });
    let mut function = Function::start(ALL, &variables(&url_of(throttled).await)).await;
    let response = function.invoke(&event("http-get"), TIMEOUT).await;
    is_problem(&response, 503, "unavailable");
    let lines = function.end_quietly().await;
    publishes(&lines[0], &[("Throttled", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_can_not_be_read_is_in_the_line_by_its_id_and_is_a_metric() {
    let engine = engine().await;
    let mut function = Function::start(ALL, &variables(&engine.url())).await;
    let id = new_id();
    let user = &event("http-get")["requestContext"]["authorizer"]["jwt"]["claims"]["sub"];
    let planted = engine
        .client()
        .put_item()
        .table_name(TABLE)
        .item("userId", AttributeValue::S(user.as_str().unwrap().into()))
        .item("timestamp", AttributeValue::N(sort_key(id)))
        .item("title", AttributeValue::S("Milk".into()))
        .item("revision", AttributeValue::S(SECRET.into()));
    planted.send().await.unwrap();
    function.invoke(&list(), TIMEOUT).await;
    let response = function.invoke(&about("http-get", id), TIMEOUT).await;
    is_problem(&response, 500, "internal-error");
    let lines = function.end_quietly().await;
    publishes(&lines[0], &[("UnreadableItems", 1)]);
    publishes(&lines[1], &[("UnreadableItems", 1)]);
    assert_eq!(lines[0]["unreadable"], json!([id]));
    assert_eq!(lines[1]["errorKind"], "Corrupt");
    assert_eq!(lines[1]["noteId"], json!(id));
    let error = lines[1]["error"].as_str().unwrap();
    assert!(
        error.contains("title") && error.contains("revision"),
        "{error}"
    );
    assert!(!error.contains(SECRET), "{error}");
}

const SECRET: &str = "a-secret-of-alice";

/// Each event that there is, by a user of a secret name, about secrets.
fn secret_events() -> Vec<Value> {
    let mut events = vec![];
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway/events");
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let mut event = event(path.file_stem().unwrap().to_str().unwrap());
        let claims = &mut event["requestContext"]["authorizer"]["jwt"]["claims"];
        if claims.is_object() {
            claims["sub"] = json!(SECRET);
        }
        events.push(event);
    }
    let id = new_id();
    let note = json!({"title": SECRET, "content": SECRET, "category": SECRET});
    let bodies = [
        note.to_string(),
        json!({"title": SECRET, "content": "another"}).to_string(),
        json!({SECRET: SECRET, "title": 1}).to_string(),
        json!({"title": format!("{SECRET}\n"), "expiresAt": SECRET}).to_string(),
        format!("{{\"title\": {SECRET}"),
        SECRET.to_owned(),
    ];
    for body in bodies {
        for mut event in [creation(id), about("http-update-base64", id)] {
            event["body"] = json!(body);
            event["isBase64Encoded"] = json!(false);
            event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = json!(SECRET);
            events.push(event);
        }
    }
    let headers = [
        "if-match",
        "if-none-match",
        "idempotency-key",
        "content-type",
    ];
    let own = [
        creation(id),
        about("http-get", id),
        about("http-delete", id),
        creation(id),
    ];
    for mut event in own {
        event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = json!(SECRET);
        event["body"] = json!(note.to_string());
        events.push(event.clone());
        for header in headers {
            event["headers"][header] = json!(SECRET);
        }
        events.push(event);
    }
    let mut list = list();
    list["rawQueryString"] = json!(format!("cursor={SECRET}&limit={SECRET}&{SECRET}"));
    events.push(list);
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_note_or_its_user_is_in_the_log() {
    let engine = engine().await;
    for (endpoint, timeout) in [
        (engine.url(), TIMEOUT),
        (nowhere(), TIMEOUT),
        (hanging().await, Duration::from_millis(300)),
    ] {
        let mut function = Function::start(ALL, &variables(&endpoint)).await;
        let events = secret_events();
        for event in &events {
            function.invoke(event, timeout).await;
        }
        // Which also checks that standard error is empty.
        let lines = function.end_quietly().await;
        assert_eq!(lines.len(), events.len());
        for line in lines {
            let line = line.to_string();
            for secret in [SECRET, "alice", "Milk", "litres", "3b241101"] {
                assert!(!line.contains(secret), "{line}");
            }
        }
    }
}
