//! The way to the store: clocks, and writes that are late or whose responses are lost.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use futures_util::FutureExt;
use notes_core::conformance::Harness;
use notes_core::sync_bounds::{AHEAD, LAG};
use notes_core::{
    ChangePage, ChangesQuery, DeleteOutcome, Deletion, InsertOutcome, Insertion, ListQuery,
    MemoryNoteStore, Note, NoteId, NoteStore, Page, Purged, StoreError, StoreErrorKind, Timestamp,
    Update, UpdateOutcome, UserId,
};

const MINUTE: u64 = 60_000;

pub(crate) fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().expect("a short time")
}

/// What a future of the store in memory returns, which never waits.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("ready at once")
}

/// A write on its way.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    Insert(Insertion),
    Update(NoteId, Update),
    Delete(NoteId, Deletion),
}

impl Write {
    fn name(&self) -> &'static str {
        match self {
            Self::Insert(_) => "insert",
            Self::Update(..) => "update",
            Self::Delete(..) => "delete",
        }
    }
}

#[derive(Debug)]
enum Outcome {
    Insert(InsertOutcome),
    Update(UpdateOutcome),
    Delete(DeleteOutcome),
}

/// What has happened in the store, so that a backup of it can be restored.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Written(Write, Timestamp),
    Swept(Timestamp),
}

#[derive(Debug)]
struct State {
    rng: Rng,
    /// The store's clock, in milliseconds.
    clock: u64,
    /// Whether writes outside of the bounds are refused.
    is_guarded: bool,
    pending: Vec<(Write, Timestamp)>,
    events: Vec<Event>,
    /// When each note was last written, by the store's clock.
    written: BTreeMap<NoteId, u64>,
    /// Deleted notes.
    deleted: Vec<NoteId>,
    /// What was asked of the store, in this order, without the random bits of revisions: no seed says those.
    trace: Vec<String>,
}

/// The store, as the service reaches it.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    store: MemoryNoteStore,
    user: UserId,
    state: Arc<Mutex<State>>,
}

impl Network {
    pub(crate) fn new(seed: u64, is_guarded: bool) -> Self {
        let state = State {
            rng: Rng::with_seed(seed),
            clock: 1_795_373_220_123,
            is_guarded,
            pending: Vec::new(),
            events: Vec::new(),
            written: BTreeMap::new(),
            deleted: Vec::new(),
            trace: Vec::new(),
        };
        Self {
            store: MemoryNoteStore::new(),
            user: "alice".parse().expect("a user id"),
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn user(&self) -> &UserId {
        &self.user
    }

    /// Draws with the schedule's seed.
    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.state().rng)
    }

    pub(crate) fn chance(&self, percent: u64) -> bool {
        self.draw(|rng| rng.u64(0..100) < percent)
    }

    /// The store's clock.
    pub(crate) fn clock(&self) -> u64 {
        self.state().clock
    }

    /// What the clock of some server says. No two readings are of the same millisecond.
    pub(crate) fn reading(&self) -> Timestamp {
        let mut state = self.state();
        state.clock += 1;
        let (clock, ahead) = (state.clock, millis(AHEAD));
        let reading = match state.rng.u8(0..4) {
            0 => clock,
            1 => clock + ahead,
            2 => clock - ahead,
            _ => clock - ahead + state.rng.u64(0..=2 * ahead),
        };
        Timestamp::from_millis(reading)
    }

    /// What was asked of the store until now.
    pub(crate) fn trace(&self) -> Vec<String> {
        self.state().trace.clone()
    }

    fn record(&self, what: &str, now: Timestamp) {
        let mut state = self.state();
        let line = format!("{}: {what}, by the clock at {now}", state.clock);
        state.trace.push(line);
    }

    pub(crate) fn written_at(&self, id: NoteId) -> u64 {
        self.state().written.get(&id).copied().unwrap_or(0)
    }

    pub(crate) fn is_deleted(&self, id: NoteId) -> bool {
        self.state().deleted.contains(&id)
    }

    /// All notes that were ever written.
    pub(crate) fn ids(&self) -> Vec<NoteId> {
        self.state().written.keys().copied().collect()
    }

    /// The note if it is live at this time.
    pub(crate) fn live_at(&self, id: NoteId, millis: u64) -> Option<Note> {
        let now = Timestamp::from_millis(millis);
        at_once(self.store.get(&self.user, id, now)).expect("a readable item")
    }

    /// Lets time pass, during which late writes may take effect and items may be removed.
    pub(crate) fn tick(&self, minutes: u64) {
        let pending = {
            let mut state = self.state();
            state.clock += minutes * MINUTE;
            std::mem::take(&mut state.pending)
        };
        for (write, now) in pending {
            if !self.is_in_time(now) {
                continue;
            }
            if self.chance(30) {
                self.execute(&write, now);
            } else {
                self.state().pending.push((write, now));
            }
        }
        if self.chance(50) {
            self.sweep();
        }
    }

    /// Removes what may be removed.
    pub(crate) fn sweep(&self) {
        let now = Timestamp::from_millis(self.clock());
        at_once(Harness::sweep(&self.store, &self.user, now));
        self.record("sweep", now);
        self.state().events.push(Event::Swept(now));
    }

    /// No write takes effect any more.
    pub(crate) fn rest(&self) {
        self.state().pending.clear();
    }

    /// The events until now, from which this state can be restored.
    pub(crate) fn backup(&self) -> Vec<Event> {
        self.state().events.clone()
    }

    pub(crate) fn restore(&self, backup: &[Event]) {
        self.erase();
        let clock = {
            let mut state = self.state();
            state.events.clear();
            state.pending.clear();
            state.clock
        };
        for event in backup {
            match event {
                Event::Written(write, now) => drop(self.execute(write, *now)),
                Event::Swept(now) => {
                    at_once(Harness::sweep(&self.store, &self.user, *now));
                    self.state().events.push(event.clone());
                }
            }
        }
        // Whoever read before was told of another history.
        for written in self.state().written.values_mut() {
            *written = clock;
        }
    }

    pub(crate) fn erase(&self) {
        let purged = at_once(self.store.purge(&self.user, NonZeroU32::MAX));
        assert!(!purged.expect("a count").more);
        let mut state = self.state();
        state.deleted.clear();
    }

    fn is_in_time(&self, now: Timestamp) -> bool {
        let state = self.state();
        let (clock, now) = (state.clock, now.as_millis());
        now <= clock + millis(AHEAD) && (clock <= now + millis(LAG) || !state.is_guarded)
    }

    /// Sends attempts until one is responded to, or the caller gives up.
    fn send(&self, write: &Write, now: Timestamp) -> Result<Outcome, StoreError> {
        // A process that was suspended, or an SDK that has corrected its clock.
        let is_suspended = !self.state().is_guarded && self.chance(15);
        if is_suspended {
            let minutes = self.draw(|rng| rng.u64(18..60));
            self.tick(minutes);
        }
        for _attempt in 0..3 {
            if self.chance(15) {
                self.state().pending.push((write.clone(), now));
                if self.chance(50) {
                    return Err(StoreErrorKind::OutcomeUnknown.into());
                }
                let minutes = self.draw(|rng| rng.u64(0..2));
                self.tick(minutes);
            }
            if !self.is_in_time(now) {
                return Err(StoreErrorKind::OutcomeUnknown.into());
            }
            let outcome = self.execute(write, now);
            if self.chance(85) {
                return Ok(outcome);
            }
            if self.chance(50) {
                break;
            }
        }
        Err(StoreErrorKind::OutcomeUnknown.into())
    }

    /// Executes a write now.
    fn execute(&self, write: &Write, now: Timestamp) -> Outcome {
        let user = &self.user;
        let before = |id| self.live_at(id, now.as_millis());
        let (id, is_done, is_deletion, outcome) = match write {
            Write::Insert(insertion) => {
                let outcome = at_once(self.store.insert(insertion, now)).expect("an outcome");
                let is_done = outcome == InsertOutcome::Inserted;
                (insertion.note.id, is_done, false, Outcome::Insert(outcome))
            }
            Write::Update(id, update) => {
                let is_repeated = before(*id).is_some_and(|note| note.revision == update.revision);
                let outcome =
                    at_once(self.store.update(user, *id, update, now)).expect("an outcome");
                let is_done = !is_repeated && matches!(outcome, UpdateOutcome::Updated(_));
                (*id, is_done, false, Outcome::Update(outcome))
            }
            Write::Delete(id, deletion) => {
                let is_there = before(*id).is_some();
                let outcome =
                    at_once(self.store.delete(user, *id, deletion, now)).expect("an outcome");
                let is_done = is_there && outcome == DeleteOutcome::Deleted;
                (*id, is_done, true, Outcome::Delete(outcome))
            }
        };
        self.record(&format!("{} {id}, done: {is_done}", write.name()), now);
        if is_done {
            let mut state = self.state();
            let clock = state.clock;
            state.written.insert(id, clock);
            state.events.push(Event::Written(write.clone(), now));
            if is_deletion {
                state.deleted.push(id);
            }
        }
        outcome
    }
}

#[async_trait]
impl NoteStore for Network {
    async fn insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
    ) -> Result<InsertOutcome, StoreError> {
        match self.send(&Write::Insert(insertion.clone()), now)? {
            Outcome::Insert(outcome) => Ok(outcome),
            other => panic!("{other:?} of an insertion"),
        }
    }

    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError> {
        self.store.get(user, id, now).await
    }

    async fn list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        self.store.list(user, query, now).await
    }

    async fn update(
        &self,
        _: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError> {
        match self.send(&Write::Update(id, update.clone()), now)? {
            Outcome::Update(outcome) => Ok(outcome),
            other => panic!("{other:?} of an update"),
        }
    }

    async fn delete(
        &self,
        _: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError> {
        match self.send(&Write::Delete(id, deletion.clone()), now)? {
            Outcome::Delete(outcome) => Ok(outcome),
            other => panic!("{other:?} of a deletion"),
        }
    }

    async fn changes(
        &self,
        user: &UserId,
        query: &ChangesQuery,
        now: Timestamp,
    ) -> Result<ChangePage, StoreError> {
        let page = self.store.changes(user, query, now).await?;
        let since = query.since;
        self.record(
            &format!("changes since {since:?}, {} of them", page.changes.len()),
            now,
        );
        Ok(page)
    }

    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
        self.store.purge(user, budget).await
    }
}
