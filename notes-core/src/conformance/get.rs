//! Clauses of [`NoteStore::get`](crate::NoteStore::get).

use super::Harness;
use super::account::{Account, retitle, update_of, updated};
use crate::StoreErrorKind;

/// An id that was never used has no note, whatever is next to it.
pub async fn gives_nothing_for_an_id_never_used(harness: &dyn Harness) {
    let account = Account::open(harness);
    let notes = account.new_notes(5);
    account.put_all(&[notes[1].clone(), notes[3].clone()]).await;
    for index in [0, 2, 4] {
        assert_eq!(account.get(notes[index].id).await, None);
    }
}

/// A read sees every write that was acknowledged before it.
pub async fn sees_every_acknowledged_write(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut note = account.put_new().await;
    assert_eq!(account.get(note.id).await.as_ref(), Some(&note));
    for round in 0..10 {
        let update = update_of(&note, retitle(&format!("Round {round}")));
        account.update(note.id, &update).await;
        note = updated(&note, &update);
        assert_eq!(account.get(note.id).await.as_ref(), Some(&note));
    }
    account.remove(&note).await;
    assert_eq!(account.get(note.id).await, None);
}

/// A deleted note is not there any more.
pub async fn hides_a_deleted_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    account.remove(&note).await;
    assert_eq!(account.get(note.id).await, None);
}

/// A note is there until the last millisecond before its expiry, and not from then on.
pub async fn hides_a_note_from_the_second_of_its_expiry(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note_ending_in(10);
    account.put(&note).await;
    let end = (account.now.as_secs() + 10) * 1_000;
    for (millis, is_there) in [
        (end - 1_000, true),
        (end - 1, true),
        (end, false),
        (end + 999, false),
        (end + 1_000_000_000, false),
    ] {
        let read = account.at_millis(millis).get(note.id).await;
        assert_eq!(read.is_some(), is_there, "at {millis}, its end is {end}");
    }
}

/// An item that can't be read is an error of its own, not a missing note.
pub async fn fails_as_corrupt_for_an_item_that_cannot_be_read(harness: &dyn Harness) {
    let account = Account::open(harness);
    let id = account.new_note().id;
    account.plant_unreadable(id).await;
    let read = account.store().get(&account.user, id, account.now).await;
    let error = read.expect_err("the item can't be read");
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
}
