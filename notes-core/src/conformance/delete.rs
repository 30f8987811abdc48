//! Clauses of [`NoteStore::delete`](crate::NoteStore::delete).

use futures_util::future::{join, join_all};

use super::Harness;
use super::account::{
    Account, after, foreign, insertion, only, purge_at, retitle, update_of, updated,
};
use crate::{
    DeleteOutcome, Deletion, Expected, InsertOutcome, Note, NoteId, Occupant, Revision,
    StoreErrorKind, Timestamp, UpdateOutcome,
};

async fn assert_stale(account: &Account<'_>, note: &Note, deletion: &Deletion) {
    let outcome = account.delete(note.id, deletion).await;
    assert_eq!(outcome, DeleteOutcome::Stale(Some(note.clone())));
    assert_eq!(account.get(note.id).await.as_ref(), Some(note));
}

async fn assert_missing(account: &Account<'_>, id: NoteId, deletion: &Deletion) {
    for expected in [deletion.expected.clone(), Expected::Any] {
        let deletion = Deletion {
            expected,
            ..deletion.clone()
        };
        let outcome = account.delete(id, &deletion).await;
        assert_eq!(outcome, DeleteOutcome::Missing);
    }
}

/// A deleted note is gone from every read, missing for every write, and its id is spent.
pub async fn makes_a_note_invisible_and_its_id_spent(harness: &dyn Harness) {
    let account = Account::open(harness);
    let (note, other) = (account.put_new().await, account.put_new().await);
    let deletion = account.deletion_of(&note);
    let outcome = account.delete(note.id, &deletion).await;
    assert_eq!(outcome, DeleteOutcome::Deleted);
    assert_eq!(account.get(note.id).await, None);
    assert_eq!(account.notes().await, [other]);
    let update = update_of(&note, retitle("Back"));
    let outcome = account.update(note.id, &update).await;
    assert_eq!(outcome, UpdateOutcome::Missing);
    let outcome = account.insert(&insertion(&note)).await;
    assert_eq!(outcome, InsertOutcome::Taken(Occupant::Spent));
}

/// A note without category or with an end is deleted like any other, and stays deleted after its
/// end.
pub async fn outlasts_the_expiry_of_the_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = Note {
        category: None,
        ..account.new_retained_note()
    };
    account.put(&note).await;
    account.remove(&note).await;
    let later = account.at_millis(account.now.as_millis() + 3_600_000);
    for account in [account, later] {
        assert_eq!(account.get(note.id).await, None);
        assert_eq!(account.notes().await, []);
        let outcome = account.insert(&insertion(&note)).await;
        assert_eq!(outcome, InsertOutcome::Taken(Occupant::Spent));
    }
}

/// The id of a deleted note is spent as long as the deletion asks, also when the note would have
/// ended before.
pub async fn keeps_the_id_spent_as_long_as_asked(harness: &dyn Harness) {
    let account = Account::open(harness);
    for note in [account.new_note(), account.new_note_ending_in(60)] {
        account.put(&note).await;
        let month = 30 * 24 * 60 * 60;
        let deletion = Deletion {
            purge_at: purge_at(note.id, account.now.as_secs() + month),
            ..account.deletion_of(&note)
        };
        let outcome = account.delete(note.id, &deletion).await;
        assert_eq!(outcome, DeleteOutcome::Deleted);
        let later = account.at_millis((deletion.purge_at.as_secs() - 1) * 1_000);
        let outcome = later.insert(&insertion(&note)).await;
        assert_eq!(outcome, InsertOutcome::Taken(Occupant::Spent));
        assert_eq!(later.get(note.id).await, None);
    }
}

/// An id that was never used has nothing to delete, and stays free.
pub async fn finds_an_id_never_used_missing(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note();
    assert_missing(&account, note.id, &account.deletion_of(&note)).await;
    account.put(&note).await;
}

/// From the second of its expiry on a note is missing, and before it is not.
pub async fn finds_an_expired_note_missing(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note_ending_in(60);
    account.put(&note).await;
    let deletion = account.deletion_of(&note);
    let end = (account.now.as_secs() + 60) * 1_000;
    assert_missing(&account.at_millis(end), note.id, &deletion).await;
    let just_before = account.at_millis(end - 1);
    assert_eq!(just_before.get(note.id).await.as_ref(), Some(&note));
    let outcome = just_before.delete(note.id, &deletion).await;
    assert_eq!(outcome, DeleteOutcome::Deleted);
}

/// A note that another deletion removed is missing, whatever that one left.
pub async fn finds_a_note_deleted_by_another_missing(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let first = account.deletion_of(&note);
    account.delete(note.id, &first).await;
    let second = Deletion {
        revision: after(first.revision),
        ..account.deletion_of(&note)
    };
    assert_missing(&account, note.id, &second).await;
    let expecting_the_first = Deletion {
        expected: only(first.revision),
        ..second
    };
    assert_missing(&account, note.id, &expecting_the_first).await;
}

/// A deletion that comes again has happened: `Deleted`.
pub async fn repeated_shows_that_it_has_happened(harness: &dyn Harness) {
    let account = Account::open(harness);
    for note in [account.new_note(), account.new_note_ending_in(60)] {
        account.put(&note).await;
        let deletion = account.deletion_of(&note);
        let unconditional = Deletion {
            expected: Expected::Any,
            ..deletion.clone()
        };
        for deletion in [&deletion, &deletion, &unconditional] {
            let outcome = account.delete(note.id, deletion).await;
            assert_eq!(outcome, DeleteOutcome::Deleted);
        }
        assert_eq!(account.get(note.id).await, None);
        // Later than the note's end, too: what was deleted did not expire.
        let later = account.at_millis(account.now.as_millis() + 120_000);
        let outcome = later.delete(note.id, &deletion).await;
        assert_eq!(outcome, DeleteOutcome::Deleted);
    }
}

/// The note's revision is none of those expected: `Stale`, with the note as it is.
pub async fn refuses_a_foreign_revision(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.put_new().await;
    let update = update_of(&created, retitle("Changed"));
    account.update(created.id, &update).await;
    let note = updated(&created, &update);
    let others = (0..Expected::MAX).map(|_| foreign()).collect();
    for expected in [
        only(created.revision),
        only(foreign()),
        Expected::OneOf(others),
        Expected::OneOf(vec![]),
    ] {
        let deletion = Deletion {
            expected,
            ..account.deletion_of(&note)
        };
        assert_stale(&account, &note, &deletion).await;
    }
}

/// The note's revision is one of those expected, also in the longest list.
pub async fn accepts_one_of_several_revisions(harness: &dyn Harness) {
    let account = Account::open(harness);
    for count in [2, Expected::MAX] {
        let note = account.put_new().await;
        let mut revisions: Vec<_> = (1..count).map(|_| foreign()).collect();
        revisions.push(note.revision);
        let deletion = Deletion {
            expected: Expected::OneOf(revisions),
            ..account.deletion_of(&note)
        };
        let outcome = account.delete(note.id, &deletion).await;
        assert_eq!(outcome, DeleteOutcome::Deleted);
    }
}

/// Revisions only grow: a smaller one never replaces a greater one, even one that is expected.
pub async fn refuses_a_revision_that_does_not_grow(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let a_second_earlier = note.created_at().as_millis() - 1_000;
    let smaller = Revision::generate(Timestamp::from_millis(a_second_earlier));
    for (expected, revision) in [
        (only(note.revision), smaller),
        (Expected::Any, smaller),
        (only(note.revision), note.revision),
        (Expected::Any, note.revision),
    ] {
        let deletion = Deletion {
            expected,
            revision,
            ..account.deletion_of(&note)
        };
        assert_stale(&account, &note, &deletion).await;
    }
}

/// An item that can't be read is not deleted, whatever is expected: `Stale` without a note.
pub async fn refuses_an_item_that_cannot_be_read(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note();
    account.plant_unreadable(note.id).await;
    for expected in [only(note.revision), only(foreign()), Expected::Any] {
        let deletion = Deletion {
            expected,
            ..account.deletion_of(&note)
        };
        let outcome = account.delete(note.id, &deletion).await;
        assert_eq!(outcome, DeleteOutcome::Stale(None));
        let read = account.store().get(&account.user, note.id, account.now);
        let error = read.await.expect_err("the item is as it was");
        assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    }
}

/// Of concurrent deletes and updates that expect one revision exactly one happens; what the others
/// are told is its work.
pub async fn of_concurrent_writes_of_one_revision_exactly_one_wins(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.put_new().await;
    let updates: Vec<_> = (0..10)
        .map(|rival| update_of(&created, retitle(&format!("Rival {rival}"))))
        .collect();
    let deletions: Vec<_> = (0..10).map(|_| account.deletion_of(&created)).collect();
    let (after_deletions, after_updates) = join(
        join_all(deletions.iter().map(|it| account.delete(created.id, it))),
        join_all(updates.iter().map(|it| account.update(created.id, it))),
    )
    .await;
    let deleted = |it: &&_| **it == DeleteOutcome::Deleted;
    let changed = |it: &&_| matches!(it, UpdateOutcome::Updated(_));
    let winners = after_deletions.iter().filter(deleted).count()
        + after_updates.iter().filter(changed).count();
    assert_eq!(winners, 1);
    let left = account.get(created.id).await;
    for outcome in after_deletions {
        match left.clone() {
            None => assert!(!matches!(outcome, DeleteOutcome::Stale(_))),
            note => assert_eq!(outcome, DeleteOutcome::Stale(note)),
        }
    }
    for outcome in after_updates {
        match (outcome, &left) {
            (UpdateOutcome::Missing, None) => {}
            (UpdateOutcome::Updated(told) | UpdateOutcome::Stale(Some(told)), Some(note)) => {
                assert_eq!(told, *note);
            }
            (outcome, left) => panic!("{outcome:?} where {left:?} is left"),
        }
    }
}

/// A repetition of the creation that comes while the note is deleted doesn't bring it back.
pub async fn of_a_note_that_is_created_again_meanwhile_is_final(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let again = insertion(&note);
    let deletion = account.deletion_of(&note);
    let (attempts, outcome) = join(
        join_all((0..10).map(|_| account.insert(&again))),
        account.delete(note.id, &deletion),
    )
    .await;
    assert_eq!(outcome, DeleteOutcome::Deleted);
    let was_there = |it: &InsertOutcome| match it {
        InsertOutcome::Taken(Occupant::Live { note: told, .. }) => *told == note,
        InsertOutcome::Taken(Occupant::Spent) => true,
        _ => false,
    };
    assert!(attempts.iter().all(was_there), "{attempts:?}");
    assert_eq!(account.get(note.id).await, None);
    assert_eq!(account.notes().await, []);
}
