//! Clauses of [`NoteStore::purge`](crate::NoteStore::purge).

use std::num::NonZeroU32;

use super::Harness;
use super::account::{Account, insertion};
use crate::{InsertOutcome, Note, Purged, StoreErrorKind};

/// How many calls it takes at most to remove a case's few items: a purge that never ends is to fail,
/// not to hang.
const MOST_CALLS: usize = 1_000;

async fn purge(account: &Account<'_>, budget: u32) -> Purged {
    let budget = NonZeroU32::new(budget).expect("a budget");
    let purged = account.store().purge(&account.user, budget).await;
    purged.expect("purge says what it removed")
}

/// Purges until nothing is left, and gives the number of items removed.
pub(super) async fn purge_all(account: &Account<'_>, budget: u32) -> u32 {
    let mut removed = 0;
    for _ in 0..MOST_CALLS {
        let purged = purge(account, budget).await;
        assert!(purged.removed <= budget, "more than the budget");
        removed += purged.removed;
        if !purged.more {
            return removed;
        }
        assert_ne!(purged.removed, 0, "no progress");
    }
    panic!("still more after {MOST_CALLS} calls");
}

/// A user without items has nothing to remove.
pub async fn of_a_user_without_items_removes_nothing(harness: &dyn Harness) {
    let account = Account::open(harness);
    let nothing = Purged {
        removed: 0,
        more: false,
    };
    assert_eq!(purge(&account, 100).await, nothing);
}

/// Removes live, deleted, expired and unreadable items alike, and frees their ids.
pub async fn removes_items_whatever_their_state(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut notes = account.new_notes(4);
    notes[2].expiry = Some(account.expiry_in(0));
    account.put_all(&notes[..3]).await;
    account.remove(&notes[1]).await;
    account.plant_unreadable(notes[3].id).await;
    assert_eq!(purge_all(&account, 100).await, 4);
    let again: Vec<Note> = notes.iter().map(|note| account.note(note.id)).collect();
    account.put_all(&again).await;
    assert!(account.notes().await.iter().rev().eq(&again));
}

/// An item that could not be read is gone for reads, too.
pub async fn removes_an_item_that_cannot_be_read(harness: &dyn Harness) {
    let account = Account::open(harness);
    let id = account.new_note().id;
    account.plant_unreadable(id).await;
    let read = account.store().get(&account.user, id, account.now).await;
    let error = read.expect_err("the item can't be read");
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert_eq!(purge_all(&account, 1).await, 1);
    assert_eq!(account.get(id).await, None);
}

/// One call removes no more than its budget, and says that there is more.
pub async fn keeps_to_its_budget(harness: &dyn Harness) {
    let account = Account::open(harness);
    account.put_all(&account.new_notes(5)).await;
    let purged = purge(&account, 2).await;
    assert!((1..=2).contains(&purged.removed), "{purged:?}");
    assert!(purged.more);
    let left = account.notes().await.len();
    assert_eq!(left + purged.removed as usize, 5);
}

/// Calls that follow each other go on until nothing is left, whatever the budget.
pub async fn goes_on_until_nothing_is_left(harness: &dyn Harness) {
    for budget in [1, 2, 4, 5, 100] {
        let account = Account::open(harness);
        let notes = account.new_notes(5);
        account.put_all(&notes).await;
        account.remove(&notes[2]).await;
        assert_eq!(purge_all(&account, budget).await, 5, "budget {budget}");
        assert_eq!(purge(&account, budget).await.removed, 0);
    }
}

/// More items than any page or batch holds are removed.
pub async fn removes_many_items(harness: &dyn Harness) {
    let account = Account::open(harness);
    account.put_all(&account.new_notes(130)).await;
    assert_eq!(purge_all(&account, 1_000).await, 130);
    assert_eq!(account.notes().await, []);
}

/// Notes made after a purge are notes like any other.
pub async fn leaves_the_user_able_to_begin_again(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    account.remove(&note).await;
    assert_eq!(purge_all(&account, 10).await, 1);
    let outcome = account.insert(&insertion(&note)).await;
    assert_eq!(outcome, InsertOutcome::Inserted);
    assert_eq!(account.get(note.id).await, Some(note));
}

/// Items of other users stay.
pub async fn leaves_the_items_of_other_users(harness: &dyn Harness) {
    let (account, other) = (Account::open(harness), Account::open(harness));
    let notes = other.new_notes(3);
    other.put_all(&notes).await;
    let twins: Vec<_> = notes.iter().map(|note| account.note(note.id)).collect();
    account.put_all(&twins).await;
    assert_eq!(purge_all(&account, 2).await, 3);
    assert!(other.notes().await.iter().rev().eq(&notes));
}
