//! `local_api` on a file, killed again and again while it writes: what it has acknowledged is there.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap fails the test; counts are printed"
)]

#[allow(dead_code, reason = "each test program uses its part")]
mod program;
mod support;

use std::collections::BTreeMap;
use std::time::Instant;

use futures_util::future::join_all;
use program::Program;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use support::user::User;
use support::{new_key, note};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// How often the program is killed, unless this variable says otherwise.
const ROUNDS_VARIABLE: &str = "NOTES_TEST_CRASHES";
const ROUNDS: usize = 50;
const WRITERS: usize = 8;

/// A note that one writer alone has written.
#[derive(Debug)]
struct Written {
    id: String,
    /// What it may hold, where `None` is no note: what was acknowledged last, and what was sent
    /// after that.
    may_hold: Vec<Option<String>>,
}

/// Creates notes, changes some and deletes some, until there is no response any more.
async fn write(alice: User, acknowledge: UnboundedSender<()>) -> Vec<Written> {
    let mut all = Vec::new();
    for number in 0.. {
        let mut written = Written {
            id: new_key(),
            may_hold: vec![None],
        };
        let outcome = write_note(&alice, &mut written, number % 3, &acknowledge).await;
        all.push(written);
        if outcome.is_err() {
            break;
        }
    }
    all
}

/// So many writes after its creation.
async fn write_note(
    alice: &User,
    written: &mut Written,
    more: usize,
    acknowledge: &UnboundedSender<()>,
) -> reqwest::Result<()> {
    let id = written.id.clone();
    let path = format!("/notes/{id}");
    let writes: [(RequestBuilder, Option<&str>); 3] = [
        (alice.creation(&id, &note("Milk")), Some("2 litres")),
        (
            alice.change(&id, &json!({"content": "3 litres"})),
            Some("3 litres"),
        ),
        (alice.request(Method::DELETE, &path), None),
    ];
    for (request, content) in writes.into_iter().take(1 + more) {
        let content = content.map(str::to_owned);
        written.may_hold.push(content.clone());
        let status = request.send().await?.status();
        if status.is_success() {
            written.may_hold = vec![content];
            let _ = acknowledge.send(());
        } else {
            // Others keep the disk busy, too.
            assert_eq!(status, 503);
            break;
        }
    }
    Ok(())
}

/// Compares what is there with what may be there, which from now on is all that may be there.
async fn compare(alice: &User, all: &mut [Written]) -> Result<(), String> {
    let listed = alice.all().await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut held: BTreeMap<_, _> = listed
        .iter()
        .map(|note| (text(&note["id"]), text(&note["content"])))
        .collect();
    for written in all {
        let holds = held.remove(&written.id);
        if !written.may_hold.contains(&holds) {
            return Err(format!("{written:?} holds {holds:?}"));
        }
        written.may_hold = vec![holds];
    }
    if held.is_empty() {
        Ok(())
    } else {
        Err(format!("nobody wrote {held:?}"))
    }
}

/// Kills a program with these options so often while it writes, and says how many writes it had
/// acknowledged, or which of them is lost.
async fn crash(options: &[&str], rounds: usize) -> Result<usize, String> {
    let mut program = Program::start(options);
    let mut past = Vec::new();
    let mut acknowledged = 0;
    for round in 0..rounds {
        let alice = program.new_user();
        let (acknowledge, mut acknowledgements) = unbounded_channel();
        let writing = (0..WRITERS).map(|_| write(alice.clone(), acknowledge.clone()));
        let writing = tokio::spawn(join_all(writing.collect::<Vec<_>>()));
        drop(acknowledge);
        // From the very first writes on to what takes a while.
        let enough = 1 + round * 37 % 100;
        let mut count = 0;
        while acknowledgements.recv().await.is_some() {
            count += 1;
            if count == enough {
                program.signal("KILL");
            }
        }
        let mut all: Vec<_> = writing.await.unwrap().into_iter().flatten().collect();
        assert_eq!(program.ended().code(), None);
        acknowledged += count;

        program.start_again();
        compare(&program.user_with_token(&alice.id), &mut all).await?;
        past.push((alice.id, all));
    }
    for (id, all) in &mut past {
        compare(&program.user_with_token(id), all).await?;
    }
    Ok(acknowledged)
}

#[tokio::test]
async fn no_acknowledged_write_is_lost_however_often_the_program_is_killed() {
    let rounds = std::env::var(ROUNDS_VARIABLE).map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let started = Instant::now();
    let acknowledged = crash(&[], rounds).await.unwrap();
    let took = started.elapsed();
    println!("killed {rounds} times, and all of {acknowledged} acknowledged writes kept: {took:?}");
}

#[tokio::test]
async fn a_write_that_is_lost_is_found() {
    let lost = crash(&["--in-memory"], 1).await.unwrap_err();
    assert!(lost.ends_with("holds None"), "{lost}");
}
