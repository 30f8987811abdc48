use std::num::NonZeroU32;

use notes_core::{Purged, StoreError, StoreErrorKind, Timestamp, UserId};

use super::{FaultyStore, Item, Key, Spoiled};
use crate::fault::Fault;

impl FaultyStore {
    pub(super) fn serve_purge(
        &self,
        user: &UserId,
        budget: NonZeroU32,
    ) -> Result<Purged, StoreError> {
        let owner = self.owner(user);
        let now = Timestamp::now();
        let looks_then_writes = self.has(Fault::PurgeLooksThenWrites);
        let mut copy = self.items().clone();
        let mut guard = None;
        let items = if looks_then_writes {
            &mut copy
        } else {
            &mut **guard.insert(self.items())
        };
        let is_removed = |((of, _), item): &(&Key, &Item)| {
            let is_of_user = match self.fault {
                Some(Fault::PurgesEverybody) => true,
                Some(Fault::PurgesUsersByPrefix) => of.starts_with(&owner),
                _ => *of == owner,
            };
            let is_left = match (self.fault, item) {
                (Some(Fault::PurgeLeavesTombstones), Item::Tombstone { .. }) => true,
                (Some(Fault::PurgeLeavesExpiredNotes), Item::Note(stored)) => {
                    !stored.note.is_live(now)
                }
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
                (Some(Fault::PurgeFailsOnUnreadableItems), Item::Unreadable(_)) => {
                    return Err(StoreErrorKind::Corrupt.into());
                }
                (Some(Fault::PurgeSpendsIds), Item::Note(there)) => {
                    let revision = there.note.revision;
                    let of = there.clone();
                    items.insert(key.clone(), Item::Tombstone { revision, of });
                }
                (Some(Fault::PurgeSpendsIds), Item::Tombstone { .. })
                | (Some(Fault::PurgeLeavesWrongTypes), Item::Unreadable(Spoiled::Type)) => {}
                _ => {
                    items.remove(key);
                }
            }
            removed += 1;
        }
        let more = found.len() > most;
        if looks_then_writes {
            *self.items() = copy;
        }
        let removed = match self.fault {
            Some(Fault::CountsTheBudget) => u32::try_from(budget).unwrap_or(u32::MAX),
            _ => removed,
        };
        let more = match self.fault {
            Some(Fault::SaysNoMore | Fault::PurgesOneBatch) => false,
            Some(Fault::AlwaysSaysMore) => true,
            _ => more,
        };
        Ok(Purged::new(removed, more))
    }
}
