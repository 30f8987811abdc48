use std::os::unix::process::ExitStatusExt;

use crate::endpoint::{engine, hanging, nowhere};
use crate::function::{
    ALL, FUNCTIONS, Function, TIMEOUT, about, creation, event, is_problem, new_id, of_note, output,
    variables, variables_with_sync,
};

fn binaries() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.into_iter().map(|(name, _)| name).chain([ALL])
}

/// What a function says on standard error with these variables, of which one is set so.
async fn refusal(binary: &str, name: &'static str, value: Option<&str>) -> String {
    let mut variables = variables(&nowhere());
    variables.retain(|variable| variable.0 != name);
    variables.extend(value.map(|value| (name, value.to_owned())));
    let (output, lambda) = output(binary, &variables).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(lambda.times_asked(), 0);
    assert_eq!(output.stdout, b"");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_without_a_setting_ends_with_one_line_that_names_it() {
    for binary in binaries() {
        for name in [
            "NOTES_TABLE",
            "NOTES_IDENTITY",
            "AWS_REGION",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        ] {
            let line = format!("Error: {name} is not set\n");
            assert_eq!(refusal(binary, name, None).await, line);
            assert_eq!(refusal(binary, name, Some("")).await, line);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_with_a_wrong_setting_ends_with_one_line_that_shows_it() {
    for binary in binaries() {
        for (name, value, why) in [
            (
                "NOTES_TABLE",
                "my notes",
                "a table's name has 3 to 255 of a-z, A-Z, 0-9, _, - and .",
            ),
            (
                "NOTES_IDENTITY",
                "header:x-user-id",
                "an identity is jwt:CLAIM, cognito:CLAIM, lambda:KEY or lambda-principal",
            ),
            (
                "NOTES_RETENTION_DAYS",
                "ninety\n",
                "invalid digit found in string",
            ),
            (
                "NOTES_CONSISTENT_READS",
                "no",
                "provided string was not `true` or `false`",
            ),
            (
                "NOTES_CORS_ORIGINS",
                "notes.example",
                "origins are * or a list such as https://notes.example, http://localhost:5173",
            ),
            (
                "NOTES_PROBLEM_BASE",
                "/problems/",
                "a base is an absolute URI that ends in /, #, : or =, such as https://notes.example/problems/",
            ),
            (
                "NOTES_CORS_HEADERS",
                "if match",
                "headers are a list of names such as authorization, content-type, traceparent",
            ),
        ] {
            let line = format!("Error: {name} is {value:?}: {why}\n");
            assert_eq!(refusal(binary, name, Some(value)).await, line);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_whose_certificates_can_not_be_used_ends_with_one_line_that_says_who_names_them()
{
    for name in ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        for value in [
            "/nowhere",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ] {
            let said = refusal(ALL, name, Some(value)).await;
            let line = format!("Error: {name} names no usable certificates: ");
            assert!(said.starts_with(&line), "{said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_lambda_a_function_ends_with_one_line_that_says_so() {
    let said = refusal(ALL, "AWS_LAMBDA_RUNTIME_API", Some("")).await;
    let line = "Error: AWS_LAMBDA_RUNTIME_API is not set: this runs on AWS Lambda only\n";
    assert_eq!(said, line);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_function_serves_its_route_and_no_other() {
    let engine = engine().await;
    let variables = variables_with_sync(&engine.url());
    let mut all = Function::start(ALL, &variables).await;
    for (binary, own) in FUNCTIONS {
        let mut function = Function::start(binary, &variables).await;
        for (_, name) in FUNCTIONS {
            let id = new_id();
            if name != "http-create" {
                let created = all.invoke(&creation(id), TIMEOUT).await;
                assert_eq!(created["statusCode"], 201, "{created}");
            }
            let response = function.invoke(&of_note(name, id), TIMEOUT).await;
            if name == own {
                let status = response["statusCode"].as_u64().unwrap();
                assert!([200, 201, 204].contains(&status), "{response}");
                // Which is what the note is now for whoever asks.
                let shown = all.invoke(&about("http-get", id), TIMEOUT).await;
                match name {
                    "http-create" => assert_eq!(shown["body"], response["body"]),
                    "http-update-base64" => assert_eq!(shown["body"]["title"], "Käse"),
                    "http-delete" => assert_eq!(shown["statusCode"], 404),
                    _ => {}
                }
            } else {
                is_problem(&response, 404, "unknown-path");
            }
        }
        function.end_quietly().await;
    }
    all.end_quietly().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_of_all_routes_serves_each() {
    let engine = engine().await;
    let mut function = Function::start(ALL, &variables(&engine.url())).await;
    let id = new_id();
    let created = function.invoke(&creation(id), TIMEOUT).await;
    assert_eq!(created["statusCode"], 201);
    assert_eq!(created["headers"]["location"], format!("/notes/{id}"));
    for (name, status) in [("http-get", 200), ("http-update-base64", 200)] {
        let response = function.invoke(&about(name, id), TIMEOUT).await;
        assert_eq!(response["statusCode"], status, "{response}");
    }
    let mut list = event("http-list-encoded-query");
    list["rawQueryString"] = "limit=1".into();
    let page = function.invoke(&list, TIMEOUT).await;
    assert_eq!(page["body"]["items"][0]["title"], "Käse");
    let deleted = function.invoke(&about("http-delete", id), TIMEOUT).await;
    assert_eq!(deleted["statusCode"], 204);
    let gone = function.invoke(&about("http-get", id), TIMEOUT).await;
    is_problem(&gone, 404, "note-not-found");
    let again = function.invoke(&creation(id), TIMEOUT).await;
    is_problem(&again, 409, "id-spent");
    function.end_quietly().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_up_that_fails_does_not_keep_a_function_from_starting() {
    let mut function = Function::start(ALL, &variables(&nowhere())).await;
    let response = function.invoke(&event("http-get"), TIMEOUT).await;
    is_problem(&response, 503, "unavailable");
    function.end_quietly().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_up_that_hangs_leaves_most_of_the_time_for_the_start() {
    let start = std::time::Instant::now();
    Function::start(ALL, &variables(&hanging().await)).await;
    // Lambda gives a start ten seconds.
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_ends_when_it_is_told_to() {
    let engine = engine().await;
    for binary in binaries() {
        let function = Function::start(binary, &variables(&engine.url())).await;
        let start = std::time::Instant::now();
        let status = function.terminate().await;
        assert!(status.code() == Some(0) || status.signal() == Some(15));
        // Lambda gives it half a second.
        assert!(start.elapsed().as_millis() < 500, "{:?}", start.elapsed());
    }
}
