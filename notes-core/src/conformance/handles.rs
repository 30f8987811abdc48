//! Clauses on several handles to the same data, as several processes have them: caches and locks of one handle
//! are unknown to the other.

use std::num::NonZeroU32;

use super::Harness;
use super::account::{
    Account, assert_stale, assert_updates, clear_all, insertion, only, recategorise, recontent,
    retitle, taken_by, update_of,
};
use super::delete::race_to_delete;
use super::insert::race_for_one_id;
use super::purge::purge_all;
use super::report::assert_same;
use super::update::{race_for_one_revision, race_to_update};
use crate::store::note_store::{DeleteOutcome, Deletion, InsertOutcome, Occupant};
use crate::store::update::{Expected, Update, UpdateOutcome};

/// One user through two handles.
fn by_two_handles(harness: &dyn Harness) -> Vec<Account<'_>> {
    let account = Account::open(harness);
    let other = account.by_the_other_handle();
    vec![account, other]
}

/// A write acknowledged to one handle is seen by the other at once, whatever that one has read before.
pub async fn see_every_write_acknowledged_to_another(harness: &dyn Harness) {
    let accounts = by_two_handles(harness);
    let [one, other] = [&accounts[0], &accounts[1]];
    let created = one.new_note_expiring_in(90_000);
    // Both read before there is anything, so that a cache could remember that.
    for account in [one, other] {
        assert_same!(account.get(created.id).await, None);
        assert_same!(account.notes().await, []);
    }
    one.put(&created).await;
    other.assert_is(&created).await;
    one.assert_is(&created).await;
    let again = other.insert(&insertion(&created)).await;
    assert_same!(again, taken_by(&created, &created));

    let mut note = created.clone();
    for (round, patch) in [
        retitle("Changed"),
        recontent("changed"),
        recategorise("changed"),
        clear_all(),
        retitle("Changed again"),
    ]
    .into_iter()
    .enumerate()
    {
        let (writer, reader) = if round % 2 == 0 {
            (one, other)
        } else {
            (other, one)
        };
        let update = update_of(&note, patch);
        let changed = assert_updates(writer, &note, &update).await;
        reader.assert_is(&changed).await;
        let again = reader.insert(&insertion(&created)).await;
        assert_same!(again, taken_by(&changed, &created));
        // The same update again through the other handle, and one that expects the revision before it.
        let repeated = reader.update(note.id, &update).await;
        assert_same!(repeated, UpdateOutcome::Updated(changed.clone()));
        let late = Update {
            expected: only(note.revision),
            ..update_of(&changed, retitle("Late"))
        };
        assert_stale(reader, &changed, &late).await;
        note = changed;
    }

    let deletion = Deletion {
        expected: Expected::Any,
        ..one.deletion_of(&note)
    };
    let outcome = one.delete(note.id, &deletion).await;
    assert_same!(outcome, DeleteOutcome::Deleted);
    for account in [other, one] {
        assert_same!(account.get(note.id).await, None);
        assert_same!(account.notes().await, []);
        let update = update_of(&note, retitle("Back"));
        let outcome = account.update(note.id, &update).await;
        assert_same!(outcome, UpdateOutcome::Missing);
        let outcome = account.insert(&insertion(&created)).await;
        assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
        let again = account.delete(note.id, &deletion).await;
        assert_same!(again, DeleteOutcome::Deleted);
    }
}

/// An update that replaces any revision changes the note as it is now, not as its handle has last seen it, and
/// returns that note.
pub async fn change_the_note_as_it_is(harness: &dyn Harness) {
    let accounts = by_two_handles(harness);
    let [one, other] = [&accounts[0], &accounts[1]];
    let mut note = one.put_new().await;
    for (round, patch) in [
        retitle("Changed"),
        recontent("changed"),
        recategorise("changed"),
        retitle("Changed again"),
        clear_all(),
        recontent("changed again"),
    ]
    .into_iter()
    .enumerate()
    {
        let update = Update {
            expected: Expected::Any,
            ..update_of(&note, patch)
        };
        // Each handle writes twice in a row: the second time, the last write that it knows is the last of all.
        let writer = accounts.iter().cycle().nth(round / 2).unwrap_or(one);
        note = assert_updates(writer, &note, &update).await;
    }
    one.assert_is(&note).await;
    other.assert_is(&note).await;
}

/// A purge through one handle is seen by the other, which can use the ids again.
pub async fn see_what_another_has_purged(harness: &dyn Harness) {
    let accounts = by_two_handles(harness);
    let [one, other] = [&accounts[0], &accounts[1]];
    let notes = one.new_notes(3);
    one.put_all(&notes).await;
    other.remove(&notes[1]).await;
    for account in [one, other] {
        assert_same!(account.notes().await.len(), 2);
    }
    assert_same!(purge_all(one, NonZeroU32::MIN.get()).await, 3);
    for account in [other, one] {
        assert_same!(account.notes().await, []);
        for note in &notes {
            assert_same!(account.get(note.id).await, None);
        }
    }
    other.put_all(&notes).await;
    one.assert_all(&notes).await;
}

/// Of inserts of one id by several handles exactly one is `Inserted`.
pub async fn of_inserts_of_one_id_exactly_one_wins(harness: &dyn Harness) {
    race_for_one_id(|| by_two_handles(harness)).await;
}

/// Of updates of one revision by several handles exactly one is `Updated`.
pub async fn of_updates_of_one_revision_exactly_one_wins(harness: &dyn Harness) {
    race_for_one_revision(|| by_two_handles(harness)).await;
}

/// Each update through one of several handles returns exactly the note that it made, or that it was refused by.
pub async fn of_updates_each_is_told_what_happened(harness: &dyn Harness) {
    race_to_update(|| by_two_handles(harness)).await;
}

/// Of deletes and updates of one revision by several handles exactly one happens.
pub async fn of_writes_of_one_revision_exactly_one_wins(harness: &dyn Harness) {
    race_to_delete(|| by_two_handles(harness)).await;
}
