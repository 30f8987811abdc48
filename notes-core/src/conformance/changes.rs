//! Clauses of [`NoteStore::changes`](crate::NoteStore::changes).
//!
//! For a store that keeps no changes ([`Harness::keeps_changes`]), each case asserts that it says so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Harness;
use super::account::{
    Account, after, assert_updates, expiry, renewal, retitle, until, update_of, value,
};
use super::report::{assert_same, called, expect_success, fail};
use crate::note::list_query::PageLimit;
use crate::note::stored::Note;
use crate::store::changes::{ChangePage, Changed, ChangedState, ChangesQuery};
use crate::store::store_error::StoreErrorKind;
use crate::store::update::Update;
use crate::sync::bounds::{LAG, OVERLAP};
use crate::sync::position::ChangePosition;
use crate::value::content::Content;
use crate::value::expires::Expires;
use crate::value::note_id::NoteId;
use crate::value::revision::Revision;
use crate::value::timestamp::Timestamp;

/// The most pages that a query of a case's few notes may have.
const MOST_PAGES: usize = 1_000;

/// So long ago that a store can tell it from now, however coarse its times are.
const LONG: Duration = Duration::from_secs(2 * 60 * 60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A new user. `None` if the store keeps no changes, and says so.
async fn open(harness: &dyn Harness) -> Option<Account<'_>> {
    let account = Account::open(harness);
    if harness.keeps_changes() {
        return Some(account);
    }
    assert_unsupported(&account).await;
    None
}

/// Asserts that the store says that it keeps no changes.
pub(super) async fn assert_unsupported(account: &Account<'_>) {
    account.put_new().await;
    for query in [ChangesQuery::live(), ChangesQuery::since(account.now)] {
        let changes = account.store().changes(&account.user, &query, account.now);
        match changes.await {
            Err(error) => assert_same!(error.kind(), StoreErrorKind::Unsupported),
            Ok(page) => fail(format_args!(
                "the harness says that the store keeps no changes, but it returns {page:?}"
            )),
        }
    }
}

fn earlier<'a>(account: &Account<'a>, by: Duration) -> Account<'a> {
    account.at_millis(account.now.saturating_sub(by).as_millis())
}

fn limit(limit: usize) -> PageLimit {
    let limit = u8::try_from(limit).expect("a small number");
    PageLimit::try_from(limit).expect("a limit")
}

/// A page, of which the bounds are checked.
#[track_caller]
fn page(account: &Account<'_>, query: &ChangesQuery) -> impl Future<Output = ChangePage> {
    called(async move {
        let page = account.store().changes(&account.user, query, account.now);
        let page = expect_success("changes", page.await);
        if page.changes.len() > query.limit.get() {
            fail("a page has more changes than its limit");
        }
        let ids: BTreeSet<_> = page
            .changes
            .iter()
            .map(|changed| id(&changed.state))
            .collect();
        assert_same!(ids.len(), page.changes.len(), "items in a page");
        page
    })
}

/// All changes from this query on: follows `next` until there is none, and calls `between` after each page
/// with the page's last change.
#[track_caller]
fn all_between(
    account: &Account<'_>,
    query: ChangesQuery,
    mut between: impl AsyncFnMut(Option<&Changed>),
) -> impl Future<Output = Vec<Changed>> {
    called(async move {
        let (mut all, mut query) = (Vec::new(), query);
        for _ in 0..MOST_PAGES {
            let page = page(account, &query).await;
            between(page.changes.last()).await;
            all.extend(page.changes);
            let Some(next) = page.next else {
                return all;
            };
            query.position = Some(next);
        }
        fail(format_args!(
            "no end of the changes after {MOST_PAGES} pages"
        ))
    })
}

#[track_caller]
fn all(account: &Account<'_>, query: ChangesQuery) -> impl Future<Output = Vec<Changed>> {
    all_between(account, query, async |_| {})
}

fn id(state: &ChangedState) -> String {
    match state {
        ChangedState::Live(note) => note.id.to_string(),
        ChangedState::Gone(id) => id.to_string(),
        ChangedState::Unreadable(id) => id.clone(),
    }
}

/// The last state that was returned of each item, by its id.
fn by_id(changes: Vec<Changed>) -> BTreeMap<String, ChangedState> {
    let states = changes.into_iter().map(|changed| changed.state);
    states.map(|state| (id(&state), state)).collect()
}

/// Asserts that these are among the changes, as they are.
#[track_caller]
fn assert_has(changes: &[Changed], notes: &[Note], gone: &[NoteId]) {
    let states = by_id(changes.to_vec());
    for note in notes {
        match states.get(&note.id.to_string()) {
            Some(ChangedState::Live(found)) => assert_same!(found, note),
            other => fail(format_args!("{note:?} is {other:?}")),
        }
    }
    for id in gone {
        match states.get(&id.to_string()) {
            Some(ChangedState::Gone(_)) => {}
            other => fail(format_args!("the note {id} is gone, and is {other:?}")),
        }
    }
}

/// Every insertion, update, renewal and deletion since a time is returned, also one at that very time.
pub async fn return_what_was_written_since(harness: &dyn Harness) {
    let Some(account) = open(harness).await else {
        return;
    };
    let before = earlier(&account, LONG);
    let [updated_note, mut renewed_note, deleted_note] = {
        let notes = before.new_notes(3);
        notes.try_into().expect("three notes")
    };
    renewed_note.expires = Expires::Retained(account.expiry_in(60 * 60));
    let notes = [updated_note, renewed_note, deleted_note];
    before.put_all(&notes).await;
    let [updated_note, renewed_note, deleted_note] = notes;

    let inserted = account.put_new().await;
    let update = update_of(&updated_note, retitle("Changed"));
    let renewal = renewal(&renewed_note, account.expiry_in(3 * 60 * 60));
    let live = [
        inserted,
        account.change(&updated_note, &update).await,
        account.change(&renewed_note, &renewal).await,
    ];
    account.remove(&deleted_note).await;

    for since in [account.now, before.now, Timestamp::from_millis(0)] {
        let changes = all(&account, ChangesQuery::since(since)).await;
        assert_has(&changes, &live, &[deleted_note.id]);
    }
}

/// A write counts by the `now` of its call, whatever the date of the id or the revision.
pub async fn count_by_now_and_not_by_id_or_revision(harness: &dyn Harness) {
    let Some(account) = open(harness).await else {
        return;
    };
    let year = earlier(&account, 365 * DAY);
    let imported = account.note(NoteId::generate(year.now));
    account.put(&imported).await;

    let old = earlier(&account, 10 * DAY).new_note();
    earlier(&account, 9 * DAY).put(&old).await;
    let update = Update {
        revision: Revision::generate(earlier(&account, 8 * DAY).now),
        ..update_of(&old, retitle("Changed"))
    };
    let updated = account.change(&old, &update).await;

    let changes = all(&account, ChangesQuery::since(account.now)).await;
    assert_has(&changes, &[imported, updated], &[]);
}

/// A note that is deleted is `Gone`, from its deletion on.
pub async fn return_a_deleted_note_as_gone(harness: &dyn Harness) {
    let Some(account) = open(harness).await else {
        return;
    };
    let before = earlier(&account, LONG);
    let note = before.put_new().await;
    account.remove(&note).await;
    for since in [before.now, account.now] {
        let changes = all(&account, ChangesQuery::since(since)).await;
        assert_has(&changes, &[], &[note.id]);
    }
}

/// A note that has expired is `Gone`, also one whose expiry was set to a past time.
pub async fn return_an_expired_note_as_gone(harness: &dyn Harness) {
    let Some(account) = open(harness).await else {
        return;
    };
    let before = earlier(&account, LONG);
    let expired = before.new_note_expiring_in(60);
    before.put(&expired).await;
    let ended = before.put_new().await;
    let past = expiry(before.now.as_secs());
    let ended = account
        .change(&ended, &update_of(&ended, until(past)))
        .await;

    let changes = all(&account, ChangesQuery::since(before.now)).await;
    assert_has(&changes, &[], &[expired.id, ended.id]);
    let changes = all(&account, ChangesQuery::since(account.now)).await;
    assert_has(&changes, &[], &[ended.id]);
}

/// Following `next` returns everything whatever the limit, also what was written at the same time.
pub async fn return_items_at_rest_whatever_the_limit(harness: &dyn Harness) {
    const COUNT: usize = 7;
    let Some(account) = open(harness).await else {
        return;
    };
    let notes = account.new_notes(COUNT as u64);
    account.put_all(&notes).await;
    for size in [1, 2, COUNT - 1, COUNT, COUNT + 1, 100] {
        let since = ChangesQuery::since(account.now).with_limit(limit(size));
        assert_has(&all(&account, since).await, &notes, &[]);
        let live = all(&account, ChangesQuery::live().with_limit(limit(size))).await;
        assert_same!(live.len(), COUNT, "each is returned once, limit {size}");
        assert_has(&live, &notes, &[]);
    }
}

/// What is at rest is returned, however others are written while the pages are read.
pub async fn return_items_at_rest_while_others_move(harness: &dyn Harness) {
    let Some(account) = open(harness).await else {
        return;
    };
    for query in [
        ChangesQuery::live(),
        ChangesQuery::since(earlier(&account, LONG).now),
    ] {
        let account = Account::open(harness);
        let before = earlier(&account, LONG);
        let notes = before.new_notes(12);
        before.put_all(&notes).await;
        let mut moved = BTreeSet::new();
        let query = query.with_limit(limit(3));
        // The last one of each page moves to the end of the changes.
        let changes = all_between(&account, query, async |last: Option<&Changed>| {
            if let Some(ChangedState::Live(note)) = last.map(|last| &last.state)
                && moved.insert(note.id)
            {
                let update = update_of(note, retitle("Moved"));
                account.change(note, &update).await;
            }
        })
        .await;
        let rest: Vec<_> = notes
            .into_iter()
            .filter(|note| !moved.contains(&note.id))
            .collect();
        assert_same!(rest.len(), 8, "notes at rest");
        assert_has(&changes, &rest, &[]);
    }
}

/// A query continues after a position at which there is nothing any more: the item was written again, or was removed.
pub async fn continue_where_an_item_has_vanished(harness: &dyn Harness) {
    let Some(_) = open(harness).await else {
        return;
    };
    for is_removed in [false, true] {
        let account = Account::open(harness);
        // So long ago that it may be removed now.
        let before = earlier(&account, 30 * DAY);
        let mut notes = before.new_notes(6);
        for note in &mut notes[..3] {
            note.expires = Expires::Chosen(before.expiry_in(60));
        }
        before.put_all(&notes).await;
        let query = ChangesQuery::since(before.now).with_limit(limit(1));
        let mut is_first = true;
        let changes = all_between(&account, query, async |last: Option<&Changed>| {
            if is_removed {
                account.sweep().await;
            } else if let Some(ChangedState::Live(note)) = last.map(|last| &last.state)
                && is_first
            {
                is_first = false;
                account
                    .change(note, &update_of(note, retitle("Moved")))
                    .await;
            }
        })
        .await;
        let found = by_id(changes);
        for note in &notes[3..] {
            assert_same!(found.contains_key(&note.id.to_string()), true);
        }
    }
}

/// A write whose `now` is as long ago as a write can be late is found, as are those just before it.
pub async fn find_a_write_of_17_minutes_ago(harness: &dyn Harness) {
    let Some(account) = open(harness).await else {
        return;
    };
    let writer = earlier(&account, LAG);
    let note = writer.put_new().await;
    for since in [writer.now, earlier(&account, OVERLAP).now] {
        let changes = all(&account, ChangesQuery::since(since)).await;
        assert_has(&changes, std::slice::from_ref(&note), &[]);
    }
}

/// Changes show every write that was acknowledged before the call.
pub async fn see_every_acknowledged_write(harness: &dyn Harness) {
    let Some(account) = open(harness).await else {
        return;
    };
    let mut note = account.put_new().await;
    for round in 0..10 {
        for query in [ChangesQuery::live(), ChangesQuery::since(account.now)] {
            let changes = all(&account, query).await;
            assert_has(&changes, std::slice::from_ref(&note), &[]);
        }
        let update = update_of(&note, retitle(&format!("Round {round}")));
        note = assert_updates(&account, &note, &update).await;
    }
    account.remove(&note).await;
    let changes = all(&account, ChangesQuery::since(account.now)).await;
    assert_has(&changes, &[], &[note.id]);
}

/// An item that can't be read is named among the live notes, and hides no other from any query.
pub async fn name_items_that_cannot_be_read_and_hide_no_others(harness: &dyn Harness) {
    let Some(_) = open(harness).await else {
        return;
    };
    for (account, unreadable, kind) in Account::unreadable_items(harness).await {
        let notes = account.new_notes(4);
        account.put_all(&notes).await;
        for size in [1, 100] {
            let live = all(&account, ChangesQuery::live().with_limit(limit(size))).await;
            assert_has(&live, &notes, &[]);
            let states = by_id(live);
            let named = ChangedState::Unreadable(unreadable.id.to_string());
            let found = states.get(&unreadable.id.to_string());
            assert_same!(found == Some(&named), true, "{}: named", kind.name);

            let since = ChangesQuery::since(account.now).with_limit(limit(size));
            let changes = all(&account, since).await;
            assert_has(&changes, &notes, &[]);
            let found = by_id(changes).remove(&unreadable.id.to_string());
            assert_same!(
                found.is_none_or(|found| found == named),
                true,
                "{}",
                kind.name
            );
        }
    }
}

/// Nobody sees the changes of another user.
pub async fn are_those_of_one_user(harness: &dyn Harness) {
    let Some(account) = open(harness).await else {
        return;
    };
    let other = Account::named(harness, &format!("{}x", account.user.as_str()));
    let (own, others) = (account.put_new().await, other.put_new().await);
    let removed = other.new_note();
    other.put(&removed).await;
    other.remove(&removed).await;
    let since = account.now.min(other.now);
    for query in [ChangesQuery::live(), ChangesQuery::since(since)] {
        let found = by_id(all(&account, query.clone()).await);
        assert_same!(found.into_keys().collect::<Vec<_>>(), [own.id.to_string()]);
        let found = all(&other, query).await;
        assert_has(&found, std::slice::from_ref(&others), &[]);
    }
}

/// Large notes may make a page shorter than its limit. Nothing is lost, from whichever change a query continues.
pub async fn return_large_notes_from_any_position(harness: &dyn Harness) {
    let Some(account) = open(harness).await else {
        return;
    };
    let mut notes = account.new_notes(14);
    for note in &mut notes {
        note.content = value(&"x".repeat(Content::MAX_BYTES));
    }
    account.put_all(&notes).await;
    for query in [ChangesQuery::live(), ChangesQuery::since(account.now)] {
        assert_has(&all(&account, query.clone()).await, &notes, &[]);
        // As if each page had been cut after its first change.
        let (mut cut, mut position): (Vec<Changed>, Option<ChangePosition>) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let query = ChangesQuery {
                position,
                ..query.clone()
            };
            let page = page(&account, &query).await;
            position = match page.changes.first() {
                Some(first) => Some(first.position.clone()),
                None => page.next,
            };
            cut.extend(page.changes.into_iter().take(1));
            if position.is_none() {
                break;
            }
        }
        assert_has(&cut, &notes, &[]);
    }
}

/// Without a time, the changes are the live notes and nothing else.
pub async fn are_the_live_notes_without_a_time(harness: &dyn Harness) {
    let Some(account) = open(harness).await else {
        return;
    };
    let before = earlier(&account, LONG);
    let mut notes = before.new_notes(9);
    for note in &mut notes[..3] {
        note.expires = Expires::Chosen(before.expiry_in(60));
    }
    before.put_all(&notes).await;
    account.remove_all(&notes[3..6]).await;
    let mut last = notes[8].clone();
    let update = Update {
        revision: after(last.revision),
        ..update_of(&last, retitle("Changed"))
    };
    last = account.change(&last, &update).await;
    let live = [notes[6].clone(), notes[7].clone(), last];
    for size in [1, 2, 100] {
        let changes = all(&account, ChangesQuery::live().with_limit(limit(size))).await;
        assert_same!(changes.len(), live.len());
        assert_has(&changes, &live, &[]);
    }
}
