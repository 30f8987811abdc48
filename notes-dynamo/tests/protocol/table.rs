use crate::flaw::Flaw;
use crate::model::{NAMED_STATE, STAYS_DELETED};
use crate::protocol::Protocol;
use crate::request::Request::{Create, Delete, DeleteIfNew, RemoveExpiry, Update, UpdateIfNew};
use crate::state::{Attempt, Item, State};

impl Protocol {
    /// What the table does with an attempt: nothing where it returns what is there instead.
    pub(crate) fn execute(&self, state: &mut State, attempt: Attempt) -> Result<(), Option<Item>> {
        let now = attempt.begun;
        let request = self.calls[attempt.call];
        let replaced = match (request, state.item) {
            (Create, None) if self.expires_at(now).is_some_and(|expiry| expiry <= now) => {
                return Err(None);
            }
            (Create, None) => None,
            (Create, Some(item)) => {
                let free = self.has(Flaw::InsertReplacesTheExpired) && !item.is_live(now);
                if !free {
                    return Err(Some(item));
                }
                None
            }
            (_, None) => return Err(None),
            (_, Some(item)) => {
                let grows = item.revision < attempt.revision || self.has(Flaw::RevisionsMayShrink);
                let is_expected = attempt
                    .expected
                    .is_none_or(|revision| revision == item.revision);
                let is_expected = is_expected || self.has(Flaw::ExpectationIsIgnored);
                if !(self.finds_live(request, item, now) && grows && is_expected) {
                    return Err(Some(item));
                }
                Some(item)
            }
        };
        state.item = match request {
            Create => Some(Item {
                revision: attempt.revision,
                deleted: false,
                expires_at: self.expires_at(now),
                purge_at: self.expires_at(now).map(|time| self.purge_at(time)),
            }),
            RemoveExpiry => replaced.map(|item| Item {
                revision: attempt.revision,
                expires_at: None,
                purge_at: None,
                ..item
            }),
            Update | UpdateIfNew => replaced.map(|item| Item {
                revision: attempt.revision,
                ..item
            }),
            Delete | DeleteIfNew => (!self.has(Flaw::DeleteRemovesTheItem)).then_some(Item {
                revision: attempt.revision,
                deleted: true,
                expires_at: None,
                purge_at: Some(self.purge_at(now)),
            }),
        };
        state.done[attempt.call] += 1;
        if state.ended && (request == Create || request.moves_expiry()) {
            state.broken.insert(STAYS_DELETED);
        }
        state.ended |= state.item.is_none_or(|item| !item.is_live(state.now));
        let named = request.named();
        if named.is_some() && named != replaced.map(|item| item.revision) {
            state.broken.insert(NAMED_STATE);
        }
        Ok(())
    }
}
