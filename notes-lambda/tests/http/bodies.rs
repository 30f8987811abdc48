use std::io;

use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use notes_core::Content;
use serde_json::json;

use crate::client::{client, milk};

const MAX_BYTES: usize = 2_621_440;

/// A body of so many bytes that makes a note.
fn body_of(bytes: usize) -> String {
    let body = milk().to_string();
    let padding = " ".repeat(bytes - body.len());
    body + &padding
}

#[tokio::test]
async fn a_body_has_at_most_two_and_a_half_mebibytes() {
    let client = client();
    let response = client.post(body_of(MAX_BYTES)).send().await;
    assert_eq!(response.status, 201);
    let path = response.header("location");
    let large = body_of(MAX_BYTES + 1);
    client
        .post(&large)
        .send()
        .await
        .is_problem(413, "too-large");
    client
        .patch(path, &large)
        .send()
        .await
        .is_problem(413, "too-large");
}

#[tokio::test]
async fn a_body_without_a_length_is_counted_while_it_is_read() {
    let chunks = |bytes: usize| {
        let body = Bytes::from(body_of(bytes));
        let chunks: Vec<_> = body.chunks(65_536).map(Bytes::copy_from_slice).collect();
        let frames = chunks
            .into_iter()
            .map(|chunk| Ok::<_, io::Error>(Frame::data(chunk)));
        StreamBody::new(stream::iter(frames))
    };
    let client = client();
    let response = client.post("").send_body(|_| chunks(MAX_BYTES)).await;
    assert_eq!(response.status, 201);
    let response = client.post("").send_body(|_| chunks(MAX_BYTES + 1)).await;
    response.is_problem(413, "too-large");
}

#[tokio::test]
async fn a_body_announced_as_too_large_is_not_read() {
    let client = client();
    let unread = stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<Frame<Bytes>, io::Error>>> { panic!("it is read") },
    );
    let call = client.post("").header("content-length", MAX_BYTES + 1);
    let response = call.send_body(|_| StreamBody::new(unread)).await;
    response.is_problem(413, "too-large");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400() {
    let client = client();
    let frames = [
        Ok(Frame::data(Bytes::from("{\"title\":"))),
        Err(io::Error::other("connection reset by 10.0.0.7")),
    ];
    let body = StreamBody::new(stream::iter(frames));
    let response = client.post("").send_body(|_| body).await;
    response.is_problem(400, "incomplete-body");
    assert!(!String::from_utf8_lossy(&response.body).contains("10.0.0.7"));
    assert!(response.has_header("idempotency-key"));
}

#[tokio::test]
async fn the_largest_content_fits_even_when_fully_escaped() {
    let client = client();
    let content = "\u{1}".repeat(Content::MAX_BYTES);
    let response = client
        .post(json!({"title": "a", "content": content}))
        .send()
        .await;
    assert_eq!(response.status, 201);
    let got = client.get(response.header("location")).send().await;
    assert_eq!(got.json()["content"], content);
}

#[tokio::test]
async fn creation_takes_json_only() {
    let client = client();
    for media_type in ["application/json", "APPLICATION/JSON;charset=utf-8"] {
        let call = client.post(milk()).without_header("content-type");
        let response = call.header("content-type", media_type).send().await;
        assert_eq!(response.status, 201);
    }
    for media_type in [
        "",
        "text/plain",
        "application/merge-patch+json",
        "application/jsonp",
    ] {
        let call = client.post(milk()).without_header("content-type");
        let response = call.header("content-type", media_type).send().await;
        response.is_problem(415, "unsupported-media-type");
        assert!(!response.has_header("accept-patch"));
    }
    let response = client
        .post(milk())
        .without_header("content-type")
        .send()
        .await;
    response.is_problem(415, "unsupported-media-type");
}

#[tokio::test]
async fn an_update_takes_a_merge_patch_or_json_and_says_so() {
    let client = client();
    let (path, _) = client.note().await;
    let send_as = |media_type: &str| {
        let call = client.patch(&path, "{}").without_header("content-type");
        call.header("content-type", media_type)
    };
    for media_type in [
        "application/json",
        "application/merge-patch+json",
        "Application/Merge-Patch+JSON; charset=utf-8",
    ] {
        assert_eq!(send_as(media_type).send().await.status, 200);
    }
    for call in [
        send_as("application/json-patch+json"),
        client.patch(&path, "{}").without_header("content-type"),
    ] {
        let response = call.send().await;
        response.is_problem(415, "unsupported-media-type");
        let taken = "application/merge-patch+json, application/json";
        assert_eq!(response.header("accept-patch"), taken);
    }
}

#[tokio::test]
async fn a_body_that_is_encoded_is_415_and_the_response_says_what_is_taken() {
    let client = client();
    let (path, _) = client.note().await;
    for codings in [&["gzip"][..], &["identity, br"], &["identity", "x-gzip"]] {
        for call in [client.post(milk()), client.patch(&path, "{}")] {
            let call = codings
                .iter()
                .fold(call, |call, coding| call.header("content-encoding", coding));
            let response = call.send().await;
            response.is_problem(415, "unsupported-content-encoding");
            assert_eq!(response.header("accept-encoding"), "identity");
            assert!(!response.has_header("accept-patch"));
        }
    }
    let keyed = client.post(milk()).header("content-encoding", "gzip");
    assert!(keyed.send().await.has_header("idempotency-key"));
}

#[tokio::test]
async fn a_body_that_is_not_encoded_may_say_so() {
    let client = client();
    let call = client.post(milk()).header("content-encoding", "Identity");
    assert_eq!(call.send().await.status, 201);
}

#[tokio::test]
async fn a_415_for_the_media_type_has_no_word_of_encodings() {
    let client = client();
    let (path, _) = client.note().await;
    for call in [client.post(milk()), client.patch(&path, "{}")] {
        let response = call.without_header("content-type").send().await;
        response.is_problem(415, "unsupported-media-type");
        assert!(!response.has_header("accept-encoding"));
    }
}

#[tokio::test]
async fn what_is_not_json_is_400_with_its_place() {
    let client = client();
    let (path, _) = client.note().await;
    for body in ["", "{", "title=Milk", "{\"title\": \"a\",}", "{} {}"] {
        for call in [client.post(body), client.patch(&path, body)] {
            call.send().await.is_problem(400, "malformed-json");
        }
    }
    let response = client.post("{\n\"title\": 'a'}").send().await;
    let detail = response.json()["detail"].to_string();
    assert!(detail.contains("line 2 column 10"), "{detail}");
    let bytes = Bytes::from_static(b"{\"title\":\"\xff\"}");
    let response = client
        .post("")
        .send_body(|_| http_body_util::Full::new(bytes))
        .await;
    response.is_problem(400, "malformed-json");
}
