//! What `Notes` adds to a store, clause by clause.

mod create;
mod delete;
mod reading;
mod retention;
mod sync;
mod update;

use std::error::Error;
use std::fmt::Debug;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use notes_core::{
    CreateOutcome, Expected, Expiry, MemoryNoteStore, MockNoteStore, NewNote, Note, NoteId,
    NotePatch, NoteStore, Notes, Revision, StoreError, StoreErrorKind, Timestamp, Update,
    UpdateOutcome, UserId,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A clock that goes when it is told to.
#[derive(Clone)]
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_795_373_220_123)))
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn advance(&self, by: Duration) {
        self.0.fetch_add(millis(by), Ordering::Relaxed);
    }

    fn turn_back(&self, by: Duration) {
        self.0.fetch_sub(millis(by), Ordering::Relaxed);
    }

    /// An expiry at this distance from now.
    fn expiry_in(&self, distance: Duration) -> Expiry {
        Expiry::try_from(self.now().as_secs() + distance.as_secs()).expect("an expiry")
    }

    fn notes<S: NoteStore>(&self, store: S) -> Notes<S> {
        let clock = self.clone();
        Notes::new(store).with_clock(move || clock.now())
    }
}

/// A service on a memory store, with what a test needs to look behind it.
struct Fixture {
    clock: Clock,
    store: MemoryNoteStore,
    notes: Notes<MemoryNoteStore>,
    user: UserId,
}

impl Fixture {
    fn new() -> Self {
        let (clock, store) = (Clock::new(), MemoryNoteStore::new());
        Self {
            notes: clock.notes(store.clone()),
            user: value("alice"),
            clock,
            store,
        }
    }

    fn with_retention(retention: Duration) -> Self {
        let fixture = Self::new();
        Self {
            notes: fixture.notes.clone().with_retention(retention),
            ..fixture
        }
    }

    async fn create(&self, new: NewNote) -> Note {
        let outcome = self.notes.create(&self.user, self.notes.new_id(), new);
        match outcome.await.expect("an outcome") {
            CreateOutcome::Created(note) => note,
            other => panic!("{other:?}"),
        }
    }

    async fn get(&self, id: NoteId) -> Option<Note> {
        self.notes.get(&self.user, id).await.expect("a response")
    }

    /// Updates the note, a second later.
    async fn update(&self, id: NoteId, patch: NotePatch, expected: &Expected) -> UpdateOutcome {
        self.clock.advance(Duration::from_secs(1));
        let outcome = self.notes.update(&self.user, id, patch, expected);
        outcome.await.expect("an outcome")
    }

    async fn retitled(&self, id: NoteId, title: &str) -> Note {
        match self.update(id, retitle(title), &Expected::Any).await {
            UpdateOutcome::Updated(note) => note,
            other => panic!("{other:?}"),
        }
    }

    /// A service whose writes to a note come just after a rival's, so many times.
    fn notes_with_rivals(&self, mut rivals: u32) -> Notes<MockNoteStore> {
        let mut mock = MockNoteStore::new();
        let mut before_each = {
            let store = self.store.clone();
            move |user: &UserId, id, now| {
                if let Some(left) = rivals.checked_sub(1) {
                    rivals = left;
                    rival_write(&store, user, id, now);
                }
            }
        };
        let store = self.store.clone();
        mock.expect_update().returning({
            let mut before_each = before_each.clone();
            move |user, id, update, now| {
                before_each(user, id, now);
                at_once(store.update(user, id, update, now))
            }
        });
        let store = self.store.clone();
        mock.expect_delete()
            .returning(move |user, id, deletion, now| {
                before_each(user, id, now);
                at_once(store.delete(user, id, deletion, now))
            });
        self.clock.notes(mock)
    }
}

/// Gives the note a category, unconditionally.
fn rival_write(store: &MemoryNoteStore, user: &UserId, id: NoteId, now: Timestamp) {
    let current = at_once(store.get(user, id, now)).expect("a response");
    let current = current.expect("a note").revision;
    let update = Update::new(
        NotePatch::default().with_category(value("rival")),
        Expected::Any,
        current.next(now).expect("a greater revision"),
        Notes::<()>::DEFAULT_ACCEPTANCE_WINDOW,
    );
    let outcome = at_once(store.update(user, id, &update, now));
    assert!(matches!(outcome, Ok(UpdateOutcome::Updated(_))));
}

/// The output of a future of the memory store, which never waits.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("ready at once")
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().expect("a short time")
}

fn value<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("a valid value")
}

fn milk() -> NewNote {
    NewNote::new(value("Milk"), value("2 litres"))
}

fn milk_until(expiry: Expiry) -> NewNote {
    milk().with_expiry(expiry)
}

fn retitle(title: &str) -> NotePatch {
    NotePatch::default().with_title(value(title))
}

fn until(expiry: Expiry) -> NotePatch {
    NotePatch::default().with_expiry(expiry)
}

fn only(revision: Revision) -> Expected {
    revision.into()
}

#[track_caller]
fn assert_kind<T: Debug>(result: Result<T, StoreError>, kind: StoreErrorKind) {
    assert_eq!(result.expect_err("an error").kind(), kind);
}

/// The text of an error's cause.
fn cause(error: &StoreError) -> String {
    error.source().expect("a cause").to_string()
}
