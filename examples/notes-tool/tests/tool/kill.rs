//! The program, killed between two of its requests, and started again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use notes_testing::serve;
use tokio::sync::Notify;

use crate::support::{Said, World, all, command, create, user};

/// What stands between the program and the engine: it passes on so many requests, and then none.
struct Gate {
    url: String,
    closed: Arc<Notify>,
    passed: Arc<AtomicUsize>,
}

impl Gate {
    async fn before(engine: &str, requests: usize) -> Self {
        let (closed, passed) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let (engine, client) = (engine.to_owned(), reqwest::Client::new());
        let (notify, counter) = (Arc::clone(&closed), Arc::clone(&passed));
        let pass = move |headers: HeaderMap, body: Bytes| {
            let forwarded = client.post(&engine).headers(headers).body(body);
            let (notify, counter) = (Arc::clone(&notify), Arc::clone(&counter));
            async move {
                if counter.fetch_add(1, Ordering::SeqCst) >= requests {
                    notify.notify_one();
                    std::future::pending::<()>().await;
                }
                let response = forwarded.send().await.unwrap();
                let status = StatusCode::from_u16(response.status().as_u16()).unwrap();
                let mut headers = response.headers().clone();
                // axum writes its own.
                headers.remove("content-length");
                (status, headers, response.bytes().await.unwrap())
            }
        };
        let address = serve(Router::new().fallback(pass)).await.unwrap();
        let url = format!("http://{address}");
        Self {
            url,
            closed,
            passed,
        }
    }

    fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }
}

/// Runs the program until it has made so many requests, and kills it while it waits for the next one.
async fn killed_after(world: &World, requests: usize, arguments: &[&str]) {
    let gate = Gate::before(&world.engine.url(), requests).await;
    let mut child = command(&gate.url, "notes", arguments).spawn().unwrap();
    gate.closed.notified().await;
    // On Unix this is SIGKILL.
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(!status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_killed_continues_and_is_the_same_as_another() {
    let world = World::with_tables(&["notes"]).await;
    create(&world.notes("notes"), &user("alice"), 1_000).await;
    let whole = world.path("whole.jsonl");
    world
        .succeed("notes", &["export", "--user", "alice", &whole])
        .await;

    let file = world.path("alice.jsonl");
    let export = ["export", "--user", "alice", &file];
    killed_after(&world, 4, &export).await;
    let part = format!("{file}.part");
    let mut written = std::fs::read(&part).unwrap();
    let lines = written.split_inclusive(|byte| *byte == b'\n');
    assert_eq!(lines.count(), 400);
    // Killed while it writes, it leaves half a line.
    written.extend(b"{\"user\":\"alice\",\"id\":\"01");
    std::fs::write(&part, written).unwrap();

    let gate = Gate::before(&world.engine.url(), usize::MAX).await;
    let mut again = command(&gate.url, "notes", &export);
    let output = tokio::task::spawn_blocking(move || again.output().unwrap());
    let said = Said::from(output.await.unwrap());
    assert!(
        said.succeeded && said.out.starts_with("1000 notes are in "),
        "{}",
        said.err
    );
    assert!(
        gate.passed() < 10,
        "it did not begin anew: {}",
        gate.passed()
    );
    assert_eq!(
        std::fs::read(&file).unwrap(),
        std::fs::read(&whole).unwrap()
    );
    assert!(!std::fs::exists(&part).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_part_of_another_users_export_is_not_continued() {
    let world = World::with_tables(&["notes"]).await;
    for name in ["alice", "bob"] {
        create(&world.notes("notes"), &user(name), 200).await;
    }
    let file = world.path("notes.jsonl");
    killed_after(&world, 1, &["export", "--user", "alice", &file]).await;
    let said = world
        .run("notes", &["export", "--user", "bob", &file])
        .await;
    assert!(
        !said.succeeded && said.err.contains("of another user"),
        "{}",
        said.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_killed_continues_where_it_was() {
    let world = World::with_tables(&["source", "notes"]).await;
    let alice = user("alice");
    let notes = create(&world.notes("source"), &alice, 1_000).await;
    let file = world.path("alice.jsonl");
    world
        .succeed("source", &["export", "--user", "alice", &file])
        .await;

    killed_after(&world, 700, &["import", &file]).await;
    let there = all(&world.notes("notes"), &alice).await.len();
    assert!((600..=700).contains(&there), "{there}");

    let said = world.succeed("notes", &["import", &file]).await;
    assert!(said.starts_with("continuing after line 600\n"), "{said}");
    let repeated = there - 600;
    let counts = format!("{} created, {repeated} there before\n", 400 - repeated);
    assert!(said.ends_with(&counts), "{said}");
    assert_eq!(all(&world.notes("notes"), &alice).await, notes);
    assert!(!std::fs::exists(format!("{file}.imported")).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_of_an_import_is_not_taken_for_that_of_another_table() {
    let world = World::with_tables(&["source", "notes", "other"]).await;
    let alice = user("alice");
    create(&world.notes("source"), &alice, 300).await;
    let file = world.path("alice.jsonl");
    world
        .succeed("source", &["export", "--user", "alice", &file])
        .await;
    killed_after(&world, 250, &["import", &file]).await;
    let said = world.succeed("other", &["import", &file]).await;
    assert_eq!(said, "300 created, 0 there before\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_of_an_import_is_not_taken_for_that_of_another_file_of_the_name() {
    let world = World::with_tables(&["source", "notes"]).await;
    let file = world.path("notes.jsonl");
    for (name, count) in [("alice", 300), ("bob", 300), ("carol", 10)] {
        create(&world.notes("source"), &user(name), count).await;
        let export = ["export", "--user", name, &file];
        if name == "alice" {
            world.succeed("source", &export).await;
            killed_after(&world, 250, &["import", &file]).await;
            continue;
        }
        let place = format!("{file}.imported");
        let kept = std::fs::read(&place).unwrap();
        std::fs::remove_file(&file).unwrap();
        world.succeed("source", &export).await;
        let said = world.succeed("notes", &["import", &file]).await;
        assert_eq!(said, format!("{count} created, 0 there before\n"));
        std::fs::write(&place, kept).unwrap();
    }
}
