//! The conversions of ids, sort keys and cursors, which every request needs:
//! `cargo bench -p notes-benches --bench codecs`.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use notes_core::{NoteId, Order, Timestamp};
use notes_dynamo::{note_id, sort_key};
use notes_lambda::Cursor;

fn codecs(criterion: &mut Criterion) {
    let id = NoteId::generate(Timestamp::now());
    let key = sort_key(id);
    let text = id.to_string();
    let cursor = Cursor::new(Order::Newest, id).to_string();

    criterion.bench_function("id from text", |bencher| {
        bencher.iter(|| black_box(text.as_str()).parse::<NoteId>());
    });
    criterion.bench_function("sort key of id", |bencher| {
        bencher.iter(|| sort_key(black_box(id)));
    });
    criterion.bench_function("id of sort key", |bencher| {
        bencher.iter(|| note_id(black_box(&key)));
    });
    criterion.bench_function("cursor to text", |bencher| {
        bencher.iter(|| Cursor::new(Order::Newest, black_box(id)).to_string());
    });
    criterion.bench_function("cursor from text", |bencher| {
        bencher.iter(|| black_box(cursor.as_str()).parse::<Cursor>());
    });
}

criterion_group!(benches, codecs);
criterion_main!(benches);
