//! A gateway in process, and the events in `events/`.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Context, LambdaEvent};
use notes_core::{
    CreateOutcome, MemoryNoteStore, NewNote, NoteStore, Notes, SyncSettings, Timestamp, UserId,
};
use notes_lambda::{Api, Gateway, IdentitySource, Operation};
use serde_json::{Value, json};
use tower_service::Service;

/// The user of the events.
pub(crate) const ALICE: &str = "3b241101-e2bb-4255-8caf-4136c566a962";
/// The note that is there.
pub(crate) const NOTE: &str = "01a20495-411b-7e2a-8000-5e0c1f7a3b2d";
/// The note that events create.
pub(crate) const NEW: &str = "01a20495-411b-7e2a-8000-5e0c1f7a3b2e";
/// When everything happens.
pub(crate) const TIME: &str = "2026-11-22T18:47:00.123Z";

const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway/events");

/// The event in the file of this name.
pub(crate) fn event(name: &str) -> Value {
    let path = Path::new(EVENTS).join(name).with_extension("json");
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// The events in all files.
pub(crate) fn events() -> Vec<Value> {
    let files = std::fs::read_dir(EVENTS).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let names = paths
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap());
    names.map(event).collect()
}

/// The event with this header, as each kind of gateway has it.
pub(crate) fn with_header(mut event: Value, name: &str, value: impl Into<Value>) -> Value {
    let value = value.into();
    if event["multiValueHeaders"].is_object() {
        event["multiValueHeaders"][name] = json!([value]);
    }
    event["headers"][name] = value;
    event
}

pub(crate) fn clock() -> Timestamp {
    TIME.parse().unwrap()
}

/// A store with Alice's note.
pub(crate) async fn store() -> MemoryNoteStore {
    let store = MemoryNoteStore::new();
    let notes = Notes::new(store.clone()).with_clock(clock);
    let new = NewNote::new("Bread".parse().unwrap(), "Rye".parse().unwrap());
    let alice: UserId = ALICE.parse().unwrap();
    let outcome = notes.create(&alice, NOTE.parse().unwrap(), new).await;
    assert!(matches!(outcome, Ok(CreateOutcome::Created(_))));
    store
}

pub(crate) fn api<S: NoteStore>(store: S) -> Api<S> {
    let sync = SyncSettings::new("first");
    Api::new(Notes::new(store).with_clock(clock).with_sync(sync))
}

/// The claim `sub` of whichever authorizer the kind of gateway has.
pub(crate) fn identity_of(event: &Value) -> IdentitySource {
    let identity = if event["version"] == "2.0" {
        "jwt:sub"
    } else {
        "cognito:sub"
    };
    identity.parse().unwrap()
}

/// The response to an event, where Alice has her note.
pub(crate) async fn response(event: Value) -> Value {
    let mut gateway = Gateway::new(api(store().await), identity_of(&event));
    call(&mut gateway, event).await
}

/// The response to an event, whose body, if it has one, is JSON.
pub(crate) async fn call<S, O>(gateway: &mut Gateway<S, O>, event: Value) -> Value
where
    S: NoteStore + 'static,
    O: Fn(Operation) -> bool + Send + Sync + 'static,
{
    call_within(gateway, event, Duration::from_secs(30)).await
}

pub(crate) async fn call_within<S, O>(
    gateway: &mut Gateway<S, O>,
    event: Value,
    timeout: Duration,
) -> Value
where
    S: NoteStore + 'static,
    O: Fn(Operation) -> bool + Send + Sync + 'static,
{
    let mut context = Context::default();
    let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + timeout;
    context.deadline = end.as_millis().try_into().unwrap();
    let Ok(response) = gateway.call(LambdaEvent::new(event, context)).await;
    let mut response = serde_json::to_value(response).unwrap();
    if let Ok(body) = serde_json::from_str(response["body"].as_str().unwrap()) {
        response["body"] = body;
    }
    response
}

/// Alice's note as the API shows it.
pub(crate) fn bread() -> Value {
    json!({
        "id": NOTE, "title": "Bread", "content": "Rye", "createdAt": TIME, "updatedAt": TIME,
        "etag": format!("\"{NOTE}\""),
    })
}

/// A successful response with these headers beside those that all have.
pub(crate) fn success(status: u16, headers: Value, body: Value) -> Value {
    let mut all = json!({"cache-control": "private, no-cache"});
    if !body.is_string() {
        all["content-type"] = json!("application/json");
    }
    let all_headers = all.as_object_mut().unwrap();
    all_headers.extend(headers.as_object().unwrap().clone());
    json!({"statusCode": status, "headers": all, "body": body, "isBase64Encoded": false})
}

#[track_caller]
pub(crate) fn is_problem(response: &Value, status: u16, slug: &str) {
    assert_eq!(response["statusCode"], status, "{response}");
    let of_type = "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#";
    assert_eq!(
        response["body"]["type"],
        format!("{of_type}{slug}"),
        "{response}"
    );
    assert_eq!(response["body"]["status"], status);
    let headers = &response["headers"];
    assert_eq!(headers["content-type"], "application/problem+json");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(response["isBase64Encoded"], false);
}
