use notes_core::{DeleteOutcome, Deletion, Expiry, NoteId, Timestamp, UserId};

use super::update::ghost;
use super::{FaultyStore, Item, Spoiled, Stored, Write};
use crate::fault::Fault;

impl FaultyStore {
    pub(super) fn decide_delete(
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
                Some(Fault::TombstoneExpiresWithTheNote) => of.note.expiry().map(Expiry::as_secs),
                _ => Some(self.purge_at_secs(deletion.purge_at, now)),
            };
            Write::Put(Item::Tombstone {
                revision: deletion.revision,
                of: Stored {
                    written: self.counted(Fault::DeleteIsNotCounted, of.written, &of, now),
                    swept_at_secs: match self.fault {
                        Some(Fault::SweptWithTheDeletedNote) => of.swept_at_secs,
                        _ => purge_at_secs,
                    },
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
            (Some(Fault::DeleteRemovesUnreadableItems), Some(Item::Unreadable(_)))
            | (Some(Fault::DeleteRemovesWrongTypes), Some(Item::Unreadable(Spoiled::Type))) => {
                (Write::Remove, DeleteOutcome::Deleted)
            }
            (Some(Fault::UnreadableItemIsMissing), Some(Item::Unreadable(_))) => {
                nothing(DeleteOutcome::Missing)
            }
            (fault, Some(Item::Unreadable(Spoiled::Text)))
                if self.allows(&deletion.expected, id.into(), deletion.revision) =>
            {
                let spends = match fault {
                    Some(Fault::DeleteFreesTheIdOfSpoiledTexts) => Write::Remove,
                    _ => tombstone(ghost(user, id)),
                };
                (spends, DeleteOutcome::Deleted)
            }
            (_, Some(Item::Unreadable(_))) => nothing(DeleteOutcome::Stale(None)),
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
                if !self.shows(&there.note, now, Fault::DeleteFindsExpiredNotes) {
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
}
