use std::fmt;

use notes_core::{
    Expires, ExpiryChoice, Fingerprint, InsertOutcome, Insertion, NewNote, Note, NoteStore, Notes,
    Occupant, StoreError,
};
use notes_dynamo::DynamoNoteStore;

/// How many insertions are under way at a time.
pub(crate) const CONCURRENCY: usize = 16;

/// What has become of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    Created,
    /// It was stored before, by this tool or by a client. It may have been changed since.
    Present,
    /// The id is that of another note, which stays as it is.
    Different,
    /// The note was there, and was deleted or has expired.
    Gone,
    /// It has expired before it was stored.
    Expired,
    /// Its place is taken by an item that can't be read.
    Unreadable,
}

/// How many notes have ended in which way.
#[derive(Debug, Default)]
pub(crate) struct Counts([u64; 6]);

/// Stores a note with its id and its revision, and so with both of its dates. `Notes::create` would date the revision
/// like the id.
pub(crate) async fn insert(
    notes: &Notes<DynamoNoteStore>,
    note: Note,
) -> Result<Inserted, StoreError> {
    let fingerprint = Fingerprint::of(&creation(&note));
    let window = Notes::<()>::DEFAULT_ACCEPTANCE_WINDOW;
    let insertion = Insertion::new(note, fingerprint, window);
    let outcome = notes.store().insert(&insertion, notes.now()).await?;
    Ok(match outcome {
        InsertOutcome::Inserted => Inserted::Created,
        InsertOutcome::Expired => Inserted::Expired,
        InsertOutcome::Taken(Occupant::Live {
            note,
            fingerprint: of,
        }) => {
            if of == fingerprint || note == insertion.note {
                Inserted::Present
            } else {
                Inserted::Different
            }
        }
        InsertOutcome::Taken(Occupant::Spent) => Inserted::Gone,
        InsertOutcome::Taken(Occupant::Unreadable) => Inserted::Unreadable,
    })
}

/// The request that would create the note.
fn creation(note: &Note) -> NewNote {
    let mut new = NewNote::new(note.title.clone(), note.content.clone());
    new.category.clone_from(&note.category);
    if let Expires::Chosen(expiry) = note.expires {
        new.expiry = ExpiryChoice::At(expiry);
    }
    new
}

impl Counts {
    pub(crate) fn add(&mut self, inserted: Inserted) {
        self.0[inserted as usize] += 1;
    }

    pub(crate) fn all(&self) -> u64 {
        self.0.iter().sum()
    }

    /// How many are not in the table, although nobody has deleted them and they have not expired.
    pub(crate) fn refused(&self) -> u64 {
        self.0[Inserted::Different as usize] + self.0[Inserted::Unreadable as usize]
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [created, present, different, gone, expired, unreadable] = self.0;
        write!(f, "{created} created, {present} there before")?;
        for (count, what) in [
            (different, "not stored, as another note has the id"),
            (gone, "deleted or expired since"),
            (expired, "expired before"),
            (
                unreadable,
                "not stored, as an item that can't be read has the id",
            ),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}
