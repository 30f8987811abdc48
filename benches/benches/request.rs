//! One request through the API and the service, over the memory store, up to the bytes of the response:
//! `cargo bench -p notes-benches --bench request`.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use notes_core::{MemoryNoteStore, NoteId, Notes, Timestamp, UserId};
use notes_lambda::Api;
use tokio::runtime::Builder;
use tower_service::Service;

/// The size of each note's content.
const CONTENT_BYTES: usize = 1_000;

/// Sends a request, checks the response's status, and returns the length of its body.
async fn send(
    api: &Api<MemoryNoteStore>,
    user: &UserId,
    (method, path, body): (Method, &str, &Bytes),
    key: Option<NoteId>,
    expected: StatusCode,
) -> usize {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .extension(user.clone());
    if let Some(key) = key {
        request = request.header("idempotency-key", key.to_string());
    }
    let request = request
        .body(Full::new(body.clone()))
        .expect("the request is well-formed");
    let Ok(response) = api.clone().call(request).await;
    assert_eq!(response.status(), expected);
    let Ok(body) = response.into_body().collect().await;
    body.to_bytes().len()
}

fn requests(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread()
        .build()
        .expect("a runtime starts");
    let api = Api::new(Notes::new(MemoryNoteStore::new()));
    let (reader, writer): (UserId, UserId) = (
        "reader".parse().expect("it is valid"),
        "writer".parse().expect("it is valid"),
    );
    let content = "x".repeat(CONTENT_BYTES);
    let note = Bytes::from(format!(r#"{{"title": "Milk", "content": "{content}"}}"#));
    let nothing = Bytes::new();
    let ids: Vec<_> = (0..20)
        .map(|_| NoteId::generate(Timestamp::now()))
        .collect();
    for id in &ids {
        let create = (Method::POST, "/notes", &note);
        runtime.block_on(send(&api, &reader, create, Some(*id), StatusCode::CREATED));
    }
    let path = format!("/notes/{}", ids[0]);

    let mut group = criterion.benchmark_group("request");
    group.throughput(Throughput::Elements(1));
    let mut bench = |name, user: &UserId, call: (Method, &str, &Bytes), status| {
        group.bench_function(name, |bencher| {
            bencher
                .to_async(&runtime)
                .iter(|| send(&api, user, call.clone(), None, status));
        });
    };
    bench(
        "create 1 kB",
        &writer,
        (Method::POST, "/notes", &note),
        StatusCode::CREATED,
    );
    bench(
        "get 1 kB",
        &reader,
        (Method::GET, &path, &nothing),
        StatusCode::OK,
    );
    bench(
        "list 20 of 1 kB",
        &reader,
        (Method::GET, "/notes", &nothing),
        StatusCode::OK,
    );
    bench(
        "patch",
        &reader,
        (Method::PATCH, &path, &note),
        StatusCode::OK,
    );
    bench(
        "reject",
        &writer,
        (Method::POST, "/notes", &nothing),
        StatusCode::BAD_REQUEST,
    );
    group.finish();
}

criterion_group!(benches, requests);
criterion_main!(benches);
