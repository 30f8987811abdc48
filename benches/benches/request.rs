//! One request through the API and the service, over the memory store, up to the bytes of the response. The base is the
//! JSON alone: the body of the request parsed, and that of the response rendered:
//! `cargo bench -p notes-benches --bench request`.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use notes_core::{Content, MemoryNoteStore, Notes, UserId};
use notes_lambda::Api;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tower_service::Service;

/// The sizes of the contents: one that is usual, and the greatest.
const SIZES: [(usize, &str); 2] = [(1_000, "1 KB"), (Content::MAX_BYTES, "350 KB")];

/// How many notes the reader has, and how many a list asks for. With 350 KB, a response has less.
const LISTED: usize = 20;

type MemoryApi = Api<MemoryNoteStore>;

/// Sends a request, and returns the body of its response, which has to be a success.
async fn send(mut api: MemoryApi, method: Method, path: &str, body: Bytes) -> Bytes {
    let user: UserId = "reader".parse().expect("it is valid");
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .extension(user);
    let request = request.body(Full::new(body)).expect("it is well-formed");
    let Ok(response) = api.call(request).await;
    assert!(response.status().is_success(), "{}", response.status());
    let Ok(body) = response.into_body().collect().await;
    body.to_bytes()
}

/// What a server can't do without: it parses the request's body, and renders the response's.
fn json_alone(request: &Bytes, response: &Value) -> Vec<u8> {
    if !request.is_empty() {
        let body: Value = serde_json::from_slice(request).expect("it is JSON");
        black_box(body);
    }
    serde_json::to_vec(response).expect("it is JSON")
}

/// Benches a request, each time on what `api` returns.
fn bench(
    criterion: &mut Criterion,
    runtime: &Runtime,
    name: &str,
    api: impl Fn() -> MemoryApi,
    (method, path, body): (Method, &str, &Bytes),
) {
    let response = runtime.block_on(send(api(), method.clone(), path, body.clone()));
    let response: Value = serde_json::from_slice(&response).expect("it is JSON");
    let mut group = criterion.benchmark_group(name);
    group.bench_function("json", |bencher| {
        bencher.iter(|| json_alone(body, &response));
    });
    group.bench_function("api", |bencher| {
        let request = |api| send(api, method.clone(), path, body.clone());
        let size = BatchSize::SmallInput;
        bencher.to_async(runtime).iter_batched(&api, request, size);
    });
    group.finish();
}

fn requests(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread()
        .build()
        .expect("a runtime starts");
    let empty = || Api::new(Notes::new(MemoryNoteStore::new()));
    let nothing = Bytes::new();
    for (bytes, size) in SIZES {
        // A text with line ends, which JSON escapes.
        let line = "A line of a note has about forty letters.\n";
        let content: String = line.chars().cycle().take(bytes).collect();
        let note = json!({"title": "Milk", "content": content}).to_string();
        let note = Bytes::from(note);
        let api = empty();
        let mut path = String::new();
        for _ in 0..LISTED {
            let created = send(api.clone(), Method::POST, "/notes", note.clone());
            let created: Value =
                serde_json::from_slice(&runtime.block_on(created)).expect("it is JSON");
            path = format!("/notes/{}", created["id"].as_str().expect("it is an id"));
        }
        let title = Bytes::from_static(br#"{"title": "Butter"}"#);
        let list = format!("/notes?limit={LISTED}");
        let full = || api.clone();
        let mut request = |what: &str, call| {
            bench(
                criterion,
                &runtime,
                &format!("API: {what}, {size}"),
                full,
                call,
            );
        };
        request("get", (Method::GET, &path, &nothing));
        request("list of 20", (Method::GET, &list, &nothing));
        request("patch of all", (Method::PATCH, &path, &note));
        request("patch of the title", (Method::PATCH, &path, &title));
        // Each time in an empty store, so that memory stays as it is.
        let create = (Method::POST, "/notes", &note);
        let name = format!("API: create, {size}");
        bench(criterion, &runtime, &name, empty, create);
    }
}

criterion_group!(benches, requests);
criterion_main!(benches);
