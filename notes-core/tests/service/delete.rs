use std::time::Duration;

use notes_core::{
    CreateOutcome, DeleteOutcome, Expected, MockNoteStore, NoteId, Notes, Revision, Revisions,
    StoreErrorKind,
};

use super::{Clock, DAY, Fixture, assert_kind, at_once, cause, milk, only, value};

const ANY: Expected = Expected::Any;

async fn delete(fixture: &Fixture, id: NoteId, expected: &Expected) -> DeleteOutcome {
    fixture.clock.advance(Duration::from_secs(1));
    let outcome = fixture.notes.delete(&fixture.user, id, expected).await;
    outcome.expect("an outcome")
}

#[tokio::test]
async fn a_deleted_note_is_gone() {
    let fixture = Fixture::new();
    for is_conditional in [true, false] {
        let note = fixture.create(milk()).await;
        let expected = if is_conditional {
            only(note.revision)
        } else {
            ANY
        };
        let outcome = delete(&fixture, note.id, &expected).await;
        assert_eq!(outcome, DeleteOutcome::Deleted);
        assert_eq!(fixture.get(note.id).await, None);
    }
}

#[tokio::test]
async fn delete_of_a_missing_note_is_told_so() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    let never_used = fixture.notes.new_id();
    let outcome = delete(&fixture, note.id, &ANY).await;
    assert_eq!(outcome, DeleteOutcome::Deleted);
    for id in [note.id, never_used] {
        for expected in [ANY, only(note.revision), Expected::OneOf(Revisions::EMPTY)] {
            let outcome = delete(&fixture, id, &expected).await;
            assert_eq!(outcome, DeleteOutcome::Missing);
        }
    }
}

#[tokio::test]
async fn delete_expecting_another_state_is_stale() {
    let fixture = Fixture::new();
    let created = fixture.create(milk()).await;
    let note = fixture.retitled(created.id, "Butter").await;
    for expected in [only(created.revision), Expected::OneOf(Revisions::EMPTY)] {
        let outcome = delete(&fixture, note.id, &expected).await;
        assert_eq!(outcome, DeleteOutcome::Stale(Some(note.clone())));
    }
    assert_eq!(fixture.get(note.id).await, Some(note));
}

#[tokio::test]
async fn no_expected_revision_at_all_is_never_met_nor_asked_about_twice() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    for there in [
        DeleteOutcome::Stale(Some(note.clone())),
        DeleteOutcome::Missing,
    ] {
        let mut store = MockNoteStore::new();
        let told = match &there {
            DeleteOutcome::Stale(told) => told.clone(),
            _ => None,
        };
        store.expect_get().times(1).return_once(|_, _, _| Ok(told));
        let notes = fixture.clock.notes(store);
        let never = Expected::OneOf(Revisions::EMPTY);
        let outcome = notes.delete(&note.user, note.id, &never).await.unwrap();
        assert_eq!(outcome, there);
    }
}

#[tokio::test]
async fn a_note_written_ahead_of_our_clock_can_be_deleted() {
    let fixture = Fixture::new();
    for is_conditional in [true, false] {
        let note = fixture.create(milk()).await;
        fixture.clock.turn_back(Duration::from_secs(60));
        let expected = if is_conditional {
            only(note.revision)
        } else {
            ANY
        };
        let outcome = delete(&fixture, note.id, &expected).await;
        assert_eq!(outcome, DeleteOutcome::Deleted);
    }
}

#[tokio::test]
async fn an_unconditional_delete_is_made_again_when_a_rival_was_faster() {
    for rivals in 1..=3 {
        let fixture = Fixture::new();
        let note = fixture.create(milk()).await;
        fixture.clock.turn_back(DAY);
        let notes = fixture.notes_with_rivals(rivals);
        let outcome = notes.delete(&fixture.user, note.id, &ANY).await;
        assert_eq!(outcome.unwrap(), DeleteOutcome::Deleted);
        assert_eq!(fixture.get(note.id).await, None);
    }
}

#[tokio::test]
async fn a_conditional_delete_is_stale_when_a_rival_was_faster() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    fixture.clock.advance(DAY);
    let notes = fixture.notes_with_rivals(1);
    let expected = only(note.revision);
    let outcome = notes.delete(&fixture.user, note.id, &expected).await;
    let left = fixture.get(note.id).await;
    assert!(left.is_some());
    assert_eq!(outcome.unwrap(), DeleteOutcome::Stale(left));
}

#[tokio::test]
async fn delete_gives_up_after_three_reissues() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    let mut before: Option<Revision> = None;
    let mut store = MockNoteStore::new();
    store.expect_delete().times(4).returning({
        let note = note.clone();
        move |_, _, deletion, _| {
            match before {
                None => assert_eq!(deletion.expected, ANY),
                Some(revision) => {
                    assert_eq!(deletion.expected, only(note.revision));
                    assert_ne!(deletion.revision, revision);
                    assert!(deletion.revision > note.revision);
                }
            }
            before = Some(deletion.revision);
            Ok(DeleteOutcome::Stale(Some(note.clone())))
        }
    });
    let notes = fixture.clock.notes(store);
    let outcome = notes.delete(&fixture.user, note.id, &ANY).await;
    assert_kind(outcome, StoreErrorKind::Contended);
}

#[tokio::test]
async fn a_delete_of_unknown_fate_is_not_made_again() {
    let mut store = MockNoteStore::new();
    let delete = store.expect_delete().times(1);
    delete.returning(|_, _, _, _| Err(StoreErrorKind::OutcomeUnknown.into()));
    let notes = Notes::new(store);
    let outcome = notes.delete(&value("alice"), notes.new_id(), &ANY).await;
    assert_kind(outcome, StoreErrorKind::OutcomeUnknown);
}

#[tokio::test]
async fn delete_of_an_item_that_cannot_be_read_is_corrupt_or_stale() {
    let mut store = MockNoteStore::new();
    let delete = store.expect_delete();
    delete.returning(|_, _, _, _| Ok(DeleteOutcome::Stale(None)));
    let notes = Notes::new(store);
    let (user, id) = (value("alice"), notes.new_id());
    let delete = |expected| at_once(notes.delete(&user, id, &expected));
    assert_kind(delete(ANY), StoreErrorKind::Corrupt);
    let outcome = delete(only(id.into())).unwrap();
    assert_eq!(outcome, DeleteOutcome::Stale(None));
}

#[tokio::test]
async fn a_note_with_the_last_revision_cannot_be_deleted() {
    let fixture = Fixture::new();
    let id = NoteId::from_ordinal((1 << 122) - 1).unwrap();
    let created = fixture.notes.create(&fixture.user, id, milk());
    assert!(matches!(created.await, Ok(CreateOutcome::Created(_))));
    let outcome = fixture.notes.delete(&fixture.user, id, &ANY).await;
    assert_eq!(cause(&outcome.unwrap_err()), "it has the last revision");
}

#[tokio::test]
async fn an_id_stays_spent_until_no_retry_can_come() {
    for (age_in_days, spent_until_day) in [(0, 7), (3, 7), (30, 30)] {
        let clock = Clock::new();
        let id = NoteId::generate(clock.now());
        let hour_after = clock.now().as_secs() + spent_until_day * DAY.as_secs() + 3_600;
        clock.advance(DAY * age_in_days);
        let mut store = MockNoteStore::new();
        let delete = store.expect_delete().times(1);
        delete.returning(move |_, _, deletion, _| {
            assert_eq!(deletion.purge_at.as_secs(), hour_after);
            Ok(DeleteOutcome::Deleted)
        });
        let outcome = clock.notes(store).delete(&value("alice"), id, &ANY).await;
        assert_eq!(outcome.unwrap(), DeleteOutcome::Deleted);
    }
}
