//! Clauses of [`NoteStore::list`](crate::NoteStore::list).

use std::borrow::Borrow;
use std::slice;

use futures_util::future::join;

use super::Harness;
use super::account::{Account, expiry, retitle, update_of, value};
use super::history::assert_whole_while_changing;
use super::report::{assert_same, called, fail};
use crate::note::list_query::{ListQuery, Order, PageLimit};
use crate::note::note_patch::NotePatch;
use crate::note::stored::Note;
use crate::store::note_store::Page;
use crate::value::content::Content;
use crate::value::expires::Expires;
use crate::value::note_id::NoteId;
use crate::value::timestamp::Timestamp;

/// A query for all notes, in pages of this size.
pub(super) fn by(limit: usize, order: Order) -> ListQuery {
    let limit = u8::try_from(limit).expect("a small number");
    ListQuery {
        limit: PageLimit::try_from(limit).expect("a limit"),
        order,
        ..ListQuery::default()
    }
}

fn within(created_after: Option<u64>, created_before: Option<u64>) -> ListQuery {
    ListQuery {
        created_after: created_after.map(Timestamp::from_millis),
        created_before: created_before.map(Timestamp::from_millis),
        ..by(3, Order::Oldest)
    }
}

fn ids<T: Borrow<Note>>(notes: impl IntoIterator<Item = T>) -> Vec<NoteId> {
    notes.into_iter().map(|note| note.borrow().id).collect()
}

/// Stores new notes and returns them, the oldest first.
#[track_caller]
fn put(account: &Account<'_>, count: u64) -> impl Future<Output = Vec<Note>> {
    called(async move {
        let notes = account.new_notes(count);
        account.put_all(&notes).await;
        notes
    })
}

/// Asserts that these notes, oldest first, are the whole list in both orders and in pages of any size.
#[track_caller]
fn assert_listed(account: &Account<'_>, notes: &[Note]) -> impl Future<Output = ()> {
    called(async move {
        for limit in [1, 2, 100] {
            let newest = account.list(by(limit, Order::Newest)).await.notes;
            assert_same!(ids(&newest), ids(notes.iter().rev()));
            let oldest = account.list(by(limit, Order::Oldest)).await.notes;
            assert_same!(ids(&oldest), ids(notes));
        }
    })
}

/// A user without notes has an empty list.
pub async fn is_empty_for_a_user_without_notes(harness: &dyn Harness) {
    let account = Account::open(harness);
    let all = account.list(ListQuery::default()).await;
    assert_same!(all, Page::default());
}

/// By default, the note created last comes first.
pub async fn returns_the_newest_first(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut notes = put(&account, 5).await;
    notes.reverse();
    assert_same!(account.list(by(20, Order::Newest)).await.notes, notes);
    assert_same!(account.list(ListQuery::default()).await.notes, notes);
}

/// In the other order, the note created first comes first.
pub async fn returns_the_oldest_first(harness: &dyn Harness) {
    let account = Account::open(harness);
    let notes = put(&account, 5).await;
    assert_same!(account.list(by(20, Order::Oldest)).await.notes, notes);
}

/// Notes created in the same millisecond are all listed, in the order of their ids.
pub async fn orders_notes_of_one_millisecond_by_id(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut notes: Vec<_> = (0..8).map(|_| account.new_note()).collect();
    notes.sort_by_key(|note| note.id);
    account.put_all(&notes).await;
    assert_listed(&account, &notes).await;
}

/// Following `next` returns each note once, whatever the limit.
pub async fn returns_every_note_once_whatever_the_limit(harness: &dyn Harness) {
    const COUNT: usize = 7;
    let account = Account::open(harness);
    let notes = put(&account, COUNT as u64).await;
    for limit in [1, 2, COUNT - 1, COUNT, COUNT + 1, 100] {
        let newest = account.list(by(limit, Order::Newest)).await.notes;
        assert_same!(ids(&newest), ids(notes.iter().rev()), "limit {limit}");
        let oldest = account.list(by(limit, Order::Oldest)).await.notes;
        assert_same!(ids(&oldest), ids(&notes), "limit {limit}");
    }
}

/// A list of many notes continues over pages like one of few.
pub async fn returns_every_note_once_over_several_large_pages(harness: &dyn Harness) {
    let account = Account::open(harness);
    let notes = put(&account, 250).await;
    let newest = account.list(by(100, Order::Newest)).await.notes;
    assert_same!(ids(&newest), ids(notes.iter().rev()));
}

/// A page of large notes may have fewer than the limit; following `next` still returns each note once.
pub async fn returns_every_note_once_when_notes_are_large(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut notes = account.new_notes(8);
    for note in &mut notes {
        note.content = value(&"x".repeat(Content::MAX_BYTES));
    }
    account.put_all(&notes).await;
    assert_listed(&account, &notes).await;
}

/// The order is that of creation, whichever note was changed last.
pub async fn keeps_the_order_of_creation_when_notes_change(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut notes = put(&account, 5).await;
    for index in [3, 0] {
        let update = update_of(&notes[index], retitle("Changed last"));
        notes[index] = account.change(&notes[index], &update).await;
    }
    assert_listed(&account, &notes).await;
}

/// The bounds of time are exclusive: a note created in the millisecond of a bound is not listed.
pub async fn excludes_both_bounds_of_time(harness: &dyn Harness) {
    let account = Account::open(harness);
    let millis = account.now.as_millis() - 10_000;
    let first_of = |millis: u64| NoteId::from_ordinal(u128::from(millis) << 74);
    let last_of = |millis: u64| NoteId::from_ordinal((u128::from(millis + 1) << 74) - 1);
    let at_the_edges = [
        last_of(millis),
        first_of(millis + 1),
        last_of(millis + 1),
        first_of(millis + 2),
    ];
    let notes = at_the_edges.map(|id| account.note(id.expect("an id of today")));
    account.put_all(&notes).await;
    for (query, expected) in [
        (within(Some(millis), Some(millis + 2)), &notes[1..3]),
        (within(Some(millis), None), &notes[1..]),
        (within(None, Some(millis + 2)), &notes[..3]),
        (within(Some(millis + 1), None), &notes[3..]),
        (within(None, Some(millis + 1)), &notes[..1]),
        (within(Some(millis - 1), Some(millis + 3)), &notes[..]),
    ] {
        for limit in [1, 3] {
            let query = ListQuery {
                limit: by(limit, query.order).limit,
                ..query.clone()
            };
            assert_same!(
                account.list(query.clone()).await.notes,
                expected,
                "{query:?}"
            );
            let query = ListQuery {
                order: Order::Newest,
                ..query
            };
            let newest = account.list(query.clone()).await.notes;
            assert_same!(ids(&newest), ids(expected.iter().rev()), "{query:?}");
        }
    }
}

/// Bounds with nothing between them give an empty page, which is the last.
pub async fn returns_an_empty_page_for_reversed_bounds(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let millis = note.created_at().as_millis();
    for (after, before) in [
        (millis, millis),
        (millis, millis + 1),
        (millis + 1, millis),
        (millis + 1_000, millis - 1_000),
    ] {
        for order in [Order::Newest, Order::Oldest] {
            let query = ListQuery {
                order,
                ..within(Some(after), Some(before))
            };
            assert_same!(account.page(&query).await, Page::default(), "{query:?}");
        }
    }
}

/// No note was created before 1970 or after the last timestamp.
pub async fn returns_nothing_beyond_either_end_of_time(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let last = Timestamp::MAX.as_millis();
    for order in [Order::Newest, Order::Oldest] {
        for (after, before) in [(None, Some(0)), (Some(0), Some(0)), (Some(last), None)] {
            let query = ListQuery {
                order,
                ..within(after, before)
            };
            assert_same!(account.list(query.clone()).await.notes, [], "{query:?}");
        }
        let all = ListQuery {
            order,
            ..within(Some(0), Some(last))
        };
        assert_same!(account.list(all).await.notes, slice::from_ref(&note));
    }
}

/// A position excludes its own id and all that come before it in the order of the list.
pub async fn goes_on_after_a_position(harness: &dyn Harness) {
    let account = Account::open(harness);
    let notes = put(&account, 5).await;
    let from = |position: &Note, order| ListQuery {
        position: Some(position.id),
        ..by(2, order)
    };
    let newer = account.list(from(&notes[2], Order::Oldest)).await.notes;
    assert_same!(ids(&newer), ids(&notes[3..]));
    let older = account.list(from(&notes[2], Order::Newest)).await.notes;
    assert_same!(ids(&older), ids(notes[..2].iter().rev()));
    let none = account.list(from(&notes[4], Order::Oldest)).await.notes;
    assert_same!(none, []);
    let none = account.list(from(&notes[0], Order::Newest)).await.notes;
    assert_same!(none, []);
}

/// A position is any id: there need not be a note with it, nor ever have been one.
pub async fn goes_on_after_a_position_without_a_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let notes = account.new_notes(5);
    account
        .put_all(&[notes[0].clone(), notes[1].clone(), notes[4].clone()])
        .await;
    account.remove(&notes[1]).await;
    for position in [&notes[1], &notes[2], &notes[3]] {
        for (order, expected) in [(Order::Newest, &notes[0]), (Order::Oldest, &notes[4])] {
            let query = ListQuery {
                position: Some(position.id),
                ..by(2, order)
            };
            assert_same!(
                account.list(query.clone()).await.notes,
                slice::from_ref(expected)
            );
        }
    }
}

/// Nothing comes after the last possible position, and everything after the first.
pub async fn goes_on_after_the_first_and_the_last_of_all_positions(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let first = NoteId::from_ordinal(0);
    let last = NoteId::from_ordinal((1 << 122) - 1);
    for (position, order, expected) in [
        (first, Order::Oldest, slice::from_ref(&note)),
        (first, Order::Newest, &[]),
        (last, Order::Oldest, &[]),
        (last, Order::Newest, slice::from_ref(&note)),
    ] {
        let query = ListQuery {
            position,
            ..by(2, order)
        };
        assert_same!(
            account.list(query.clone()).await.notes,
            expected,
            "{query:?}"
        );
    }
}

/// A position outside the bounds of time changes neither bound.
pub async fn keeps_its_bounds_whatever_the_position(harness: &dyn Harness) {
    let account = Account::open(harness);
    let notes = put(&account, 7).await;
    let millis = |index: usize| notes[index].created_at().as_millis();
    let query = within(Some(millis(1)), Some(millis(5)));
    for (position, order, expected) in [
        (&notes[0], Order::Oldest, vec![2, 3, 4]),
        (&notes[0], Order::Newest, vec![]),
        (&notes[3], Order::Oldest, vec![4]),
        (&notes[3], Order::Newest, vec![2]),
        (&notes[6], Order::Oldest, vec![]),
        (&notes[6], Order::Newest, vec![4, 3, 2]),
    ] {
        let query = ListQuery {
            order,
            position: Some(position.id),
            ..query.clone()
        };
        let listed = account.list(query.clone()).await.notes;
        assert_same!(
            ids(&listed),
            ids(expected.into_iter().map(|index| &notes[index]))
        );
    }
}

/// With a category, the list has the notes of that category and no others, in pages of any size. Categories are equal
/// only if each character is.
pub async fn returns_exactly_the_notes_of_a_category(harness: &dyn Harness) {
    const CATEGORIES: [Option<&str>; 5] =
        [Some("work"), None, Some("Work"), Some("wor"), Some("works")];
    let account = Account::open(harness);
    let mut notes = account.new_notes(15);
    for (note, category) in notes.iter_mut().zip(CATEGORIES.iter().cycle()) {
        note.category = category.map(value);
    }
    account.put_all(&notes).await;
    let update = update_of(&notes[0], NotePatch::default().without_category());
    account.change(&notes[0], &update).await;
    let update = update_of(&notes[1], NotePatch::default().with_category(value("work")));
    account.change(&notes[1], &update).await;
    account.remove(&notes[5]).await;
    for limit in [1, 2, 100] {
        for (category, expected) in [
            ("work", vec![1, 10]),
            ("Work", vec![2, 7, 12]),
            ("other", vec![]),
        ] {
            let query = by(limit, Order::Oldest).with_category(value(category));
            let listed = account.list(query.clone()).await.notes;
            let expected: Vec<_> = expected.into_iter().map(|index| notes[index].id).collect();
            assert_same!(ids(&listed), expected, "{query:?}");
            let newest = account.list(query.with_order(Order::Newest)).await.notes;
            assert_same!(ids(newest.iter().rev()), expected);
        }
    }
}

/// Deleted notes are not in the list.
pub async fn hides_deleted_notes(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut notes = put(&account, 5).await;
    for index in [4, 2, 0] {
        account.remove(&notes.remove(index)).await;
    }
    assert_listed(&account, &notes).await;
}

/// A note is in the list until the last millisecond before its expiry, and not from then on.
pub async fn hides_notes_from_the_second_of_their_expiry(harness: &dyn Harness) {
    let account = Account::open(harness);
    let expiry_secs = account.now.as_secs() + 10;
    let mut notes = account.new_notes(3);
    notes[0].expires = Expires::Chosen(expiry(expiry_secs));
    notes[2].expires = Expires::Chosen(expiry(expiry_secs + 1));
    account.put_all(&notes).await;
    assert_listed(&account.at_millis(expiry_secs * 1_000 - 1), &notes).await;
    assert_listed(&account.at_millis(expiry_secs * 1_000), &notes[1..]).await;
    assert_listed(&account.at_millis(expiry_secs * 1_000 + 999), &notes[1..]).await;
    assert_listed(
        &account.at_millis(expiry_secs * 1_000 + 1_000),
        &notes[1..2],
    )
    .await;
}

/// However many hidden notes lie between two live ones, both are in the list.
pub async fn finds_notes_beyond_many_hidden_ones(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut notes = account.new_notes(303);
    for note in &mut notes[1..151] {
        note.expires = Expires::Chosen(account.expiry_in(0));
    }
    account.put_all(&notes).await;
    account.remove_all(&notes[152..302]).await;
    let live = [notes[0].clone(), notes[151].clone(), notes[302].clone()];
    assert_listed(&account, &live).await;
}

/// An unreadable item is named once, whatever is wrong with it, and all notes around it are listed.
pub async fn names_items_that_cannot_be_read_and_hides_no_others(harness: &dyn Harness) {
    let account = Account::open(harness);
    let kinds = harness.unreadable_kinds();
    // Between notes, several in a row, and at both ends of the list.
    let (mut live, mut named) = (Vec::new(), Vec::new());
    let notes = account.new_notes(kinds.len() as u64 * 7);
    for (kind, notes) in notes.chunks(7).enumerate() {
        for (place, note) in notes.iter().enumerate() {
            if [0, 2, 3, 6].contains(&place) {
                let planted = harness.plant_unreadable_of(kind, &account.user, note.id);
                planted.await;
                named.push(note.id.to_string());
            } else {
                live.push(note.clone());
            }
        }
    }
    account.put_all(&live).await;
    for order in [Order::Oldest, Order::Newest] {
        if order == Order::Newest {
            live.reverse();
            named.reverse();
        }
        for limit in [1, 2, 3, 100] {
            let all = account.list(by(limit, order)).await;
            for (index, note) in notes.iter().enumerate() {
                let id = note.id.to_string();
                if named.contains(&id) && !all.unreadable.contains(&id) {
                    fail(format_args!("{:?} is not named", kinds[index / 7]));
                }
            }
            let what = format!("{order:?}, limit {limit}");
            assert_same!(ids(&all.notes), ids(&live), "{what}");
            assert_same!(all.unreadable, named, "{what}");
        }
    }
}

/// While notes are created and deleted between pages, each note that stays is listed once.
pub async fn returns_notes_that_stay_once_while_others_come_and_go(harness: &dyn Harness) {
    for order in [Order::Newest, Order::Oldest] {
        let account = Account::open(harness);
        let mut notes = account.new_notes(10);
        if order == Order::Newest {
            notes.reverse();
        }
        let late = [notes.remove(7), notes.remove(1)];
        account.put_all(&notes).await;
        let first = account.page(&by(3, order)).await;
        account.put_all(&late).await;
        let gone = [notes.remove(6), notes.remove(2), notes.remove(0)];
        account.remove_all(&gone).await;

        let mut listed = first.notes;
        if first.next.is_some() {
            let rest = ListQuery {
                position: first.next,
                ..by(3, order)
            };
            let rest = account.list(rest).await.notes;
            assert!(!rest.iter().any(|note| ids(&gone).contains(&note.id)));
            listed.extend(rest);
        }
        listed.retain(|note| ids(&notes).contains(&note.id));
        assert_same!(listed, notes);
    }
}

/// While notes are created and deleted during each page, each note that stays is listed once, even if the position
/// is a note that has gone.
pub async fn returns_notes_that_stay_once_while_each_page_has_rivals(harness: &dyn Harness) {
    for (limit, order) in [(1, Order::Newest), (2, Order::Oldest), (3, Order::Newest)] {
        let account = Account::open(harness);
        let mut notes = put(&account, 12).await;
        if order == Order::Newest {
            notes.reverse();
        }
        let mut query = by(limit, order);
        let mut listed = Vec::new();
        for round in 0..100 {
            // Every other page begins with a rival note; with a limit of 1, it becomes the next position.
            let first = query.position.filter(|_| round % 2 == 1).map(|position| {
                let ordinal = match order {
                    Order::Newest => position.ordinal() - 1,
                    Order::Oldest => position.ordinal() + 1,
                };
                account.note(NoteId::from_ordinal(ordinal).expect("an id of today"))
            });
            let beside = notes[round % notes.len()].created_at();
            let beside = account.note(NoteId::generate(beside));
            account.put_all(first.as_slice()).await;
            let (page, ()) = join(account.page(&query), account.put(&beside)).await;
            account.remove_all(first.as_slice()).await;
            account.remove(&beside).await;
            listed.extend(page.notes);
            query.position = page.next;
            if page.next.is_none() {
                break;
            }
        }
        assert_same!(query.position, None, "the list has an end");
        listed.retain(|note| ids(&notes).contains(&note.id));
        assert_same!(listed, notes);
    }
}

/// The list continues after any number of hidden items in a row, deleted or expired.
pub async fn goes_on_behind_a_thousand_hidden_items(harness: &dyn Harness) {
    const HIDDEN: usize = 1_100;
    let account = Account::open(harness);
    let mut notes = account.new_notes(HIDDEN as u64 + 2);
    for note in &mut notes[1..=HIDDEN] {
        note.expires = Expires::Chosen(account.expiry_in(300));
    }
    account.put_all(&notes).await;
    account.remove_all(&notes[1..HIDDEN / 2]).await;
    let later = account.at_millis((account.now.as_secs() + 300) * 1_000);
    let live = [notes[0].clone(), notes[HIDDEN + 1].clone()];
    for limit in [1, 100] {
        let newest = later.list(by(limit, Order::Newest)).await.notes;
        assert_same!(ids(&newest), ids(live.iter().rev()), "limit {limit}");
        let oldest = later.list(by(limit, Order::Oldest)).await.notes;
        assert_same!(ids(&oldest), ids(&live), "limit {limit}");
    }
}

/// A page that would have many megabytes is cut without losing a note.
pub async fn returns_every_note_once_where_pages_are_of_many_megabytes(harness: &dyn Harness) {
    // Together more than 16 MB, a common limit of an engine for one message or document.
    const COUNT: u64 = 50;
    let account = Account::open(harness);
    let mut notes = account.new_notes(COUNT);
    for note in &mut notes {
        note.content = value(&"x".repeat(Content::MAX_BYTES));
    }
    account.put_all(&notes).await;
    let listed = account.list(by(100, Order::Newest)).await.notes;
    assert_same!(ids(&listed), ids(notes.iter().rev()));
}

/// While a note changes, a list contains it in a state that it had at one moment, and the notes beside it: it is
/// never missing or half changed, and shows nothing that was refused and no state from before an acknowledged
/// write.
pub async fn of_notes_that_change_returns_whole_states_only(harness: &dyn Harness) {
    assert_whole_while_changing(harness, async |account, created| {
        let mut notes = account.page(&ListQuery::default()).await.notes;
        assert_same!(ids(&notes), [created.id]);
        notes.pop()
    })
    .await;
}
