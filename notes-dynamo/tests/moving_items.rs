//! Items that are at rest are never missed by a walk through the index of changes, while others move in it.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod at_now;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use at_now::AtNow;
use notes_core::{
    ChangedState, ChangesQuery, Expected, Fingerprint, InsertOutcome, Insertion, NewNote, Note,
    NoteId, NotePatch, NoteStore, Timestamp, Update, UpdateOutcome, UserId,
};
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_testing::Engine;

const MINUTE: u64 = 60_000;
/// Two times that are so far apart are in different windows of the index.
const WINDOW: u64 = 18 * MINUTE;
const WINDOWS: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_at_rest_is_given_while_other_items_move() {
    let engine = Engine::in_memory().unwrap();
    let client = engine.client();
    ensure_table(&client, "notes").await.unwrap();
    let notes = AtNow::new(client, "notes");
    let user: UserId = "alice".parse().unwrap();
    let start = Timestamp::now().as_millis();
    let at = |windows: u64| Timestamp::from_millis(start + windows * WINDOW);
    // A store for each window, by whose clock it is written in.
    let stores: Vec<_> = (0..WINDOWS).map(|window| notes.store(at(window))).collect();
    let stores: Arc<[_]> = stores.into();

    // Each second one rests, in one of four windows; the others move between these windows.
    let mut resting = HashSet::new();
    let mut moving = Vec::new();
    for number in 0..16 {
        let window = number % WINDOWS;
        let store = &stores[usize::try_from(window).unwrap()];
        let id = insert(store, &user, at(window)).await;
        if number % 2 == 0 {
            resting.insert(id);
        } else {
            moving.push(id);
        }
    }
    let ends = Arc::new(AtomicBool::new(false));
    let moves = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let (stores, user) = (Arc::clone(&stores), user.clone());
            let (ends, moves) = (Arc::clone(&ends), Arc::clone(&moves));
            let mut random = fastrand::Rng::with_seed(writer);
            let moving = moving.clone();
            tokio::spawn(async move {
                let mut revision = 0;
                while !ends.load(Ordering::Relaxed) {
                    revision += 1;
                    let id = *random.choice(&moving).unwrap();
                    let window = random.u64(0..WINDOWS);
                    let now = Timestamp::from_millis(start + window * WINDOW);
                    let store = &stores[usize::try_from(window).unwrap()];
                    // Revisions only grow, whatever the time of the write.
                    let dated = Timestamp::from_millis(start + WINDOWS * WINDOW + revision);
                    if move_to(store, &user, id, now, dated).await {
                        moves.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();

    let mut twice = 0;
    let mut walk = 0_u32;
    // How often writers and walks meet is a matter of chance.
    while walk < 30 || walk < 10_000 && (twice == 0 || moves.load(Ordering::Relaxed) == 0) {
        walk += 1;
        let mut seen = HashSet::new();
        let limit = u8::try_from(walk % 3 + 1).unwrap().try_into().unwrap();
        let mut query = ChangesQuery::since(at(0)).with_limit(limit);
        loop {
            let now = at(0);
            let page = stores[0].changes(&user, &query, now).await.unwrap();
            for change in page.changes {
                let ChangedState::Live(note) = change.state else {
                    panic!("no note was deleted: {change:?}");
                };
                twice += usize::from(!seen.insert(note.id));
            }
            query.position = page.next;
            if query.position.is_none() {
                break;
            }
        }
        let missed: Vec<_> = resting.difference(&seen).collect();
        assert!(missed.is_empty(), "walk {walk}: {missed:?}");
    }
    ends.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let moves = moves.load(Ordering::Relaxed);
    // Or nothing of this would have been tested.
    assert!(
        moves > 0 && twice > 0,
        "{moves} moves, {twice} seen twice in a walk"
    );
}

const ACCEPTED: std::time::Duration = std::time::Duration::from_mins(1);

async fn insert(notes: &DynamoNoteStore, user: &UserId, now: Timestamp) -> NoteId {
    let new = NewNote::new("Milk".parse().unwrap(), "2 litres".parse().unwrap());
    let id = NoteId::generate(now);
    let fingerprint = Fingerprint::of(&new);
    let note = Note::new(user.clone(), id, new.title, new.content);
    let insertion = Insertion::new(note, fingerprint, ACCEPTED);
    let inserted = notes.insert(&insertion, now).await.unwrap();
    assert_eq!(inserted, InsertOutcome::Inserted);
    id
}

/// Whether the note has been written at this time, with a revision that is dated so.
async fn move_to(
    notes: &DynamoNoteStore,
    user: &UserId,
    id: NoteId,
    now: Timestamp,
    dated: Timestamp,
) -> bool {
    let patch = NotePatch::default().with_content(format!("{dated}").parse().unwrap());
    let update = Update::new(
        patch,
        Expected::Any,
        NoteId::generate(dated).into(),
        ACCEPTED,
    );
    match notes.update(user, id, &update, now).await.unwrap() {
        UpdateOutcome::Updated(_) => true,
        // Another writer's revision is greater.
        UpdateOutcome::Stale(_) => false,
        UpdateOutcome::Missing => panic!("no note was deleted"),
    }
}
