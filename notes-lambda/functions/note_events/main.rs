//! The function of the change feed: an `EventBridge` pipe calls it with records of the table's stream, and publishes
//! what it returns.

mod note_event;

use std::future::ready;
use std::io::Write;

use lambda_runtime::{LambdaEvent, service_fn};
use notes_lambda::{StartError, optional_setting_from_env};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::note_event::NoteEvent;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let with_contents = optional_setting_from_env("NOTES_EVENT_CONTENTS")?.unwrap_or(false);
    // Without this variable, lambda_runtime panics.
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none_or(|value| value.is_empty()) {
        let why = "AWS_LAMBDA_RUNTIME_API is not set: this runs on AWS Lambda only";
        return Err(StartError::new(why));
    }
    // Where a panic happened, and not its message, which may quote a note.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let _ = writeln!(
            std::io::stderr(),
            "panicked at {}",
            place.unwrap_or_default()
        );
    }));
    let handle = service_fn(move |invocation| ready(events(invocation, with_contents)));
    lambda_runtime::run(handle).await.map_err(StartError::new)
}

const NO_JSON: &str = "the payload is not JSON";

/// What a pipe calls with, if it is JSON. Reading this never fails: the runtime would respond to such a failure by
/// itself, and the log would have no line.
struct Payload(Option<Value>);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Value::deserialize(deserializer).ok()))
    }
}

/// The events of a batch of records, in their order, and a line in the log.
///
/// A record that can't be read is left out, and its key is in the line: an error would have the pipe repeat the batch
/// for a day, and hold back all that comes after it. A batch that is not JSON is an error: nobody knows what is in it.
fn events(
    invocation: LambdaEvent<Payload>,
    with_contents: bool,
) -> Result<Vec<NoteEvent>, &'static str> {
    let (Payload(payload), context) = invocation.into_parts();
    // A pipe calls with a list. Anything else is a warm-up, and has no records.
    let records = payload.as_ref().and_then(Value::as_array);
    let records = records.map_or(&[][..], Vec::as_slice);
    let mut unreadable = vec![];
    let mut events = vec![];
    for record in records {
        match NoteEvent::of(record, with_contents) {
            Ok(event) => events.extend(event),
            Err(_) => unreadable.push(&record["dynamodb"]["Keys"]["timestamp"]["N"]),
        }
    }
    let mut line = json!({
        "FunctionName": context.env_config.function_name,
        "requestId": context.request_id,
        "records": records.len(),
        "events": events.len(),
        "unreadable": unreadable,
    });
    if payload.is_none() {
        line["error"] = NO_JSON.into();
    }
    // If standard output is closed, there is nowhere to report it.
    let _ = writeln!(std::io::stdout(), "{line}");
    if payload.is_none() {
        return Err(NO_JSON);
    }
    Ok(events)
}
