use notes_core::{
    Expires, Expiry, ExpiryChoice, Fingerprint, InsertOutcome, Insertion, NewNote, Note, Occupant,
    Timestamp,
};

use super::{FaultyStore, Item, Spoiled, Stored, Write, value};
use crate::fault::Fault;

/// Before all that is asked for.
const NEVER: Timestamp = Timestamp::from_millis(0);

const YEAR: u64 = 365 * 24 * 60 * 60;

impl FaultyStore {
    pub(super) fn decide_insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
        found: Option<Item>,
    ) -> (Write, InsertOutcome) {
        let note = &insertion.note;
        let put = || {
            if !self.is_live(note, now) && !self.has(Fault::StoresExpiredNotes) {
                return (Write::Nothing, InsertOutcome::Expired);
            }
            let purge_at_secs = insertion.purge_at().map(|at| self.purge_at_secs(at, now));
            let stored = Stored {
                note: note.clone(),
                fingerprint: insertion.fingerprint,
                purge_at_secs,
                swept_at_secs: match self.fault {
                    Some(Fault::SweptAtTheExpiry) => note.expiry().map(Expiry::as_secs),
                    Some(Fault::SweptAfterAYear) => purge_at_secs.or(Some(now.as_secs() + YEAR)),
                    _ => purge_at_secs,
                },
                earlier_revisions: Vec::new(),
                written: now,
            };
            let stored = Stored {
                written: self.counted(Fault::InsertIsNotCounted, NEVER, &stored, now),
                ..stored
            };
            (Write::Put(self.item(stored)), InsertOutcome::Inserted)
        };
        let nothing = |by| (Write::Nothing, InsertOutcome::Taken(by));
        match (self.fault, found) {
            (_, None)
            | (Some(Fault::OverwritesTombstones), Some(Item::Tombstone { .. }))
            | (Some(Fault::OverwritesUnreadableItems), Some(Item::Unreadable(_)))
            | (Some(Fault::OverwritesWrongTypes), Some(Item::Unreadable(Spoiled::Type))) => put(),
            (_, Some(Item::Unreadable(_))) => nothing(Occupant::Unreadable),
            (_, Some(Item::Tombstone { .. })) => nothing(Occupant::Spent),
            (fault, Some(Item::Note(there))) => {
                if !self.is_live(&there.note, now) {
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
                    Some(
                        Fault::RepeatedInsertWrites | Fault::RepeatedInsertWritesWithoutWaiting,
                    ) if is_repeated => {
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

    /// The item that is written for a note.
    pub(super) fn item(&self, stored: Stored) -> Item {
        let mut note = stored.note;
        let (title, content) = (note.title.as_str(), note.content.as_str());
        match self.fault {
            Some(Fault::EmptyContentIsNone) if content.is_empty() => {
                return Item::Unreadable(Spoiled::NoNote);
            }
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
            Some(Fault::ForgetsWhoSetTheExpiry) => {
                note.expires = note.expiry().map_or(Expires::Never, Expires::Chosen);
            }
            Some(Fault::LastExpiryIsNever)
                if note.expiry().map(Expiry::as_secs) == Some(Timestamp::MAX.as_secs()) =>
            {
                note.expires = Expires::Never;
            }
            Some(Fault::ExpiryHas32Bits) => {
                let wrapped = |expiry: Expiry| {
                    let secs = expiry.as_secs() & 0xffff_ffff;
                    secs.try_into().unwrap_or(expiry)
                };
                note.expires = match note.expires {
                    Expires::Never => Expires::Never,
                    Expires::Chosen(expiry) => Expires::Chosen(wrapped(expiry)),
                    Expires::Retained(expiry) => Expires::Retained(wrapped(expiry)),
                };
            }
            _ => {}
        }
        Item::Note(Stored { note, ..stored })
    }
}

/// Composes the one decomposed letter that the suite uses.
pub(super) fn normalised(text: &str) -> String {
    text.replace("e\u{301}", "é")
}

pub(super) fn fingerprint_of(note: &Note) -> Fingerprint {
    let mut new = NewNote::new(note.title.clone(), note.content.clone());
    new.category.clone_from(&note.category);
    new.expiry = note
        .expiry()
        .map_or(ExpiryChoice::Retention, ExpiryChoice::At);
    Fingerprint::of(&new)
}
