//! `If-Match` and `If-None-Match` on every method of every path
//! ([RFC 9110 §13](https://www.rfc-editor.org/rfc/rfc9110#section-13)).

use http::Method;
use notes_core::NoteStore;

use crate::client::{Client, client, milk};

const OTHER: &str = "\"019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d\"";

/// Each method of the path of a note, with a body where it takes one.
const METHODS: [Method; 4] = [Method::GET, Method::HEAD, Method::PATCH, Method::DELETE];

/// The status of a request for a fresh note under these headers, where `TAG` is the note's tag; and
/// whether the note is as it was.
async fn of_note(method: &Method, headers: &[(&'static str, &str)]) -> (u16, bool) {
    let client = client();
    let (path, tag) = client.note().await;
    let mut call = match *method {
        Method::PATCH => client.patch(&path, r#"{"title":"Changed"}"#),
        _ => client.call(method.clone(), &path),
    };
    for (name, value) in headers {
        call = call.header(name, value.replace("TAG", &tag));
    }
    let response = call.send().await;
    let is_problem = response.status == 412 && method != Method::HEAD;
    if is_problem {
        response.is_problem(412, "precondition-failed");
        assert_eq!(response.header("etag"), tag);
    }
    let after = client.get(&path).send().await;
    let is_as_before = after.status == 200 && after.header("etag") == tag;
    (response.status.as_u16(), is_as_before)
}

#[tokio::test]
async fn a_condition_on_a_note_is_evaluated_for_every_method() {
    let weak = "W/TAG";
    let both = format!("{OTHER}, W/TAG");
    for (headers, read, write_is_done) in [
        (vec![("if-match", "*")], 200, true),
        (vec![("if-match", "TAG")], 200, true),
        (vec![("if-match", OTHER)], 412, false),
        (vec![("if-match", weak)], 412, false),
        (vec![("if-none-match", "*")], 304, false),
        (vec![("if-none-match", "TAG")], 304, false),
        (vec![("if-none-match", weak)], 304, false),
        (vec![("if-none-match", &both)], 304, false),
        (vec![("if-none-match", OTHER)], 200, true),
        (
            vec![("if-match", "TAG"), ("if-none-match", OTHER)],
            200,
            true,
        ),
        (
            vec![("if-match", "TAG"), ("if-none-match", "TAG")],
            304,
            false,
        ),
        (
            vec![("if-match", OTHER), ("if-none-match", "TAG")],
            412,
            false,
        ),
        (vec![("if-match", "nonsense")], 400, false),
        (vec![("if-none-match", "nonsense")], 400, false),
    ] {
        for method in &METHODS {
            let done = if method == Method::DELETE { 204 } else { 200 };
            let expected = match (method, write_is_done) {
                (&Method::GET | &Method::HEAD, _) => (read, true),
                (_, true) => (done, false),
                (_, false) if read == 400 => (400, true),
                (_, false) => (412, true),
            };
            let seen = of_note(method, &headers).await;
            assert_eq!(seen, expected, "{method} {headers:?}");
        }
    }
}

/// RFC 9110 has an exception for a change that has happened already, and only in If-Match.
#[tokio::test]
async fn a_patch_that_changes_nothing_succeeds_against_if_match_alone() {
    let client = client();
    let (path, tag) = client.note().await;
    for body in ["{}", r#"{"title":"Milk"}"#] {
        let response = client
            .patch(&path, body)
            .header("if-match", OTHER)
            .send()
            .await;
        assert_eq!(
            (response.status.as_u16(), response.header("etag")),
            (200, &*tag)
        );
        for names in ["*", &tag, &format!("{OTHER}, {tag}")] {
            let call = client.patch(&path, body).header("if-none-match", names);
            call.send().await.is_problem(412, "precondition-failed");
        }
    }
}

#[tokio::test]
async fn a_missing_note_is_404_whatever_the_conditions() {
    let client = client();
    let path = format!("/notes/{}", client.id_at(0));
    for (name, value) in [
        ("if-match", "*"),
        ("if-match", OTHER),
        ("if-none-match", "*"),
    ] {
        for call in [
            client.get(&path),
            client.patch(&path, "{}"),
            client.patch(&path, r#"{"title":"Changed"}"#),
            client.delete(&path),
        ] {
            let response = call.header(name, value).send().await;
            response.is_problem(404, "note-not-found");
        }
    }
}

async fn count<S: NoteStore + 'static>(client: &Client<S>) -> usize {
    client.get("/notes").send().await.titles().len()
}

/// The list is there, and has no tag: `*` names it and nothing else does.
#[tokio::test]
async fn a_condition_on_the_list_is_evaluated_for_reads_and_creations() {
    for (name, value, read, write) in [
        ("if-match", "*", 200, 201),
        ("if-match", OTHER, 412, 412),
        ("if-match", "W/\"a\"", 412, 412),
        ("if-match", "nonsense", 400, 400),
        ("if-none-match", "*", 304, 412),
        ("if-none-match", OTHER, 200, 201),
        ("if-none-match", "nonsense", 400, 400),
    ] {
        let client = client();
        for method in [Method::GET, Method::HEAD] {
            let response = client
                .call(method, "/notes")
                .header(name, value)
                .send()
                .await;
            assert_eq!(response.status, read, "{name}: {value}");
        }
        let response = client.post(milk()).header(name, value).send().await;
        assert_eq!(response.status, write, "{name}: {value}");
        assert!(response.has_header("idempotency-key"));
        assert_eq!(count(&client).await, usize::from(write == 201));
    }
}

#[tokio::test]
async fn a_list_of_more_than_100_tags_is_refused() {
    let client = client();
    let (path, tag) = client.note().await;
    for name in ["if-match", "if-none-match"] {
        let tags = |count: usize| vec![tag.clone(); count].join(", ");
        let response = client.get(&path).header(name, tags(100)).send().await;
        assert!(response.status == 200 || response.status == 304);
        let response = client.get(&path).header(name, tags(101)).send().await;
        response.is_problem(400, "invalid-precondition");
    }
}

/// RFC 9110, section 13.2.1.
#[tokio::test]
async fn what_is_wrong_with_a_request_comes_before_a_condition() {
    let client = client();
    let post = || client.post(milk()).header("if-none-match", "*");
    let encoded = post().header("content-encoding", "gzip").send().await;
    encoded.is_problem(415, "unsupported-content-encoding");
    let large = post().header("content-length", 3_000_000).send().await;
    large.is_problem(413, "too-large");
    post().send().await.is_problem(412, "precondition-failed");

    let (path, _) = client.note().await;
    for call in [
        client.post(r#"{"content":""}"#),
        client.patch(&path, r#"{"title":""}"#),
    ] {
        let invalid = call.header("if-none-match", "*").send().await;
        invalid.is_problem(400, "invalid-request");
    }
    for uri in ["/notes?limit=0", "/notes/changes?limit=0"] {
        let invalid = client.get(uri).header("if-none-match", "*").send().await;
        invalid.is_problem(400, "invalid-request");
    }
}
