use std::sync::{Arc, Mutex};
use std::time::Duration;

use notes_core::{
    CreateOutcome, Expected, MockNoteStore, Note, NoteId, NotePatch, Notes, PurgeAt, Revision,
    Revisions, StoreErrorKind, Timestamp, UpdateOutcome,
};

use super::{Clock, DAY, Fixture, assert_kind, at_once, cause, milk, only, retitle, until, value};

const ANY: Expected = Expected::Any;

fn foreign(fixture: &Fixture) -> Expected {
    only(Revision::generate(fixture.clock.now()))
}

#[tokio::test]
async fn update_changes_the_note_and_names_the_state_by_its_time() {
    let fixture = Fixture::new();
    let created = fixture.create(milk()).await;
    for expected in [only(created.revision), ANY] {
        let before = fixture.get(created.id).await.unwrap();
        let outcome = fixture.update(created.id, retitle("Butter"), &expected);
        let UpdateOutcome::Updated(note) = outcome.await else {
            panic!("not updated");
        };
        assert!(note.revision > before.revision);
        assert_eq!(note.updated_at(), fixture.clock.now());
        let mut expected = created.clone().with_revision(note.revision);
        expected.title = value("Butter");
        assert_eq!(note, expected);
        assert_eq!(fixture.get(created.id).await, Some(note));
    }
}

#[tokio::test]
async fn update_of_a_missing_note_creates_nothing() {
    let fixture = Fixture::new();
    let id = fixture.notes.new_id();
    for expected in [ANY, foreign(&fixture)] {
        let outcome = fixture.update(id, retitle("Ghost"), &expected).await;
        assert_eq!(outcome, UpdateOutcome::Missing);
    }
    assert_eq!(fixture.get(id).await, None);
}

#[tokio::test]
async fn update_expecting_another_state_is_stale() {
    let fixture = Fixture::new();
    let created = fixture.create(milk()).await;
    let note = fixture.retitled(created.id, "Butter").await;
    let expected = only(created.revision);
    let outcome = fixture.update(note.id, retitle("Bread"), &expected).await;
    assert_eq!(outcome, UpdateOutcome::Stale(Some(note.clone())));
    assert_eq!(fixture.get(note.id).await, Some(note));
}

#[tokio::test]
async fn a_patch_that_changes_nothing_is_no_conflict() {
    let fixture = Fixture::new();
    let created = fixture.create(milk()).await;
    let note = fixture.retitled(created.id, "Butter").await;
    // A client's own retry: it has not seen the response to its first attempt.
    let expected = only(created.revision);
    let outcome = fixture.update(note.id, retitle("Butter"), &expected).await;
    assert_eq!(outcome, UpdateOutcome::Updated(note.clone()));
    assert_eq!(fixture.get(note.id).await, Some(note));
}

/// A store that is asked once what is there, by a read: a refused write would consume more.
fn asked_once(there: Option<Note>) -> MockNoteStore {
    let mut store = MockNoteStore::new();
    let get = store.expect_get().times(1);
    get.return_once(|_, _, _| Ok(there));
    store
}

#[tokio::test]
async fn an_item_that_cannot_be_read_has_no_revision_that_is_named() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    for (patch, expected, is_stale) in [
        (NotePatch::default(), ANY, false),
        (
            NotePatch::default(),
            Expected::NoneOf(note.revision.into()),
            false,
        ),
        (NotePatch::default(), only(note.revision), true),
        (retitle("Butter"), Expected::OneOf(Revisions::EMPTY), true),
    ] {
        let mut store = MockNoteStore::new();
        let get = store.expect_get().times(1);
        get.return_once(|_, _, _| Err(StoreErrorKind::Corrupt.into()));
        let notes = fixture.clock.notes(store);
        match notes.update(&note.user, note.id, patch, &expected).await {
            Ok(outcome) => assert!(is_stale && outcome == UpdateOutcome::Stale(None)),
            Err(error) => assert!(!is_stale && error.kind() == StoreErrorKind::Corrupt),
        }
    }
}

/// A repetition after a rival's write is judged by the time at which it is sent: what has expired
/// meanwhile is not brought back.
#[tokio::test]
async fn a_reissue_is_judged_by_its_own_time() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    let mut store = MockNoteStore::new();
    let (clock, seen) = (fixture.clock.clone(), Arc::new(Mutex::new(Vec::new())));
    let (seen_by_store, told) = (Arc::clone(&seen), note.clone());
    store
        .expect_update()
        .times(2)
        .returning(move |_, _, _, now| {
            let mut seen = seen_by_store.lock().unwrap();
            seen.push(now);
            clock.advance(Duration::from_secs(61));
            Ok(match seen.len() {
                1 => UpdateOutcome::Stale(Some(told.clone())),
                _ => UpdateOutcome::Missing,
            })
        });
    let notes = fixture.clock.notes(store);
    let outcome = notes
        .update(&note.user, note.id, retitle("Butter"), &ANY)
        .await;
    assert_eq!(outcome.unwrap(), UpdateOutcome::Missing);
    let seen = seen.lock().unwrap();
    assert_eq!(seen[1].as_secs() - seen[0].as_secs(), 61);
}

/// A note whose writer's clock was ahead is written at the first try by one who names its revision.
#[tokio::test]
async fn an_expected_revision_ahead_of_our_clock_costs_no_second_write() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    let now = fixture.clock.now();
    let ahead = |millis| Revision::generate(Timestamp::from_millis(now.as_millis() + millis));
    let (minutes, too_far) = (ahead(300_000), ahead(300_001));
    for (expected, is_greater) in [
        (only(minutes), true),
        // One of several may be made up by a caller who would have notes dated ahead.
        (
            Expected::OneOf(vec![note.revision, minutes].try_into().unwrap()),
            false,
        ),
        (only(too_far), false),
    ] {
        let mut store = MockNoteStore::new();
        let there = note.clone();
        store
            .expect_update()
            .times(1)
            .return_once(move |_, _, update, _| {
                assert_eq!(update.revision > minutes, is_greater);
                Ok(UpdateOutcome::Updated(there))
            });
        let notes = fixture.clock.notes(store);
        let outcome = notes
            .update(&note.user, note.id, retitle("Butter"), &expected)
            .await;
        assert!(matches!(outcome, Ok(UpdateOutcome::Updated(_))));
    }
}

#[tokio::test]
async fn an_empty_patch_only_asks_what_is_there() {
    let clock = Clock::new();
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    for expected in [ANY, foreign(&fixture), Expected::OneOf(Revisions::EMPTY)] {
        for there in [Some(note.clone()), None] {
            let notes = clock.notes(asked_once(there.clone()));
            let patch = NotePatch::default();
            let outcome = notes.update(&note.user, note.id, patch, &expected).await;
            let expected = there.map_or(UpdateOutcome::Missing, UpdateOutcome::Updated);
            assert_eq!(outcome.unwrap(), expected);
        }
    }
}

#[tokio::test]
async fn no_expected_revision_at_all_is_never_met() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    let same = retitle(note.title.as_str());
    for (patch, there, expected) in [
        (
            retitle("Butter"),
            true,
            UpdateOutcome::Stale(Some(note.clone())),
        ),
        (retitle("Butter"), false, UpdateOutcome::Missing),
        (same, true, UpdateOutcome::Updated(note.clone())),
    ] {
        let notes = fixture.clock.notes(asked_once(there.then(|| note.clone())));
        let never = Expected::OneOf(Revisions::EMPTY);
        let outcome = notes.update(&note.user, note.id, patch, &never).await;
        assert_eq!(outcome.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_note_written_ahead_of_our_clock_changes_and_its_revision_grows() {
    let fixture = Fixture::new();
    let created = fixture.create(milk()).await;
    fixture.clock.turn_back(Duration::from_secs(60));
    let mut before = created.revision;
    for (title, expected) in [("Butter", only(before)), ("Bread", ANY)] {
        let outcome = fixture.update(created.id, retitle(title), &expected).await;
        let UpdateOutcome::Updated(note) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(note.title, value(title));
        assert!(note.revision > before);
        assert_eq!(note.updated_at(), created.updated_at());
        before = note.revision;
    }
}

#[tokio::test]
async fn an_unconditional_update_is_made_again_when_a_rival_was_faster() {
    for rivals in 1..=3 {
        let fixture = Fixture::new();
        let created = fixture.create(milk()).await;
        let notes = fixture.notes_with_rivals(rivals);
        // So that no revision of ours is greater than the rival's by its time alone.
        fixture.clock.turn_back(DAY);
        let outcome = notes.update(&fixture.user, created.id, retitle("Butter"), &ANY);
        let UpdateOutcome::Updated(note) = outcome.await.unwrap() else {
            panic!("not updated");
        };
        assert_eq!(note.title, value("Butter"));
        assert_eq!(note.category, Some(value("rival")), "both writes are there");
        assert_eq!(fixture.get(created.id).await, Some(note));
    }
}

#[tokio::test]
async fn a_conditional_update_is_stale_when_a_rival_was_faster() {
    let fixture = Fixture::new();
    let created = fixture.create(milk()).await;
    fixture.clock.advance(DAY);
    let notes = fixture.notes_with_rivals(1);
    let expected = only(created.revision);
    let outcome = notes.update(&fixture.user, created.id, retitle("Butter"), &expected);
    let rivals = fixture.get(created.id);
    let (outcome, rivals) = (outcome.await.unwrap(), rivals.await.unwrap());
    assert_eq!(rivals.title, created.title);
    assert_ne!(rivals.revision, created.revision);
    assert_eq!(outcome, UpdateOutcome::Stale(Some(rivals)));
}

#[tokio::test]
async fn update_gives_up_after_three_reissues() {
    let fixture = Fixture::new();
    let created = fixture.create(milk()).await;
    fixture.clock.turn_back(DAY);
    let notes = fixture.notes_with_rivals(u32::MAX);
    let outcome = notes.update(&fixture.user, created.id, retitle("Butter"), &ANY);
    assert_kind(outcome.await, StoreErrorKind::Contended);
    let left = fixture.get(created.id).await.unwrap();
    assert_eq!(left.title, created.title);

    let mut store = MockNoteStore::new();
    let update = store.expect_update().times(4);
    update.returning(move |_, _, _, _| Ok(UpdateOutcome::Stale(Some(left.clone()))));
    let notes = fixture.clock.notes(store);
    let outcome = notes.update(&fixture.user, created.id, retitle("Butter"), &ANY);
    assert_kind(outcome.await, StoreErrorKind::Contended);
}

#[tokio::test]
async fn a_reissue_expects_just_the_state_that_it_replaces() {
    let fixture = Fixture::new();
    let created = fixture.create(milk()).await;
    let mut seen: Option<Revision> = None;
    let mut store = MockNoteStore::new();
    store.expect_update().times(4).returning({
        let created = created.clone();
        move |_, _, update, now| {
            let current = match seen {
                None => {
                    assert_eq!(update.expected, ANY);
                    created.revision
                }
                Some(current) => {
                    assert_eq!(update.expected, only(current));
                    assert!(update.revision > current);
                    current
                }
            };
            let revision = current.next(now).unwrap();
            seen = Some(revision);
            let note = created.clone().with_revision(revision);
            Ok(UpdateOutcome::Stale(Some(note)))
        }
    });
    let notes = fixture.clock.notes(store);
    let outcome = notes.update(&fixture.user, created.id, retitle("Butter"), &ANY);
    assert_kind(outcome.await, StoreErrorKind::Contended);
}

#[tokio::test]
async fn an_update_of_unknown_fate_is_not_made_again() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    for refused_before in [0, 1] {
        let mut store = MockNoteStore::new();
        let current = note.clone();
        let mut refusals = refused_before;
        store
            .expect_update()
            .times(refused_before + 1)
            .returning(move |_, _, _, _| {
                if refusals == 0 {
                    return Err(StoreErrorKind::OutcomeUnknown.into());
                }
                refusals -= 1;
                Ok(UpdateOutcome::Stale(Some(current.clone())))
            });
        let notes = fixture.clock.notes(store);
        let outcome = notes.update(&fixture.user, note.id, retitle("Butter"), &ANY);
        assert_kind(outcome.await, StoreErrorKind::OutcomeUnknown);
    }
}

#[tokio::test]
async fn update_of_an_item_that_cannot_be_read_is_corrupt_or_stale() {
    let mut store = MockNoteStore::new();
    let update = store.expect_update();
    update.returning(|_, _, _, _| Ok(UpdateOutcome::Stale(None)));
    let notes = Notes::new(store);
    let id = notes.new_id();
    let user = value("alice");
    let update = |expected| {
        let patch = retitle("Butter");
        at_once(notes.update(&user, id, patch, &expected))
    };
    assert_kind(update(ANY), StoreErrorKind::Corrupt);
    let outcome = update(only(id.into())).unwrap();
    assert_eq!(outcome, UpdateOutcome::Stale(None));
}

#[tokio::test]
async fn a_note_with_the_last_revision_cannot_change() {
    let fixture = Fixture::new();
    let id = NoteId::from_ordinal((1 << 122) - 1).unwrap();
    let created = fixture.notes.create(&fixture.user, id, milk());
    assert!(matches!(created.await, Ok(CreateOutcome::Created(_))));
    let outcome = fixture
        .notes
        .update(&fixture.user, id, retitle("Butter"), &ANY);
    let error = outcome.await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert_eq!(cause(&error), "it has the last revision");
}

#[tokio::test]
async fn an_update_says_when_the_note_may_be_removed_only_if_it_sets_the_expiry() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    let expiry = fixture.clock.expiry_in(30 * DAY);
    for (patch, purge_at) in [
        (retitle("Butter"), None),
        (NotePatch::default().without_expiry(), None),
        (until(expiry), Some(expiry.as_secs() + 3_600)),
    ] {
        let mut store = MockNoteStore::new();
        let expected = patch.clone();
        store
            .expect_update()
            .times(1)
            .returning(move |_, id, update, now| {
                assert_eq!(update.patch, expected);
                assert_eq!(update.purge_at(id, now).map(PurgeAt::as_secs), purge_at);
                assert!(!update.is_renewal());
                Ok(UpdateOutcome::Missing)
            });
        let notes = fixture.clock.notes(store);
        let outcome = notes.update(&fixture.user, note.id, patch, &ANY).await;
        assert_eq!(outcome.unwrap(), UpdateOutcome::Missing);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_update_of_many_at_once_was_really_a_rivals() {
    let fixture = Fixture::new();
    let created = fixture.create(milk()).await;
    let rivals = (0..200).map(|rival| {
        let (notes, user, id) = (fixture.notes.clone(), fixture.user.clone(), created.id);
        tokio::spawn(async move {
            let title = format!("Rival {rival}");
            let outcome = notes.update(&user, id, retitle(&title), &ANY).await;
            (title, outcome)
        })
    });
    let rivals: Vec<_> = rivals.collect();
    for rival in rivals {
        match rival.await.unwrap() {
            (title, Ok(UpdateOutcome::Updated(note))) => assert_eq!(note.title, value(&title)),
            (_, outcome) => assert_kind(outcome, StoreErrorKind::Contended),
        }
    }
}
