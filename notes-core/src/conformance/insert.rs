//! Clauses of [`NoteStore::insert`](crate::NoteStore::insert).

use std::cmp::Reverse;
use std::iter;

use futures_util::future::join_all;

use super::Harness;
use super::account::{
    AWKWARD_TEXT, Account, CONTROL_CHARACTERS, assert_updates, insertion, purge_at, retitle, until,
    update_of, updated, value,
};
use crate::{
    Category, Content, Expiry, InsertOutcome, Note, NoteId, Occupant, StoreErrorKind, Timestamp,
    Title, UpdateOutcome, UserId,
};

async fn stores(account: &Account<'_>, note: &Note) {
    account.put(note).await;
    assert_eq!(account.get(note.id).await.as_ref(), Some(note));
    assert!(account.notes().await.contains(note));
}

/// What was inserted is what `get` and `list` give.
pub async fn stores_the_note_as_given(harness: &dyn Harness) {
    let account = Account::open(harness);
    stores(&account, &account.new_note()).await;
    stores(&account, &account.new_note_ending_in(60)).await;
    stores(&account, &account.new_retained_note()).await;
    let without_category = Note {
        category: None,
        ..account.new_note()
    };
    stores(&account, &without_category).await;
}

/// Text is neither normalised nor re-encoded.
pub async fn keeps_text_byte_for_byte(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = Note {
        title: value(AWKWARD_TEXT),
        content: value(AWKWARD_TEXT),
        category: Some(value(AWKWARD_TEXT)),
        ..account.new_note()
    };
    stores(&account, &note).await;
}

/// A content may have any character, also those that other texts end or break at.
pub async fn keeps_control_characters_of_the_content(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = Note {
        content: value(CONTROL_CHARACTERS),
        ..account.new_note()
    };
    stores(&account, &note).await;
}

/// A note with the largest values of all fields at once fits.
pub async fn stores_the_largest_values(harness: &dyn Harness) {
    let account = Account::open(harness);
    let longest = format!("{:x<1$}", account.user.as_str(), UserId::MAX_BYTES);
    let account = Account::named(harness, &longest);
    for content in [
        "x".repeat(Content::MAX_BYTES),
        "𝄞".repeat(Content::MAX_BYTES / 4),
    ] {
        let note = Note {
            title: value(&"𝄞".repeat(Title::MAX_CHARS)),
            content: value(&content),
            category: Some(value(&"𝄞".repeat(Category::MAX_CHARS))),
            ..account.new_retained_note()
        };
        stores(&account, &note).await;
    }
}

/// One character is a title, and one is a category.
pub async fn stores_the_smallest_values(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = Note {
        title: value("0"),
        content: value(""),
        category: Some(value("-")),
        ..account.new_note_ending_in(1)
    };
    stores(&account, &note).await;
}

/// An empty content is a content.
pub async fn stores_an_empty_content(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = Note {
        content: value(""),
        ..account.new_note()
    };
    stores(&account, &note).await;
}

/// An id says when its creator named the note; imported notes are old, clocks may be ahead.
pub async fn takes_an_id_of_any_date(harness: &dyn Harness) {
    let account = Account::open(harness);
    let dated = |text| NoteId::generate(value::<Timestamp>(text));
    let ids = [
        NoteId::from_ordinal(0).expect("the first id"),
        dated("2001-09-09T01:46:40Z"),
        dated("2345-06-07T08:09:10Z"),
        NoteId::from_ordinal((1 << 122) - 1).expect("the last id"),
    ];
    for id in ids {
        stores(&account, &account.note(id)).await;
    }
    let listed = account.notes().await;
    assert!(listed.iter().rev().map(|note| note.id).eq(ids));
}

/// Ids that differ in one bit are two ids: a key keeps each of them.
pub async fn keeps_apart_ids_that_differ_in_one_bit(harness: &dyn Harness) {
    let account = Account::open(harness);
    let id = account.new_note().id.ordinal();
    let ids = iter::once(id).chain((0..80).map(|bit| id ^ (1 << bit)));
    let notes: Vec<_> = ids
        .map(|id| account.note(NoteId::from_ordinal(id).expect("an id")))
        .collect();
    account.put_all(&notes).await;
    for note in &notes {
        assert_eq!(account.get(note.id).await.as_ref(), Some(note));
    }
}

/// A live note stays as it is, whatever the same id is used for.
pub async fn never_overwrites_a_live_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let other = insertion(&Note {
        title: value("Other"),
        category: None,
        expiry: account.new_retained_note().expiry,
        retained: true,
        ..account.note(note.id)
    });
    assert_eq!(account.insert(&other).await, taken_by(&note, &note));
    assert_eq!(account.get(note.id).await, Some(note));
}

/// The answer to a repeated insertion is the note with the fingerprint that it was given.
pub async fn repeated_shows_that_it_has_happened(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note_ending_in(60);
    account.put(&note).await;
    let again = account.insert(&insertion(&note)).await;
    assert_eq!(again, taken_by(&note, &note));
    assert_eq!(account.notes().await, [note]);
}

/// A note that has changed is told as it is now, with the fingerprint of its creation.
pub async fn tells_the_note_as_it_is_now_and_how_it_was_created(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.put_new().await;
    let update = update_of(&created, retitle("Changed"));
    let changed = updated(&created, &update);
    let outcome = account.update(created.id, &update).await;
    assert_eq!(outcome, UpdateOutcome::Updated(changed.clone()));
    let again = account.insert(&insertion(&created)).await;
    assert_eq!(again, taken_by(&changed, &created));
    assert_eq!(account.get(created.id).await, Some(changed));
}

/// The id of a deleted note is spent, and the note stays deleted.
pub async fn never_reuses_the_id_of_a_deleted_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    account.remove(&note).await;
    assert_spent(&account, &note).await;
}

/// The id of an expired note is spent, and the note stays expired.
pub async fn never_reuses_the_id_of_an_expired_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note_ending_in(60);
    account.put(&note).await;
    let later = account.at_millis(account.now.as_millis() + 60_000);
    assert_spent(&later, &note).await;
}

/// The id of an expired note is spent as long as the insertion, or the last update of the end, asks.
pub async fn keeps_the_id_of_an_expired_note_spent_as_long_as_asked(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note_ending_in(60);
    account.put(&note).await;
    let last_second = |end: Expiry| purge_at(note.id, end.as_secs()).as_secs() - 1;
    let later = |secs: u64| account.at_millis(secs * 1_000);
    assert_spent(&later(last_second(account.expiry_in(60))), &note).await;
    let end = account.expiry_in(30 * 24 * 60 * 60);
    assert_updates(&account, &note, &update_of(&note, until(end))).await;
    assert_spent(&later(last_second(end)), &note).await;
}

/// A note that has expired is not stored: `Expired`, and its id stays free. Where the id is taken, the
/// outcome says by what.
pub async fn never_stores_a_note_that_has_expired(harness: &dyn Harness) {
    let account = Account::open(harness);
    let live = account.new_note();
    let expired = Note {
        expiry: Some(account.expiry_in(0)),
        ..live.clone()
    };
    for _ in 0..2 {
        let outcome = account.insert(&insertion(&expired)).await;
        assert_eq!(outcome, InsertOutcome::Expired);
    }
    assert_eq!(account.get(live.id).await, None);
    account.put(&live).await;
    let outcome = account.insert(&insertion(&expired)).await;
    assert!(matches!(outcome, InsertOutcome::Taken(Occupant::Live { note, .. }) if note == live));
    account.remove(&live).await;
    let outcome = account.insert(&insertion(&expired)).await;
    assert_eq!(outcome, InsertOutcome::Taken(Occupant::Spent));
}

/// An item that can't be read is left alone, and told.
pub async fn never_overwrites_an_item_that_cannot_be_read(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note();
    account.plant_unreadable(note.id).await;
    let outcome = account.insert(&insertion(&note)).await;
    assert_eq!(outcome, InsertOutcome::Taken(Occupant::Unreadable));
    let read = account.store().get(&account.user, note.id, account.now);
    let error = read.await.expect_err("the item is still there");
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
}

/// Of concurrent inserts of one id exactly one is `Inserted`; all others are told its note.
pub async fn of_concurrent_inserts_of_one_id_exactly_one_wins(harness: &dyn Harness) {
    let account = Account::open(harness);
    let id = account.new_note().id;
    let rivals: Vec<_> = (0..20)
        .map(|rival| Note {
            title: value(&format!("Rival {rival}")),
            ..account.note(id)
        })
        .collect();
    let insertions: Vec<_> = rivals.iter().map(insertion).collect();
    let outcomes = join_all(insertions.iter().map(|it| account.insert(it))).await;
    let winner = account.get(id).await.expect("one has won");
    for (rival, outcome) in rivals.iter().zip(outcomes) {
        if rival.title == winner.title {
            assert_eq!(outcome, InsertOutcome::Inserted);
        } else {
            assert_eq!(outcome, taken_by(&winner, &winner));
        }
    }
}

/// Of concurrent inserts of different ids each is acknowledged, and none is lost.
pub async fn of_concurrent_inserts_of_different_ids_loses_none(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut notes: Vec<_> = (0..40).map(|_| account.new_note()).collect();
    join_all(notes.iter().map(|it| account.put(it))).await;
    notes.sort_by_key(|note| Reverse(note.id));
    assert_eq!(account.notes().await, notes);
}

fn taken_by(note: &Note, created: &Note) -> InsertOutcome {
    InsertOutcome::Taken(Occupant::Live {
        note: note.clone(),
        fingerprint: insertion(created).fingerprint,
    })
}

/// Neither a repetition of its creation nor another creation brings the note back.
async fn assert_spent(account: &Account<'_>, note: &Note) {
    let other = account.note(note.id);
    for insertion in [insertion(note), insertion(&other)] {
        let outcome = account.insert(&insertion).await;
        assert_eq!(outcome, InsertOutcome::Taken(Occupant::Spent));
    }
    assert_eq!(account.get(note.id).await, None);
    assert_eq!(account.notes().await, []);
}
