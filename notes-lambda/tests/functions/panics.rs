//! A function that panics. None that is shipped can be made to, so the function is this program itself, with a clock
//! that panics.

use std::sync::atomic::{AtomicUsize, Ordering};

use notes_core::{MemoryNoteStore, Notes, Timestamp};
use notes_lambda::{Api, Gateway};
use serde_json::{Value, json};

use crate::function::{Function, TIMEOUT, about, creation, is_problem, new_id};

const SECRET: &str = "a-secret-of-alice";

/// How often the clock panics.
const PANICS: usize = 2;

#[tokio::test]
#[ignore = "it is the function that the next test starts"]
async fn function() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return;
    }
    let asked = AtomicUsize::new(0);
    let notes = Notes::new(MemoryNoteStore::new()).with_clock(move || {
        let number = asked.fetch_add(1, Ordering::SeqCst);
        assert!(number >= PANICS, "{SECRET}");
        Timestamp::now()
    });
    let gateway = Gateway::new(Api::new(notes), "jwt:sub".parse().unwrap());
    gateway.run().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_leaves_a_line_of_its_invocation_and_its_place_and_the_function_goes_on() {
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", "panics::function", "--ignored", "--nocapture"];
    let mut function = Function::start_with(program, &arguments, &[]).await;
    let (read, write) = (about("http-get", new_id()), creation(new_id()));
    let response = function.invoke(&read, TIMEOUT).await;
    is_problem(&response, 500, "internal-error");
    let response = function.invoke(&write, TIMEOUT).await;
    is_problem(&response, 503, "outcome-unknown");
    let response = function.invoke(&write, TIMEOUT).await;
    assert_eq!(response["statusCode"], 201, "{response}");

    let (stdout, stderr) = function.end().await;
    // Before them is what a program of tests says.
    let lines = stdout
        .lines()
        .filter_map(|line| line.find('{').map(|at| &line[at..]));
    let lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |name: &str| -> Value { lines.iter().map(|line| line[name].clone()).collect() };
    assert_eq!(of("status"), json!([500, 503, 201]));
    assert_eq!(
        of("route"),
        json!(["GET /notes/{id}", "POST /notes", "POST /notes"])
    );
    assert_eq!(of("errorKind"), json!(["Panic", "Panic", null]));
    assert_eq!(of("OutcomeUnknown"), json!([null, 1, null]));
    let places: Vec<_> = stderr.lines().collect();
    assert_eq!(places.len(), PANICS, "{stderr}");
    for place in places {
        assert!(
            place.starts_with("panicked at ") && place.contains(file!()),
            "{place}"
        );
    }
    assert!(
        !stdout.contains(SECRET) && !stderr.contains(SECRET),
        "{stdout}{stderr}"
    );
}
