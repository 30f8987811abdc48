use std::slice;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use notes_core::conformance::Harness;
use notes_core::{
    CreateOutcome, DeleteOutcome, Expected, ListQuery, MockNoteStore, Note, NoteId, NoteStore,
    Notes, Order, Page, PageLimit, Purged, StoreError, StoreErrorKind, Timestamp, UnacceptableDate,
};

use super::{Clock, DAY, Fixture, assert_kind, cause, milk, milk_until, value};

/// Notes a millisecond apart, the oldest first.
async fn create_many(fixture: &Fixture, count: usize) -> Vec<Note> {
    let mut notes = Vec::new();
    for _ in 0..count {
        fixture.clock.advance(Duration::from_millis(1));
        notes.push(fixture.create(milk()).await);
    }
    notes
}

async fn stream_of(fixture: &Fixture, order: Order) -> Vec<Result<Note, StoreError>> {
    let user = fixture.user.clone();
    fixture.notes.stream(user, order).collect().await
}

#[tokio::test]
async fn get_and_list_hide_a_note_when_the_clock_says_that_it_has_expired() {
    let fixture = Fixture::new();
    let expiry = fixture.clock.expiry_in(DAY);
    let note = fixture.create(milk_until(expiry)).await;
    let query = ListQuery::default();
    let list = || fixture.notes.list(&fixture.user, &query);
    assert_eq!(list().await.unwrap().notes, slice::from_ref(&note));
    fixture.clock.advance(DAY);
    assert_eq!(list().await.unwrap().notes, []);
    assert_eq!(fixture.get(note.id).await, None);
}

#[tokio::test]
async fn stream_returns_all_notes_in_order() {
    let fixture = Fixture::new();
    let mut notes = create_many(&fixture, 250).await;
    let gone = notes.remove(100);
    let deleted = fixture.notes.delete(&fixture.user, gone.id, &Expected::Any);
    assert_eq!(deleted.await.unwrap(), DeleteOutcome::Deleted);
    let collected = async |order| -> Vec<Note> {
        let all = stream_of(&fixture, order).await.into_iter();
        all.map(Result::unwrap).collect()
    };
    assert_eq!(collected(Order::Oldest).await, notes);
    notes.reverse();
    assert_eq!(collected(Order::Newest).await, notes);
}

#[tokio::test]
async fn stream_names_items_that_cannot_be_read_and_goes_on() {
    let fixture = Fixture::new();
    let mut notes = create_many(&fixture, 205).await;
    let unreadable = [
        notes.remove(204).id,
        notes.remove(100).id,
        notes.remove(0).id,
    ];
    for id in unreadable {
        fixture.store.plant_unreadable(&fixture.user, id).await;
    }
    for order in [Order::Newest, Order::Oldest] {
        let mut errors = Vec::new();
        let mut read = Vec::new();
        for item in stream_of(&fixture, order).await {
            match item {
                Ok(note) => read.push(note),
                Err(error) => errors.push(error),
            }
        }
        read.sort_by_key(|note| note.id);
        assert_eq!(read, notes);
        assert_eq!(errors.len(), unreadable.len());
        for id in unreadable {
            let of_id = |error: &&StoreError| cause(error).contains(&id.to_string());
            let error = errors.iter().find(of_id).expect("an error that names it");
            assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        }
    }
}

#[tokio::test]
async fn stream_ends_with_any_other_error() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    let mut store = MockNoteStore::new();
    let mut pages = vec![
        Err(StoreErrorKind::Throttled.into()),
        Ok(Page::new(vec![note.clone()]).with_next(note.id)),
    ];
    let list = store.expect_list().times(2);
    list.returning(move |_, _, _| pages.pop().unwrap());
    let notes = fixture.clock.notes(Arc::new(store));
    let stream = notes.stream(fixture.user.clone(), Order::Newest);
    let mut all: Vec<_> = stream.collect().await;
    assert_kind(all.pop().unwrap(), StoreErrorKind::Throttled);
    let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    assert_eq!(all, [note]);
}

#[tokio::test]
async fn stream_fetches_large_pages_only_as_it_is_read_and_goes_on_after_empty_ones() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    let mut store = MockNoteStore::new();
    let mut position = None;
    let list = store.expect_list().times(3);
    list.returning({
        let note = note.clone();
        move |_, query, _| {
            assert_eq!(query.limit, PageLimit::LARGEST);
            assert_eq!(query.position, position);
            let notes = match position {
                None => vec![],
                Some(_) => vec![note.clone()],
            };
            let next = NoteId::generate(Timestamp::now());
            position = Some(next);
            Ok(Page::new(notes).with_next(next))
        }
    });
    let notes = fixture.clock.notes(Arc::new(store));
    let two = notes.stream(fixture.user.clone(), Order::Oldest).take(2);
    let two: Vec<_> = two.map(Result::unwrap).collect().await;
    assert_eq!(two, [note.clone(), note]);
}

#[tokio::test]
async fn erase_removes_everything_and_counts_it() {
    let fixture = Fixture::new();
    let notes = create_many(&fixture, 2_500).await;
    let deleted = fixture
        .notes
        .delete(&fixture.user, notes[0].id, &Expected::Any);
    assert_eq!(deleted.await.unwrap(), DeleteOutcome::Deleted);
    let other = value("bob");
    let kept = fixture.notes.create(&other, notes[0].id, milk());
    assert!(matches!(kept.await, Ok(CreateOutcome::Created(_))));
    assert_eq!(fixture.notes.erase(&fixture.user).await.unwrap(), 2_500);
    assert_eq!(stream_of(&fixture, Order::Newest).await.len(), 0);
    assert_eq!(fixture.notes.erase(&fixture.user).await.unwrap(), 0);
    assert_eq!(fixture.notes.erase(&other).await.unwrap(), 1);
}

#[tokio::test]
async fn erase_goes_on_until_there_is_no_more() {
    let mut store = MockNoteStore::new();
    let mut responses = vec![(7, false), (1, true), (1_000, true)];
    store.expect_purge().times(3).returning(move |_, _| {
        let (removed, more) = responses.pop().unwrap();
        Ok(Purged::new(removed, more))
    });
    let erased = Notes::new(store).erase(&value("alice")).await;
    assert_eq!(erased.unwrap(), 1_008);
}

#[tokio::test]
async fn erase_passes_on_why_it_stopped() {
    let mut store = MockNoteStore::new();
    let purge = store.expect_purge().times(1);
    purge.returning(|_, _| Err(StoreErrorKind::Throttled.into()));
    let erased = Notes::new(store).erase(&value("alice")).await;
    assert_kind(erased, StoreErrorKind::Throttled);
}

#[test]
fn an_id_is_accepted_from_the_window_behind_to_five_minutes_ahead() {
    const WEEK: u64 = 7 * 24 * 60 * 60 * 1_000;
    const AHEAD: u64 = 5 * 60 * 1_000;
    let fixture = Fixture::new();
    let now = fixture.clock.now().as_millis();
    let check = |notes: &Notes<_>, millis| {
        notes.check_id_date(NoteId::generate(Timestamp::from_millis(millis)))
    };
    for (millis, expected) in [
        (0, Err(UnacceptableDate::TooOld)),
        (now - WEEK - 1, Err(UnacceptableDate::TooOld)),
        (now - WEEK, Ok(())),
        (now, Ok(())),
        (now + AHEAD, Ok(())),
        (now + AHEAD + 1, Err(UnacceptableDate::TooFarAhead)),
        (u64::MAX, Err(UnacceptableDate::TooFarAhead)),
    ] {
        assert_eq!(check(&fixture.notes, millis), expected, "{millis}");
    }
    let notes = fixture.notes.with_acceptance_window(DAY);
    let day = super::millis(DAY);
    assert_eq!(check(&notes, now - day), Ok(()));
    assert_eq!(check(&notes, now - day - 1), Err(UnacceptableDate::TooOld));
}

#[test]
fn an_id_of_an_old_draft_is_known_by_its_seconds() {
    const AHEAD: u64 = 5 * 60;
    let fixture = Fixture::new();
    let now = fixture.clock.now().as_secs();
    let week = 7 * DAY.as_secs();
    for (secs, expected) in [
        (now - week + 1, UnacceptableDate::OldDraft),
        (now, UnacceptableDate::OldDraft),
        (now + AHEAD, UnacceptableDate::OldDraft),
        (now - week - 1, UnacceptableDate::TooFarAhead),
        (now + AHEAD + 1, UnacceptableDate::TooFarAhead),
    ] {
        for fraction in [0, u128::from(u64::MAX)] {
            // 36 bits of seconds; then come the fraction, version, variant and random bits.
            let bits = u128::from(secs) << 92 | fraction;
            let bits = bits & !(0xf << 76 | 0b11 << 62) | 7 << 76 | 0b10 << 62;
            let id: NoteId = value(&uuid::Uuid::from_u128(bits).to_string());
            assert_eq!(fixture.notes.check_id_date(id), Err(expected), "{id}");
        }
    }
}

#[test]
fn debug_shows_the_settings() {
    let notes = Clock::new().notes(notes_core::MemoryNoteStore::new());
    let text = format!("{:?}", notes.with_retention(DAY));
    assert!(text.contains("retention: Some(86400s)"), "{text}");
}

/// The store that a service gives out is the one that it was given.
#[tokio::test]
async fn the_store_is_within_reach() {
    let fixture = Fixture::new();
    let note = fixture.create(milk()).await;
    let store = fixture.notes.store();
    let read = store.get(&fixture.user, note.id, fixture.clock.now()).await;
    assert_eq!(read.unwrap(), Some(note));
}
