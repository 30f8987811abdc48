//! The function of the change feed, as a pipe calls it.

use serde_json::{Value, json};

use crate::function::{Function, TIMEOUT};
use crate::runtime_api::Outcome;

const BINARY: &str = env!("CARGO_BIN_EXE_note-events");
const NOTE: &str = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d";
const KEY: &str = "176681363765916721973606223869262637";
/// The bytes of a revision, in base64, and its text.
const REVISION: (&str, &str) = ("AZteTJwbfiqAAF4MH3o7LQ==", NOTE);

fn image() -> Value {
    json!({
        "userId": {"S": "alice"},
        "timestamp": {"N": KEY},
        "revision": {"B": REVISION.0},
        "creation": {"B": "AQIDBAUGBwg="},
        "title": {"S": "Milk"},
        "content": {"S": ""},
    })
}

fn with(mut image: Value, name: &str, value: Value) -> Value {
    image[name] = value;
    image
}

fn tombstone() -> Value {
    let mut image = with(image(), "deleted", json!({"BOOL": true}));
    image["purgeAt"] = json!({"N": "1795981620"});
    let members = image.as_object_mut().unwrap();
    members.remove("title").unwrap();
    members.remove("content").unwrap();
    image
}

/// A record as a stream has it, with both images.
fn record(name: &str, old: Option<Value>, new: Option<Value>) -> Value {
    let mut change = json!({
        "Keys": {"userId": {"S": "alice"}, "timestamp": {"N": KEY}},
        "SequenceNumber": "111",
        "SizeBytes": 26,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    for (image, value) in [("OldImage", old), ("NewImage", new)] {
        if let Some(value) = value {
            change[image] = value;
        }
    }
    json!({"eventID": "1", "eventName": name, "eventSource": "aws:dynamodb", "dynamodb": change})
}

/// By the time to live of the table.
fn purged(old: Value) -> Value {
    let mut record = record("REMOVE", Some(old), None);
    record["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    record
}

async fn invoke(function: &Function, event: impl Into<Vec<u8>>) -> Value {
    match function.lambda.invoke(event, TIMEOUT).await {
        Outcome::Response(response) => response,
        Outcome::Error(error) => panic!("{error}"),
    }
}

async fn events(function: &Function, records: &[Value]) -> Value {
    invoke(function, serde_json::to_vec(records).unwrap()).await
}

fn detail() -> Value {
    json!({
        "userId": "alice",
        "noteId": NOTE,
        "revision": REVISION.1,
        "writtenAt": "2025-12-27T05:33:57.659Z",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_of_a_note_is_an_event_and_what_the_table_removes_is_none() {
    let function = Function::start(BINARY, &[]).await;
    let expiring = with(image(), "expiresAt", json!({"N": "1795459620"}));
    let records = [
        record("INSERT", None, Some(image())),
        record("MODIFY", Some(image()), Some(expiring.clone())),
        record("MODIFY", Some(image()), Some(tombstone())),
        // Erased.
        record("REMOVE", Some(image()), None),
        // No note was there.
        record("REMOVE", Some(tombstone()), None),
        record("MODIFY", Some(tombstone()), Some(tombstone())),
        record("INSERT", None, Some(tombstone())),
        purged(tombstone()),
        purged(expiring),
    ];
    let expiring = with(detail(), "expiresAt", json!("2026-11-23T18:47:00Z"));
    assert_eq!(
        events(&function, &records).await,
        json!([
            {"detailType": "NoteCreated", "detail": detail()},
            {"detailType": "NoteChanged", "detail": expiring},
            {"detailType": "NoteDeleted", "detail": detail()},
            {"detailType": "NoteDeleted", "detail": detail()},
        ])
    );
    let lines = function.end_quietly().await;
    assert_eq!(lines[0]["records"], 9);
    assert_eq!(lines[0]["events"], 4);
    assert_eq!(lines[0]["unreadable"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_are_in_an_event_only_if_asked_for_and_never_in_that_of_a_deletion() {
    let records = [
        record(
            "INSERT",
            None,
            Some(with(image(), "category", json!({"S": "shop"}))),
        ),
        record("REMOVE", Some(image()), None),
    ];
    let variables = [("NOTES_EVENT_CONTENTS", "true".to_owned())];
    let function = Function::start(BINARY, &variables).await;
    let events = events(&function, &records).await;
    assert_eq!(
        events[0]["detail"]["note"],
        json!({"title": "Milk", "content": "", "category": "shop"})
    );
    assert_eq!(events[1]["detail"], detail());
    let log = format!("{:?}", function.end_quietly().await);
    assert!(!log.contains("Milk") && !log.contains("alice"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_is_larger_than_a_bus_takes_is_published_without_its_contents() {
    let variables = [("NOTES_EVENT_CONTENTS", "true".to_owned())];
    let function = Function::start(BINARY, &variables).await;
    let with_content =
        |text: &str, length| with(image(), "content", json!({"S": text.repeat(length)}));
    let records = [
        with_content("x", 249_000),
        with_content("x", 250_000),
        // Each is six bytes of JSON.
        with_content("\u{1}", 50_000),
    ];
    let records = records.map(|image| record("INSERT", None, Some(image)));
    let events = events(&function, &records).await;
    assert_eq!(events.as_array().unwrap().len(), 3);
    let content = events[0]["detail"]["note"]["content"].as_str().unwrap();
    assert_eq!(content.len(), 249_000);
    assert_eq!(events[1]["detail"], detail());
    assert_eq!(events[2]["detail"], detail());
    function.end_quietly().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_can_not_be_read_is_left_out_and_in_the_line_and_holds_nothing_back() {
    let function = Function::start(BINARY, &[]).await;
    let mut no_note = record("INSERT", None, Some(image()));
    no_note["dynamodb"]["Keys"]["timestamp"]["N"] = json!("-7");
    let records = [
        record(
            "INSERT",
            None,
            Some(with(image(), "revision", json!({"B": "AQ=="}))),
        ),
        no_note,
        json!({}),
        record("INSERT", None, Some(image())),
    ];
    let created = events(&function, &records).await;
    assert_eq!(
        created,
        json!([{"detailType": "NoteCreated", "detail": detail()}])
    );
    // What only keeps it warm has no records.
    assert_eq!(invoke(&function, "{}").await, json!([]));
    let lines = function.end_quietly().await;
    assert_eq!(lines[0]["unreadable"], json!([KEY, "-7", null]));
    assert_eq!(lines[1]["records"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_not_json_has_a_line_and_is_an_error_and_the_function_goes_on() {
    let function = Function::start(BINARY, &[]).await;
    for payload in [&b""[..], b"[", b"\xff", b"[{\"eventName\": \"\\ud800\"}]"] {
        match function.lambda.invoke(payload, TIMEOUT).await {
            Outcome::Error(error) => assert_eq!(error["errorMessage"], "the payload is not JSON"),
            Outcome::Response(response) => panic!("{response} to {payload:?}"),
        }
    }
    let created = events(&function, &[record("INSERT", None, Some(image()))]).await;
    assert_eq!(created[0]["detailType"], "NoteCreated");
    let lines = function.end_quietly().await;
    let errors: Value = lines.iter().map(|line| line["error"].clone()).collect();
    let no_json = "the payload is not JSON";
    assert_eq!(errors, json!([no_json, no_json, no_json, no_json, null]));
}
