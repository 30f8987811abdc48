use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use notes_core::conformance::Harness;
use notes_core::{
    Change, DeleteOutcome, Deletion, Expected, Expiry, Fingerprint, InsertOutcome, Insertion,
    ListQuery, NewNote, Note, NoteId, NotePatch, NoteStore, Occupant, Order, Page, PurgeAt, Purged,
    Revision, StoreError, StoreErrorKind, Timestamp, Update, UpdateOutcome, UserId,
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
        let mut found = self.find(&self.items(), &key, now);
        if in_two_steps {
            yield_now().await;
        }
        let mut items = self.items();
        if !in_two_steps {
            found = self.find(&items, &key, now);
        }
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

    /// Whether the note has not expired, for a method that may be the one to forget to ask.
    fn is_live(&self, note: &Note, now: Timestamp, forgetful: Fault) -> bool {
        let now = match self.fault {
            Some(Fault::EndsASecondLate) => now.as_millis().saturating_sub(1_000),
            Some(Fault::EndsASecondEarly) => now.as_millis() + 1_000,
            _ => now.as_millis(),
        };
        self.has(forgetful) || note.is_live(Timestamp::from_millis(now))
    }

    fn purge_at_secs(&self, asked: PurgeAt, now: Timestamp) -> u64 {
        if self.has(Fault::FreesIdsAfterADay) {
            return now.as_secs() + 24 * 60 * 60;
        }
        asked.as_secs()
    }

    /// The item that is written for a note.
    fn item(&self, stored: Stored) -> Item {
        let mut note = stored.note;
        let (title, content) = (note.title.as_str(), note.content.as_str());
        match self.fault {
            Some(Fault::EmptyContentIsNone) if content.is_empty() => return Item::Unreadable,
            Some(Fault::TrimsText) => {
                (note.title, note.content) = (value(title.trim()), value(content.trim()));
            }
            Some(Fault::NormalisesText) => {
                (note.title, note.content) =
                    (value(&normalised(title)), value(&normalised(content)));
            }
            Some(Fault::DropsControlCharacters) => {
                note.content = value(&content.replace(char::is_control, ""));
            }
            Some(Fault::CutsTitles) => {
                note.title = value(&title.chars().take(255).collect::<String>());
            }
            Some(Fault::CutsContents) => {
                note.content = value(&content.chars().take(65_535).collect::<String>());
            }
            Some(Fault::ForgetsWhoSetTheEnd) => note.retained = false,
            _ => {}
        }
        Item::Note(Stored { note, ..stored })
    }

    fn allows(&self, expected: &Expected, current: Revision, new: Revision) -> bool {
        let grows = current < new || self.has(Fault::RevisionsMayShrink);
        let is_expected = match (self.fault, expected) {
            (Some(Fault::IgnoresExpectations), _) => true,
            (Some(Fault::RequiresARevision), Expected::Any) => false,
            (Some(Fault::NoneExpectedIsAny), Expected::OneOf(them)) if them.is_empty() => true,
            (Some(Fault::ReadsTheFirstExpected), Expected::OneOf(them)) => {
                them.first() == Some(&current)
            }
            (Some(Fault::ReadsTenExpected), Expected::OneOf(them)) => {
                them.iter().take(10).any(|it| *it == current)
            }
            _ => expected.allows(current),
        };
        grows && is_expected
    }

    fn stale(&self, current: Note) -> Option<Note> {
        (!self.has(Fault::StaleWithoutNote)).then_some(current)
    }

    fn patched(&self, old: &Stored, update: &Update, now: Timestamp) -> Stored {
        let mut patch = update.patch.clone();
        match self.fault {
            Some(Fault::CategoryCannotBeRemoved) if patch.category == Change::Clear => {
                patch.category = Change::Keep;
            }
            Some(Fault::ExpiryCannotBeRemoved) if patch.expiry == Change::Clear => {
                patch.expiry = Change::Keep;
            }
            Some(Fault::PatchReplacesTheNote) => {
                patch.content = patch.content.or_else(|| Some(value("")));
                if patch.category == Change::Keep {
                    patch.category = Change::Clear;
                }
            }
            Some(Fault::ChangesOneFieldOnly) if patch.title.is_some() => {
                patch = NotePatch {
                    title: patch.title,
                    ..NotePatch::default()
                };
            }
            Some(Fault::TrimsTextOfUpdates) => {
                patch.title = patch.title.map(|it| value(it.as_str().trim()));
            }
            _ => {}
        }
        let mut new = old.clone();
        patch.clone().apply(&mut new.note);
        new.note.retained |= update.renewal && !self.has(Fault::RenewalIsTheAuthors);
        new.note.retained |= old.note.retained && self.has(Fault::AuthorsEndIsRetained);
        new.note.retained &= patch.expiry != Change::Keep || !self.has(Fault::ChangeEndsRetention);
        if !self.has(Fault::RemovalIgnoresUpdates) {
            match patch.expiry {
                Change::Keep => {}
                Change::Clear => new.purge_at_secs = None,
                Change::Set(_) => {
                    new.purge_at_secs = update.purge_at.map(|it| self.purge_at_secs(it, now));
                }
            }
        }
        let is_unchanged = update.patch.changes_nothing_in(&old.note);
        let keeps_revision = self.has(Fault::KeepsTheRevision)
            || self.has(Fault::UnchangedNoteKeepsTheRevision) && is_unchanged;
        if !keeps_revision {
            new.earlier_revisions.push(old.note.revision);
            new.note.revision = update.revision;
        }
        new
    }

    fn decide_insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
        found: Option<Item>,
    ) -> (Write, InsertOutcome) {
        let note = &insertion.note;
        let put = || {
            if self.has(Fault::IgnoresExpiredInserts) && !note.is_live(now) {
                return (Write::Nothing, InsertOutcome::Inserted);
            }
            let stored = Stored {
                note: note.clone(),
                fingerprint: insertion.fingerprint,
                purge_at_secs: insertion.purge_at.map(|it| self.purge_at_secs(it, now)),
                earlier_revisions: Vec::new(),
            };
            (Write::Put(self.item(stored)), InsertOutcome::Inserted)
        };
        let nothing = |by| (Write::Nothing, InsertOutcome::Taken(by));
        match (self.fault, found) {
            (_, None)
            | (Some(Fault::OverwritesTombstones), Some(Item::Tombstone { .. }))
            | (Some(Fault::OverwritesUnreadableItems), Some(Item::Unreadable)) => put(),
            (_, Some(Item::Unreadable)) => nothing(Occupant::Unreadable),
            (_, Some(Item::Tombstone { .. })) => nothing(Occupant::Spent),
            (fault, Some(Item::Note(there))) => {
                // No method's own fault: `insert` never shows an expired note.
                if !self.is_live(&there.note, now, Fault::OverwritesLiveNotes) {
                    return match fault {
                        Some(Fault::OverwritesExpiredNotes) => put(),
                        _ => nothing(Occupant::Spent),
                    };
                }
                let is_repeated = there.fingerprint == insertion.fingerprint;
                let live = |note: &Note, fingerprint| Occupant::Live {
                    note: note.clone(),
                    fingerprint,
                };
                match fault {
                    Some(Fault::OverwritesLiveNotes) => put(),
                    Some(Fault::RepeatedInsertIsInserted) if is_repeated => {
                        (Write::Nothing, InsertOutcome::Inserted)
                    }
                    Some(Fault::RepeatedInsertWrites) if is_repeated => {
                        let (_, outcome) = nothing(live(&there.note, there.fingerprint));
                        (Write::Put(Item::Note(there)), outcome)
                    }
                    Some(Fault::TellsTheRejectedNote) => nothing(live(note, insertion.fingerprint)),
                    Some(Fault::ForgetsTheFingerprint) => {
                        nothing(live(&there.note, fingerprint_of(&there.note)))
                    }
                    _ => nothing(live(&there.note, there.fingerprint)),
                }
            }
        }
    }

    fn decide_update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
        found: Option<Item>,
    ) -> (Write, UpdateOutcome) {
        let nothing = |outcome| (Write::Nothing, outcome);
        let put = |new: Stored| {
            let outcome = UpdateOutcome::Updated(new.note.clone());
            (Write::Put(self.item(new)), outcome)
        };
        match (self.fault, found) {
            (Some(Fault::UpdateCreates), None) => {
                (Write::Put(Item::Unreadable), UpdateOutcome::Missing)
            }
            (Some(Fault::UpdateRevivesDeletedNotes), Some(Item::Tombstone { of, .. })) => {
                put(self.patched(&of, update, now))
            }
            (Some(Fault::UpdateRepairsUnreadableItems), Some(Item::Unreadable)) => {
                put(repaired(user, id, update))
            }
            (Some(Fault::UnreadableItemIsMissing), Some(Item::Unreadable))
            | (_, None | Some(Item::Tombstone { .. })) => nothing(UpdateOutcome::Missing),
            (_, Some(Item::Unreadable)) => nothing(UpdateOutcome::Stale(None)),
            (fault, Some(Item::Note(there))) => {
                let is_live = self.is_live(&there.note, now, Fault::UpdateRevivesExpiredNotes);
                let is_own = match fault {
                    Some(Fault::OwnUpdateIsStale) => false,
                    Some(Fault::OwnUpdateExpires) if !is_live => false,
                    Some(Fault::RemembersAllRevisions)
                        if there.earlier_revisions.contains(&update.revision) =>
                    {
                        true
                    }
                    _ => there.note.revision == update.revision,
                };
                let is_renewable = there.note.retained || fault == Some(Fault::RenewsEveryNote);
                if is_own {
                    nothing(UpdateOutcome::Updated(there.note))
                } else if !is_live {
                    nothing(UpdateOutcome::Missing)
                } else if !self.allows(&update.expected, there.note.revision, update.revision)
                    || update.renewal && !is_renewable
                {
                    nothing(UpdateOutcome::Stale(self.stale(there.note)))
                } else {
                    let new = self.patched(&there, update, now);
                    if fault == Some(Fault::RefusesAnEndInThePast) && !new.note.is_live(now) {
                        return nothing(UpdateOutcome::Stale(Some(there.note)));
                    }
                    put(new)
                }
            }
        }
    }

    fn decide_delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
        found: Option<Item>,
    ) -> (Write, DeleteOutcome) {
        let nothing = |outcome| (Write::Nothing, outcome);
        let tombstone = |of: Stored| {
            let purge_at_secs = match self.fault {
                Some(Fault::RemovalIgnoresDeletions) => of.purge_at_secs,
                Some(Fault::TombstoneEndsWithTheNote) => of.note.expiry.map(Expiry::as_secs),
                _ => Some(self.purge_at_secs(deletion.purge_at, now)),
            };
            Write::Put(Item::Tombstone {
                revision: deletion.revision,
                of: Stored {
                    purge_at_secs,
                    ..of
                },
            })
        };
        match (self.fault, found) {
            (Some(Fault::MissingIsDeleted), None) => nothing(DeleteOutcome::Deleted),
            (Some(Fault::DeleteSpendsUnusedIds), None) => {
                (tombstone(ghost(user, id)), DeleteOutcome::Missing)
            }
            (_, None) => nothing(DeleteOutcome::Missing),
            (Some(Fault::DeleteRemovesUnreadableItems), Some(Item::Unreadable)) => {
                (Write::Remove, DeleteOutcome::Deleted)
            }
            (Some(Fault::UnreadableItemIsMissing), Some(Item::Unreadable)) => {
                nothing(DeleteOutcome::Missing)
            }
            (_, Some(Item::Unreadable)) => nothing(DeleteOutcome::Stale(None)),
            (fault, Some(Item::Tombstone { revision, .. })) => {
                let is_own = match fault {
                    Some(Fault::RepeatedDeleteIsMissing) => false,
                    Some(Fault::AnyTombstoneIsDeleted) => true,
                    _ => revision == deletion.revision,
                };
                nothing(if is_own {
                    DeleteOutcome::Deleted
                } else {
                    DeleteOutcome::Missing
                })
            }
            (fault, Some(Item::Note(there))) => {
                let current = there.note.revision;
                if !self.is_live(&there.note, now, Fault::DeleteFindsExpiredNotes) {
                    nothing(DeleteOutcome::Missing)
                } else if !self.allows(&deletion.expected, current, deletion.revision) {
                    nothing(DeleteOutcome::Stale(self.stale(there.note)))
                } else if fault == Some(Fault::DeleteFreesTheId) {
                    (Write::Remove, DeleteOutcome::Deleted)
                } else {
                    (tombstone(there), DeleteOutcome::Deleted)
                }
            }
        }
    }

    /// The ids that a query covers.
    fn range(
        &self,
        query: &ListQuery,
        items: &Items,
        user: &UserId,
    ) -> Option<RangeInclusive<u128>> {
        let mut query = *query;
        let moved = |at: Option<Timestamp>, by: i64| {
            at.map(|at| Timestamp::from_millis(at.as_millis().saturating_add_signed(by)))
        };
        let in_secs =
            |at: Option<Timestamp>| at.map(|at| Timestamp::from_millis(at.as_secs() * 1_000));
        let before_1970 = Some(Timestamp::from_millis(0));
        let edge = match query.order {
            Order::Newest => 0,
            Order::Oldest => LAST_ID,
        };
        match (self.fault, query.position) {
            (Some(Fault::IncludesTheStart), _) => {
                query.created_after = moved(query.created_after, -1);
            }
            (Some(Fault::IncludesTheEnd), _) => {
                query.created_before = moved(query.created_before, 1);
            }
            (Some(Fault::BoundsAreSeconds), _) => {
                query.created_after = in_secs(query.created_after);
                query.created_before = in_secs(query.created_before);
            }
            (Some(Fault::BoundsWrap), _) if query.created_before == before_1970 => {
                query.created_before = None;
            }
            (Some(Fault::PositionReplacesBounds), Some(_)) => {
                (query.created_after, query.created_before) = (None, None);
            }
            (Some(Fault::PositionIsANote), Some(position)) => {
                let key = self.key(user, position);
                if !matches!(items.get(&key), Some(Item::Note(_) | Item::Unreadable)) {
                    return None;
                }
            }
            (Some(Fault::PositionIsIncluded), Some(position)) => {
                query.position = match query.order {
                    Order::Newest => NoteId::from_ordinal(position.ordinal() + 1),
                    Order::Oldest => position
                        .ordinal()
                        .checked_sub(1)
                        .and_then(NoteId::from_ordinal),
                };
            }
            (Some(Fault::PositionWraps), Some(position)) if position.ordinal() == edge => {
                query.position = None;
            }
            _ => {}
        }
        let range = query.range()?;
        Some(range.start().ordinal()..=range.end().ordinal())
    }

    /// A page of the items that a query covers, in their order.
    fn page(
        &self,
        items: &[(NoteId, &Item)],
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        let limit = match self.fault {
            Some(Fault::IgnoresTheLimit) => usize::MAX,
            Some(Fault::GivesOneMore) => query.limit.get() + 1,
            _ => query.limit.get(),
        };
        let items = match self.fault {
            Some(Fault::EndsAfterAHundred) => &items[..items.len().min(100)],
            _ => items,
        };
        let mut page = Page::default();
        let (mut consumed, mut bytes) = (query.position, 0);
        for (index, (id, item)) in items.iter().enumerate() {
            if page.notes.len() + page.unreadable.len() == limit {
                page.next = match self.fault {
                    Some(Fault::DropsANoteAtEachPage) => Some(*id),
                    Some(Fault::NextIsTheLastRead) => {
                        Some(items[(2 * limit).min(items.len()) - 1].0)
                    }
                    _ => consumed,
                };
                return Ok(page);
            }
            if self.has(Fault::ShortPageIsTheEnd) && index == limit
                || self.has(Fault::EndsAfterAMegabyte) && bytes > 1 << 20
            {
                return Ok(page);
            }
            match item {
                Item::Note(stored)
                    if self.is_live(&stored.note, now, Fault::ListShowsExpiredNotes) =>
                {
                    bytes += stored.note.content.as_str().len();
                    page.notes.push(stored.note.clone());
                }
                Item::Tombstone { of, .. } if self.has(Fault::ListShowsDeletedNotes) => {
                    page.notes.push(of.note.clone());
                }
                Item::Note(_) | Item::Tombstone { .. } => {}
                Item::Unreadable => match self.fault {
                    Some(Fault::UnreadableItemFailsTheList) => {
                        return Err(StoreErrorKind::Corrupt.into());
                    }
                    Some(Fault::UnreadableItemEndsTheList) => return Ok(page),
                    Some(Fault::UnreadableItemIsNeverPassed) => {
                        page.next = consumed.or(Some(*id));
                        return Ok(page);
                    }
                    Some(Fault::UnreadableItemIsSkipped) => {}
                    _ => page.unreadable.push(id.to_string()),
                },
            }
            consumed = Some(*id);
        }
        if self.has(Fault::NeverEnds) {
            page.next = consumed.or(NoteId::from_ordinal(0));
        }
        Ok(page)
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
            Some(Item::Note(it)) if self.is_live(&it.note, now, Fault::GetShowsExpiredNotes) => {
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
        let mut items = self.items().clone();
        if self.has(Fault::PagesAreASnapshot) {
            if query.position.is_none() {
                self.earlier().clone_from(&items);
            }
            items.clone_from(&self.earlier());
        }
        let bounds = query.created_after.zip(query.created_before);
        if self.has(Fault::ReversedBoundsFail) && bounds.is_some_and(|(low, high)| low >= high) {
            return Err(StoreErrorKind::Other.into());
        }
        let Some(range) = self.range(query, &items, user) else {
            return self.page(&[], query, now);
        };
        let owner = self.owner(user);
        let is_of_user = |of: &str| match self.fault {
            Some(Fault::ListsUsersByPrefix) => of.starts_with(&owner),
            _ => of == owner,
        };
        let is_covered = |((of, id), item): &(&Key, &Item)| {
            is_of_user(of) && range.contains(id) && item.is_kept(now)
        };
        let mut covered: Vec<_> = items
            .iter()
            .filter(is_covered)
            .map(|((of, id), item)| {
                let id_of_key = NoteId::from_ordinal(*id).expect("a key is an id");
                let shared = (of.clone(), *id);
                match self.find(&items, &shared, now) {
                    Some(Item::Unreadable) => (id_of_key, &Item::Unreadable),
                    _ => (id_of_key, item),
                }
            })
            .collect();
        if self.has(Fault::OrdersByLastChange) {
            covered.sort_by_key(|(_, item)| match item {
                Item::Note(stored) => Some(stored.note.revision),
                Item::Tombstone { .. } | Item::Unreadable => None,
            });
        }
        let is_newest_first = match self.fault {
            Some(Fault::NewestFirst) => true,
            Some(Fault::OldestFirst) => false,
            _ => query.order == Order::Newest,
        };
        if is_newest_first {
            covered.reverse();
        }
        self.page(&covered, query, now)
    }

    async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError> {
        let in_two_steps = match update.expected {
            Expected::Any => self.has(Fault::UnconditionalUpdateIsNotAtomic),
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
        let owner = self.owner(user);
        let now = Timestamp::now();
        let mut items = self.items();
        let is_removed = |((of, _), item): &(&Key, &Item)| {
            let is_of_user = match self.fault {
                Some(Fault::PurgesEverybody) => true,
                Some(Fault::PurgesUsersByPrefix) => of.starts_with(&owner),
                _ => *of == owner,
            };
            let is_left = match (self.fault, item) {
                (Some(Fault::PurgeLeavesTombstones), Item::Tombstone { .. }) => true,
                (Some(Fault::PurgeLeavesExpiredNotes), Item::Note(it)) => !it.note.is_live(now),
                _ => false,
            };
            is_of_user && !is_left
        };
        let found = items.iter().filter(is_removed);
        let found: Vec<_> = found
            .map(|(key, item)| (key.clone(), item.clone()))
            .collect();
        let budget = budget.get() as usize;
        let most = match self.fault {
            Some(Fault::IgnoresTheBudget) => usize::MAX,
            Some(Fault::PurgesOneBatch) => budget.min(25),
            _ => budget,
        };
        let mut removed = 0;
        for (key, item) in found.iter().take(most) {
            match (self.fault, item) {
                (Some(Fault::PurgeFailsOnUnreadableItems), Item::Unreadable) => {
                    return Err(StoreErrorKind::Corrupt.into());
                }
                (Some(Fault::PurgeSpendsIds), Item::Note(there)) => {
                    let revision = there.note.revision;
                    let of = there.clone();
                    items.insert(key.clone(), Item::Tombstone { revision, of });
                }
                (Some(Fault::PurgeSpendsIds), Item::Tombstone { .. }) => {}
                _ => {
                    items.remove(key);
                }
            }
            removed += 1;
        }
        Ok(Purged {
            removed: match self.fault {
                Some(Fault::CountsTheBudget) => u32::try_from(budget).unwrap_or(u32::MAX),
                _ => removed,
            },
            more: match self.fault {
                Some(Fault::SaysNoMore | Fault::PurgesOneBatch) => false,
                Some(Fault::AlwaysSaysMore) => true,
                _ => found.len() > most,
            },
        })
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

fn value<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a valid value")
}

/// Composes the one decomposed letter that the suite uses.
fn normalised(text: &str) -> String {
    text.replace("e\u{301}", "é")
}

fn fingerprint_of(note: &Note) -> Fingerprint {
    Fingerprint::of(&NewNote {
        title: note.title.clone(),
        content: note.content.clone(),
        category: note.category.clone(),
        expiry: note.expiry.map_or(Change::Keep, Change::Set),
    })
}

/// A note that nobody wrote.
fn ghost(user: &UserId, id: NoteId) -> Stored {
    let note = Note {
        user: user.clone(),
        id,
        title: value("Ghost"),
        content: value(""),
        category: None,
        expiry: None,
        retained: false,
        revision: id.into(),
    };
    Stored {
        fingerprint: fingerprint_of(&note),
        note,
        purge_at_secs: None,
        earlier_revisions: Vec::new(),
    }
}

fn repaired(user: &UserId, id: NoteId, update: &Update) -> Stored {
    let mut stored = ghost(user, id);
    update.patch.clone().apply(&mut stored.note);
    stored.note.revision = update.revision;
    stored
}
