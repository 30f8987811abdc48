//! What `DynamoNoteStore` adds to the AWS SDK, up to the SDK's HTTP client: the conversion of notes to items and back,
//! and the conditions. The base is a bare request of the SDK for the same items:
//! `cargo bench -p notes-benches --bench store`.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

#[path = "allocations/engine.rs"]
mod engine;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use criterion::{Criterion, criterion_group, criterion_main};
use notes_core::{
    Content, Fingerprint, Insertion, ListQuery, NewNote, Note, NoteId, NoteStore, Timestamp, UserId,
};
use notes_dynamo::{DynamoNoteStore, sort_key};
use serde_json::json;
use tokio::runtime::Builder;

use crate::engine::StubEngine;

/// How many notes a list has; those of 350 KB that DynamoDB puts into one response.
const LISTED: [(usize, &str, u8); 2] = [(1_000, "1 KB", 20), (Content::MAX_BYTES, "350 KB", 2)];

fn store(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime starts");
    let now = Timestamp::now();
    let id = NoteId::generate(now);
    let user: UserId = "reader".parse().expect("it is valid");
    for (bytes, size, listed) in LISTED {
        let content = "A line of a note has about forty letters.\n";
        let content: String = content.chars().cycle().take(bytes).collect();
        let shown =
            json!({"id": id, "etag": format!("\"{id}\""), "title": "Milk", "content": content});
        let engine = StubEngine::new(&vec![shown; usize::from(listed)]).expect("notes have items");
        let client = engine.client();
        let store = DynamoNoteStore::new(client.clone(), "notes");
        let key = HashMap::from([
            (
                "userId".to_owned(),
                AttributeValue::S(user.as_str().to_owned()),
            ),
            ("timestamp".to_owned(), AttributeValue::N(sort_key(id))),
        ]);
        let got = client.get_item().table_name("notes");
        let got = runtime
            .block_on(got.set_key(Some(key.clone())).send())
            .expect("the engine responds");
        let item = got.item.expect("it has the note");

        let mut group = criterion.benchmark_group(format!("DynamoNoteStore: get, {size}"));
        group.bench_function("sdk", |bencher| {
            bencher.to_async(&runtime).iter(|| {
                let request = client.get_item().table_name("notes");
                request.set_key(Some(key.clone())).send()
            });
        });
        group.bench_function("store", |bencher| {
            bencher
                .to_async(&runtime)
                .iter(|| store.get(&user, id, now));
        });
        group.finish();

        let mut group =
            criterion.benchmark_group(format!("DynamoNoteStore: list of {listed}, {size}"));
        group.bench_function("sdk", |bencher| {
            bencher.to_async(&runtime).iter(|| {
                let request = client.query().table_name("notes");
                let request = request.key_condition_expression("userId = :user");
                let name = AttributeValue::S(user.as_str().to_owned());
                request.expression_attribute_values(":user", name).send()
            });
        });
        let limit = listed.try_into().expect("it is a limit");
        let query = ListQuery::default().with_limit(limit);
        group.bench_function("store", |bencher| {
            bencher
                .to_async(&runtime)
                .iter(|| store.list(&user, &query, now));
        });
        group.finish();

        let title = "Milk".parse().expect("it is valid");
        let new = NewNote::new(title, content.parse().expect("it is valid"));
        let fingerprint = Fingerprint::of(&new);
        let note = Note::new(user.clone(), id, new.title, new.content);
        let insertion = Insertion::new(note, fingerprint, Duration::from_mins(1));
        let mut group = criterion.benchmark_group(format!("DynamoNoteStore: insert, {size}"));
        group.bench_function("sdk", |bencher| {
            bencher.to_async(&runtime).iter(|| {
                let request = client.put_item().table_name("notes");
                request.set_item(Some(item.clone())).send()
            });
        });
        group.bench_function("store", |bencher| {
            bencher
                .to_async(&runtime)
                .iter(|| store.insert(&insertion, now));
        });
        group.finish();
    }
}

criterion_group!(benches, store);
criterion_main!(benches);
