use std::time::Duration;

use notes_core::{
    CreateOutcome, DeleteOutcome, Expected, Expires, InsertOutcome, MockNoteStore, NewNote, Note,
    Notes, Occupant, PurgeAt, StoreErrorKind, UpdateOutcome,
};

use super::{Clock, DAY, Fixture, assert_kind, milk, milk_until, only, value};

#[tokio::test]
async fn create_stores_the_note_as_asked_for() {
    let fixture = Fixture::new();
    let id = fixture.notes.new_id();
    let expiry = fixture.clock.expiry_in(DAY);
    let new = milk_until(expiry).with_category(value("shop"));
    let outcome = fixture.notes.create(&fixture.user, id, new).await.unwrap();
    let note = Note::new(fixture.user.clone(), id, value("Milk"), value("2 litres"))
        .with_category(value("shop"))
        .with_expires(Expires::Chosen(expiry));
    assert_eq!(outcome, CreateOutcome::Created(note.clone()));
    assert_eq!(fixture.get(id).await, Some(note));
}

#[tokio::test]
async fn a_new_id_carries_the_time_of_the_clock() {
    let fixture = Fixture::new();
    let (one, two) = (fixture.notes.new_id(), fixture.notes.new_id());
    assert_eq!(one.created_at(), fixture.clock.now());
    assert_ne!(one, two);
}

#[tokio::test]
async fn two_notes_of_one_millisecond_are_two_notes() {
    let fixture = Fixture::new();
    let (one, two) = (fixture.create(milk()).await, fixture.create(milk()).await);
    assert_eq!(one.created_at(), two.created_at());
    assert_eq!(fixture.get(one.id).await, Some(one));
    assert_eq!(fixture.get(two.id).await, Some(two));
}

#[tokio::test]
async fn create_repeated_is_replayed() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    fixture.clock.advance(DAY);
    let again = fixture.notes.create(&fixture.user, note.id, milk()).await;
    assert_eq!(again.unwrap(), CreateOutcome::Replayed(note));
}

#[tokio::test]
async fn a_replay_is_judged_by_the_creation_and_has_the_note_as_it_is_now() {
    let fixture = Fixture::new();
    let id = fixture.create(milk()).await.id;
    let changed = fixture.retitled(id, "Butter").await;
    let butter = NewNote::new(value("Butter"), value("2 litres"));
    let create = |new| fixture.notes.create(&fixture.user, id, new);
    let replay = create(milk()).await.unwrap();
    assert_eq!(replay, CreateOutcome::Replayed(changed.clone()));
    // What the note looks like now is not what this creation asked for.
    let other = create(butter).await.unwrap();
    assert_eq!(other, CreateOutcome::IdReused);
    assert_eq!(fixture.get(id).await, Some(changed));
}

#[tokio::test]
async fn create_with_other_contents_is_told_so_whichever_field_differs() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    for other in [
        NewNote::new(value("milk"), value("2 litres")),
        NewNote::new(value("Milk"), value("2 litres ")),
        milk().with_category(value("shop")),
        milk().without_expiry(),
        milk_until(fixture.clock.expiry_in(DAY)),
    ] {
        let outcome = fixture.notes.create(&fixture.user, note.id, other).await;
        assert_eq!(outcome.unwrap(), CreateOutcome::IdReused);
    }
    assert_eq!(fixture.get(note.id).await, Some(note));
}

#[tokio::test]
async fn a_replay_is_recognised_under_another_retention_setting() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    let notes = fixture.notes.clone().with_retention(DAY);
    let again = notes.create(&fixture.user, note.id, milk()).await;
    assert_eq!(again.unwrap(), CreateOutcome::Replayed(note));
}

#[tokio::test]
async fn create_never_brings_a_deleted_note_back() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    fixture.clock.advance(DAY);
    let expected = only(note.revision);
    let deleted = fixture.notes.delete(&fixture.user, note.id, &expected);
    assert_eq!(deleted.await.unwrap(), DeleteOutcome::Deleted);
    let again = fixture.notes.create(&fixture.user, note.id, milk()).await;
    assert_eq!(again.unwrap(), CreateOutcome::Spent);
    assert_eq!(fixture.get(note.id).await, None);
}

#[tokio::test]
async fn create_never_brings_an_expired_note_back() {
    let fixture = Fixture::new();
    let new = milk_until(fixture.clock.expiry_in(DAY));
    let note = fixture.create(new.clone()).await;
    fixture.clock.advance(DAY);
    let again = fixture.notes.create(&fixture.user, note.id, new).await;
    assert_eq!(again.unwrap(), CreateOutcome::Spent);
    assert_eq!(fixture.get(note.id).await, None);
}

#[tokio::test]
async fn one_id_may_be_used_by_each_user() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    let other = value("bob");
    let outcome = fixture.notes.create(&other, note.id, milk()).await.unwrap();
    assert!(matches!(outcome, CreateOutcome::Created(_)));
    let update = fixture
        .notes
        .update(&other, note.id, super::retitle("Bob's"), &Expected::Any);
    assert!(matches!(update.await, Ok(UpdateOutcome::Updated(_))));
    assert_eq!(fixture.get(note.id).await, Some(note));
}

#[tokio::test]
async fn create_on_an_item_that_cannot_be_read_is_corrupt() {
    let mut store = MockNoteStore::new();
    store
        .expect_insert()
        .returning(|_, _| Ok(InsertOutcome::Taken(Occupant::Unreadable)));
    let notes = Notes::new(store);
    let outcome = notes.create(&value("alice"), notes.new_id(), milk()).await;
    assert_kind(outcome, StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn create_is_sent_once_and_passes_on_why_it_failed() {
    for kind in [StoreErrorKind::OutcomeUnknown, StoreErrorKind::Throttled] {
        let mut store = MockNoteStore::new();
        let insert = store.expect_insert().times(1);
        insert.returning(move |_, _| Err(kind.into()));
        let notes = Notes::new(store);
        let outcome = notes.create(&value("alice"), notes.new_id(), milk()).await;
        assert_kind(outcome, kind);
    }
}

#[tokio::test]
async fn a_note_may_be_removed_only_if_it_expires_and_no_retry_can_come() {
    let clock = Clock::new();
    let expiry = clock.expiry_in(DAY);
    for (new, window, purge_at_day) in [
        (milk(), 7 * DAY, None),
        (milk().without_expiry(), 7 * DAY, None),
        (milk_until(expiry), 7 * DAY, Some(7)),
        (milk_until(expiry), Duration::ZERO, Some(1)),
    ] {
        let now = clock.now();
        let mut store = MockNoteStore::new();
        let insert = store.expect_insert().times(1);
        insert.returning(move |insertion, at| {
            let hour_after = |day: u64| now.as_secs() + day * DAY.as_secs() + 3_600;
            let purge_at = insertion.purge_at().map(PurgeAt::as_secs);
            assert_eq!(purge_at, purge_at_day.map(hour_after));
            assert_eq!(at, now);
            Ok(InsertOutcome::Inserted)
        });
        let notes = clock.notes(store).with_acceptance_window(window);
        let (user, id) = (value("alice"), notes.new_id());
        let outcome = notes.create(&user, id, new).await.unwrap();
        assert!(matches!(outcome, CreateOutcome::Created(_)));
    }
}
