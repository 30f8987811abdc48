//! Clauses of [`NoteStore::delete`](crate::NoteStore::delete).

use futures_util::future::{join, join_all};

use super::Harness;
use super::account::{
    Account, after, assert_updates, foreign, insertion, none_of, one_of, only,
    ordinals_of_revisions, purge_at, recontent, retitle, revision, taken_by, update_of, updated,
    value,
};
use super::history::{long_note, nth_update};
use super::report::{assert_same, called, fail};
use super::threads::{BATCH, MOST_POLLS, Rounds, in_time, polled, race, racers};
use crate::note::stored::Note;
use crate::store::note_store::{DeleteOutcome, Deletion, InsertOutcome, Occupant};
use crate::store::update::{Expected, Update, UpdateOutcome};
use crate::value::note_id::NoteId;
use crate::value::revision::Revision;
use crate::value::revisions::Revisions;
use crate::value::timestamp::Timestamp;

/// Asserts that the deletion is `Stale` and leaves the note as it is.
#[track_caller]
fn assert_stale(
    account: &Account<'_>,
    note: &Note,
    deletion: &Deletion,
) -> impl Future<Output = ()> {
    called(async move {
        let outcome = account.delete(note.id, deletion).await;
        assert_same!(outcome, DeleteOutcome::Stale(Some(note.clone())));
        assert_same!(account.get(note.id).await.as_ref(), Some(note));
    })
}

/// Asserts that the deletion is `Missing`, whatever revision it expects.
#[track_caller]
fn assert_missing(
    account: &Account<'_>,
    id: NoteId,
    deletion: &Deletion,
) -> impl Future<Output = ()> {
    called(async move {
        for expected in [
            deletion.expected.clone(),
            Expected::Any,
            none_of(vec![foreign()]),
        ] {
            let deletion = Deletion {
                expected,
                ..deletion.clone()
            };
            let outcome = account.delete(id, &deletion).await;
            assert_same!(outcome, DeleteOutcome::Missing);
        }
    })
}

/// A deleted note is in no read, missing for every write, and its id is spent.
pub async fn makes_a_note_invisible_and_its_id_spent(harness: &dyn Harness) {
    let account = Account::open(harness);
    let (note, other) = (account.put_new().await, account.put_new().await);
    let deletion = account.deletion_of(&note);
    let outcome = account.delete(note.id, &deletion).await;
    assert_same!(outcome, DeleteOutcome::Deleted);
    assert_same!(account.get(note.id).await, None);
    assert_same!(account.notes().await, [other]);
    let update = update_of(&note, retitle("Back"));
    let outcome = account.update(note.id, &update).await;
    assert_same!(outcome, UpdateOutcome::Missing);
    let outcome = account.insert(&insertion(&note)).await;
    assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
}

/// A note without a category or with an expiry is deleted like any other, and stays deleted after its expiry.
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
        assert_same!(account.get(note.id).await, None);
        assert_same!(account.notes().await, []);
        let outcome = account.insert(&insertion(&note)).await;
        assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
    }
}

/// The id of a deleted note stays spent for as long as the deletion says, even if the note would have expired
/// earlier.
pub async fn keeps_the_id_spent_as_long_as_asked(harness: &dyn Harness) {
    let account = Account::open(harness);
    for note in [account.new_note(), account.new_note_expiring_in(60)] {
        account.put(&note).await;
        let month = 30 * 24 * 60 * 60;
        let deletion = Deletion {
            purge_at: purge_at(note.id, account.now.as_secs() + month),
            ..account.deletion_of(&note)
        };
        let outcome = account.delete(note.id, &deletion).await;
        assert_same!(outcome, DeleteOutcome::Deleted);
        let later = account.at_millis((deletion.purge_at.as_secs() - 1) * 1_000);
        let outcome = later.insert(&insertion(&note)).await;
        assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
        assert_same!(later.get(note.id).await, None);
    }
}

/// An id that was never used has no note to delete, and stays free.
pub async fn finds_an_id_never_used_missing(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note();
    assert_missing(&account, note.id, &account.deletion_of(&note)).await;
    account.put(&note).await;
}

/// From the second of its expiry on a note is missing, and not before.
pub async fn finds_an_expired_note_missing(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note_expiring_in(60);
    account.put(&note).await;
    let deletion = account.deletion_of(&note);
    let expiry_millis = (account.now.as_secs() + 60) * 1_000;
    assert_missing(&account.at_millis(expiry_millis), note.id, &deletion).await;
    let just_before = account.at_millis(expiry_millis - 1);
    assert_same!(just_before.get(note.id).await.as_ref(), Some(&note));
    let outcome = just_before.delete(note.id, &deletion).await;
    assert_same!(outcome, DeleteOutcome::Deleted);
}

/// A note that another deletion has removed is missing, whatever that deletion has left in the store.
pub async fn finds_a_note_deleted_by_another_missing(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let first = account.deletion_of(&note);
    let outcome = account.delete(note.id, &first).await;
    assert_same!(outcome, DeleteOutcome::Deleted);
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

/// A repeated deletion is `Deleted`, since it has happened.
pub async fn repeated_shows_that_it_has_happened(harness: &dyn Harness) {
    let account = Account::open(harness);
    for note in [account.new_note(), account.new_note_expiring_in(60)] {
        account.put(&note).await;
        let deletion = account.deletion_of(&note);
        let unconditional = Deletion {
            expected: Expected::Any,
            ..deletion.clone()
        };
        for deletion in [&deletion, &deletion, &unconditional] {
            let outcome = account.delete(note.id, deletion).await;
            assert_same!(outcome, DeleteOutcome::Deleted);
        }
        assert_same!(account.get(note.id).await, None);
        // Also after the note's expiry: a deleted note does not expire.
        let later = account.at_millis(account.now.as_millis() + 120_000);
        let outcome = later.delete(note.id, &deletion).await;
        assert_same!(outcome, DeleteOutcome::Deleted);
    }
}

/// The note's revision is none of those expected: `Stale`, with the note as it is.
pub async fn refuses_a_foreign_revision(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.put_new().await;
    let update = update_of(&created, retitle("Changed"));
    let note = account.change(&created, &update).await;
    let others = (0..Revisions::MAX).map(|_| foreign()).collect();
    for expected in [
        only(created.revision),
        only(foreign()),
        one_of(others),
        Expected::OneOf(Revisions::EMPTY),
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
    for count in [2, Revisions::MAX] {
        let note = account.put_new().await;
        let mut revisions: Vec<_> = (1..count).map(|_| foreign()).collect();
        revisions.push(note.revision);
        let deletion = Deletion {
            expected: one_of(revisions),
            ..account.deletion_of(&note)
        };
        let outcome = account.delete(note.id, &deletion).await;
        assert_same!(outcome, DeleteOutcome::Deleted);
    }
}

/// The note's revision may be any except those in the list, which has at most [`Revisions::MAX`] revisions or
/// none.
pub async fn accepts_any_revision_but_those_named(harness: &dyn Harness) {
    let account = Account::open(harness);
    let others: Vec<_> = (1..Revisions::MAX).map(|_| foreign()).collect();
    for accepted in [vec![], vec![foreign()], others.clone()] {
        let note = account.put_new().await;
        let but = |revisions| Deletion {
            expected: none_of(revisions),
            ..account.deletion_of(&note)
        };
        for place in [0, 1, others.len()] {
            let mut named = others.clone();
            named.insert(place, note.revision);
            assert_stale(&account, &note, &but(named)).await;
            assert_stale(&account, &note, &but(vec![note.revision])).await;
        }
        let deletion = but(accepted);
        for _ in 0..2 {
            let outcome = account.delete(note.id, &deletion).await;
            assert_same!(outcome, DeleteOutcome::Deleted);
        }
        assert_same!(account.get(note.id).await, None);
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

/// An unreadable item is not deleted, whatever is expected: `Stale` without a note. One with a value of the right
/// type and size that breaks another rule may be `Deleted`, and is gone then.
pub async fn refuses_an_item_that_cannot_be_read(harness: &dyn Harness) {
    for (account, note, kind) in Account::unreadable_items(harness).await {
        for expected in [only(foreign()), only(note.revision), Expected::Any] {
            let deletion = Deletion {
                expected,
                ..account.deletion_of(&note)
            };
            let outcome = account.delete(note.id, &deletion).await;
            if outcome == DeleteOutcome::Deleted && !kind.writes_see_it {
                assert_same!(account.get(note.id).await, None, "{}", kind.name);
                let outcome = account.insert(&insertion(&note)).await;
                let spent = InsertOutcome::Taken(Occupant::Spent);
                assert_same!(outcome, spent, "{}", kind.name);
                break;
            }
            assert_same!(outcome, DeleteOutcome::Stale(None), "{}", kind.name);
            account.assert_unreadable(note.id, kind.name).await;
        }
    }
}

/// Of concurrent deletes and updates that expect one revision exactly one succeeds; the outcomes of the others
/// show what it did.
pub async fn of_concurrent_writes_of_one_revision_exactly_one_wins(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.put_new().await;
    let updates: Vec<_> = (0..10)
        .map(|rival| update_of(&created, retitle(&format!("Rival {rival}"))))
        .collect();
    let deletions: Vec<_> = (0..10).map(|_| account.deletion_of(&created)).collect();
    let (after_deletions, after_updates) = join(
        join_all(
            deletions
                .iter()
                .map(|deletion| account.delete(created.id, deletion)),
        ),
        join_all(
            updates
                .iter()
                .map(|update| account.update(created.id, update)),
        ),
    )
    .await;
    let deleted = |outcome: &&_| **outcome == DeleteOutcome::Deleted;
    let changed = |outcome: &&_| matches!(outcome, UpdateOutcome::Updated(_));
    let winners = after_deletions.iter().filter(deleted).count()
        + after_updates.iter().filter(changed).count();
    assert_same!(winners, 1);
    let left = account.get(created.id).await;
    for outcome in after_deletions {
        match left.clone() {
            None => assert!(!matches!(outcome, DeleteOutcome::Stale(_))),
            note => assert_same!(outcome, DeleteOutcome::Stale(note)),
        }
    }
    for outcome in after_updates {
        match (outcome, &left) {
            (UpdateOutcome::Missing, None) => {}
            (UpdateOutcome::Updated(told) | UpdateOutcome::Stale(Some(told)), Some(note)) => {
                assert_same!(told, *note);
            }
            (outcome, left) => panic!("{outcome:?} where {left:?} is left"),
        }
    }
}

/// A repeated creation during the deletion does not bring the note back.
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
    assert_same!(outcome, DeleteOutcome::Deleted);
    let was_there = |outcome: &InsertOutcome| match outcome {
        InsertOutcome::Taken(Occupant::Live { note: told, .. }) => *told == note,
        InsertOutcome::Taken(Occupant::Spent) => true,
        _ => false,
    };
    assert!(attempts.iter().all(was_there), "{attempts:?}");
    assert_same!(account.get(note.id).await, None);
    assert_same!(account.notes().await, []);
}

/// Nothing that is stored under the id of a deleted note contains its texts.
pub async fn leaves_no_text_of_the_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    for is_retained in [true, false] {
        let note = Note {
            title: value("Quince marmalade"),
            content: value("three pounds of quinces"),
            category: Some(value("larder")),
            ..if is_retained {
                account.new_retained_note()
            } else {
                account.new_note()
            }
        };
        account.put(&note).await;
        let update = update_of(&note, recontent("four pounds of quinces"));
        account.change(&note, &update).await;
        let stored = account.stored_text(note.id).await;
        // The texts must be found before the deletion, or the search would prove nothing.
        for text in ["Quince marmalade", "four pounds of quinces", "larder"] {
            assert!(
                stored.contains(text),
                "{text} is stored, but not in {stored:?}"
            );
        }
        account.remove(&updated(&note, &update)).await;
        let stored = account.stored_text(note.id).await;
        for text in ["Quince", "pounds of quinces", "larder"] {
            assert!(!stored.contains(text), "{text} is still in {stored:?}");
        }
    }
}

/// The ids of all deleted notes stay spent, however many notes are deleted.
pub async fn keeps_ids_spent_however_many_are_deleted(harness: &dyn Harness) {
    let account = Account::open(harness);
    let notes = account.new_notes(300);
    account.put_all(&notes).await;
    account.remove_all(&notes).await;
    for note in &notes {
        let outcome = account.insert(&insertion(note)).await;
        assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
    }
    assert_same!(account.notes().await, []);
}

/// Revisions are compared in all their bits, for equality and for order.
pub async fn compares_revisions_to_the_last_bit(harness: &dyn Harness) {
    for ordinal in ordinals_of_revisions(Timestamp::now()) {
        let account = Account::open(harness);
        let created = account.put_new().await;
        let [below, this, next, beyond] =
            [ordinal - 1, ordinal, ordinal + 1, ordinal + 2].map(revision);
        let update = Update {
            expected: Expected::Any,
            revision: this,
            ..update_of(&created, retitle("Changed"))
        };
        let note = assert_updates(&account, &created, &update).await;
        let to = |expected, revision| Deletion {
            expected,
            revision,
            ..account.deletion_of(&note)
        };
        for (expected, revision) in [
            (Expected::Any, below),
            (only(this), below),
            (only(below), next),
            (only(next), beyond),
            (one_of(vec![below, next]), beyond),
        ] {
            assert_stale(&account, &note, &to(expected, revision)).await;
        }
        let outcome = account.delete(note.id, &to(only(this), next)).await;
        assert_same!(outcome, DeleteOutcome::Deleted);
        for (revision, expected) in [
            (this, DeleteOutcome::Missing),
            (beyond, DeleteOutcome::Missing),
            (next, DeleteOutcome::Deleted),
        ] {
            let outcome = account.delete(note.id, &to(Expected::Any, revision)).await;
            assert_same!(outcome, expected);
        }
    }
}

/// A deletion that is dropped at any moment has happened or has not, and does not block other calls.
pub async fn given_up_at_any_poll_has_happened_or_not(harness: &dyn Harness) {
    for polls in 0..MOST_POLLS {
        let account = Account::open(harness);
        let note = account.new_retained_note();
        account.put(&note).await;
        let deletion = account.deletion_of(&note);
        let attempt = account
            .store()
            .delete(&account.user, note.id, &deletion, account.now);
        let is_done = polled(polls, attempt).await.is_some();
        in_time(async || {
            let seen = account.get(note.id).await;
            if seen.is_some() {
                assert_same!(seen, Some(note.clone()), "after {polls} polls");
            }
            let listed = account.notes().await;
            if seen.is_none() || !listed.is_empty() {
                let left: &[Note] = seen.as_slice();
                assert_same!(listed, left, "after {polls} polls");
            }
            // The id is live or spent, but never free.
            match account.insert(&insertion(&note)).await {
                InsertOutcome::Taken(Occupant::Spent) => {}
                outcome => assert_same!(outcome, taken_by(&note, &note), "after {polls} polls"),
            }
            let outcome = account.delete(note.id, &deletion).await;
            assert_same!(outcome, DeleteOutcome::Deleted, "after {polls} polls");
            assert_same!(account.get(note.id).await, None);
            assert_same!(account.notes().await, []);
            let outcome = account.insert(&insertion(&note)).await;
            assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
        });
        if is_done {
            return;
        }
    }
}

/// What one thread of a race did.
enum Done {
    Update(Update, UpdateOutcome),
    Delete(Deletion, DeleteOutcome),
}

/// Of deletes and updates of one revision by several threads exactly one succeeds; the outcomes of the others show
/// what it did.
pub async fn of_writes_of_one_revision_by_threads_exactly_one_wins(harness: &dyn Harness) {
    race_to_delete(|| vec![Account::open(harness)]).await;
}

/// Each thread has one of the accounts.
#[track_caller]
pub(super) fn race_to_delete<'a>(
    accounts: impl Fn() -> Vec<Account<'a>>,
) -> impl Future<Output = ()> {
    called(async move {
        let threads = racers();
        for _batch in Rounds::new() {
            let accounts = accounts();
            let account = &accounts[0];
            let created: Vec<_> = (0..BATCH).map(|_| long_note(account)).collect();
            account.put_all(&created).await;
            let mut writes: Vec<Vec<_>> = Vec::new();
            for (round, note) in created.iter().enumerate() {
                let of_thread = |thread| {
                    let mut deletion = account.deletion_of(note);
                    if round % 6 == 0 {
                        deletion.expected = Expected::Any;
                    }
                    let deletes = thread == 0 || round % 3 == 0;
                    (deletes, deletion, nth_update(account, note, round))
                };
                writes.push((0..threads).map(of_thread).collect());
            }
            let outcomes = race(threads, BATCH, async |round: usize, thread: usize| {
                let account = &accounts[thread % accounts.len()];
                let id = created[round].id;
                let (deletes, deletion, update) = &writes[round][thread];
                if *deletes {
                    let outcome = account.delete(id, deletion).await;
                    return Done::Delete(deletion.clone(), outcome);
                }
                let outcome = account.update(id, update).await;
                Done::Update(update.clone(), outcome)
            });
            for (created, done) in created.iter().zip(outcomes) {
                assert_one_has_won(account, created, &done).await;
            }
        }
    })
}

/// Asserts that exactly one of the writes of a race has succeeded, and that the others were refused by its result.
#[track_caller]
fn assert_one_has_won(
    account: &Account<'_>,
    created: &Note,
    done: &[Done],
) -> impl Future<Output = ()> {
    called(async move {
        let has_won = |done: &&Done| match done {
            Done::Update(_, outcome) => matches!(outcome, UpdateOutcome::Updated(_)),
            Done::Delete(_, outcome) => *outcome == DeleteOutcome::Deleted,
        };
        let winners: Vec<_> = done.iter().filter(has_won).collect();
        assert_same!(winners.len(), 1, "winners");
        let left = match winners[0] {
            Done::Update(update, _) => Some(updated(created, update)),
            Done::Delete(deletion, _) => {
                let again = account.delete(created.id, deletion).await;
                assert_same!(again, DeleteOutcome::Deleted, "the winner, repeated");
                None
            }
        };
        assert_same!(account.get(created.id).await, left);
        for done in done {
            match (done, left.clone()) {
                (
                    Done::Update(_, UpdateOutcome::Missing)
                    | Done::Delete(_, DeleteOutcome::Missing | DeleteOutcome::Deleted),
                    None,
                ) => {}
                (Done::Update(_, UpdateOutcome::Updated(told)), Some(note)) => {
                    assert_same!(*told, note);
                }
                (
                    Done::Update(_, UpdateOutcome::Stale(told))
                    | Done::Delete(_, DeleteOutcome::Stale(told)),
                    note @ Some(_),
                ) => {
                    assert_same!(*told, note);
                }
                (Done::Update(_, outcome), _) => fail(format_args!("{outcome:?}")),
                (Done::Delete(_, outcome), _) => fail(format_args!("{outcome:?}")),
            }
        }
    })
}

/// Updates by other threads during the deletion do not bring the note back.
pub async fn of_a_note_that_threads_change_is_final(harness: &dyn Harness) {
    let threads = racers();
    for _batch in Rounds::new() {
        let account = Account::open(harness);
        let created: Vec<_> = (0..BATCH).map(|_| long_note(&account)).collect();
        account.put_all(&created).await;
        let (mut deletions, mut updates) = (Vec::new(), Vec::new());
        for note in &created {
            deletions.push(account.deletion_of_any(note));
            let mut last = note.revision;
            let next = |number| {
                last = after(last);
                Update {
                    expected: Expected::Any,
                    revision: last,
                    ..nth_update(&account, note, number)
                }
            };
            updates.push((0..10).map(next).collect::<Vec<_>>());
        }
        race(threads, BATCH, async |round: usize, thread: usize| {
            let id = created[round].id;
            if thread == 0 {
                let outcome = account.delete(id, &deletions[round]).await;
                assert_same!(outcome, DeleteOutcome::Deleted);
                return;
            }
            for update in &updates[round] {
                match account.update(id, update).await {
                    UpdateOutcome::Missing => return,
                    // Another thread may have made this update, or a later one.
                    UpdateOutcome::Updated(_) | UpdateOutcome::Stale(Some(_)) => {}
                    outcome @ UpdateOutcome::Stale(None) => fail(format_args!("{outcome:?}")),
                }
            }
        });
        for note in &created {
            assert_same!(account.get(note.id).await, None);
            let outcome = account.insert(&insertion(note)).await;
            assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
        }
        assert_same!(account.notes().await, []);
    }
}

/// Repeated creations by other threads during the deletion do not bring the note back.
pub async fn of_a_note_that_threads_create_again_is_final(harness: &dyn Harness) {
    let threads = racers();
    for _batch in Rounds::new() {
        let account = Account::open(harness);
        let created: Vec<_> = (0..BATCH).map(|_| long_note(&account)).collect();
        account.put_all(&created).await;
        let again: Vec<_> = created.iter().map(insertion).collect();
        let deletions = created.iter().map(|note| account.deletion_of_any(note));
        let deletions: Vec<_> = deletions.collect();
        let told: Vec<_> = created.iter().map(|note| taken_by(note, note)).collect();
        race(threads, BATCH, async |round: usize, thread: usize| {
            if thread == 0 {
                let outcome = account.delete(created[round].id, &deletions[round]).await;
                assert_same!(outcome, DeleteOutcome::Deleted);
                return;
            }
            for _ in 0..10 {
                let outcome = account.insert(&again[round]).await;
                if outcome == InsertOutcome::Taken(Occupant::Spent) {
                    return;
                }
                assert_same!(outcome, told[round]);
            }
        });
        for note in &created {
            assert_same!(account.get(note.id).await, None);
            let outcome = account.insert(&insertion(note)).await;
            assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
        }
        assert_same!(account.notes().await, []);
    }
}
