//! Guarantees of [`Notes`] that depend on the store.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use futures_util::StreamExt;

use super::Harness;
use super::account::{Account, retitle, value};
use super::changes::assert_unsupported;
use super::list::by;
use super::purge::purge_all;
use super::report::{assert_same, fail};
use crate::note::list_query::{Order, PageLimit};
use crate::note::new_note::NewNote;
use crate::notes::{CreateOutcome, Notes};
use crate::store::changes::ChangedState;
use crate::store::note_store::{DeleteOutcome, Page};
use crate::store::store_error::StoreErrorKind;
use crate::store::update::{Expected, UpdateOutcome};
use crate::sync::changes::ChangesOutcome;
use crate::sync::settings::SyncSettings;
use crate::value::expires::Expires;

/// A repeated creation never makes a second note, neither after a change nor after a deletion.
pub async fn repeats_a_creation_without_a_second_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let (notes, user) = (Notes::new(account.store()), &account.user);
    let (id, new) = (notes.new_id(), milk());
    let create = async || {
        let outcome = notes.create(user, id, new.clone()).await;
        outcome.expect("create has an outcome")
    };
    let CreateOutcome::Created(created) = create().await else {
        panic!("the note is new");
    };
    assert_same!(create().await, CreateOutcome::Replayed(created));

    let updated = notes.update(user, id, retitle("Butter"), &Expected::Any);
    let updated = updated.await.expect("update has an outcome");
    let UpdateOutcome::Updated(changed) = updated else {
        panic!("{updated:?}");
    };
    assert_same!(create().await, CreateOutcome::Replayed(changed));

    let deleted = notes.delete(user, id, &Expected::Any).await;
    let deleted = deleted.expect("delete has an outcome");
    assert_same!(deleted, DeleteOutcome::Deleted);
    assert_same!(create().await, CreateOutcome::Spent);
}

/// A stream returns each live note once, over all pages, and an error for each unreadable item.
pub async fn streams_every_note_once(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut notes = account.new_notes(230);
    let unreadable = notes.remove(120);
    account.plant_unreadable(unreadable.id).await;
    account.put_all(&notes).await;
    account.remove_all(&notes[50..60]).await;
    notes.drain(50..60);
    let service = Notes::new(account.store());
    for order in [Order::Newest, Order::Oldest] {
        // An endless list fails here, where the stream would hang.
        account.list(by(100, order)).await;
        let all: Vec<_> = service.stream(account.user.clone(), order).collect().await;
        let (mut read, mut kinds) = (Vec::new(), Vec::new());
        for item in all {
            match item {
                Ok(note) => read.push(note),
                Err(error) => kinds.push(error.kind()),
            }
        }
        if order == Order::Newest {
            read.reverse();
        }
        assert_same!(read, notes);
        assert_same!(kinds, [StoreErrorKind::Corrupt]);
    }
}

/// Nothing is left of an erased user, in whatever state it was, and the result is the number of items removed.
pub async fn erases_all_of_a_user(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut notes = account.new_notes(130);
    let unreadable = notes.remove(70);
    account.plant_unreadable(unreadable.id).await;
    for note in &mut notes[..30] {
        note.expires = Expires::Chosen(account.expiry_in(0));
    }
    account.put_all(&notes).await;
    account.remove_all(&notes[30..60]).await;
    // An endless purge fails here, where `erase` would hang.
    let other = Account::open(harness);
    other.put_new().await;
    assert_same!(purge_all(&other, 50).await, 1);

    let service = Notes::new(account.store());
    let erased = service.erase(&account.user).await;
    assert_same!(erased.expect("erase counts"), 130);
    assert_same!(account.list(by(100, Order::Oldest)).await, Page::default());
    let erased = service.erase(&account.user).await;
    assert_same!(erased.expect("erase counts"), 0);
    account
        .put_all(&[account.note(notes[30].id), account.note(unreadable.id)])
        .await;
}

/// A client that follows its tokens has exactly the live notes, though they change while it reads and its pages are
/// cut.
pub async fn keeps_a_copy_by_its_tokens(harness: &dyn Harness) {
    let account = Account::open(harness);
    if !harness.keeps_changes() {
        return assert_unsupported(&account).await;
    }
    let settings = SyncSettings::new("conformance");
    let (notes, user) = (
        Notes::new(account.store()).with_sync(settings),
        &account.user,
    );
    let create = async || {
        let outcome = notes.create(user, notes.new_id(), milk()).await;
        match outcome.expect("create has an outcome") {
            CreateOutcome::Created(note) => note.id,
            other => fail(format_args!("{other:?}")),
        }
    };
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(create().await);
    }
    let limit = PageLimit::try_from(3).expect("a limit");
    let (mut copy, mut token) = (BTreeMap::new(), None);
    let mut passes_since = 0;
    for page in 0..200 {
        let outcome = notes.changes(user, token.as_ref(), limit).await;
        let ChangesOutcome::Page(mut changes) = outcome.expect("changes have an outcome") else {
            fail("the token is accepted");
        };
        if page % 2 == 0 {
            changes.cut(NonZeroUsize::MIN);
        }
        for changed in changes.changes {
            match changed.state {
                ChangedState::Live(note) => copy.insert(note.id, note),
                ChangedState::Gone(id) => copy.remove(&id),
                ChangedState::Unreadable(id) => fail(format_args!("{id} can be read")),
            };
        }
        token = Some(changes.token);
        match page {
            0..4 => ids.push(create().await),
            4..8 => {
                let id = ids[page];
                let updated = notes.update(user, id, retitle("Changed"), &Expected::Any);
                let outcome = updated.await.expect("update has an outcome");
                assert!(matches!(outcome, UpdateOutcome::Updated(_)), "{outcome:?}");
            }
            8 | 9 => {
                let deleted = notes.delete(user, ids[page - 8], &Expected::Any);
                let outcome = deleted.await.expect("delete has an outcome");
                assert_same!(outcome, DeleteOutcome::Deleted);
            }
            _ if changes.more => {}
            // The pass that ends first may have begun before the last write, and have read its place before it.
            _ if passes_since == 1 => break,
            _ => passes_since += 1,
        }
    }
    let mut live = account.notes().await;
    live.reverse();
    assert_same!(live.len(), 8);
    assert_same!(copy.into_values().collect::<Vec<_>>(), live);
}

fn milk() -> NewNote {
    NewNote::new(value("Milk"), value("2 litres"))
}
