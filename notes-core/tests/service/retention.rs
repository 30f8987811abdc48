use std::time::Duration;

use notes_core::{
    Expected, Expires, MockNoteStore, Note, NotePatch, NoteStore, PurgeAt, Timestamp, UpdateOutcome,
};

use super::{DAY, Fixture, at_once, milk, milk_until, only, retitle, until, value};

/// As in the service that this one replaces.
const RETENTION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Updates the title each day for so many days.
async fn write_daily(fixture: &Fixture, mut note: Note, days: u32) -> Note {
    for day in 0..days {
        fixture.clock.advance(DAY);
        note = fixture.retitled(note.id, &format!("Day {day}")).await;
    }
    note
}

#[tokio::test]
async fn without_the_setting_a_note_does_not_expire() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    assert_eq!(note.expires, Expires::Never);
}

#[tokio::test]
async fn a_note_expires_so_long_after_its_creation() {
    let fixture = Fixture::with_retention(RETENTION);
    let note = fixture.create(milk()).await;
    let expiry = fixture.clock.expiry_in(RETENTION);
    assert_eq!(note.expires, Expires::Retained(expiry));
    fixture.clock.advance(89 * DAY);
    assert!(fixture.get(note.id).await.is_some());
    fixture.clock.advance(DAY);
    assert!(fixture.get(note.id).await.is_none());
}

#[tokio::test]
async fn each_write_moves_the_expiry() {
    let fixture = Fixture::with_retention(RETENTION);
    let note = fixture.create(milk()).await;
    let note = write_daily(&fixture, note, 100).await;
    let expiry = fixture.clock.expiry_in(RETENTION);
    assert_eq!(note.expires, Expires::Retained(expiry));
    fixture.clock.advance(RETENTION);
    assert!(fixture.get(note.id).await.is_none());
}

#[tokio::test]
async fn a_read_does_not_move_the_expiry() {
    let fixture = Fixture::with_retention(RETENTION);
    let note = fixture.create(milk()).await;
    fixture.clock.advance(DAY);
    assert_eq!(fixture.get(note.id).await, Some(note.clone()));
    let outcome = fixture
        .update(note.id, NotePatch::default(), &Expected::Any)
        .await;
    assert_eq!(outcome, UpdateOutcome::Updated(note));
}

#[tokio::test]
async fn an_expiry_that_the_author_sets_wins_and_survives_updates() {
    for distance in [DAY * 10, DAY * 1_000] {
        let fixture = Fixture::with_retention(RETENTION);
        let expiry = fixture.clock.expiry_in(distance);
        let note = fixture.create(milk_until(expiry)).await;
        let note = write_daily(&fixture, note, 5).await;
        assert_eq!(note.expires, Expires::Chosen(expiry));
    }
}

#[tokio::test]
async fn never_wins_and_survives_updates() {
    let fixture = Fixture::with_retention(RETENTION);
    let note = fixture.create(milk().without_expiry()).await;
    let note = write_daily(&fixture, note, 5).await;
    assert_eq!(note.expires, Expires::Never);
}

#[tokio::test]
async fn an_expiry_set_or_removed_later_wins_too() {
    let fixture = Fixture::with_retention(RETENTION);
    let expiry = fixture.clock.expiry_in(20 * DAY);
    for (patch, expires) in [
        (NotePatch::default().without_expiry(), Expires::Never),
        (until(expiry), Expires::Chosen(expiry)),
    ] {
        let note = fixture.create(milk()).await;
        let outcome = fixture.update(note.id, patch, &only(note.revision)).await;
        assert!(matches!(outcome, UpdateOutcome::Updated(_)));
        let note = write_daily(&fixture, note, 5).await;
        assert_eq!(note.expires, expires);
    }
}

#[tokio::test]
async fn notes_from_before_the_setting_stay_as_they_are() {
    let before = Fixture::new();
    let note = before.create(milk()).await;
    let fixture = Fixture {
        notes: before.notes.clone().with_retention(RETENTION),
        ..before
    };
    for expected in [only(note.revision), Expected::Any] {
        let outcome = fixture.update(note.id, retitle("Butter"), &expected).await;
        let UpdateOutcome::Updated(note) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(note.expires, Expires::Never);
    }
}

#[tokio::test]
async fn without_the_setting_a_note_keeps_the_expiry_it_has() {
    let before = Fixture::with_retention(RETENTION);
    let note = before.create(milk()).await;
    let fixture = Fixture {
        notes: before.clock.notes(before.store.clone()),
        ..before
    };
    let updated = fixture.retitled(note.id, "Butter").await;
    assert_eq!(updated.expiry(), note.expiry());
}

#[tokio::test]
async fn only_an_update_of_a_note_that_is_not_retained_costs_a_second_write() {
    let fixture = Fixture::with_retention(RETENTION);
    let retained = fixture.create(milk()).await;
    let unlimited = fixture.create(milk().without_expiry()).await;
    fixture.clock.advance(DAY);
    let new_expiry = fixture.clock.expiry_in(RETENTION);
    for (note, writes) in [(retained, 1), (unlimited, 2)] {
        let mut mock = MockNoteStore::new();
        let store = fixture.store.clone();
        let mut is_first = true;
        mock.expect_update()
            .times(writes)
            .returning(move |user, id, update, now| {
                assert_eq!(update.is_renewal(), is_first);
                let renewal = is_first.then_some(new_expiry);
                assert_eq!(update.expires(), renewal.map(Expires::Retained));
                let purge_at = update.purge_at(id, now).map(PurgeAt::as_secs);
                assert_eq!(purge_at, renewal.map(|expiry| expiry.as_secs() + 3_600));
                is_first = false;
                at_once(store.update(user, id, update, now))
            });
        let notes = fixture.clock.notes(mock).with_retention(RETENTION);
        let expected = only(note.revision);
        let outcome = notes.update(&fixture.user, note.id, retitle("Butter"), &expected);
        let UpdateOutcome::Updated(updated) = outcome.await.unwrap() else {
            panic!("not updated");
        };
        assert_eq!(updated.title, value("Butter"));
        assert_eq!(updated.expiry(), note.expiry().map(|_| new_expiry));
    }
}

#[tokio::test]
async fn a_write_that_is_made_again_after_a_rivals_moves_the_expiry_too() {
    let fixture = Fixture::with_retention(RETENTION);
    let note = fixture.create(milk()).await;
    // So that no revision of ours is greater than the rival's by its time alone.
    fixture.clock.turn_back(DAY);
    let notes = fixture.notes_with_rivals(1).with_retention(RETENTION);
    let patch = retitle("Butter");
    let outcome = notes.update(&fixture.user, note.id, patch, &Expected::Any);
    let UpdateOutcome::Updated(updated) = outcome.await.unwrap() else {
        panic!("not updated");
    };
    assert_eq!(updated.category, Some(value("rival")));
    let expiry = fixture.clock.expiry_in(RETENTION);
    assert_eq!(updated.expires, Expires::Retained(expiry));
}

#[tokio::test]
async fn a_patch_that_changes_nothing_leaves_a_note_that_is_not_retained_alone() {
    let fixture = Fixture::with_retention(RETENTION);
    let note = fixture.create(milk().without_expiry()).await;
    let same = retitle(note.title.as_str());
    let outcome = fixture.update(note.id, same, &Expected::Any).await;
    assert_eq!(outcome, UpdateOutcome::Updated(note));
}

#[tokio::test]
async fn a_fraction_of_a_second_is_a_second() {
    for (retention, secs) in [
        (Duration::from_nanos(1), 1),
        (Duration::from_millis(999), 1),
        (Duration::from_secs(1), 1),
        (Duration::from_millis(1_001), 2),
    ] {
        let fixture = Fixture::with_retention(retention);
        let expiry = fixture.clock.expiry_in(Duration::from_secs(secs));
        let note = fixture.create(milk()).await;
        assert_eq!(note.expiry(), Some(expiry), "{retention:?}");
        assert_eq!(fixture.get(note.id).await, Some(note));
    }
}

#[tokio::test]
async fn a_retention_without_measure_expires_at_the_end_of_time() {
    let fixture = Fixture::with_retention(Duration::MAX);
    let note = fixture.create(milk()).await;
    assert_eq!(note.expiry().unwrap().as_secs(), Timestamp::MAX.as_secs());
    assert_eq!(fixture.get(note.id).await, Some(note));
}
