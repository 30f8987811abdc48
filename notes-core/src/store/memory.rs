use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::note::fingerprint::Fingerprint;
use crate::note::list_query::{ListQuery, Order};
use crate::note::stored::Note;
use crate::store::changes::{ChangePage, Changed, ChangedState, ChangesQuery};
use crate::store::note_store::{
    DeleteOutcome, Deletion, InsertOutcome, Insertion, NoteStore, Occupant, Page, Purged,
};
use crate::store::store_error::{StoreError, StoreErrorKind};
use crate::store::update::{Expected, Update, UpdateOutcome};
use crate::sync::position::ChangePosition;
#[cfg(feature = "conformance")]
use crate::value::category::Category;
use crate::value::note_id::NoteId;
use crate::value::purge_at::PurgeAt;
use crate::value::revision::Revision;
use crate::value::timestamp::Timestamp;
use crate::value::user_id::UserId;

/// The reference implementation of the port: it keeps notes in memory, until its last clone is dropped.
///
/// A clone is a handle to the same notes. Only [`NoteStore::purge`] removes items: expired notes and
/// tombstones stay in memory, invisible, even after their [`PurgeAt`]. It executes a call whatever its `now` is,
/// also outside of the [bounds of sync](crate::sync_bounds).
#[derive(Clone, Debug, Default)]
pub struct MemoryNoteStore {
    items: Arc<Mutex<BTreeMap<(UserId, NoteId), Item>>>,
}

/// What is stored under a key.
#[derive(Clone, Debug)]
enum Item {
    /// A note, which may have expired.
    Note(Note, Fingerprint, Option<PurgeAt>, Written),
    #[cfg_attr(
        not(feature = "conformance"),
        expect(
            dead_code,
            reason = "only the conformance suite removes items by their PurgeAt"
        )
    )]
    Tombstone(Revision, PurgeAt, Written),
    #[cfg_attr(
        not(feature = "conformance"),
        expect(dead_code, reason = "only the conformance suite can make such an item")
    )]
    Unreadable(Written),
}

/// The `now` of the last write of an item.
type Written = Timestamp;

impl MemoryNoteStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores an item under this key that can't be read as a note.
    #[cfg(feature = "conformance")]
    pub(crate) fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        self.lock()
            .insert((user.clone(), id), Item::Unreadable(Timestamp::now()));
    }

    /// The texts that are kept under this key.
    #[cfg(feature = "conformance")]
    pub(crate) fn stored_text(&self, user: &UserId, id: NoteId) -> String {
        match self.lock().get(&(user.clone(), id)) {
            Some(Item::Note(note, ..)) => {
                let category = note.category.as_ref().map_or("", Category::as_str);
                [note.title.as_str(), note.content.as_str(), category].join("\n")
            }
            Some(Item::Tombstone(..) | Item::Unreadable(_)) | None => String::new(),
        }
    }

    /// Removes the items of this user that may be removed at `now`.
    #[cfg(feature = "conformance")]
    pub(crate) fn sweep(&self, user: &UserId, now: Timestamp) {
        self.lock().retain(|(owner, _), item| {
            let purge_at = match item {
                Item::Note(_, _, purge_at, _) => *purge_at,
                Item::Tombstone(_, purge_at, _) => Some(*purge_at),
                Item::Unreadable(_) => None,
            };
            owner != user || purge_at.is_none_or(|at| at.as_secs() > now.as_secs())
        });
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(UserId, NoteId), Item>> {
        // A lock is poisoned when a thread panics while it holds it. No write here can be left half done by
        // that, so the notes are still valid.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Item {
    /// Whether a list shows it.
    fn is_shown(&self, now: Timestamp) -> bool {
        match self {
            Self::Note(note, ..) => note.is_live(now),
            Self::Tombstone(..) => false,
            Self::Unreadable(_) => true,
        }
    }

    fn written(&self) -> Written {
        match self {
            Self::Note(.., written) | Self::Tombstone(.., written) | Self::Unreadable(written) => {
                *written
            }
        }
    }
}

/// The bytes of an item's position: of live notes the id, and otherwise the time of the last write and the id.
fn place(id: NoteId, item: &Item, query: &ChangesQuery) -> Vec<u8> {
    let id = id.uuid().into_bytes();
    if query.since.is_none() {
        return id.to_vec();
    }
    let written = item.written().as_millis().to_be_bytes();
    [&written[..], &id].concat()
}

/// The condition of every write of an existing note: revisions only grow.
fn may_replace(current: Revision, expected: &Expected, new: Revision) -> bool {
    expected.allows(current) && current < new
}

#[async_trait]
impl NoteStore for MemoryNoteStore {
    async fn insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
    ) -> Result<InsertOutcome, StoreError> {
        let mut items = self.lock();
        let note = &insertion.note;
        let key = (note.user.clone(), note.id);
        let occupant = match items.get(&key) {
            None if !note.is_live(now) => return Ok(InsertOutcome::Expired),
            None => {
                let note = note.clone();
                let purge_at = insertion.purge_at();
                let item = Item::Note(note, insertion.fingerprint, purge_at, now);
                items.insert(key, item);
                return Ok(InsertOutcome::Inserted);
            }
            Some(Item::Note(note, fingerprint, ..)) if note.is_live(now) => Occupant::Live {
                note: note.clone(),
                fingerprint: *fingerprint,
            },
            Some(Item::Note(..) | Item::Tombstone(..)) => Occupant::Spent,
            Some(Item::Unreadable(_)) => Occupant::Unreadable,
        };
        Ok(InsertOutcome::Taken(occupant))
    }

    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError> {
        match self.lock().get(&(user.clone(), id)) {
            Some(Item::Note(note, ..)) if note.is_live(now) => Ok(Some(note.clone())),
            Some(Item::Note(..) | Item::Tombstone(..)) | None => Ok(None),
            Some(Item::Unreadable(_)) => Err(StoreErrorKind::Corrupt.into()),
        }
    }

    async fn list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        let mut page = Page::default();
        let Some(range) = query.range() else {
            return Ok(page);
        };
        let items = self.lock();
        let mut range = items.range((user.clone(), *range.start())..=(user.clone(), *range.end()));
        let mut last = None;
        while let Some(((_, id), item)) = match query.order {
            Order::Newest => range.next_back(),
            Order::Oldest => range.next(),
        } {
            if page.notes.len() + page.unreadable.len() == query.limit.get() {
                page.next = last;
                break;
            }
            last = Some(*id);
            match item {
                Item::Note(note, ..) if note.is_live(now) && query.matches_category(note) => {
                    page.notes.push(note.clone());
                }
                Item::Note(..) | Item::Tombstone(..) => {}
                Item::Unreadable(_) => page.unreadable.push(id.to_string()),
            }
        }
        Ok(page)
    }

    async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError> {
        let mut items = self.lock();
        Ok(match items.get_mut(&(user.clone(), id)) {
            Some(Item::Note(note, ..)) if note.revision == update.revision => {
                UpdateOutcome::Updated(note.clone())
            }
            Some(Item::Note(note, _, purge_at, written)) if update.finds_live(note, now) => {
                if note.is_live(update.live_at(now))
                    && may_replace(note.revision, &update.expected, update.revision)
                    && (note.expires.is_retained() || !update.is_renewal())
                {
                    if update.expires().is_some() {
                        *purge_at = update.purge_at(id, now);
                    }
                    update.apply(note);
                    *written = now;
                    UpdateOutcome::Updated(note.clone())
                } else {
                    UpdateOutcome::Stale(Some(note.clone()))
                }
            }
            Some(Item::Unreadable(_)) => UpdateOutcome::Stale(None),
            Some(Item::Note(..) | Item::Tombstone(..)) | None => UpdateOutcome::Missing,
        })
    }

    async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError> {
        let mut items = self.lock();
        let Some(item) = items.get_mut(&(user.clone(), id)) else {
            return Ok(DeleteOutcome::Missing);
        };
        Ok(match item {
            Item::Note(note, ..) if note.is_live(now) => {
                if may_replace(note.revision, &deletion.expected, deletion.revision) {
                    *item = Item::Tombstone(deletion.revision, deletion.purge_at, now);
                    DeleteOutcome::Deleted
                } else {
                    DeleteOutcome::Stale(Some(note.clone()))
                }
            }
            Item::Tombstone(revision, ..) if *revision == deletion.revision => {
                DeleteOutcome::Deleted
            }
            Item::Note(..) | Item::Tombstone(..) => DeleteOutcome::Missing,
            Item::Unreadable(_) => DeleteOutcome::Stale(None),
        })
    }

    async fn changes(
        &self,
        user: &UserId,
        query: &ChangesQuery,
        now: Timestamp,
    ) -> Result<ChangePage, StoreError> {
        let items = self.lock();
        let range = (user.clone(), NoteId::FIRST)..=(user.clone(), NoteId::LAST);
        let owned = items.range(range).map(|((_, id), item)| (*id, item));
        let mut places: Vec<_> = owned
            .filter(|(_, item)| match query.since {
                None => item.is_shown(now),
                Some(since) => item.written() >= since,
            })
            .map(|(id, item)| (place(id, item, query), id, item))
            .filter(|(place, ..)| {
                let position = query.position.as_ref().map(ChangePosition::as_bytes);
                position.is_none_or(|position| place.as_slice() > position)
            })
            .collect();
        places.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let has_more = places.len() > query.limit.get();
        places.truncate(query.limit.get());
        let mut page = ChangePage::default();
        for (place, id, item) in places {
            let state = match item {
                Item::Note(note, ..) if note.is_live(now) => ChangedState::Live(note.clone()),
                Item::Note(..) | Item::Tombstone(..) => ChangedState::Gone(id),
                Item::Unreadable(_) => ChangedState::Unreadable(id.to_string()),
            };
            let position = ChangePosition::try_from(place.as_slice());
            let position =
                position.map_err(|error| StoreError::new(StoreErrorKind::Other, error))?;
            page.changes.push(Changed::new(position, state));
        }
        if has_more {
            page.next = page.changes.last().map(|last| last.position.clone());
        }
        Ok(page)
    }

    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
        let mut items = self.lock();
        let owned = items.keys().filter(|(owner, _)| owner == user);
        let mut keys: Vec<_> = owned.take(budget.get() as usize + 1).cloned().collect();
        let more = keys.len() > budget.get() as usize;
        keys.truncate(budget.get() as usize);
        for key in &keys {
            items.remove(key);
        }
        let removed = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        Ok(Purged::new(removed, more))
    }
}
