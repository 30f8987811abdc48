use notes_core::{
    Change, Expected, Expires, Note, NoteId, NotePatch, Revision, Timestamp, Update, UpdateOutcome,
    UserId,
};

use super::insert::fingerprint_of;
use super::{FaultyStore, Item, Spoiled, Stored, Write, value};
use crate::fault::Fault;

impl FaultyStore {
    pub(super) fn decide_update(
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
            (Some(Fault::UpdateCreates), None) => (
                Write::Put(Item::Unreadable(Spoiled::NoNote)),
                UpdateOutcome::Missing,
            ),
            (Some(Fault::UpdateRevivesDeletedNotes), Some(Item::Tombstone { of, .. })) => {
                put(self.patched(&of, update, now))
            }
            (Some(Fault::UpdateRepairsUnreadableItems), Some(Item::Unreadable(_)))
            | (Some(Fault::UpdateRepairsWrongTypes), Some(Item::Unreadable(Spoiled::Type))) => {
                put(repaired(user, id, update))
            }
            (fault, Some(Item::Unreadable(Spoiled::Text)))
                if !update.is_renewal()
                    && self.allows(&update.expected, id.into(), update.revision) =>
            {
                let new = repaired(user, id, update);
                if update.patch.title.is_some() {
                    put(new)
                } else if fault == Some(Fault::UpdateTellsAnUnreadableNote) {
                    nothing(UpdateOutcome::Updated(new.note))
                } else {
                    nothing(UpdateOutcome::Stale(None))
                }
            }
            (Some(Fault::UnreadableItemIsMissing), Some(Item::Unreadable(_)))
            | (_, None | Some(Item::Tombstone { .. })) => nothing(UpdateOutcome::Missing),
            (_, Some(Item::Unreadable(_))) => nothing(UpdateOutcome::Stale(None)),
            (fault, Some(Item::Note(there))) => {
                let moves_expiry = there.note.expires.is_retained() || !update.is_renewal();
                let live_at = if moves_expiry && !self.has(Fault::MovesTheExpiryToTheLast) {
                    update.live_at(now)
                } else {
                    now
                };
                let is_live = self.shows(&there.note, live_at, Fault::UpdateRevivesExpiredNotes);
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
                let is_renewable =
                    there.note.expires.is_retained() || fault == Some(Fault::RenewsEveryNote);
                if is_own {
                    nothing(UpdateOutcome::Updated(there.note))
                } else if !is_live
                    && fault != Some(Fault::RepeatedMoveOfTheExpiryIsMissing)
                    && self.is_live(&there.note, now)
                    && !update.is_renewal()
                    && update.patch.changes_nothing_in(&there.note)
                {
                    nothing(UpdateOutcome::Stale(self.stale(there.note)))
                } else if !is_live {
                    nothing(UpdateOutcome::Missing)
                } else if !self.allows(&update.expected, there.note.revision, update.revision)
                    || update.is_renewal() && !is_renewable
                    || fault == Some(Fault::ClearingTheAbsentIsStale)
                        && update.patch.category == Change::Clear
                        && there.note.category.is_none()
                {
                    nothing(UpdateOutcome::Stale(self.stale(there.note)))
                } else {
                    let new = self.patched(&there, update, now);
                    if fault == Some(Fault::RefusesAnExpiryInThePast) && !new.note.is_live(now) {
                        return nothing(UpdateOutcome::Stale(Some(there.note)));
                    }
                    put(new)
                }
            }
        }
    }

    pub(super) fn patched(&self, old: &Stored, update: &Update, now: Timestamp) -> Stored {
        let (mut patch, mut expires) = (update.patch.clone(), update.expires());
        let is_renewal = update.is_renewal();
        match self.fault {
            Some(Fault::CategoryCannotBeRemoved) if patch.category == Change::Clear => {
                patch.category = Change::Keep;
            }
            Some(Fault::ExpiryCannotBeRemoved) if expires == Some(Expires::Never) => {
                expires = None;
            }
            Some(Fault::PatchReplacesTheNote) => {
                patch.content = patch.content.or_else(|| Some(value("")));
                if patch.category == Change::Keep {
                    patch.category = Change::Clear;
                }
            }
            Some(Fault::ChangesOneFieldOnly) if patch.title.is_some() => {
                let mut title_only = NotePatch::default();
                title_only.title = patch.title;
                (patch, expires) = (title_only, None);
            }
            Some(Fault::TrimsTextOfUpdates) => {
                patch.title = patch.title.map(|title| value(title.as_str().trim()));
            }
            Some(Fault::ExpiryOnlyGrows) if !is_renewal => keep_the_later(&mut expires, old),
            Some(Fault::RenewalOnlyGrows) if is_renewal => keep_the_later(&mut expires, old),
            Some(Fault::SameExpiryIsNoChange)
                if !is_renewal && old.note.expiry().map(Expires::Chosen) == expires =>
            {
                expires = None;
            }
            _ => {}
        }
        let mut new = old.clone();
        patch.expiry = Change::Keep;
        patch.apply(&mut new.note);
        new.note.expires = match expires.unwrap_or(old.note.expires) {
            Expires::Retained(expiry)
                if is_renewal && self.has(Fault::RenewalIsTheAuthors)
                    || expires.is_none() && self.has(Fault::ChangeStopsRetention) =>
            {
                Expires::Chosen(expiry)
            }
            Expires::Chosen(expiry)
                if old.note.expires.is_retained() && self.has(Fault::AuthorsExpiryIsRetained) =>
            {
                Expires::Retained(expiry)
            }
            expires => expires,
        };
        if !self.has(Fault::RemovalIgnoresUpdates) {
            match expires {
                None => {}
                Some(Expires::Retained(_)) if self.has(Fault::RenewalIsRemovedAtTheOldExpiry) => {}
                Some(_) => {
                    let purge_at = update.purge_at(old.note.id, now);
                    new.purge_at_secs = purge_at.map(|at| self.purge_at_secs(at, now));
                }
            }
        }
        let is_swept_as_before = match (self.fault, expires) {
            (_, None)
            | (Some(Fault::SweptThoughTheExpiryIsRemoved), Some(Expires::Never))
            | (Some(Fault::SweptAtTheFirstExpiry), Some(Expires::Chosen(_)))
            | (Some(Fault::RenewedIsSweptAtTheOldExpiry), Some(Expires::Retained(_))) => true,
            (
                Some(Fault::NewExpirySweepsAtOnce),
                Some(Expires::Chosen(_) | Expires::Retained(_)),
            ) if old.note.expires == Expires::Never => {
                new.swept_at_secs = Some(now.as_secs());
                true
            }
            _ => false,
        };
        if !is_swept_as_before {
            new.swept_at_secs = new.purge_at_secs;
        }
        let forgets = if update.is_renewal() {
            Fault::RenewalIsNotCounted
        } else {
            Fault::UpdateIsNotCounted
        };
        if self.has(Fault::ChangeMovesTheSweep) && expires.is_none() {
            new.swept_at_secs = new.swept_at_secs.map(|_| now.as_secs() + 24 * 60 * 60);
        }
        if self.has(Fault::RenewalForgetsTheFingerprint) && is_renewal
            || self.has(Fault::ClearingForgetsTheFingerprint) && expires == Some(Expires::Never)
        {
            new.fingerprint = fingerprint_of(&new.note);
        }
        let is_unchanged = update.patch.changes_nothing_in(&old.note);
        let keeps_revision = self.has(Fault::KeepsTheRevision)
            || self.has(Fault::UnchangedNoteKeepsTheRevision) && is_unchanged;
        if !keeps_revision {
            new.earlier_revisions.push(old.note.revision);
            new.note.revision = update.revision;
        }
        new.written = self.counted(forgets, old.written, &new, now);
        new
    }

    pub(super) fn allows(&self, expected: &Expected, current: Revision, new: Revision) -> bool {
        let grows = match self.fault {
            Some(Fault::RevisionsMayShrink) => true,
            Some(Fault::RevisionsGrowByTime) => current.written_at() <= new.written_at(),
            #[expect(clippy::cast_precision_loss, reason = "the loss is the fault")]
            Some(Fault::RevisionsAreDoubles) => (number(current) as f64) < (number(new) as f64),
            Some(Fault::RevisionsAreSigned) => {
                number(current).cast_signed() < number(new).cast_signed()
            }
            _ => current < new,
        };
        let is_expected = match (self.fault, expected) {
            (Some(Fault::IgnoresExpectations), _)
            | (Some(Fault::NoneOfIsAny), Expected::NoneOf(_)) => true,
            (Some(Fault::RequiresARevision), Expected::Any) => false,
            (Some(Fault::NoneExpectedIsAny), Expected::OneOf(them)) if them.is_empty() => true,
            (Some(Fault::ReadsTheFirstExpected), Expected::OneOf(them)) => {
                them.as_slice().first() == Some(&current)
            }
            (Some(Fault::ReadsTenExpected), Expected::OneOf(them)) => {
                them.as_slice().iter().take(10).any(|one| *one == current)
            }
            (Some(Fault::ExpectedRevisionsAreTimes), Expected::OneOf(them)) => them
                .as_slice()
                .iter()
                .any(|one| one.written_at() == current.written_at()),
            (Some(Fault::NoneOfIsOneOf), Expected::NoneOf(them)) => them.contains(current),
            (Some(Fault::NoneOfNothingIsNever), Expected::NoneOf(them)) if them.is_empty() => false,
            (Some(Fault::NoneOfReadsTheFirst), Expected::NoneOf(them)) => {
                them.as_slice().first() != Some(&current)
            }
            (Some(Fault::NoneOfComparesTimes), Expected::NoneOf(them)) => !them
                .as_slice()
                .iter()
                .any(|one| one.written_at() == current.written_at()),
            _ => expected.allows(current),
        };
        grows && is_expected
    }

    pub(super) fn stale(&self, current: Note) -> Option<Note> {
        (!self.has(Fault::StaleWithoutNote)).then_some(current)
    }
}

fn number(revision: Revision) -> u128 {
    u128::from_be_bytes(revision.into_bytes())
}

/// Leaves the expiry where the new one is earlier.
fn keep_the_later(expires: &mut Option<Expires>, old: &Stored) {
    if let (Some(new), Some(old)) = (expires.and_then(Expires::expiry), old.note.expiry())
        && new < old
    {
        *expires = None;
    }
}

fn repaired(user: &UserId, id: NoteId, update: &Update) -> Stored {
    let mut stored = ghost(user, id);
    update.apply(&mut stored.note);
    stored
}

/// A note that nobody wrote.
pub(super) fn ghost(user: &UserId, id: NoteId) -> Stored {
    let note = Note::new(user.clone(), id, value("Ghost"), value(""));
    Stored {
        fingerprint: fingerprint_of(&note),
        note,
        purge_at_secs: None,
        swept_at_secs: None,
        earlier_revisions: Vec::new(),
        written: Timestamp::from_millis(0),
    }
}
