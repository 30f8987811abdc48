//! Clauses on users, which hold for all methods of [`NoteStore`](crate::NoteStore) together.

use std::num::NonZeroU32;
use std::slice;

use super::Harness;
use super::account::{Account, insertion, retitle, update_of, updated, value};
use super::report::{assert_same, called};
use crate::note::stored::Note;
use crate::store::note_store::{DeleteOutcome, InsertOutcome};
use crate::store::update::UpdateOutcome;
use crate::value::user_id::UserId;

/// Users whose ids are easily confused.
fn look_alikes(harness: &dyn Harness) -> Vec<Account<'_>> {
    let account = Account::open(harness);
    let base = account.user.as_str();
    let id = account.new_note().id;
    let bytes_left = UserId::MAX_BYTES - base.len();
    let names = [
        base.to_owned(),
        base[..base.len() - 1].to_owned(),
        base.to_uppercase(),
        format!("{base}0"),
        format!("{base} "),
        format!(" {base}"),
        format!("{base}#"),
        format!("{base}#{id}"),
        format!("{base}/"),
        format!("{base}/{id}"),
        format!("{base}%"),
        format!("{base}_*?"),
        format!("{base}\""),
        format!("{base}' OR '1'='1"),
        format!("{base}\\"),
        format!("{base}\u{e9}"),
        format!("{base}e\u{301}"),
        format!("{base}🥛"),
        format!("{base}\u{10ffff}"),
        format!("{base}{}", "x".repeat(bytes_left - 1)),
        format!("{base}{}", "x".repeat(bytes_left)),
    ];
    names
        .iter()
        .map(|name| Account::named(harness, name))
        .collect()
}

/// Users may use the same note ids without sharing notes, however similar their user ids are.
pub async fn of_users_holds_whatever_they_are_called(harness: &dyn Harness) {
    let accounts = look_alikes(harness);
    let id = accounts[0].new_note().id;
    let mut notes = Vec::new();
    for (index, account) in accounts.iter().enumerate() {
        let note = Note {
            title: value(&format!("Note of user {index}")),
            ..account.note(id)
        };
        account.put(&note).await;
        notes.push(note);
    }
    assert_each_has_its_own(&accounts, &notes).await;

    for (account, note) in accounts.iter().zip(&mut notes).step_by(2) {
        let update = update_of(note, retitle(&format!("{} again", note.title.as_str())));
        *note = updated(note, &update);
        let outcome = account.update(id, &update).await;
        assert_same!(outcome, UpdateOutcome::Updated(note.clone()));
    }
    assert_each_has_its_own(&accounts, &notes).await;

    for (account, note) in accounts.iter().zip(&notes).step_by(2) {
        account.remove(note).await;
        assert_same!(account.notes().await, []);
    }
    for (account, note) in accounts.iter().zip(&notes).skip(1).step_by(2) {
        assert_same!(account.get(id).await.as_ref(), Some(note));
        assert_same!(account.notes().await, slice::from_ref(note));
    }
}

#[track_caller]
fn assert_each_has_its_own(accounts: &[Account<'_>], notes: &[Note]) -> impl Future<Output = ()> {
    called(async move {
        for (account, note) in accounts.iter().zip(notes) {
            assert_same!(account.get(note.id).await.as_ref(), Some(note));
            assert_same!(account.notes().await, slice::from_ref(note));
        }
    })
}

/// A purge of one user leaves the notes of users with similar ids.
pub async fn of_users_holds_for_purges(harness: &dyn Harness) {
    let accounts = look_alikes(harness);
    let id = accounts[0].new_note().id;
    let notes: Vec<_> = accounts.iter().map(|account| account.note(id)).collect();
    for (account, note) in accounts.iter().zip(&notes) {
        account.put(note).await;
    }
    let budget = NonZeroU32::MAX;
    for (index, account) in accounts.iter().enumerate() {
        let purged = account.store().purge(&account.user, budget).await;
        assert_same!(purged.expect("a count").removed, 1);
        assert_each_has_its_own(&accounts[index + 1..], &notes[index + 1..]).await;
    }
}

/// For everyone but its owner a note is missing: nobody else can change it, delete it or take its id.
pub async fn of_a_note_holds_for_every_method(harness: &dyn Harness) {
    let (owner, other) = (Account::open(harness), Account::open(harness));
    let note = owner.put_new().await;
    assert_same!(other.get(note.id).await, None);
    assert_same!(other.notes().await, []);
    let update = update_of(&note, retitle("Stolen"));
    let outcome = other.update(note.id, &update).await;
    assert_same!(outcome, UpdateOutcome::Missing);
    let outcome = other.delete(note.id, &other.deletion_of(&note)).await;
    assert_same!(outcome, DeleteOutcome::Missing);
    let purged = other.store().purge(&other.user, NonZeroU32::MIN).await;
    assert_same!(purged.expect("a count").removed, 0);
    let twin = insertion(&other.note(note.id));
    assert_same!(other.insert(&twin).await, InsertOutcome::Inserted);
    assert_same!(owner.get(note.id).await.as_ref(), Some(&note));
    assert_same!(owner.notes().await, [note]);
}

/// An unreadable item of one user does not affect other users.
pub async fn of_unreadable_items_holds(harness: &dyn Harness) {
    let (account, other) = (Account::open(harness), Account::open(harness));
    let note = account.new_note();
    other.plant_unreadable(note.id).await;
    account.put(&note).await;
    assert_same!(account.get(note.id).await.as_ref(), Some(&note));
    let all = account.list(crate::ListQuery::default()).await;
    assert_same!((all.notes, all.unreadable), (vec![note], vec![]));
}
