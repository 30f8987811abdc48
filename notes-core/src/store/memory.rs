use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::note::fingerprint::Fingerprint;
use crate::note::list_query::{ListQuery, Order};
use crate::note::stored::Note;
use crate::store::note_store::{
    DeleteOutcome, Deletion, Expected, InsertOutcome, Insertion, NoteStore, Occupant, Page, Purged,
    Update, UpdateOutcome,
};
use crate::store::store_error::{StoreError, StoreErrorKind};
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
/// tombstones stay in memory, invisible, even after their [`PurgeAt`].
#[derive(Clone, Debug, Default)]
pub struct MemoryNoteStore {
    items: Arc<Mutex<BTreeMap<(UserId, NoteId), Item>>>,
}

/// What is stored under a key.
#[derive(Clone, Debug)]
enum Item {
    /// A note, which may have expired.
    Note(Note, Fingerprint, Option<PurgeAt>),
    #[cfg_attr(
        not(feature = "conformance"),
        expect(
            dead_code,
            reason = "only the conformance suite removes items by their PurgeAt"
        )
    )]
    Tombstone(Revision, PurgeAt),
    #[cfg_attr(
        not(feature = "conformance"),
        expect(dead_code, reason = "only the conformance suite can make such an item")
    )]
    Unreadable,
}

impl MemoryNoteStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores an item under this key that can't be read as a note.
    #[cfg(feature = "conformance")]
    pub(crate) fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        self.lock().insert((user.clone(), id), Item::Unreadable);
    }

    /// The texts that are kept under this key.
    #[cfg(feature = "conformance")]
    pub(crate) fn stored_text(&self, user: &UserId, id: NoteId) -> String {
        match self.lock().get(&(user.clone(), id)) {
            Some(Item::Note(note, ..)) => {
                let category = note.category.as_ref().map_or("", Category::as_str);
                [note.title.as_str(), note.content.as_str(), category].join("\n")
            }
            Some(Item::Tombstone(..) | Item::Unreadable) | None => String::new(),
        }
    }

    /// Removes the items of this user that may be removed at `now`.
    #[cfg(feature = "conformance")]
    pub(crate) fn sweep(&self, user: &UserId, now: Timestamp) {
        self.lock().retain(|(owner, _), item| {
            let purge_at = match item {
                Item::Note(_, _, purge_at) => *purge_at,
                Item::Tombstone(_, purge_at) => Some(*purge_at),
                Item::Unreadable => None,
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
                let item = Item::Note(note, insertion.fingerprint, insertion.purge_at());
                items.insert(key, item);
                return Ok(InsertOutcome::Inserted);
            }
            Some(Item::Note(note, fingerprint, _)) if note.is_live(now) => Occupant::Live {
                note: note.clone(),
                fingerprint: *fingerprint,
            },
            Some(Item::Note(..) | Item::Tombstone(..)) => Occupant::Spent,
            Some(Item::Unreadable) => Occupant::Unreadable,
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
            Some(Item::Unreadable) => Err(StoreErrorKind::Corrupt.into()),
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
                Item::Note(note, ..) if note.is_live(now) => page.notes.push(note.clone()),
                Item::Note(..) | Item::Tombstone(..) => {}
                Item::Unreadable => page.unreadable.push(id.to_string()),
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
            Some(Item::Note(note, _, purge_at)) if update.finds_live(note, now) => {
                if note.is_live(update.live_at(now))
                    && may_replace(note.revision, &update.expected, update.revision)
                    && (note.expires.is_retained() || !update.is_renewal())
                {
                    if update.expires().is_some() {
                        *purge_at = update.purge_at(id);
                    }
                    update.apply(note);
                    UpdateOutcome::Updated(note.clone())
                } else {
                    UpdateOutcome::Stale(Some(note.clone()))
                }
            }
            Some(Item::Unreadable) => UpdateOutcome::Stale(None),
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
                    *item = Item::Tombstone(deletion.revision, deletion.purge_at);
                    DeleteOutcome::Deleted
                } else {
                    DeleteOutcome::Stale(Some(note.clone()))
                }
            }
            Item::Tombstone(revision, _) if *revision == deletion.revision => {
                DeleteOutcome::Deleted
            }
            Item::Note(..) | Item::Tombstone(..) => DeleteOutcome::Missing,
            Item::Unreadable => DeleteOutcome::Stale(None),
        })
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
