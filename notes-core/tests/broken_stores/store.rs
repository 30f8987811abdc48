mod changes;
mod delete;
mod insert;
mod list;
mod purge;
mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use async_trait::async_trait;
use insert::normalised;
use notes_core::conformance::{Harness, UnreadableKind};
use notes_core::{
    ChangePage, ChangesQuery, DeleteOutcome, Deletion, Expected, Fingerprint, InsertOutcome,
    Insertion, ListQuery, Note, NoteId, NoteStore, Occupant, Page, PurgeAt, Purged, Revision,
    StoreError, StoreErrorKind, Timestamp, Update, UpdateOutcome, UserId,
};
use tokio::task::yield_now;

use crate::fault::Fault;

/// A store in memory with at most one fault. It removes items when they may be removed.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    fault: Option<Fault>,
    keeps_changes: bool,
    data: Arc<Data>,
    handle: Handle,
    /// Another handle to the same data, of the one that the harness has.
    other: Option<Box<Self>>,
}

/// What all handles share.
#[derive(Debug, Default)]
struct Data {
    items: Mutex<Items>,
    /// The keys that no list has, while a write that is not atomic is under way.
    unlisted: Mutex<BTreeSet<Key>>,
    /// Whether a call is under way, for faults that allow but one.
    is_busy: AtomicBool,
    /// How many calls have come, and how many have had their turn, where the fault is how they wait.
    came: AtomicUsize,
    served: AtomicUsize,
    /// The keys of the tombstones, the oldest first, for a fault that forgets some.
    deleted: Mutex<Vec<Key>>,
}

/// What each has of its own.
#[derive(Debug, Default)]
struct Handle {
    /// What was there before, for faults that look back.
    earlier: Mutex<Items>,
    /// What was read last, for faults that remember it.
    read: Mutex<BTreeMap<Key, Option<Item>>>,
    lists: Mutex<BTreeMap<String, Page>>,
    changes: Mutex<BTreeMap<String, ChangePage>>,
    /// For faults that lock no more than the handle.
    lock: Mutex<()>,
}

type Items = BTreeMap<Key, Item>;

/// The user and the id.
type Key = (String, u128);

#[derive(Clone, Debug)]
enum Item {
    Note(Stored),
    Tombstone { revision: Revision, of: Stored },
    Unreadable(Spoiled),
}

/// Why an item can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoiled {
    NoNote,
    /// A field is of another type.
    Type,
    /// A text is longer than may be: no condition sees that.
    Text,
}

#[derive(Clone, Debug)]
struct Stored {
    note: Note,
    fingerprint: Fingerprint,
    purge_at_secs: Option<u64>,
    /// When a sweep removes it, which is at the same time unless that is the fault.
    swept_at_secs: Option<u64>,
    earlier_revisions: Vec<Revision>,
    /// The `now` of the last write, unless that is the fault.
    written: Timestamp,
}

/// What a write does to the item with its key.
#[expect(clippy::large_enum_variant, reason = "it lives for a moment")]
enum Write {
    Nothing,
    Put(Item),
    Remove,
}

/// A call that has its turn, until it is over or given up.
struct Turn<'a>(&'a AtomicUsize);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// In how many steps an item is read, judged and written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Steps {
    One,
    /// Others come in between where threads run at the same time.
    Two,
    TwoUnderTheLockOfTheHandle,
    TwoAndAPause,
}

const LAST_ID: u128 = (1 << 122) - 1;

impl FaultyStore {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self::with(fault, fault != Some(Fault::KeepsNoChangesAndFailsAsOther))
    }

    /// A store that keeps no changes, and has no fault.
    pub(crate) fn without_changes() -> Self {
        Self::with(None, false)
    }

    fn with(fault: Option<Fault>, keeps_changes: bool) -> Self {
        let data = Arc::default();
        let handle = |other| Self {
            fault,
            keeps_changes,
            data: Arc::clone(&data),
            handle: Handle::default(),
            other,
        };
        handle(Some(Box::new(handle(None))))
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn items(&self) -> MutexGuard<'_, Items> {
        locked(&self.data.items)
    }

    fn earlier(&self) -> MutexGuard<'_, Items> {
        locked(&self.handle.earlier)
    }

    fn unlisted(&self) -> MutexGuard<'_, BTreeSet<Key>> {
        locked(&self.data.unlisted)
    }

    fn owner(&self, user: &UserId) -> String {
        let user = user.as_str();
        match self.fault {
            Some(Fault::UsersShareIds) => String::new(),
            Some(Fault::CutsUserIds) => user.chars().take(128).collect(),
            Some(Fault::IgnoresCaseOfUserIds) => user.to_lowercase(),
            Some(Fault::TrimsUserIds) => user.trim().to_owned(),
            Some(Fault::NormalisesUserIds) => normalised(user),
            _ => user.to_owned(),
        }
    }

    fn key(&self, user: &UserId, id: NoteId) -> Key {
        let id = match self.fault {
            Some(Fault::KeyIsTheMillisecond) => id.ordinal() >> 74 << 74,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                reason = "the loss is the fault"
            )]
            Some(Fault::KeyIsADouble) => (id.ordinal() as f64) as u128,
            _ => id.ordinal(),
        };
        (self.owner(user), id)
    }

    /// The item with this key, unless it was to be removed.
    fn find(&self, items: &Items, key: &Key, now: Timestamp) -> Option<Item> {
        if self.has(Fault::UnreadableItemsAreShared) {
            let mut of_this_id = items.iter().filter(|((_, id), _)| *id == key.1);
            if of_this_id.any(|(_, item)| matches!(item, Item::Unreadable(_))) {
                return Some(Item::Unreadable(Spoiled::NoNote));
            }
        }
        items.get(key).filter(|item| item.is_kept(now)).cloned()
    }

    /// Does to the item with this key what `decide` says, in one step unless the fault is that it
    /// takes two.
    async fn write<O>(
        &self,
        key: Key,
        now: Timestamp,
        steps: Steps,
        decide: impl Fn(Option<Item>) -> (Write, O) + Send,
    ) -> O {
        let before = self.find(&self.items(), &key, now);
        if steps == Steps::TwoAndAPause {
            yield_now().await;
        }
        let locks_its_handle = steps == Steps::TwoUnderTheLockOfTheHandle;
        let _lock = locks_its_handle.then(|| locked(&self.handle.lock));
        let before = if locks_its_handle {
            self.find(&self.items(), &key, now)
        } else {
            before
        };
        let decided = (steps != Steps::One).then(|| decide(before));
        let mut items = self.items();
        let (write, outcome) = decided.unwrap_or_else(|| decide(self.find(&items, &key, now)));
        self.forget_what_was_read(&key);
        match write {
            Write::Nothing => {}
            Write::Put(item) => {
                if self.has(Fault::KeepsAHundredTombstones)
                    && matches!(item, Item::Tombstone { .. })
                {
                    let mut deleted = locked(&self.data.deleted);
                    deleted.push(key.clone());
                    if deleted.len() > 100 {
                        items.remove(&deleted.remove(0));
                    }
                }
                items.insert(key, item);
            }
            Write::Remove => {
                items.remove(&key);
            }
        }
        outcome
    }

    fn forget_what_was_read(&self, key: &Key) {
        locked(&self.handle.read).remove(key);
        locked(&self.handle.lists).clear();
    }

    /// Begins a call that no other may overlap, where that is the fault: one whose caller gives it up
    /// is never over.
    async fn begin(&self, forgets_to_end: Fault) -> Result<(), StoreError> {
        if !self.has(forgets_to_end) {
            return Ok(());
        }
        if self.data.is_busy.swap(true, Ordering::SeqCst) {
            return Err(StoreErrorKind::Unavailable.into());
        }
        yield_now().await;
        Ok(())
    }

    /// Waits for the calls that came before, where the fault is that it does.
    async fn turn(&self) -> Result<Option<Turn<'_>>, StoreError> {
        if !self.has(Fault::WaitsForCallsThatWereGivenUp) {
            return Ok(None);
        }
        let number = self.data.came.fetch_add(1, Ordering::SeqCst);
        for _ in 0..100 {
            if self.data.served.load(Ordering::SeqCst) == number {
                let turn = Turn(&self.data.served);
                yield_now().await;
                return Ok(Some(turn));
            }
            yield_now().await;
        }
        // For ever would be too long for a test.
        Err(StoreErrorKind::Unavailable.into())
    }

    fn end(&self, forgets_to_end: Fault) {
        if self.has(forgets_to_end) {
            self.data.is_busy.store(false, Ordering::SeqCst);
        }
    }

    /// The note with this key, and its item.
    fn note_at(&self, key: &Key) -> Option<Stored> {
        match self.items().get(key) {
            Some(Item::Note(stored)) => Some(stored.clone()),
            _ => None,
        }
    }

    /// Writes a note past all rules.
    fn show(&self, key: &Key, note: Stored) {
        self.items().insert(key.clone(), Item::Note(note));
    }

    fn is_live(&self, note: &Note, now: Timestamp) -> bool {
        let now = match self.fault {
            Some(Fault::ExpiresASecondLate) => now.as_millis().saturating_sub(1_000),
            Some(Fault::ExpiresASecondEarly) => now.as_millis() + 1_000,
            _ => now.as_millis(),
        };
        note.is_live(Timestamp::from_millis(now))
    }

    /// Whether the note is live, for a method whose fault may be that it does not ask.
    fn shows(&self, note: &Note, now: Timestamp, forgets_to_ask: Fault) -> bool {
        self.has(forgets_to_ask) || self.is_live(note, now)
    }

    fn purge_at_secs(&self, asked: PurgeAt, now: Timestamp) -> u64 {
        if self.has(Fault::FreesIdsAfterADay) {
            return now.as_secs() + 24 * 60 * 60;
        }
        asked.as_secs()
    }
}

#[async_trait]
impl NoteStore for FaultyStore {
    async fn insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
    ) -> Result<InsertOutcome, StoreError> {
        let note = &insertion.note;
        let month = 30 * 24 * 60 * 60;
        if self.has(Fault::RefusesOldIds) && note.created_at().as_secs() + month < now.as_secs() {
            return Err(StoreErrorKind::Other.into());
        }
        if self.has(Fault::InsertRewritesTheUser) {
            let all = self.items().clone();
            yield_now().await;
            *self.items() = all;
        }
        let key = self.key(&note.user, note.id);
        if self.has(Fault::InsertRewritesTheUserWithoutWaiting) {
            let mut all = self.items().clone();
            let (write, outcome) = self.decide_insert(insertion, now, all.get(&key).cloned());
            if let Write::Put(item) = write {
                all.insert(key, item);
                a_moment();
                *self.items() = all;
            }
            return Ok(outcome);
        }
        let _turn = self.turn().await?;
        if self.has(Fault::InsertAsksThenWrites)
            && let (Write::Put(item), outcome) = self.decide_insert(insertion, now, None)
        {
            let is_taken = self.items().contains_key(&key);
            a_moment();
            if !is_taken {
                self.items().insert(key, item);
                return Ok(outcome);
            }
        }
        self.begin(Fault::WriteForgetsToEnd).await?;
        let before = self.note_at(&key);
        if self.has(Fault::InsertIsTorn) && self.find(&self.items(), &key, now).is_none() {
            let (write, _) = self.decide_insert(insertion, now, None);
            if let Write::Put(Item::Note(mut half)) = write {
                half.note.content = value("");
                self.show(&key, half);
                a_moment();
                self.items().remove(&key);
            }
        }
        if self.has(Fault::InsertIsIndexedLater) && before.is_none() {
            self.unlisted().insert(key.clone());
        }
        if self.has(Fault::HandleRemembersSpentIds) && self.earlier().contains_key(&key) {
            return Ok(InsertOutcome::Taken(Occupant::Spent));
        }
        let steps = match self.fault {
            Some(Fault::InsertIsNotAtomic | Fault::RepeatedInsertWrites) => Steps::TwoAndAPause,
            Some(Fault::InsertLooksThenWrites | Fault::RepeatedInsertWritesWithoutWaiting) => {
                Steps::Two
            }
            Some(Fault::HandleLocksAlone) => Steps::TwoUnderTheLockOfTheHandle,
            _ => Steps::One,
        };
        let decide = |found| self.decide_insert(insertion, now, found);
        let mut outcome = self.write(key.clone(), now, steps, decide).await;
        if self.has(Fault::RepeatedInsertTellsTornNotes)
            && let (InsertOutcome::Taken(Occupant::Live { note, .. }), Some(before)) =
                (&mut outcome, before)
        {
            note.content = before.note.content;
        }
        if self.has(Fault::InsertIsIndexedLater) && outcome == InsertOutcome::Inserted {
            yield_now().await;
            self.unlisted().remove(&key);
        }
        self.end(Fault::WriteForgetsToEnd);
        Ok(outcome)
    }

    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError> {
        let key = self.key(user, id);
        self.begin(Fault::ReadForgetsToEnd).await?;
        self.end(Fault::ReadForgetsToEnd);
        let items = self.items();
        let mut found = self.find(&items, &key, now);
        let remembered = locked(&self.handle.read)
            .entry(key.clone())
            .or_insert(found.clone())
            .clone();
        if self.has(Fault::HandleCachesNotes) && remembered.is_some()
            || self.has(Fault::HandleCachesMisses) && remembered.is_none()
        {
            found = remembered;
        }
        if self.has(Fault::GetFindsTheNextNote) {
            let next = items.range(key.clone()..).next();
            found = next.map(|(_, item)| item.clone());
        }
        if self.has(Fault::GetIsCached) {
            let mut cache = self.earlier();
            found = match (cache.get(&key), found) {
                (Some(cached), _) => Some(cached.clone()),
                (None, None) => None,
                (None, Some(item)) => Some(cache.entry(key).or_insert(item).clone()),
            };
        }
        match found {
            Some(Item::Note(stored))
                if self.shows(&stored.note, now, Fault::GetShowsExpiredNotes) =>
            {
                Ok(Some(stored.note))
            }
            Some(Item::Tombstone { of, .. }) if self.has(Fault::GetShowsDeletedNotes) => {
                Ok(Some(of.note))
            }
            Some(Item::Unreadable(Spoiled::Type)) if self.has(Fault::GetHidesWrongTypes) => {
                Ok(None)
            }
            Some(Item::Unreadable(_)) if !self.has(Fault::GetHidesUnreadableItems) => {
                Err(StoreErrorKind::Corrupt.into())
            }
            _ => Ok(None),
        }
    }

    async fn list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        let page = self.serve_list(user, query, now)?;
        if !self.has(Fault::HandleCachesLists) {
            return Ok(page);
        }
        let asked = format!("{} {query:?}", user.as_str());
        Ok(locked(&self.handle.lists)
            .entry(asked)
            .or_insert(page)
            .clone())
    }

    async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError> {
        let steps = match (self.fault, &update.expected) {
            (Some(Fault::UnconditionalUpdateIsNotAtomic), Expected::Any | Expected::NoneOf(_))
            | (Some(Fault::UpdateIsNotAtomic), Expected::OneOf(_)) => Steps::TwoAndAPause,
            (
                Some(Fault::UnconditionalUpdateLooksThenWrites),
                Expected::Any | Expected::NoneOf(_),
            )
            | (Some(Fault::UpdateLooksThenWrites), Expected::OneOf(_)) => Steps::Two,
            (Some(Fault::HandleLocksAlone), _) => Steps::TwoUnderTheLockOfTheHandle,
            _ => Steps::One,
        };
        let key = self.key(user, id);
        let _turn = self.turn().await?;
        self.begin(Fault::WriteForgetsToEnd).await?;
        let known = locked(&self.handle.read).get(&key).cloned().flatten();
        let before = self.note_at(&key);
        if let Some(before) = &before {
            self.show_update_by_parts(&key, before, update, now);
            if self.has(Fault::UpdateIsDoneByHalves)
                && self.allows(&update.expected, before.note.revision, update.revision)
                && let Some(title) = &update.patch.title
            {
                let mut half = before.clone();
                half.note.title = title.clone();
                self.show(&key, half);
                yield_now().await;
            }
        }
        if self.has(Fault::UpdateTellsASnapshot) {
            a_moment();
        }
        let decide = |found| self.decide_update(user, id, update, now, found);
        let mut outcome = self.write(key.clone(), now, steps, decide).await;
        let snapshot = match (self.fault, before, known) {
            (Some(Fault::UpdateTellsASnapshot), before, _) => before,
            (Some(Fault::UpdateTellsWhatItsHandleKnows), _, Some(Item::Note(known))) => Some(known),
            _ => None,
        };
        if let (UpdateOutcome::Updated(told), Some(snapshot)) = (&mut outcome, snapshot)
            && snapshot.note.revision != update.revision
        {
            *told = self.patched(&snapshot, update, now).note;
        }
        self.unlisted().remove(&key);
        self.end(Fault::WriteForgetsToEnd);
        Ok(outcome)
    }

    async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError> {
        let steps = match self.fault {
            Some(Fault::DeleteIsNotAtomic) => Steps::TwoAndAPause,
            Some(Fault::DeleteLooksThenWrites) => Steps::Two,
            Some(Fault::HandleLocksAlone) => Steps::TwoUnderTheLockOfTheHandle,
            _ => Steps::One,
        };
        let key = self.key(user, id);
        let _turn = self.turn().await?;
        self.begin(Fault::WriteForgetsToEnd).await?;
        if self.has(Fault::DeleteRemovesFirst)
            && let Some(there) = self.note_at(&key)
            && self.allows(&deletion.expected, there.note.revision, deletion.revision)
        {
            self.items().remove(&key);
            yield_now().await;
            self.show(&key, there);
        }
        if self.has(Fault::HandleRemembersSpentIds)
            && let Some(there) = self.note_at(&key)
        {
            self.earlier().insert(key.clone(), Item::Note(there));
        }
        let decide = |found| self.decide_delete(user, id, deletion, now, found);
        let outcome = self.write(key, now, steps, decide).await;
        self.end(Fault::WriteForgetsToEnd);
        Ok(outcome)
    }

    async fn changes(
        &self,
        user: &UserId,
        query: &ChangesQuery,
        now: Timestamp,
    ) -> Result<ChangePage, StoreError> {
        if self.has(Fault::KeepsNoChangesAndFailsAsOther) {
            return Err(StoreErrorKind::Other.into());
        }
        if !self.keeps_changes {
            return Err(StoreErrorKind::Unsupported.into());
        }
        self.serve_changes(user, query, now)
    }

    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
        self.begin(Fault::PurgeForgetsToEnd).await?;
        self.end(Fault::PurgeForgetsToEnd);
        locked(&self.handle.read).clear();
        locked(&self.handle.lists).clear();
        self.serve_purge(user, budget)
    }
}

impl FaultyStore {
    /// What other threads may see of an update whose fault is that it is not one step for them.
    fn show_update_by_parts(&self, key: &Key, before: &Stored, update: &Update, now: Timestamp) {
        let is_allowed = self.allows(&update.expected, before.note.revision, update.revision);
        match self.fault {
            Some(Fault::UpdateLeavesAGap) if is_allowed => {
                self.items().remove(key);
                a_moment();
                self.show(key, before.clone());
            }
            Some(Fault::UpdateIsTorn) if is_allowed => {
                let mut half = self.patched(before, update, now);
                half.note.title = before.note.title.clone();
                half.note.category.clone_from(&before.note.category);
                self.show(key, half);
                a_moment();
                self.show(key, before.clone());
            }
            Some(Fault::RefusedUpdateIsSeen) if !is_allowed => {
                self.show(key, self.patched(before, update, now));
                a_moment();
                self.show(key, before.clone());
            }
            Some(Fault::UpdateIsUnlistedMeanwhile) if is_allowed => {
                self.unlisted().insert(key.clone());
                a_moment();
            }
            _ => {}
        }
    }
}

#[async_trait]
impl Harness for FaultyStore {
    fn store(&self) -> &dyn NoteStore {
        self
    }

    fn other_handle(&self) -> &dyn NoteStore {
        self.other.as_deref().unwrap_or(self)
    }

    fn keeps_changes(&self) -> bool {
        self.keeps_changes && !self.has(Fault::DeniesItsChanges)
    }

    async fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        self.plant_unreadable_of(0, user, id).await;
    }

    fn unreadable_kinds(&self) -> Vec<UnreadableKind> {
        let kind = |(spoiled, name)| UnreadableKind {
            name,
            writes_see_it: spoiled != Spoiled::Text,
        };
        KINDS.map(kind).to_vec()
    }

    async fn plant_unreadable_of(&self, kind: usize, user: &UserId, id: NoteId) {
        let (spoiled, _) = KINDS[kind];
        self.items()
            .insert(self.key(user, id), Item::Unreadable(spoiled));
    }

    async fn stored_text(&self, user: &UserId, id: NoteId) -> String {
        let note = match self.items().get(&self.key(user, id)) {
            Some(Item::Note(stored)) => stored.note.clone(),
            Some(Item::Tombstone { of, .. }) if self.has(Fault::TombstoneKeepsTheTexts) => {
                of.note.clone()
            }
            _ => return String::new(),
        };
        let category = note.category.map(String::from).unwrap_or_default();
        [note.title.as_str(), note.content.as_str(), &category].concat()
    }

    async fn sweep(&self, user: &UserId, now: Timestamp) {
        let owner = self.owner(user);
        self.items().retain(|(of, _), item| match item {
            Item::Note(stored) | Item::Tombstone { of: stored, .. } => {
                *of != owner || stored.swept_at_secs.is_none_or(|at| at > now.as_secs())
            }
            Item::Unreadable(_) => true,
        });
    }
}

const KINDS: [(Spoiled, &str); 3] = [
    (Spoiled::NoNote, "no note"),
    (Spoiled::Type, "a field of another type"),
    (Spoiled::Text, "a text that is too long"),
];

/// What a store does between two steps. It waits for nothing, but where more threads are to run than
/// there are cores, another one may.
fn a_moment() {
    thread::yield_now();
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Item {
    /// Whether it is not yet to be removed.
    fn is_kept(&self, now: Timestamp) -> bool {
        match self {
            Self::Note(stored) | Self::Tombstone { of: stored, .. } => {
                stored.purge_at_secs.is_none_or(|at| at > now.as_secs())
            }
            Self::Unreadable(_) => true,
        }
    }
}

fn value<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("a valid value")
}
