//! Clauses of [`NoteStore::update`](crate::NoteStore::update).

use std::slice;

use futures_util::future::{join, join_all};

use super::Harness;
use super::account::{
    AWKWARD_TEXT, Account, CONTROL_CHARACTERS, after, assert_stale, assert_updates, clear_all,
    expiry, foreign, insertion, none_of, one_of, only, ordinals_of_revisions, renewal, retitle,
    revision, taken_by, until, update_of, updated, value, without_expiry,
};
use super::history::{assert_explained, long_note, nth_update};
use super::report::{assert_same, called, fail};
use super::threads::{BATCH, MOST_POLLS, Rounds, in_time, polled, race, racers};
use crate::note::note_patch::NotePatch;
use crate::note::stored::Note;
use crate::store::note_store::{DeleteOutcome, InsertOutcome, Occupant};
use crate::store::store_error::StoreErrorKind;
use crate::store::update::{Expected, Update, UpdateOutcome};
use crate::value::category::Category;
use crate::value::change::Change;
use crate::value::content::Content;
use crate::value::expires::Expires;
use crate::value::note_id::NoteId;
use crate::value::revision::Revision;
use crate::value::revisions::Revisions;
use crate::value::timestamp::Timestamp;
use crate::value::title::Title;

/// Asserts that the update is `Missing`, whatever revision it expects, and creates no note.
#[track_caller]
fn assert_missing(account: &Account<'_>, id: NoteId, update: &Update) -> impl Future<Output = ()> {
    called(async move {
        for expected in [
            update.expected.clone(),
            Expected::Any,
            none_of(vec![foreign()]),
        ] {
            let update = Update {
                expected,
                ..update.clone()
            };
            let outcome = account.update(id, &update).await;
            assert_same!(outcome, UpdateOutcome::Missing);
        }
        assert_same!(account.get(id).await, None);
        assert_same!(account.notes().await, []);
    })
}

/// An update that mentions one field changes that field alone.
pub async fn changes_one_field_and_keeps_the_others(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut note = account.new_note_expiring_in(60);
    account.put(&note).await;
    for patch in [
        retitle("Butter"),
        NotePatch {
            content: Some(value("250 g")),
            ..NotePatch::default()
        },
        NotePatch {
            content: Some(value("")),
            ..NotePatch::default()
        },
        NotePatch {
            category: Change::Set(value("kitchen")),
            ..NotePatch::default()
        },
        until(account.expiry_in(3_600)),
    ] {
        note = assert_updates(&account, &note, &update_of(&note, patch)).await;
    }
}

/// Optional fields can be removed and set again.
pub async fn removes_and_restores_category_and_expiry(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.new_note_expiring_in(60);
    account.put(&created).await;
    let clear_category = NotePatch::default().without_category();
    let note = assert_updates(&account, &created, &update_of(&created, clear_category)).await;
    let note = assert_updates(&account, &note, &update_of(&note, without_expiry())).await;
    assert_same!((&note.category, note.expiry()), (&None, None));

    let restore = NotePatch {
        category: Change::Set(value("again")),
        expiry: created.expiry().map_or(Change::Keep, Change::Set),
        ..NotePatch::default()
    };
    let note = assert_updates(&account, &note, &update_of(&note, restore)).await;
    assert_same!(note.expiry(), created.expiry());
}

/// All fields may change at once.
pub async fn changes_several_fields_at_once(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let patch = NotePatch {
        title: Some(value("Ünïcödé 🥛")),
        content: Some(value("\0 and \u{10ffff}")),
        category: Change::Clear,
        expiry: Change::Set(account.expiry_in(60)),
    };
    assert_updates(&account, &note, &update_of(&note, patch)).await;
}

/// Text is neither normalised nor re-encoded.
pub async fn keeps_text_byte_for_byte(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut note = account.put_new().await;
    for content in [AWKWARD_TEXT, CONTROL_CHARACTERS] {
        let patch = NotePatch {
            title: Some(value(AWKWARD_TEXT)),
            content: Some(value(content)),
            category: Change::Set(value(AWKWARD_TEXT)),
            ..NotePatch::default()
        };
        note = assert_updates(&account, &note, &update_of(&note, patch)).await;
    }
}

/// A note can be updated to the largest values of all fields at once.
pub async fn takes_the_largest_values(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let patch = NotePatch {
        title: Some(value(&"𝄞".repeat(Title::MAX_CHARS))),
        content: Some(value(&"x".repeat(Content::MAX_BYTES))),
        category: Change::Set(value(&"𝄞".repeat(Category::MAX_CHARS))),
        expiry: Change::Set(expiry(Timestamp::MAX.as_secs())),
    };
    assert_updates(&account, &note, &update_of(&note, patch)).await;
}

/// Each write has a revision of its own, even one that changes no field.
pub async fn sets_the_new_revision_also_when_nothing_else_changes(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let same = retitle(note.title.as_str());
    let after = assert_updates(&account, &note, &update_of(&note, same)).await;
    assert_ne!(after.revision, note.revision);
    assert_updates(&account, &after, &update_of(&after, NotePatch::default())).await;
}

/// The newest expiry counts, and none that the note had before.
pub async fn moves_the_expiry_of_a_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note_expiring_in(60);
    account.put(&note).await;
    let expiry_secs = account.now.as_secs() + 120;
    let note = assert_updates(
        &account,
        &note,
        &update_of(&note, until(expiry(expiry_secs))),
    )
    .await;
    let later = account.at_millis(expiry_secs * 1_000 - 1);
    assert_same!(later.get(note.id).await.as_ref(), Some(&note));
    let in_time = account.at_millis(expiry_secs * 1_000 - margin_millis() - 1);
    let note = assert_updates(&in_time, &note, &update_of(&note, without_expiry())).await;
    let much_later = account.at_millis(expiry_secs * 2_000);
    assert_same!(much_later.get(note.id).await, Some(note));
}

/// An update of an id that was never used creates no note, and leaves the id free.
pub async fn never_creates_a_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_note();
    assert_missing(&account, note.id, &update_of(&note, retitle("Ghost"))).await;
    let renewal = renewal(&note, account.expiry_in(60));
    assert_missing(&account, note.id, &renewal).await;
    account.put(&note).await;
}

/// A deleted note is missing, stays deleted, and its id stays spent.
pub async fn never_brings_a_deleted_note_back(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let deletion = account.deletion_of(&note);
    let outcome = account.delete(note.id, &deletion).await;
    assert_same!(outcome, DeleteOutcome::Deleted);
    assert_missing(&account, note.id, &update_of(&note, retitle("Back"))).await;
    let of_the_deletion = Update {
        expected: only(deletion.revision),
        revision: after(deletion.revision),
        ..update_of(&note, retitle("Back"))
    };
    assert_missing(&account, note.id, &of_the_deletion).await;
    // Even an update with the deletion's revision has not happened.
    let same_revision = Update {
        revision: deletion.revision,
        ..of_the_deletion
    };
    assert_missing(&account, note.id, &same_revision).await;
    let outcome = account.insert(&insertion(&note)).await;
    assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
}

/// From the second of its expiry on a note is missing, and no later expiry brings it back.
pub async fn never_brings_an_expired_note_back(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_retained_note();
    account.put(&note).await;
    let expiry_millis = (account.now.as_secs() + 60) * 1_000;
    let expired = account.at_millis(expiry_millis);
    assert_missing(&expired, note.id, &update_of(&note, without_expiry())).await;
    let renewal = renewal(&note, account.expiry_in(3_600));
    assert_missing(&expired, note.id, &renewal).await;
    let in_time = account.at_millis(expiry_millis - margin_millis() - 1);
    assert_updates(&in_time, &note, &renewal).await;
}

/// For an update that moves or removes the expiry, a note is missing from [`Update::EXPIRY_MARGIN`] before its
/// expiry on, so that a late update does not bring it back. Other updates find it until it expires.
pub async fn of_the_expiry_has_to_come_in_time(harness: &dyn Harness) {
    for expires in [Expires::Chosen, Expires::Retained] {
        let account = Account::open(harness);
        let note = Note {
            expires: expires(account.expiry_in(60)),
            ..account.new_note()
        };
        account.put(&note).await;
        let expiry_millis = (account.now.as_secs() + 60) * 1_000;
        for too_late in [expiry_millis - margin_millis(), expiry_millis - 1]
            .map(|millis| account.at_millis(millis))
        {
            for patch in [
                until(account.expiry_in(3_600)),
                until(account.expiry_in(61)),
                without_expiry(),
            ] {
                let update = update_of(&note, patch);
                let outcome = too_late.update(note.id, &update).await;
                assert_same!(outcome, UpdateOutcome::Missing);
            }
            // A patch that would change nothing: the update may have happened before, in time.
            if !note.expires.is_retained() {
                let same = NotePatch {
                    title: Some(note.title.clone()),
                    ..until(account.expiry_in(60))
                };
                for patch in [until(account.expiry_in(60)), same] {
                    assert_stale(&too_late, &note, &update_of(&note, patch)).await;
                }
            }
            let renewal = renewal(&note, account.expiry_in(3_600));
            if note.expires.is_retained() {
                let outcome = too_late.update(note.id, &renewal).await;
                assert_same!(outcome, UpdateOutcome::Missing);
            } else {
                assert_stale(&too_late, &note, &renewal).await;
            }
        }
        let just_before = account.at_millis(expiry_millis - 1);
        assert_updates(&just_before, &note, &update_of(&note, retitle("Last"))).await;
    }
}

fn margin_millis() -> u64 {
    u64::try_from(Update::EXPIRY_MARGIN.as_millis()).expect("it is short")
}

/// The note's revision is none of those expected: `Stale`, with the note as it is.
pub async fn refuses_a_foreign_revision(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.put_new().await;
    let update = update_of(&created, retitle("First"));
    let note = assert_updates(&account, &created, &update).await;
    let others = (0..3).map(|_| foreign()).collect();
    for expected in [
        only(created.revision),
        only(foreign()),
        one_of(others),
        Expected::OneOf(Revisions::EMPTY),
    ] {
        let second = Update {
            expected,
            ..update_of(&note, retitle("Second"))
        };
        assert_stale(&account, &note, &second).await;
    }
}

/// The note's revision is one of those expected.
pub async fn accepts_one_of_several_revisions(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut note = account.put_new().await;
    for place in 0..3 {
        let mut revisions: Vec<_> = (0..3).map(|_| foreign()).collect();
        revisions[place] = note.revision;
        let update = Update {
            expected: one_of(revisions),
            ..update_of(&note, retitle(&format!("Place {place}")))
        };
        note = assert_updates(&account, &note, &update).await;
    }
}

/// A list of expected revisions may be as long as [`Revisions::MAX`].
pub async fn accepts_the_longest_list_of_revisions(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let mut revisions: Vec<Revision> = (0..Revisions::MAX).map(|_| foreign()).collect();
    let update = |revisions: &[Revision]| Update {
        expected: one_of(revisions.to_vec()),
        ..update_of(&note, retitle("Changed"))
    };
    assert_stale(&account, &note, &update(&revisions)).await;
    revisions[Revisions::MAX - 1] = note.revision;
    assert_updates(&account, &note, &update(&revisions)).await;
}

/// Without an expected revision any live note is changed.
pub async fn accepts_any_revision(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut note = account.put_new().await;
    for title in ["First", "Second"] {
        let update = Update {
            expected: Expected::Any,
            ..update_of(&note, retitle(title))
        };
        note = assert_updates(&account, &note, &update).await;
    }
}

/// The note's revision may be any except those in the list, which has at most [`Revisions::MAX`] revisions or
/// none.
pub async fn accepts_any_revision_but_those_named(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut note = account.put_new().await;
    let others: Vec<_> = (1..Revisions::MAX).map(|_| foreign()).collect();
    let but = |revisions: Vec<Revision>, note: &Note| Update {
        expected: none_of(revisions),
        ..update_of(note, retitle(&format!("After {}", note.revision)))
    };
    for place in [0, 1, others.len()] {
        let mut named = others.clone();
        named.insert(place, note.revision);
        for named in [vec![note.revision], named] {
            assert_stale(&account, &note, &but(named, &note)).await;
        }
        let beside = [note.id.ordinal() - 1, note.id.ordinal() + 1].map(revision);
        for named in [vec![], vec![foreign()], others.clone(), beside.to_vec()] {
            note = assert_updates(&account, &note, &but(named, &note)).await;
        }
    }
    let a_second_earlier = Timestamp::from_millis(note.created_at().as_millis() - 1_000);
    let smaller = Update {
        revision: Revision::generate(a_second_earlier),
        ..but(vec![foreign()], &note)
    };
    assert_stale(&account, &note, &smaller).await;
    // The same update again, with the same revision: it has happened.
    let update = but(vec![foreign()], &note);
    note = assert_updates(&account, &note, &update).await;
    let again = Update {
        expected: none_of(vec![note.revision]),
        ..update
    };
    let outcome = account.update(note.id, &again).await;
    assert_same!(outcome, UpdateOutcome::Updated(note.clone()));
    account.remove(&note).await;
    assert_missing(&account, note.id, &but(vec![foreign()], &note)).await;
}

/// Revisions only grow: a smaller one never replaces a greater one, even one that is expected.
pub async fn refuses_a_revision_that_does_not_grow(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let a_second_earlier = note.created_at().as_millis() - 1_000;
    let smaller = Revision::generate(Timestamp::from_millis(a_second_earlier));
    for expected in [only(note.revision), Expected::Any] {
        let update = Update {
            expected,
            revision: smaller,
            ..update_of(&note, retitle("Late"))
        };
        assert_stale(&account, &note, &update).await;
    }
}

/// A repeated update has happened: it is `Updated` with the note as it is, and changes nothing.
pub async fn repeated_shows_that_it_has_happened(harness: &dyn Harness) {
    for is_conditional in [true, false] {
        let account = Account::open(harness);
        let note = account.new_retained_note();
        account.put(&note).await;
        let mut update = update_of(&note, retitle("Once"));
        if !is_conditional {
            update.expected = Expected::Any;
        }
        let note = assert_updates(&account, &note, &update).await;
        let with_another_patch = Update {
            patch: retitle("Twice"),
            ..update.clone()
        };
        let as_renewal = Update {
            patch: NotePatch::default(),
            ..update.clone().with_renewal(account.expiry_in(3_600))
        };
        for again in [update, with_another_patch, as_renewal] {
            let outcome = account.update(note.id, &again).await;
            assert_same!(outcome, UpdateOutcome::Updated(note.clone()));
            assert_same!(account.get(note.id).await.as_ref(), Some(&note));
        }
    }
}

/// A repeated update is `Updated` even if the note has expired since: the update was in time.
pub async fn repeated_after_the_expiry_of_the_note_shows_that_it_has_happened(
    harness: &dyn Harness,
) {
    let account = Account::open(harness);
    let note = account.new_note_expiring_in(60);
    account.put(&note).await;
    let update = update_of(&note, retitle("In time"));
    let note = assert_updates(&account, &note, &update).await;
    let later = account.at_millis(account.now.as_millis() + 60_000);
    let outcome = later.update(note.id, &update).await;
    assert_same!(outcome, UpdateOutcome::Updated(note.clone()));
    assert_missing(&later, note.id, &update_of(&note, retitle("Late"))).await;
}

/// An expiry that is already past makes the note expire at once.
pub async fn expires_a_note_at_once(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.put_new().await;
    let update = update_of(&created, until(account.expiry_in(0)));
    let note = updated(&created, &update);
    for _ in 0..2 {
        let outcome = account.update(note.id, &update).await;
        assert_same!(outcome, UpdateOutcome::Updated(note.clone()));
    }
    assert_missing(&account, note.id, &update_of(&note, without_expiry())).await;
    let outcome = account.insert(&insertion(&created)).await;
    assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
}

/// A repeated attempt that is executed after a rival's write changes nothing.
pub async fn repeated_after_a_rival_is_refused(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.put_new().await;
    let lost = Update {
        expected: Expected::Any,
        ..update_of(&created, retitle("Lost"))
    };
    let note = assert_updates(&account, &created, &lost).await;
    let rival = update_of(&note, retitle("Rival"));
    let note = assert_updates(&account, &note, &rival).await;
    assert_stale(&account, &note, &lost).await;
}

/// An unreadable item is not changed, whatever is expected: `Stale` without a note. One with a value of the right
/// type and size that breaks another rule may be changed: then the outcome is `Updated` if it can be read
/// afterwards, and otherwise the error `Corrupt`.
pub async fn refuses_an_item_that_cannot_be_read(harness: &dyn Harness) {
    for (account, note, kind) in Account::unreadable_items(harness).await {
        for (expected, patch) in [
            (only(foreign()), retitle("Repaired?")),
            (Expected::Any, NotePatch::default()),
            (Expected::Any, until(account.expiry_in(3_600))),
            (Expected::Any, clear_all()),
            (only(note.revision), retitle("Repaired?")),
            (Expected::Any, retitle("Repaired?")),
        ] {
            let update = Update {
                expected,
                ..update_of(&note, patch)
            };
            let outcome = account
                .store()
                .update(&account.user, note.id, &update, account.now);
            match outcome.await {
                Ok(UpdateOutcome::Stale(None)) => {}
                Ok(UpdateOutcome::Updated(told)) if !kind.writes_see_it => {
                    assert_same!(account.get(note.id).await, Some(told), "{}", kind.name);
                    break;
                }
                Err(error) if error.kind() == StoreErrorKind::Corrupt && !kind.writes_see_it => {}
                outcome => fail(format_args!("{}: {outcome:?}", kind.name)),
            }
            account.assert_unreadable(note.id, kind.name).await;
        }
    }
}

/// Of concurrent updates that expect one revision exactly one is `Updated`; all others are `Stale`
/// with its note.
pub async fn of_concurrent_updates_of_one_revision_exactly_one_wins(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.put_new().await;
    let rivals: Vec<_> = (0..20)
        .map(|rival| update_of(&created, retitle(&format!("Rival {rival}"))))
        .collect();
    let outcomes = join_all(
        rivals
            .iter()
            .map(|update| account.update(created.id, update)),
    )
    .await;
    let note = account.get(created.id).await.expect("one has won");
    assert!(
        rivals
            .iter()
            .any(|update| updated(&created, update) == note)
    );
    for (rival, outcome) in rivals.iter().zip(outcomes) {
        let expected = if rival.revision == note.revision {
            UpdateOutcome::Updated(note.clone())
        } else {
            UpdateOutcome::Stale(Some(note.clone()))
        };
        assert_same!(outcome, expected);
    }
}

/// Concurrent updates that expect no revision are applied in the order of their revisions or not at all: in the
/// end, the note has the greatest revision.
pub async fn of_concurrent_updates_of_any_revision_the_greatest_stays(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.put_new().await;
    let mut rivals = vec![update_of(&created, retitle("Rival 0"))];
    for rival in 1..20 {
        let revision = after(rivals[rival - 1].revision);
        let title = retitle(&format!("Rival {rival}"));
        rivals.push(Update {
            revision,
            ..update_of(&created, title)
        });
    }
    for rival in &mut rivals {
        rival.expected = Expected::Any;
    }
    let updates = rivals
        .iter()
        .rev()
        .map(|update| account.update(created.id, update));
    let outcomes = join_all(updates).await;
    let greatest = updated(&created, &rivals[19]);
    assert_same!(outcomes[0], UpdateOutcome::Updated(greatest.clone()));
    assert_same!(account.get(created.id).await, Some(greatest));
}

/// Of concurrent updates of different fields none is lost: in the end, the note has the fields of each that was
/// `Updated`.
pub async fn of_concurrent_updates_of_different_fields_loses_none(harness: &dyn Harness) {
    for _ in 0..5 {
        let account = Account::open(harness);
        let created = account.put_new().await;
        let patches = [
            retitle("Changed"),
            NotePatch {
                content: Some(value("changed")),
                ..NotePatch::default()
            },
            NotePatch {
                category: Change::Set(value("changed")),
                ..NotePatch::default()
            },
            until(account.expiry_in(60)),
        ];
        let mut updates: Vec<Update> = Vec::new();
        for patch in patches {
            let last = updates
                .last()
                .map_or(created.revision, |update| update.revision);
            updates.push(Update {
                expected: Expected::Any,
                revision: after(last),
                ..update_of(&created, patch)
            });
        }
        let outcomes = join_all(
            updates
                .iter()
                .map(|update| account.update(created.id, update)),
        )
        .await;
        let mut note = created;
        for (update, outcome) in updates.iter().zip(outcomes) {
            match outcome {
                UpdateOutcome::Updated(_) => note = updated(&note, update),
                UpdateOutcome::Stale(Some(_)) => {}
                outcome => panic!("{outcome:?}"),
            }
        }
        assert_same!(account.get(note.id).await, Some(note));
    }
}

/// An update that is repeated while it is in progress happens once, and each attempt is `Updated`.
pub async fn repeated_while_under_way_happens_once(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.put_new().await;
    let update = update_of(&note, retitle("Once"));
    let attempts = (0..10).map(|_| account.update(note.id, &update));
    let after = updated(&note, &update);
    for outcome in join_all(attempts).await {
        assert_same!(outcome, UpdateOutcome::Updated(after.clone()));
    }
    assert_same!(account.get(note.id).await, Some(after));
}

/// To remove a field that the note does not have is an update like any other.
pub async fn clears_what_is_absent(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = Note {
        category: None,
        ..account.new_note()
    };
    account.put(&note).await;
    let clear_category = NotePatch::default().without_category();
    let mut note = note;
    for patch in [clear_category, without_expiry(), clear_all()] {
        note = assert_updates(&account, &note, &update_of(&note, patch)).await;
    }
    let with_others = NotePatch {
        title: Some(value("Changed")),
        ..clear_all()
    };
    assert_updates(&account, &note, &update_of(&note, with_others)).await;
}

/// The newest expiry counts, even if it is earlier than the one before.
pub async fn moves_the_expiry_of_a_note_to_an_earlier_time(harness: &dyn Harness) {
    for expires in [Expires::Chosen, Expires::Retained] {
        let account = Account::open(harness);
        let note = Note {
            expires: expires(account.expiry_in(90_000)),
            ..account.new_note()
        };
        account.put(&note).await;
        let expiry_secs = account.now.as_secs() + 300;
        let note = assert_updates(
            &account,
            &note,
            &update_of(&note, until(expiry(expiry_secs))),
        )
        .await;
        let just_before = account.at_millis(expiry_secs * 1_000 - 1);
        assert_same!(just_before.get(note.id).await, Some(note.clone()));
        let at_the_expiry = account.at_millis(expiry_secs * 1_000);
        assert_same!(at_the_expiry.get(note.id).await, None);
        assert_same!(at_the_expiry.notes().await, []);
        let outcome = at_the_expiry.insert(&insertion(&note)).await;
        assert_same!(outcome, InsertOutcome::Taken(Occupant::Spent));
    }
}

/// An update accepts every expiry up to the last possible.
pub async fn takes_every_expiry_up_to_the_last(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut note = account.put_new().await;
    let last = Timestamp::MAX.as_secs();
    for expiry_secs in [1 << 31, (1 << 32) - 1, 1 << 32, last - 1, last] {
        note = assert_updates(
            &account,
            &note,
            &update_of(&note, until(expiry(expiry_secs))),
        )
        .await;
        let just_before = account.at_millis(expiry_secs * 1_000 - 1);
        assert_same!(
            just_before.get(note.id).await,
            Some(note.clone()),
            "until {expiry_secs}"
        );
        let at_the_expiry = account.at_millis(expiry_secs * 1_000);
        assert_same!(
            at_the_expiry.get(note.id).await,
            None,
            "until {expiry_secs}"
        );
    }
}

/// Revisions are compared in all their bits, for equality and for order.
pub async fn compares_revisions_to_the_last_bit(harness: &dyn Harness) {
    for ordinal in ordinals_of_revisions(Timestamp::now()) {
        let account = Account::open(harness);
        let created = account.put_new().await;
        let [below, this, next, beyond] =
            [ordinal - 1, ordinal, ordinal + 1, ordinal + 2].map(revision);
        let to = |note: &Note, expected, revision| Update {
            expected,
            revision,
            ..update_of(note, retitle(&format!("Revision {revision}")))
        };
        let first = to(&created, Expected::Any, this);
        let note = assert_updates(&account, &created, &first).await;
        for (expected, revision) in [
            (Expected::Any, below),
            (only(this), below),
            (only(below), next),
            (only(next), beyond),
            (one_of(vec![below, next]), beyond),
        ] {
            assert_stale(&account, &note, &to(&note, expected, revision)).await;
        }
        let note = assert_updates(&account, &note, &to(&note, Expected::Any, next)).await;
        assert_stale(&account, &note, &to(&note, only(this), beyond)).await;
        assert_updates(&account, &note, &to(&note, only(next), beyond)).await;
    }
}

/// An update that is dropped at any moment has happened as a whole or not at all, and does not block other calls.
pub async fn given_up_at_any_poll_has_happened_or_not(harness: &dyn Harness) {
    for polls in 0..MOST_POLLS {
        let account = Account::open(harness);
        let note = account.new_retained_note();
        account.put(&note).await;
        let patch = NotePatch {
            title: Some(value("Changed")),
            content: Some(value("changed")),
            category: Change::Set(value("changed")),
            expiry: Change::Set(account.expiry_in(90_000)),
        };
        let update = update_of(&note, patch);
        let changed = updated(&note, &update);
        let attempt = account
            .store()
            .update(&account.user, note.id, &update, account.now);
        let is_done = polled(polls, attempt).await.is_some();
        in_time(async || {
            let seen = account.get(note.id).await;
            if seen.as_ref() != Some(&changed) {
                assert_same!(seen, Some(note.clone()), "after {polls} polls");
            }
            let listed = account.notes().await;
            if seen.as_ref() == Some(&changed) || listed != [note.clone()] {
                assert_same!(listed, slice::from_ref(&changed), "after {polls} polls");
            }
            let outcome = account.update(note.id, &update).await;
            assert_same!(
                outcome,
                UpdateOutcome::Updated(changed.clone()),
                "after {polls} polls"
            );
            account.assert_is(&changed).await;
            let again = account.insert(&insertion(&note)).await;
            assert_same!(again, taken_by(&changed, &note), "after {polls} polls");
            let next = update_of(&changed, retitle("Changed again"));
            let next = assert_updates(&account, &changed, &next).await;
            account.remove(&next).await;
        });
        if is_done {
            return;
        }
    }
}

/// If one of two concurrent updates is dropped at any moment, neither the other nor later calls are blocked.
pub async fn given_up_beside_another_holds_nothing_up(harness: &dyn Harness) {
    for polls in 1..MOST_POLLS {
        let account = Account::open(harness);
        let note = account.put_new().await;
        let kept = update_of(&note, retitle("Kept"));
        let given_up = Update {
            expected: Expected::Any,
            revision: after(kept.revision),
            ..update_of(&note, retitle("Given up"))
        };
        let is_done = in_time(async || {
            let attempt = account
                .store()
                .update(&account.user, note.id, &given_up, account.now);
            let (outcome, attempt) =
                join(account.update(note.id, &kept), polled(polls, attempt)).await;
            // The other update may have been executed first, with a greater revision.
            if outcome != UpdateOutcome::Updated(updated(&note, &kept)) {
                let first = updated(&note, &given_up);
                assert_same!(outcome, UpdateOutcome::Stale(Some(first)));
            }
            // The dropped request may still be executed. After a deletion it can't change anything.
            let outcome = account
                .delete(note.id, &account.deletion_of_any(&note))
                .await;
            assert_same!(outcome, DeleteOutcome::Deleted, "after {polls} polls");
            let other = account.put_new().await;
            account.assert_is(&other).await;
            attempt.is_some()
        });
        if is_done {
            return;
        }
    }
}

/// Of updates of one revision by several threads exactly one is `Updated`; all others are `Stale` with
/// its note.
pub async fn of_updates_of_one_revision_by_threads_exactly_one_wins(harness: &dyn Harness) {
    race_for_one_revision(|| vec![Account::open(harness)]).await;
}

/// Each thread has one of the accounts.
#[track_caller]
pub(super) fn race_for_one_revision<'a>(
    accounts: impl Fn() -> Vec<Account<'a>>,
) -> impl Future<Output = ()> {
    called(async move {
        let threads = racers();
        for _batch in Rounds::new() {
            let accounts = accounts();
            let account = &accounts[0];
            let created: Vec<_> = (0..BATCH).map(|_| long_note(account)).collect();
            account.put_all(&created).await;
            let mut updates: Vec<Vec<_>> = Vec::new();
            for (round, note) in created.iter().enumerate() {
                let of_threads =
                    (0..threads).map(|thread| nth_update(account, note, round + thread));
                updates.push(of_threads.collect());
            }
            let outcomes = race(threads, BATCH, async |round: usize, thread: usize| {
                let update = &updates[round][thread];
                let account = &accounts[thread % accounts.len()];
                let outcome = account.update(created[round].id, update).await;
                (update.clone(), outcome)
            });
            for (created, outcomes) in created.iter().zip(outcomes) {
                let changed = |(_, outcome): &&(Update, UpdateOutcome)| {
                    matches!(outcome, UpdateOutcome::Updated(_))
                };
                assert_same!(outcomes.iter().filter(changed).count(), 1, "winners");
                let note = assert_explained(created, outcomes);
                assert_same!(account.get(note.id).await, Some(note));
            }
        }
    })
}

/// Each update by one of several threads, which expects any revision or the last that the thread has seen, returns
/// exactly the note that it made or that it was refused by. In the end, the note has all changes that were
/// `Updated`.
pub async fn of_updates_by_threads_each_is_told_what_happened(harness: &dyn Harness) {
    race_to_update(|| vec![Account::open(harness)]).await;
}

/// Each thread has one of the accounts.
#[track_caller]
pub(super) fn race_to_update<'a>(
    accounts: impl Fn() -> Vec<Account<'a>>,
) -> impl Future<Output = ()> {
    const STEPS: usize = 3;
    called(async move {
        let threads = racers();
        for _batch in Rounds::new() {
            let accounts = accounts();
            let account = &accounts[0];
            let created: Vec<_> = (0..BATCH).map(|_| long_note(account)).collect();
            account.put_all(&created).await;
            // The threads take turns in the order of revisions: each revision follows one of another thread.
            let mut updates: Vec<Vec<Update>> = Vec::new();
            for (round, note) in created.iter().enumerate() {
                let mut last = note.revision;
                let next = |number| {
                    last = after(last);
                    Update {
                        expected: Expected::Any,
                        revision: last,
                        ..nth_update(account, note, round + number / threads + number % threads)
                    }
                };
                updates.push((0..STEPS * threads).map(next).collect());
            }
            let outcomes = race(threads, BATCH, async |round: usize, thread: usize| {
                let account = &accounts[thread % accounts.len()];
                let note = &created[round];
                let mut writes = Vec::new();
                let mut told = note.revision;
                for step in 0..STEPS {
                    let mut update = updates[round][step * threads + thread].clone();
                    if step % 3 == 2 {
                        update.expected = only(told);
                    }
                    let outcome = account.update(note.id, &update).await;
                    if let UpdateOutcome::Updated(note) | UpdateOutcome::Stale(Some(note)) =
                        &outcome
                    {
                        told = note.revision;
                    }
                    writes.push((update, outcome));
                }
                writes
            });
            for (created, writes) in created.iter().zip(outcomes) {
                let note = assert_explained(created, writes.concat());
                assert_same!(account.get(note.id).await, Some(note));
            }
        }
    })
}
