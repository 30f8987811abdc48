#![doc = include_str!("../README.md")]

mod category;
mod change;
#[cfg(feature = "conformance")]
pub mod conformance;
mod content;
mod delegation;
mod expiry;
mod fingerprint;
mod list_query;
mod memory;
mod note;
mod note_id;
mod note_patch;
mod note_store;
mod notes;
mod purge_at;
mod revision;
mod store_error;
mod text_value;
mod timestamp;
mod title;
mod user_id;
mod uuid_v7;

pub use category::{Category, InvalidCategory};
pub use change::Change;
pub use content::{Content, InvalidContent};
pub use expiry::Expiry;
pub use fingerprint::Fingerprint;
pub use list_query::{InvalidPageLimit, ListQuery, Order, PageLimit};
pub use memory::MemoryNoteStore;
pub use note::{NewNote, Note};
pub use note_id::{InvalidNoteId, NoteId};
pub use note_patch::NotePatch;
#[cfg(feature = "mock")]
pub use note_store::MockNoteStore;
pub use note_store::{
    DeleteOutcome, Deletion, Expected, InsertOutcome, Insertion, NoteStore, Occupant, Page, Purged,
    Update, UpdateOutcome,
};
pub use notes::{CreateOutcome, Notes, UnacceptableDate};
pub use purge_at::PurgeAt;
pub use revision::{InvalidRevision, Revision};
pub use store_error::{StoreError, StoreErrorKind};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use title::{InvalidTitle, Title};
pub use user_id::{InvalidUserId, UserId};
