//! How the public types may be used: across threads, behind a pointer, in place of one another.

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use notes_core::{
    Category, Change, ChangePage, ChangePosition, Changed, ChangedState, Changes, ChangesOutcome,
    ChangesQuery, Content, CreateOutcome, DeleteOutcome, Deletion, Expected, Expires, Expiry,
    ExpiryChoice, Fingerprint, Horizon, InsertOutcome, Insertion, InvalidCategory,
    InvalidChangePosition, InvalidContent, InvalidHorizon, InvalidNoteId, InvalidOrder,
    InvalidPageLimit, InvalidRevision, InvalidRevisions, InvalidSyncToken, InvalidTimestamp,
    InvalidTitle, InvalidUserId, ListQuery, MemoryNoteStore, MockNoteStore, NewNote, Note, NoteId,
    NotePatch, NoteStore, Notes, Occupant, Order, Page, PageLimit, PurgeAt, Purged, Revision,
    Revisions, StoreError, StoreErrorKind, SyncSettings, SyncToken, Timestamp, Title,
    UnacceptableDate, Update, UpdateOutcome, UserId,
};

const fn is_shared<T: Debug + Send + Sync + Unpin + 'static>() {}
const fn is_error<T: Error + Send + Sync + 'static>() {}

macro_rules! assert_all {
    ($check:ident: $($type:ty),* $(,)?) => {
        const _: () = { $($check::<$type>();)* };
    };
}

assert_all!(is_shared:
    Category, Change<Expiry>, ChangePage, ChangePosition, Changed, ChangedState, Changes, ChangesOutcome,
    ChangesQuery, SyncSettings, SyncToken, Content, CreateOutcome, DeleteOutcome, Deletion, Expected, Expires, Expiry,
    ExpiryChoice, Fingerprint, Horizon, InsertOutcome, Insertion, ListQuery, MemoryNoteStore, MockNoteStore, NewNote, Note,
    NoteId, NotePatch, Notes<MemoryNoteStore>, Occupant, Order, Page, PageLimit, PurgeAt, Purged,
    Revision, Revisions, StoreErrorKind, Timestamp, Title, Update, UpdateOutcome, UserId,
);

assert_all!(is_error:
    InvalidCategory, InvalidChangePosition, InvalidSyncToken, InvalidContent, InvalidHorizon, InvalidNoteId, InvalidOrder, InvalidPageLimit, InvalidRevision,
    InvalidRevisions, InvalidTimestamp, InvalidTitle, InvalidUserId, StoreError, UnacceptableDate,
);

/// A spawned task may do anything that the service can do.
#[tokio::test]
async fn a_task_may_await_every_method() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let notes = Notes::new(MemoryNoteStore::new());
    let (user, id): (UserId, _) = ("alice".parse().unwrap(), notes.new_id());
    let patch = NotePatch::default();
    assert!(is_send(notes.create(&user, id, milk())).await.is_ok());
    assert!(is_send(notes.get(&user, id)).await.is_ok());
    assert!(
        is_send(notes.list(&user, &ListQuery::default()))
            .await
            .is_ok()
    );
    drop(is_send(notes.stream(user.clone(), Order::Newest)));
    assert!(
        is_send(notes.update(&user, id, patch, &Expected::Any))
            .await
            .is_ok()
    );
    assert!(
        is_send(notes.delete(&user, id, &Expected::Any))
            .await
            .is_ok()
    );
    let changes = notes.changes(&user, None, PageLimit::default());
    assert!(is_send(changes).await.is_err());
    assert!(is_send(notes.erase(&user)).await.is_ok());
}

/// The body of a response outlives the call that makes it, and with it the service and the user that were
/// borrowed for it.
#[tokio::test]
async fn a_stream_of_notes_outlives_its_service_and_can_move_to_another_task() {
    fn stream_of(
        notes: &Notes<Arc<dyn NoteStore>>,
        user: &UserId,
    ) -> impl Stream<Item = Result<Note, StoreError>> + Send + 'static {
        notes.stream(user.clone(), Order::Oldest)
    }
    let stream = {
        let store: Arc<dyn NoteStore> = Arc::new(MemoryNoteStore::new());
        let (notes, user) = (Notes::new(store), "alice".parse().unwrap());
        let id = notes.new_id();
        assert!(notes.create(&user, id, milk()).await.is_ok());
        stream_of(&notes, &user)
    };
    let streamed = tokio::spawn(stream.count());
    assert_eq!(streamed.await.unwrap(), 1);
}

/// What a program logs of a store that it knows as `dyn NoteStore` only.
#[test]
fn a_store_behind_a_pointer_has_a_debug_form() {
    let boxed: Box<dyn NoteStore> = Box::new(MemoryNoteStore::new());
    assert!(format!("{boxed:?}").contains("MemoryNoteStore"));
    let shared: Arc<dyn NoteStore> = Arc::new(boxed);
    assert!(format!("{:?}", Notes::new(&*shared)).contains("MemoryNoteStore"));
}

#[tokio::test]
async fn a_store_may_be_chosen_when_the_program_runs() {
    let store: Arc<dyn NoteStore> = Arc::new(MemoryNoteStore::new());
    let (user, now) = ("alice".parse().unwrap(), Timestamp::now());
    let none = store.get(&user, NoteId::generate(now), now).await;
    assert_eq!(none.unwrap(), None);

    let notes = Notes::new(Arc::clone(&store));
    let id = notes.new_id();
    assert!(notes.create(&user, id, milk()).await.is_ok());
    let created = Notes::new(&store).get(&user, id).await.unwrap();
    assert_eq!(created.map(|note| note.id), Some(id));
}

/// What the feature `mock` is for: code on top of the port, and a store that fails on demand.
#[tokio::test]
async fn a_mock_stands_in_for_a_store() {
    let mut store = MockNoteStore::new();
    store
        .expect_insert()
        .withf(|insertion, _| insertion.note.title.as_str() == "Milk")
        .returning(|_, _| Err(StoreErrorKind::Throttled.into()));
    let notes = Notes::new(store);
    let user = "alice".parse().unwrap();

    let outcome = notes.create(&user, notes.new_id(), milk()).await;

    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Throttled);
    assert!(error.is_retryable());
}

/// What a service takes of a query string, without a type of its own.
#[test]
fn orders_and_limits_are_serialised_as_their_text_and_number() {
    for order in [Order::Newest, Order::Oldest] {
        assert_eq!(order.to_string().parse(), Ok(order));
        let json = serde_json::to_value(order).unwrap();
        assert_eq!(json, order.to_string());
        assert_eq!(serde_json::from_value::<Order>(json).unwrap(), order);
    }
    assert_eq!("Newest".parse::<Order>(), Err(InvalidOrder));
    let json = serde_json::to_string(&PageLimit::LARGEST).unwrap();
    assert_eq!(json, "100");
    let read: PageLimit = serde_json::from_str(&json).unwrap();
    assert_eq!(u8::from(read), 100);
    assert!(serde_json::from_str::<PageLimit>("0").is_err());
}

#[test]
fn revisions_and_times_are_serialised_as_their_texts() {
    for text in ["\"019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d\"", "\"x\""] {
        let revision: Result<Revision, _> = serde_json::from_str(text);
        let shown = revision.map(|revision| serde_json::to_string(&revision).unwrap());
        assert_eq!(shown.ok().as_deref(), (text != "\"x\"").then_some(text));
    }
    let time: Timestamp = serde_json::from_str("\"2026-11-22T19:47:00+01:00\"").unwrap();
    let shown = serde_json::to_string(&time).unwrap();
    assert_eq!(shown, "\"2026-11-22T18:47:00.000Z\"");
    assert!(serde_json::from_str::<Timestamp>("\"yesterday\"").is_err());
}

#[tokio::test]
async fn a_boxed_store_is_a_store() {
    let store: Box<dyn NoteStore> = Box::new(MemoryNoteStore::new());
    let notes = Notes::new(store);
    let user = "alice".parse().unwrap();
    let outcome = notes.create(&user, notes.new_id(), milk()).await;
    let CreateOutcome::Created(note) = outcome.unwrap() else {
        panic!("not created");
    };
    let expected = note.revision.into();
    let outcome = notes.delete(&user, note.id, &expected).await;
    assert_eq!(outcome.unwrap(), DeleteOutcome::Deleted);
}

#[test]
fn an_error_says_its_cause_in_its_source_only() {
    let error = StoreError::new(StoreErrorKind::Other, "no such table");
    assert_eq!(error.to_string(), "the store failed");
    assert_eq!(error.source().unwrap().to_string(), "no such table");
    let without = StoreError::from(StoreErrorKind::Other);
    assert!(without.source().is_none());
}

fn milk() -> NewNote {
    NewNote::new(
        "Milk".parse().expect("a title"),
        "2 litres".parse().expect("a content"),
    )
}
