//! Clauses of [`NoteStore::purge`](crate::NoteStore::purge).

use std::num::NonZeroU32;

use super::Harness;
use super::account::{Account, insertion};
use super::report::{assert_same, called, expect_success, fail};
use super::threads::{BATCH, MOST_POLLS, Rounds, in_time, polled, race};
use crate::note::stored::Note;
use crate::store::note_store::{InsertOutcome, Purged};
use crate::value::expires::Expires;

/// The most calls that may be needed to remove a case's few items: a purge that never ends has to fail the case,
/// not hang it.
const MOST_CALLS: usize = 1_000;

#[track_caller]
fn purge(account: &Account<'_>, budget: u32) -> impl Future<Output = Purged> {
    called(async move {
        let budget = NonZeroU32::new(budget).expect("a budget");
        let purged = account.store().purge(&account.user, budget).await;
        expect_success("purge", purged)
    })
}

/// Purges until nothing is left, and returns the number of items removed.
#[track_caller]
pub(super) fn purge_all(account: &Account<'_>, budget: u32) -> impl Future<Output = u32> {
    called(async move {
        let mut removed = 0;
        for _ in 0..MOST_CALLS {
            let purged = purge(account, budget).await;
            if purged.removed > budget {
                fail("more than the budget");
            }
            removed += purged.removed;
            if !purged.more {
                return removed;
            }
            if purged.removed == 0 {
                fail("no progress");
            }
        }
        fail(format_args!("still more after {MOST_CALLS} calls"))
    })
}

/// A user without items has nothing to remove.
pub async fn of_a_user_without_items_removes_nothing(harness: &dyn Harness) {
    let account = Account::open(harness);
    let nothing = Purged {
        removed: 0,
        more: false,
    };
    assert_same!(purge(&account, 100).await, nothing);
}

/// Removes live, deleted, expired and unreadable items alike, and frees their ids.
pub async fn removes_items_whatever_their_state(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut notes = account.new_notes(4);
    notes[2].expires = Expires::Chosen(account.expiry_in(0));
    account.put_all(&notes[..3]).await;
    account.remove(&notes[1]).await;
    account.plant_unreadable(notes[3].id).await;
    assert_same!(purge_all(&account, 100).await, 4);
    let again: Vec<Note> = notes.iter().map(|note| account.note(note.id)).collect();
    account.put_all(&again).await;
    account.assert_all(&again).await;
}

/// After a purge, reads no longer find an unreadable item either.
pub async fn removes_an_item_that_cannot_be_read(harness: &dyn Harness) {
    for (account, note, kind) in Account::unreadable_items(harness).await {
        account.assert_unreadable(note.id, kind.name).await;
        assert_same!(purge_all(&account, 1).await, 1, "{}", kind.name);
        assert_same!(account.get(note.id).await, None, "{}", kind.name);
    }
}

/// One call removes no more than its budget, and says whether there is more.
pub async fn keeps_to_its_budget(harness: &dyn Harness) {
    let account = Account::open(harness);
    account.put_all(&account.new_notes(5)).await;
    let purged = purge(&account, 2).await;
    assert!((1..=2).contains(&purged.removed), "{purged:?}");
    assert!(purged.more);
    let left = account.notes().await.len();
    assert_same!(left + purged.removed as usize, 5);
}

/// Repeated calls remove everything, whatever the budget.
pub async fn goes_on_until_nothing_is_left(harness: &dyn Harness) {
    for budget in [1, 2, 4, 5, 100] {
        let account = Account::open(harness);
        let notes = account.new_notes(5);
        account.put_all(&notes).await;
        account.remove(&notes[2]).await;
        assert_same!(purge_all(&account, budget).await, 5, "budget {budget}");
        assert_same!(purge(&account, budget).await.removed, 0);
    }
}

/// More items than fit into any page or batch are removed.
pub async fn removes_many_items(harness: &dyn Harness) {
    let account = Account::open(harness);
    account.put_all(&account.new_notes(130)).await;
    assert_same!(purge_all(&account, 1_000).await, 130);
    assert_same!(account.notes().await, []);
}

/// Notes created after a purge are notes like any other.
pub async fn leaves_the_user_able_to_begin_again(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    account.remove(&note).await;
    assert_same!(purge_all(&account, 10).await, 1);
    let outcome = account.insert(&insertion(&note)).await;
    assert_same!(outcome, InsertOutcome::Inserted);
    assert_same!(account.get(note.id).await, Some(note));
}

/// Items of other users are not removed.
pub async fn leaves_the_items_of_other_users(harness: &dyn Harness) {
    let (account, other) = (Account::open(harness), Account::open(harness));
    let notes = other.new_notes(3);
    other.put_all(&notes).await;
    let twins: Vec<_> = notes.iter().map(|note| account.note(note.id)).collect();
    account.put_all(&twins).await;
    assert_same!(purge_all(&account, 2).await, 3);
    other.assert_all(&notes).await;
}

/// A purge that is dropped at any moment leaves only whole notes, and continues when it is repeated.
pub async fn given_up_at_any_poll_leaves_whole_notes(harness: &dyn Harness) {
    for polls in 0..MOST_POLLS {
        let account = Account::open(harness);
        let notes = account.new_notes(4);
        account.put_all(&notes).await;
        let attempt = account.store().purge(&account.user, NonZeroU32::MAX);
        let is_done = polled(polls, attempt).await.is_some();
        in_time(async || {
            for note in account.notes().await {
                assert!(notes.contains(&note), "after {polls} polls: {note:?}");
            }
            purge_all(&account, 100).await;
            assert_same!(account.notes().await, [], "after {polls} polls");
            // With new ids: the dropped purge may still be executed, and would remove notes under the old ones.
            let others = account.new_notes(4);
            account.put_all(&others).await;
            account.assert_all(&others).await;
        });
        if is_done {
            return;
        }
    }
}

/// Notes that another user writes during a purge on another thread are kept.
pub async fn by_a_thread_loses_no_note_of_another_user(harness: &dyn Harness) {
    for _batch in Rounds::new() {
        let (account, other) = (Account::open(harness), Account::open(harness));
        let (purged, notes) = (
            account.new_notes(BATCH as u64),
            other.new_notes(BATCH as u64),
        );
        account.put_all(&purged).await;
        let insertions: Vec<_> = notes.iter().map(insertion).collect();
        race(2, BATCH, async |round: usize, thread: usize| {
            if thread == 0 {
                let _ = purge(&account, 1).await;
            } else {
                let outcome = other.insert(&insertions[round]).await;
                assert_same!(outcome, InsertOutcome::Inserted);
            }
        });
        other.assert_all(&notes).await;
        purge_all(&account, 100).await;
        assert_same!(account.notes().await, []);
    }
}
