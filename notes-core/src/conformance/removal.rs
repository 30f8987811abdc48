//! Clauses on the physical removal of items, which must not happen before their [`PurgeAt`](crate::PurgeAt) and may
//! happen any time after it. The cases trigger it with [`Harness::sweep`].

use super::Harness;
use super::account::{
    Account, assert_updates, clear_all, expiry, insertion, purge_at, recontent, renewal, retitle,
    until, update_of, without_expiry,
};
use super::report::{assert_same, called};
use crate::note::stored::Note;
use crate::store::note_store::{DeleteOutcome, Deletion, InsertOutcome, Occupant};
use crate::store::update::{Expected, Update};
use crate::value::expires::Expires;
use crate::value::timestamp::Timestamp;

const DAY: u64 = 24 * 60 * 60;

/// Asserts that the note is still there after a removal at the given time.
#[track_caller]
fn assert_outlasts(account: &Account<'_>, note: &Note, secs: u64) -> impl Future<Output = ()> {
    called(async move {
        let later = account.at_millis(secs * 1_000);
        later.sweep().await;
        later.assert_is(note).await;
    })
}

/// Asserts that the id is still spent after a removal at the given time.
#[track_caller]
fn assert_spent(account: &Account<'_>, note: &Note, secs: u64) -> impl Future<Output = ()> {
    called(async move {
        let later = account.at_millis(secs * 1_000);
        later.sweep().await;
        let outcome = later.insert(&insertion(note)).await;
        assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
        assert_same!(later.get(note.id).await, None);
    })
}

/// Asserts that, whatever is removed at these times, the note is there until its expiry, and its id stays spent until
/// its `purge_at`.
#[track_caller]
fn assert_lasts_until(
    account: &Account<'_>,
    note: &Note,
    expiry_secs: u64,
) -> impl Future<Output = ()> {
    called(async move {
        assert_outlasts(account, note, expiry_secs - 1).await;
        assert_spent(account, note, expiry_secs).await;
        let purge_at = purge_at(note.id, expiry_secs);
        assert_spent(account, note, purge_at.as_secs() - 1).await;
    })
}

/// A note without an expiry is never removed.
pub async fn spares_a_note_that_does_not_expire(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let note = assert_updates(&account, &note, &update_of(&note, retitle("Changed"))).await;
    for secs in [account.now.as_secs() + 400 * DAY, Timestamp::MAX.as_secs()] {
        assert_outlasts(&account, &note, secs).await;
    }
}

/// A note is there until its expiry, and its id stays spent until its `purge_at`.
pub async fn waits_for_the_time_that_was_asked_for(harness: &dyn Harness) {
    for days in [0, 1, 30] {
        let account = Account::open(harness);
        let note = account.new_note_expiring_in(300 + days * DAY);
        account.put(&note).await;
        let expiry_secs = account.now.as_secs() + 300 + days * DAY;
        assert_lasts_until(&account, &note, expiry_secs).await;
    }
}

/// A note whose expiry is moved by its author is removed by the new expiry.
pub async fn waits_for_the_expiry_that_the_author_has_moved(harness: &dyn Harness) {
    for days in [1, 30] {
        let account = Account::open(harness);
        let note = account.new_note_expiring_in(300);
        account.put(&note).await;
        let expiry_secs = account.now.as_secs() + days * DAY;
        let update = Update {
            expected: Expected::Any,
            ..update_of(&note, until(expiry(expiry_secs)))
        };
        let note = assert_updates(&account, &note, &update).await;
        assert_lasts_until(&account, &note, expiry_secs).await;
    }
}

/// A note that gets an expiry from its author is not removed before that.
pub async fn waits_for_the_expiry_of_a_note_that_had_none(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let expiry_secs = account.now.as_secs() + 30 * DAY;
    let note = assert_updates(
        &account,
        &note,
        &update_of(&note, until(expiry(expiry_secs))),
    )
    .await;
    assert_lasts_until(&account, &note, expiry_secs).await;
}

/// A note that is renewed is removed by its new expiry.
pub async fn waits_for_the_expiry_that_a_renewal_has_moved(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.new_retained_note();
    account.put(&created).await;
    let mut note = created;
    for days in [20, 40] {
        let renewal = renewal(&note, account.expiry_in(days * DAY));
        note = assert_updates(&account, &note, &renewal).await;
    }
    let expiry_secs = account.now.as_secs() + 40 * DAY;
    assert_outlasts(&account, &note, expiry_secs - 20 * DAY).await;
    assert_lasts_until(&account, &note, expiry_secs).await;
}

/// A note whose expiry is removed never expires, and is never removed physically.
pub async fn spares_a_note_whose_expiry_was_removed(harness: &dyn Harness) {
    for expires in [Expires::Retained, Expires::Chosen] {
        for patch in [without_expiry(), clear_all()] {
            let account = Account::open(harness);
            let note = Note {
                expires: expires(account.expiry_in(3_600)),
                ..account.new_note()
            };
            account.put(&note).await;
            let note = assert_updates(&account, &note, &update_of(&note, patch)).await;
            let note = assert_updates(&account, &note, &update_of(&note, retitle("Later"))).await;
            for days in [1, 30, 400] {
                assert_outlasts(&account, &note, account.now.as_secs() + days * DAY).await;
            }
        }
    }
}

/// A change that does not mention the expiry leaves the time of removal as it is.
pub async fn is_not_moved_by_a_change_of_other_fields(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note_expiring_in(30 * DAY);
    account.put(&note).await;
    let note = assert_updates(&account, &note, &update_of(&note, recontent("changed"))).await;
    let expiry_secs = account.now.as_secs() + 30 * DAY;
    assert_lasts_until(&account, &note, expiry_secs).await;
}

/// The id of a deleted note stays spent for as long as the deletion says, whenever the note would have expired.
pub async fn waits_as_long_as_a_deletion_asks(harness: &dyn Harness) {
    let account = Account::open(harness);
    for note in [
        account.new_note(),
        account.new_note_expiring_in(300),
        account.new_note_expiring_in(90 * DAY),
        account.new_retained_note(),
    ] {
        account.put(&note).await;
        let deletion = Deletion {
            purge_at: purge_at(note.id, account.now.as_secs() + 30 * DAY),
            ..account.deletion_of(&note)
        };
        let outcome = account.delete(note.id, &deletion).await;
        assert_same!(outcome, DeleteOutcome::Deleted);
        assert_spent(&account, &note, account.now.as_secs() + DAY).await;
        assert_spent(&account, &note, deletion.purge_at.as_secs() - 1).await;
    }
}
