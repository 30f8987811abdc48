use notes_core::{
    ChangePage, ChangePosition, Changed, ChangedState, ChangesQuery, NoteId, StoreError,
    StoreErrorKind, Timestamp, UserId,
};

use super::{FaultyStore, Item, Key, Stored, locked};
use crate::fault::Fault;

/// The milliseconds of the last write and the id, or only the id where a list is asked for.
type Place = (u64, u128);

impl FaultyStore {
    /// The time by which a write is found again, unless it is one of those whose fault is another.
    pub(super) fn counted(
        &self,
        forgets: Fault,
        before: Timestamp,
        new: &Stored,
        now: Timestamp,
    ) -> Timestamp {
        match self.fault {
            Some(fault) if fault == forgets => before,
            Some(Fault::CountsByTheId) => new.note.created_at(),
            Some(Fault::CountsByTheRevision) => new.note.updated_at(),
            _ => now,
        }
    }

    pub(super) fn serve_changes(
        &self,
        user: &UserId,
        query: &ChangesQuery,
        now: Timestamp,
    ) -> Result<ChangePage, StoreError> {
        let asked = format!("{} {query:?}", user.as_str());
        if self.has(Fault::ChangesAreCached)
            && let Some(page) = locked(&self.handle.changes).get(&asked)
        {
            return Ok(page.clone());
        }
        let page = self.page_of_changes(user, query, now)?;
        locked(&self.handle.changes).insert(asked, page.clone());
        Ok(page)
    }

    fn page_of_changes(
        &self,
        user: &UserId,
        query: &ChangesQuery,
        now: Timestamp,
    ) -> Result<ChangePage, StoreError> {
        let items = self.items();
        let owner = self.owner(user);
        let is_of_user = |of: &str| {
            self.has(Fault::ChangesAreOfUsersByPrefix) && of.starts_with(&owner) || of == owner
        };
        let mut found: Vec<(Place, &Key, &Item)> = items
            .iter()
            .filter(|((of, _), _)| is_of_user(of))
            .filter(|(_, item)| self.is_asked_for(item, query, now))
            .map(|(key, item)| (place(key, item, query), key, item))
            .collect();
        found.sort_by_key(|(place, ..)| *place);
        if let Some(position) = &query.position {
            let after = read_position(position);
            let exists = found.iter().any(|(place, ..)| *place == after);
            let (millis, id) = after;
            let item_is_at = found.iter().find(|(_, key, _)| key.1 == id);
            found = match (self.fault, item_is_at) {
                (Some(Fault::ChangePositionHasToExist), _) if !exists => Vec::new(),
                (Some(Fault::ChangePositionIsTheTime), _) if query.since.is_some() => found
                    .into_iter()
                    .filter(|(place, ..)| place.0 > millis)
                    .collect(),
                (Some(Fault::ChangesContinueWhereTheItemIs), Some(&(moved, ..))) => found
                    .into_iter()
                    .filter(|(place, ..)| *place > moved)
                    .collect(),
                _ => found
                    .into_iter()
                    .filter(|(place, ..)| *place > after)
                    .collect(),
            };
        }
        let most = match self.fault {
            Some(Fault::ChangesIgnoreTheLimit) => usize::MAX,
            _ => query.limit.get(),
        };
        let (mut page, mut bytes) = (ChangePage::default(), 0);
        let mut next = None;
        for (place, key, item) in found {
            if page.changes.len() == most {
                page.next = next;
                break;
            }
            if self.has(Fault::ChangesEndAfterAMegabyte) && bytes > 1_000_000 {
                break;
            }
            let id = NoteId::from_ordinal(key.1).expect("a key is an id");
            let state = match item {
                Item::Note(stored)
                    if self.shows(&stored.note, now, Fault::ChangesShowExpiredNotes) =>
                {
                    bytes += stored.note.content.as_str().len();
                    ChangedState::Live(stored.note.clone())
                }
                Item::Note(_) | Item::Tombstone { .. } => ChangedState::Gone(id),
                Item::Unreadable(_) if self.has(Fault::ChangesFailForUnreadableItems) => {
                    return Err(StoreErrorKind::Corrupt.into());
                }
                Item::Unreadable(_) => ChangedState::Unreadable(id.to_string()),
            };
            let position = position(place);
            next = Some(position.clone());
            page.changes.push(Changed::new(position, state));
        }
        Ok(page)
    }

    fn is_asked_for(&self, item: &Item, query: &ChangesQuery, now: Timestamp) -> bool {
        let Some(since) = query.since else {
            return match item {
                Item::Note(stored) => stored.note.is_live(now),
                Item::Tombstone { .. } => self.has(Fault::ChangesListTombstones),
                Item::Unreadable(_) => !self.has(Fault::ChangesSkipUnreadableItems),
            };
        };
        let is_shown = match (self.fault, item) {
            (Some(Fault::ChangesHideDeletedNotes), Item::Tombstone { .. }) => false,
            (Some(Fault::ChangesHideExpiredNotes), Item::Note(stored)) => stored.note.is_live(now),
            _ => true,
        };
        let written = written(item).as_millis();
        is_shown
            && match self.fault {
                Some(Fault::ChangesAreAfterTheTime) => written > since.as_millis(),
                Some(Fault::ForgetsChangesAfterTenMinutes) => {
                    written >= since.as_millis() && written + 600_000 >= now.as_millis()
                }
                _ => written >= since.as_millis(),
            }
    }
}

fn written(item: &Item) -> Timestamp {
    match item {
        Item::Note(stored) | Item::Tombstone { of: stored, .. } => stored.written,
        Item::Unreadable(_) => Timestamp::from_millis(0),
    }
}

fn place(key: &Key, item: &Item, query: &ChangesQuery) -> Place {
    match query.since {
        None => (0, key.1),
        Some(_) => (written(item).as_millis(), key.1),
    }
}

fn position((millis, id): Place) -> ChangePosition {
    let bytes = [&millis.to_be_bytes()[..], &id.to_be_bytes()].concat();
    bytes.as_slice().try_into().expect("24 bytes")
}

fn read_position(position: &ChangePosition) -> Place {
    let (millis, id) = position.as_bytes().split_first_chunk().expect("24 bytes");
    let id = id.try_into().expect("24 bytes");
    (u64::from_be_bytes(*millis), u128::from_be_bytes(id))
}
