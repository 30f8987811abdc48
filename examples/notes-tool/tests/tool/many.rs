//! What takes minutes: `cargo test --workspace --test tool -- --ignored --nocapture`.

use std::collections::HashSet;
use std::time::Instant;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use futures_util::{StreamExt, stream};
use notes_core::NoteId;

use crate::migrate::{create_original, number, text};
use crate::support::{World, all, user};

const COUNT: u64 = 100_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes"]
async fn a_hundred_thousand_notes_are_migrated_exported_and_imported() {
    let world = World::with_tables(&["notes", "copy"]).await;
    let client = world.client();
    create_original(&client).await;
    let puts = (0..COUNT).map(|number_of_note| {
        let put = PutRequest::builder()
            .item("user_id", text("alice"))
            .item("timestamp", number(1_541_300_400 + number_of_note))
            .item("note_id", text(&format!("alice:{number_of_note}")))
            .item("title", text(&format!("Note {number_of_note}")))
            .item("content", text(&"text ".repeat(40)));
        let put = put.build().unwrap();
        WriteRequest::builder().put_request(put).build()
    });
    let puts: Vec<_> = puts.collect();
    stream::iter(puts.chunks(25))
        .for_each_concurrent(8, async |batch| {
            let write = client.batch_write_item();
            let written = write.request_items("original", batch.to_vec()).send().await;
            assert_eq!(
                written.unwrap().unprocessed_items.unwrap_or_default().len(),
                0
            );
        })
        .await;

    let file = world.path("alice.jsonl");
    for (table, arguments) in [
        ("notes", &["migrate", "--from", "original"][..]),
        ("notes", &["migrate", "--from", "original"]),
        ("notes", &["export", "--user", "alice", &file]),
        ("copy", &["import", &file]),
        ("copy", &["check", "--items"]),
    ] {
        let start = Instant::now();
        let said = world.succeed(table, arguments).await;
        println!(
            "{:.1} s: notes {}\n{said}",
            start.elapsed().as_secs_f64(),
            arguments.join(" ")
        );
    }
    let (notes, copy) = (world.notes("notes"), world.notes("copy"));
    let copied = all(&copy, &user("alice")).await;
    let ids: HashSet<NoteId> = copied.iter().map(|note| note.id).collect();
    assert_eq!(ids.len() as u64, COUNT);
    assert!(
        copied == all(&notes, &user("alice")).await,
        "the copy differs"
    );

    let start = Instant::now();
    let said = world
        .succeed("copy", &["erase", "--user", "alice", "--yes"])
        .await;
    println!(
        "{:.1} s: notes erase\n{said}",
        start.elapsed().as_secs_f64()
    );
    assert_eq!(all(&copy, &user("alice")).await, []);
}
