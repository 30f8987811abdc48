mod delete;
mod insert;
mod list;
mod purge;
mod update;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use insert::normalised;
use notes_core::conformance::Harness;
use notes_core::{
    DeleteOutcome, Deletion, Expected, Fingerprint, InsertOutcome, Insertion, ListQuery, Note,
    NoteId, NoteStore, Page, PurgeAt, Purged, Revision, StoreError, StoreErrorKind, Timestamp,
    Update, UpdateOutcome, UserId,
};
use tokio::task::yield_now;

use crate::fault::Fault;

/// A store in memory with at most one fault. It removes items when they may be removed.
pub(crate) struct FaultyStore {
    fault: Option<Fault>,
    items: Mutex<Items>,
    /// What was there before, for faults that look back.
    earlier: Mutex<Items>,
}

type Items = BTreeMap<Key, Item>;

/// The user and the id.
type Key = (String, u128);

#[derive(Clone)]
enum Item {
    Note(Stored),
    Tombstone { revision: Revision, of: Stored },
    Unreadable,
}

#[derive(Clone)]
struct Stored {
    note: Note,
    fingerprint: Fingerprint,
    purge_at_secs: Option<u64>,
    earlier_revisions: Vec<Revision>,
}

/// What a write does to the item with its key.
#[expect(clippy::large_enum_variant, reason = "it lives for a moment")]
enum Write {
    Nothing,
    Put(Item),
    Remove,
}

const LAST_ID: u128 = (1 << 122) - 1;

impl FaultyStore {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self {
            fault,
            items: Mutex::default(),
            earlier: Mutex::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn items(&self) -> MutexGuard<'_, Items> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn earlier(&self) -> MutexGuard<'_, Items> {
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner)
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
            if of_this_id.any(|(_, item)| matches!(item, Item::Unreadable)) {
                return Some(Item::Unreadable);
            }
        }
        items.get(key).filter(|it| it.is_kept(now)).cloned()
    }

    /// Does to the item with this key what `decide` says, in one step unless the fault is that it
    /// takes two.
    async fn write<O>(
        &self,
        key: Key,
        now: Timestamp,
        in_two_steps: bool,
        decide: impl Fn(Option<Item>) -> (Write, O) + Send,
    ) -> O {
        let before = self.find(&self.items(), &key, now);
        if in_two_steps {
            yield_now().await;
        }
        let mut items = self.items();
        let found = if in_two_steps {
            before
        } else {
            self.find(&items, &key, now)
        };
        let (write, outcome) = decide(found);
        match write {
            Write::Nothing => {}
            Write::Put(item) => {
                items.insert(key, item);
            }
            Write::Remove => {
                items.remove(&key);
            }
        }
        outcome
    }

    fn is_live(&self, note: &Note, now: Timestamp) -> bool {
        let now = match self.fault {
            Some(Fault::EndsASecondLate) => now.as_millis().saturating_sub(1_000),
            Some(Fault::EndsASecondEarly) => now.as_millis() + 1_000,
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
        let in_two_steps =
            self.has(Fault::InsertIsNotAtomic) || self.has(Fault::RepeatedInsertWrites);
        let key = self.key(&note.user, note.id);
        let decide = |found| self.decide_insert(insertion, now, found);
        Ok(self.write(key, now, in_two_steps, decide).await)
    }

    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError> {
        let key = self.key(user, id);
        let items = self.items();
        let mut found = self.find(&items, &key, now);
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
            Some(Item::Note(it)) if self.shows(&it.note, now, Fault::GetShowsExpiredNotes) => {
                Ok(Some(it.note))
            }
            Some(Item::Tombstone { of, .. }) if self.has(Fault::GetShowsDeletedNotes) => {
                Ok(Some(of.note))
            }
            Some(Item::Unreadable) if !self.has(Fault::GetHidesUnreadableItems) => {
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
        self.answer_list(user, query, now)
    }

    async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError> {
        let in_two_steps = match update.expected {
            Expected::Any | Expected::NoneOf(_) => self.has(Fault::UnconditionalUpdateIsNotAtomic),
            Expected::OneOf(_) => self.has(Fault::UpdateIsNotAtomic),
        };
        let decide = |found| self.decide_update(user, id, update, now, found);
        let key = self.key(user, id);
        Ok(self.write(key, now, in_two_steps, decide).await)
    }

    async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError> {
        let in_two_steps = self.has(Fault::DeleteIsNotAtomic);
        let decide = |found| self.decide_delete(user, id, deletion, now, found);
        let key = self.key(user, id);
        Ok(self.write(key, now, in_two_steps, decide).await)
    }

    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
        self.answer_purge(user, budget)
    }
}

#[async_trait]
impl Harness for FaultyStore {
    fn store(&self) -> &dyn NoteStore {
        self
    }

    async fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        self.items().insert(self.key(user, id), Item::Unreadable);
    }
}

impl Item {
    /// Whether it is not yet to be removed.
    fn is_kept(&self, now: Timestamp) -> bool {
        match self {
            Self::Note(stored) | Self::Tombstone { of: stored, .. } => {
                stored.purge_at_secs.is_none_or(|it| it > now.as_secs())
            }
            Self::Unreadable => true,
        }
    }
}

fn value<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("a valid value")
}
