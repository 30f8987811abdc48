//! Clauses of [`NoteStore::insert`](crate::NoteStore::insert).

use std::cmp::Reverse;
use std::{iter, slice};

use futures_util::future::join_all;

use super::Harness;
use super::account::{
    AWKWARD_TEXT, Account, CONTROL_CHARACTERS, assert_updates, clear_all, expiry, insertion,
    purge_at, recategorise, recontent, retitle, taken_by, until, update_of, updated, value,
};
use super::history::{assert_whole_while_changing, long_text};
use super::report::{assert_same, called, fail};
use super::threads::{BATCH, MOST_POLLS, Rounds, in_time, polled, race, racers};
use crate::note::note_patch::NotePatch;
use crate::note::stored::Note;
use crate::store::note_store::{InsertOutcome, Occupant};
use crate::store::update::UpdateOutcome;
use crate::value::category::Category;
use crate::value::content::Content;
use crate::value::expires::Expires;
use crate::value::expiry::Expiry;
use crate::value::note_id::NoteId;
use crate::value::timestamp::Timestamp;
use crate::value::title::Title;
use crate::value::user_id::UserId;

#[track_caller]
fn stores(account: &Account<'_>, note: &Note) -> impl Future<Output = ()> {
    called(async move {
        account.put(note).await;
        assert_same!(account.get(note.id).await.as_ref(), Some(note));
        assert!(account.notes().await.contains(note));
    })
}

/// `get` and `list` return exactly the note that was inserted.
pub async fn stores_the_note_as_given(harness: &dyn Harness) {
    let account = Account::open(harness);
    stores(&account, &account.new_note()).await;
    stores(&account, &account.new_note_expiring_in(60)).await;
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

/// A content may have any character, also those at which programs often cut or split a text.
pub async fn keeps_control_characters_of_the_content(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = Note {
        content: value(CONTROL_CHARACTERS),
        ..account.new_note()
    };
    stores(&account, &note).await;
}

/// A note with the largest values of all fields at once can be stored.
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

/// A title or a category may be a single character.
pub async fn stores_the_smallest_values(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = Note {
        title: value("0"),
        content: value(""),
        category: Some(value("-")),
        ..account.new_note_expiring_in(1)
    };
    stores(&account, &note).await;
}

/// A content may be empty.
pub async fn stores_an_empty_content(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = Note {
        content: value(""),
        ..account.new_note()
    };
    stores(&account, &note).await;
}

/// An id may have any date: imported notes are old, and clocks may be ahead.
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

/// Ids that differ in one bit are two ids: the key has to contain every bit.
pub async fn keeps_apart_ids_that_differ_in_one_bit(harness: &dyn Harness) {
    let account = Account::open(harness);
    let id = account.new_note().id.ordinal();
    let ids = iter::once(id).chain((0..80).map(|bit| id ^ (1 << bit)));
    let notes: Vec<_> = ids
        .map(|id| account.note(NoteId::from_ordinal(id).expect("an id")))
        .collect();
    account.put_all(&notes).await;
    for note in &notes {
        assert_same!(account.get(note.id).await.as_ref(), Some(note));
    }
}

/// A live note stays as it is, whatever else is inserted under its id.
pub async fn never_overwrites_a_live_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let other = insertion(&Note {
        title: value("Other"),
        category: None,
        expires: account.new_retained_note().expires,
        ..account.note(note.id)
    });
    assert_same!(account.insert(&other).await, taken_by(&note, &note));
    assert_same!(account.get(note.id).await, Some(note));
}

/// A repeated insertion returns the note with its fingerprint.
pub async fn repeated_shows_that_it_has_happened(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note_expiring_in(60);
    account.put(&note).await;
    let again = account.insert(&insertion(&note)).await;
    assert_same!(again, taken_by(&note, &note));
    assert_same!(account.notes().await, [note]);
}

/// An insertion under the id of a note that has changed returns it as it is now, with the fingerprint of its
/// creation.
pub async fn tells_the_note_as_it_is_now_and_how_it_was_created(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.put_new().await;
    let update = update_of(&created, retitle("Changed"));
    let changed = updated(&created, &update);
    let outcome = account.update(created.id, &update).await;
    assert_same!(outcome, UpdateOutcome::Updated(changed.clone()));
    let again = account.insert(&insertion(&created)).await;
    assert_same!(again, taken_by(&changed, &created));
    assert_same!(account.get(created.id).await, Some(changed));
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
    let note = account.new_note_expiring_in(60);
    account.put(&note).await;
    let later = account.at_millis(account.now.as_millis() + 60_000);
    assert_spent(&later, &note).await;
}

/// The id of an expired note stays spent for as long as the insertion, or the last update of the expiry, says.
pub async fn keeps_the_id_of_an_expired_note_spent_as_long_as_asked(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note_expiring_in(60);
    account.put(&note).await;
    let last_second = |expiry: Expiry| purge_at(note.id, expiry.as_secs()).as_secs() - 1;
    let later = |secs: u64| account.at_millis(secs * 1_000);
    assert_spent(&later(last_second(account.expiry_in(60))), &note).await;
    let new_expiry = account.expiry_in(30 * 24 * 60 * 60);
    assert_updates(&account, &note, &update_of(&note, until(new_expiry))).await;
    assert_spent(&later(last_second(new_expiry)), &note).await;
}

/// A note that has already expired is not stored: `Expired`, and its id stays free. If the id is taken, the
/// outcome says by what.
pub async fn never_stores_a_note_that_has_expired(harness: &dyn Harness) {
    let account = Account::open(harness);
    let live = account.new_note();
    let expired = Note {
        expires: Expires::Chosen(account.expiry_in(0)),
        ..live.clone()
    };
    for _ in 0..2 {
        let outcome = account.insert(&insertion(&expired)).await;
        assert_same!(outcome, InsertOutcome::Expired);
    }
    assert_same!(account.get(live.id).await, None);
    account.put(&live).await;
    let outcome = account.insert(&insertion(&expired)).await;
    assert!(matches!(outcome, InsertOutcome::Taken(Occupant::Live { note, .. }) if note == live));
    account.remove(&live).await;
    let outcome = account.insert(&insertion(&expired)).await;
    assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
}

/// An unreadable item is left as it is, and the outcome says so.
pub async fn never_overwrites_an_item_that_cannot_be_read(harness: &dyn Harness) {
    for (account, note, kind) in Account::unreadable_items(harness).await {
        let outcome = account.insert(&insertion(&note)).await;
        let unreadable = InsertOutcome::Taken(Occupant::Unreadable);
        assert_same!(outcome, unreadable, "{}", kind.name);
        account.assert_unreadable(note.id, kind.name).await;
    }
}

/// Of concurrent inserts of one id exactly one is `Inserted`; all others get its note.
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
    let outcomes = join_all(insertions.iter().map(|insertion| account.insert(insertion))).await;
    let winner = account.get(id).await.expect("one has won");
    for (rival, outcome) in rivals.iter().zip(outcomes) {
        if rival.title == winner.title {
            assert_same!(outcome, InsertOutcome::Inserted);
        } else {
            assert_same!(outcome, taken_by(&winner, &winner));
        }
    }
}

/// Of concurrent inserts of different ids each is acknowledged, and none is lost.
pub async fn of_concurrent_inserts_of_different_ids_loses_none(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut notes: Vec<_> = (0..40).map(|_| account.new_note()).collect();
    join_all(notes.iter().map(|note| account.put(note))).await;
    notes.sort_by_key(|note| Reverse(note.id));
    assert_same!(account.notes().await, notes);
}

/// Neither a repeated creation nor another one under the same id brings the note back.
#[track_caller]
fn assert_spent(account: &Account<'_>, note: &Note) -> impl Future<Output = ()> {
    called(async move {
        let other = account.note(note.id);
        for insertion in [insertion(note), insertion(&other)] {
            let outcome = account.insert(&insertion).await;
            assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
        }
        assert_same!(account.get(note.id).await, None);
        assert_same!(account.notes().await, []);
    })
}

/// Every expiry up to the last possible is stored, and the note expires at that second.
pub async fn keeps_every_expiry_up_to_the_last(harness: &dyn Harness) {
    let account = Account::open(harness);
    let last = Timestamp::MAX.as_secs();
    for expiry_secs in [1 << 31, (1 << 32) - 1, 1 << 32, last - 1, last] {
        let note = Note {
            expires: Expires::Chosen(expiry(expiry_secs)),
            ..account.new_note()
        };
        stores(&account, &note).await;
        let at_the_expiry = account.at_millis(expiry_secs * 1_000);
        let just_before = account.at_millis(expiry_secs * 1_000 - 1);
        assert_same!(
            just_before.get(note.id).await,
            Some(note.clone()),
            "until {expiry_secs}"
        );
        assert_same!(
            at_the_expiry.get(note.id).await,
            None,
            "until {expiry_secs}"
        );
        assert!(
            just_before.notes().await.contains(&note),
            "until {expiry_secs}"
        );
        assert!(
            !at_the_expiry.notes().await.contains(&note),
            "until {expiry_secs}"
        );
    }
}

/// However a note has changed, a repeated creation returns it with the fingerprint of its creation.
pub async fn tells_how_it_was_created_after_every_kind_of_change(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.new_retained_note();
    account.put(&created).await;
    let mut note = created.clone();
    for patch in [
        retitle("Changed"),
        recontent("changed"),
        recategorise("changed"),
        NotePatch::default(),
        until(account.expiry_in(7_200)),
        clear_all(),
    ] {
        note = assert_updates(&account, &note, &update_of(&note, patch)).await;
        let again = account.insert(&insertion(&created)).await;
        assert_same!(again, taken_by(&note, &created));
    }
}

/// An insertion that is dropped at any moment has happened or has not, and does not block other calls.
pub async fn given_up_at_any_poll_has_happened_or_not(harness: &dyn Harness) {
    for polls in 0..MOST_POLLS {
        let account = Account::open(harness);
        let note = account.new_note();
        let insertion = insertion(&note);
        let attempt = account.store().insert(&insertion, account.now);
        let is_done = polled(polls, attempt).await.is_some();
        in_time(async || {
            let seen = account.get(note.id).await;
            if seen.is_some() {
                assert_same!(seen, Some(note.clone()), "after {polls} polls");
                let listed = account.notes().await;
                assert_same!(listed, slice::from_ref(&note), "after {polls} polls");
            }
            let outcome = account.insert(&insertion).await;
            if outcome != InsertOutcome::Inserted {
                assert_same!(outcome, taken_by(&note, &note), "after {polls} polls");
            }
            account.assert_is(&note).await;
            let update = update_of(&note, retitle("Changed"));
            let changed = assert_updates(&account, &note, &update).await;
            account.remove(&changed).await;
            assert_spent(&account, &note).await;
        });
        if is_done {
            return;
        }
    }
}

/// Of inserts of one id by several threads exactly one is `Inserted`; all others get its note.
pub async fn of_inserts_of_one_id_by_threads_exactly_one_wins(harness: &dyn Harness) {
    race_for_one_id(|| vec![Account::open(harness)]).await;
}

/// Each thread has one of the accounts.
#[track_caller]
pub(super) fn race_for_one_id<'a>(
    accounts: impl Fn() -> Vec<Account<'a>>,
) -> impl Future<Output = ()> {
    called(async move {
        let threads = racers();
        for _batch in Rounds::new() {
            let accounts = accounts();
            let account = &accounts[0];
            let ids: Vec<_> = account.new_notes(BATCH as u64);
            let rival = |id, thread| Note {
                title: value(&format!("Rival {thread}")),
                content: value(&long_text(&format!("Rival {thread}"))),
                ..account.note(id)
            };
            let insertions: Vec<Vec<_>> = ids
                .iter()
                .map(|note| (0..threads).map(|thread| insertion(&rival(note.id, thread))))
                .map(Iterator::collect)
                .collect();
            let outcomes = race(threads, BATCH, async |round: usize, thread: usize| {
                let account = &accounts[thread % accounts.len()];
                account.insert(&insertions[round][thread]).await
            });
            for (round, outcomes) in outcomes.into_iter().enumerate() {
                let id = ids[round].id;
                let Some(winner) = account.get(id).await else {
                    fail("no one has won");
                };
                for (thread, outcome) in outcomes.into_iter().enumerate() {
                    let note = rival(id, thread);
                    let expected = if note.title == winner.title {
                        InsertOutcome::Inserted
                    } else {
                        taken_by(&winner, &winner)
                    };
                    assert_same!(outcome, expected, "of thread {thread}");
                }
            }
        }
    })
}

/// Of inserts of different ids by several threads each is acknowledged, and none is lost.
pub async fn of_inserts_of_different_ids_by_threads_loses_none(harness: &dyn Harness) {
    let threads = racers();
    for _batch in Rounds::new() {
        let account = Account::open(harness);
        let notes = account.new_notes((BATCH * threads) as u64);
        let insertions: Vec<_> = notes.iter().map(insertion).collect();
        let outcomes = race(threads, BATCH, async |round: usize, thread: usize| {
            account.insert(&insertions[round * threads + thread]).await
        });
        for outcome in outcomes.into_iter().flatten() {
            assert_same!(outcome, InsertOutcome::Inserted);
        }
        account.assert_all(&notes).await;
    }
}

/// While a note changes, a repeated creation returns a state that the note had at one moment.
pub async fn repeated_while_the_note_changes_tells_whole_states_only(harness: &dyn Harness) {
    assert_whole_while_changing(harness, async |account, created| {
        match account.insert(&insertion(created)).await {
            InsertOutcome::Taken(Occupant::Live { note, fingerprint }) => {
                assert_same!(fingerprint, insertion(created).fingerprint);
                Some(note)
            }
            outcome => fail(format_args!("{outcome:?}")),
        }
    })
    .await;
}
