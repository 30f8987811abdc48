//! Clauses of [`NoteStore::get`](crate::NoteStore::get).

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::Harness;
use super::account::{
    Account, assert_updates, insertion, recontent, retitle, update_of, updated, value,
};
use super::history::{assert_whole_while_changing, long_text};
use super::report::{assert_same, fail};
use super::threads::{BATCH, MOST_POLLS, Rounds, in_time, polled, race};
use crate::note::list_query::ListQuery;
use crate::note::stored::Note;
use crate::store::note_store::{DeleteOutcome, InsertOutcome};
use crate::store::update::UpdateOutcome;

/// An id that was never used has no note, whichever ids next to it have one.
pub async fn returns_nothing_for_an_id_never_used(harness: &dyn Harness) {
    let account = Account::open(harness);
    let notes = account.new_notes(5);
    account.put_all(&[notes[1].clone(), notes[3].clone()]).await;
    for index in [0, 2, 4] {
        assert_same!(account.get(notes[index].id).await, None);
    }
}

/// A read sees every write that was acknowledged before it.
pub async fn sees_every_acknowledged_write(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut note = account.put_new().await;
    assert_same!(account.get(note.id).await.as_ref(), Some(&note));
    for round in 0..10 {
        let update = update_of(&note, retitle(&format!("Round {round}")));
        note = account.change(&note, &update).await;
        assert_same!(account.get(note.id).await.as_ref(), Some(&note));
    }
    account.remove(&note).await;
    assert_same!(account.get(note.id).await, None);
}

/// A deleted note is not there any more.
pub async fn hides_a_deleted_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    account.remove(&note).await;
    assert_same!(account.get(note.id).await, None);
}

/// A note is there until the last millisecond before its expiry, and not from then on.
pub async fn hides_a_note_from_the_second_of_its_expiry(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note_expiring_in(10);
    account.put(&note).await;
    let expiry_millis = (account.now.as_secs() + 10) * 1_000;
    for (millis, is_there) in [
        (expiry_millis - 1_000, true),
        (expiry_millis - 1, true),
        (expiry_millis, false),
        (expiry_millis + 999, false),
        (expiry_millis + 1_000_000_000, false),
    ] {
        let read = account.at_millis(millis).get(note.id).await;
        assert_same!(
            read.is_some(),
            is_there,
            "at {millis}, its expiry is {expiry_millis}"
        );
    }
}

/// An item that can't be read is an error of its own, not a missing note.
pub async fn fails_as_corrupt_for_an_item_that_cannot_be_read(harness: &dyn Harness) {
    for (account, note, kind) in Account::unreadable_items(harness).await {
        account.assert_unreadable(note.id, kind.name).await;
    }
}

/// While a note changes, a read returns a state that it had at one moment: it is never missing or half changed,
/// and shows nothing that was refused and no state from before an acknowledged write.
pub async fn of_a_note_that_changes_returns_whole_states_only(harness: &dyn Harness) {
    assert_whole_while_changing(harness, async |account, created| {
        account.get(created.id).await
    })
    .await;
}

/// A note appears once and as a whole, changes, and disappears once: no reader sees an earlier state after a
/// later one.
pub async fn never_goes_back_in_the_life_of_a_note(harness: &dyn Harness) {
    for _batch in Rounds::new() {
        let account = Account::open(harness);
        let mut lives = Vec::new();
        for created in account.new_notes(BATCH as u64) {
            let created = Note {
                content: value(&long_text("As created")),
                ..created
            };
            let update = update_of(&created, recontent(&long_text("Changed")));
            let changed = updated(&created, &update);
            let insertion = insertion(&created);
            let deletion = account.deletion_of(&changed);
            lives.push(((insertion, update, deletion), created, changed));
        }
        let flags = || lives.iter().map(|_| AtomicBool::new(false));
        let (are_read, are_over): (Vec<_>, Vec<_>) = (flags().collect(), flags().collect());
        race(2, BATCH, async |round: usize, thread: usize| {
            let ((insertion, update, deletion), created, changed) = &lives[round];
            if thread == 0 {
                // Set when this scope ends, also by a panic: the reader waits for it.
                let _is_over = Flag(&are_over[round]);
                while !are_read[round].load(Ordering::Acquire) {
                    thread::yield_now();
                }
                let outcome = account.insert(insertion).await;
                assert_same!(outcome, InsertOutcome::Inserted);
                let outcome = account.update(created.id, update).await;
                assert_same!(outcome, UpdateOutcome::Updated(changed.clone()));
                let outcome = account.delete(created.id, deletion).await;
                assert_same!(outcome, DeleteOutcome::Deleted);
                return;
            }
            let mut phase = 0;
            loop {
                let is_over = are_over[round].load(Ordering::Acquire);
                let seen = {
                    let _is_read = Flag(&are_read[round]);
                    account.get(created.id).await
                };
                let now = match &seen {
                    None if phase == 0 && !is_over => 0,
                    None => 3,
                    Some(note) if note == created => 1,
                    Some(note) if note == changed => 2,
                    Some(_) => {
                        assert_same!(seen.as_ref(), Some(created), "a state that never was");
                        0
                    }
                };
                if now < phase {
                    fail(format_args!("{seen:?} is seen after a later state"));
                }
                phase = now;
                if is_over {
                    assert_same!(seen, None, "the note is deleted");
                    return;
                }
            }
        });
        for (_, created, _) in &lives {
            assert_same!(account.get(created.id).await, None);
        }
    }
}

/// Sets the flag when it is dropped.
struct Flag<'a>(&'a AtomicBool);

impl Drop for Flag<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A read that is dropped at any moment does not block other calls.
pub async fn given_up_at_any_poll_holds_nothing_up(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut note = account.put_new().await;
    let query = ListQuery::default();
    for polls in 0..MOST_POLLS {
        let get = account.store().get(&account.user, note.id, account.now);
        let is_got = polled(polls, get).await.is_some();
        let list = account.store().list(&account.user, &query, account.now);
        let is_listed = polled(polls, list).await.is_some();
        note = in_time(async || {
            let update = update_of(&note, retitle(&format!("After {polls} polls")));
            assert_updates(&account, &note, &update).await
        });
        if is_got && is_listed {
            return;
        }
    }
}
