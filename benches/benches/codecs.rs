//! The conversions of ids, sort keys and cursors, which every request needs, and a merge patch. The base of the codecs
//! is an id read from its text: `cargo bench -p notes-benches --bench codecs`.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use notes_core::{Content, Note, NoteId, NotePatch, Order, Timestamp};
use notes_dynamo::{note_id, sort_key};
use notes_lambda::Cursor;

fn codecs(criterion: &mut Criterion) {
    let id = NoteId::generate(Timestamp::now());
    let key = sort_key(id);
    let text = id.to_string();
    let cursor = Cursor::new(Order::Newest, id).to_string();

    let mut group = criterion.benchmark_group("codecs");
    group.bench_function("id from text", |bencher| {
        bencher.iter(|| black_box(text.as_str()).parse::<NoteId>());
    });
    group.bench_function("id to text", |bencher| {
        bencher.iter(|| black_box(id).to_string());
    });
    group.bench_function("sort key of id", |bencher| {
        bencher.iter(|| sort_key(black_box(id)));
    });
    group.bench_function("id of sort key", |bencher| {
        bencher.iter(|| note_id(black_box(&key)));
    });
    group.bench_function("cursor to text", |bencher| {
        bencher.iter(|| Cursor::new(Order::Newest, black_box(id)).to_string());
    });
    group.bench_function("cursor from text", |bencher| {
        bencher.iter(|| black_box(cursor.as_str()).parse::<Cursor>());
    });
    group.finish();
}

/// The base is the copy of the new content, which the patch moves into the note.
fn merge_patch(criterion: &mut Criterion) {
    for (bytes, size) in [(1_000, "1 KB"), (Content::MAX_BYTES, "350 KB")] {
        let content: Content = "a".repeat(bytes).parse().expect("it is valid");
        let user = "reader".parse().expect("it is valid");
        let id = NoteId::generate(Timestamp::now());
        let title = "Milk".parse().expect("it is valid");
        let note = Note::new(user, id, title, content.clone());
        let patch = NotePatch::default().with_content(content.clone());

        let mut group = criterion.benchmark_group(format!("merge patch, {size}"));
        group.bench_function("copy of the content", |bencher| {
            bencher.iter(|| black_box(&content).clone());
        });
        group.bench_function("compared with the note", |bencher| {
            bencher.iter(|| black_box(&patch).changes_nothing_in(&note));
        });
        group.bench_function("applied to the note", |bencher| {
            bencher.iter_batched(
                || (note.clone(), patch.clone()),
                |(mut note, patch)| {
                    patch.apply(&mut note);
                    note
                },
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, codecs, merge_patch);
criterion_main!(benches);
