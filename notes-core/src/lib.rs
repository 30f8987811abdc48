#![doc = include_str!("../README.md")]

mod category;
mod change;
#[cfg(feature = "conformance")]
pub mod conformance;
mod content;
mod delegation;
mod error_chain;
mod expiry;
mod fingerprint;
mod invisible;
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
pub use error_chain::ErrorChain;
pub use expiry::Expiry;
pub use fingerprint::Fingerprint;
pub use list_query::{InvalidPageLimit, ListQuery, Order, PageLimit};
pub use memory::MemoryNoteStore;
pub use note::{NewNote, Note};
pub use note_id::{InvalidNoteId, NoteId};
pub use note_patch::NotePatch;
/// A [mockall](https://docs.rs/mockall) mock of [`NoteStore`] (feature `mock`), for testing code that
/// depends on the port.
///
/// It answers what a test tells it to, and panics where it is called otherwise: it stages what a real
/// store seldom does, such as a write whose answer is lost. Where a test only needs some store,
/// [`MemoryNoteStore`] is one.
///
/// ```
/// use std::time::Duration;
///
/// use notes_core::{
///     Change, CreateOutcome, InsertOutcome, MockNoteStore, NewNote, NoteStore, Notes, Occupant,
///     StoreError, StoreErrorKind, UserId,
/// };
///
/// /// The code under test: creates a note, in at most three attempts with a pause between them.
/// async fn create<S: NoteStore>(
///     notes: &Notes<S>,
///     user: &UserId,
///     new: NewNote,
/// ) -> Result<CreateOutcome, StoreError> {
///     let id = notes.new_id();
///     for millis in [50, 200] {
///         match notes.create(user, id, new.clone()).await {
///             Err(error) if error.is_retryable() => {
///                 tokio::time::sleep(Duration::from_millis(millis)).await;
///             }
///             outcome => return outcome,
///         }
///     }
///     notes.create(user, id, new).await
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The note is stored, and the answer is lost on the way.
/// let mut store = MockNoteStore::new();
/// let mut stored = None;
/// store.expect_insert().times(2).returning(move |insertion, _| match stored.take() {
///     None => {
///         stored = Some(insertion.clone());
///         Err(StoreErrorKind::OutcomeUnknown.into())
///     }
///     Some(stored) => {
///         assert_eq!(insertion.note.id, stored.note.id, "the retry names another note");
///         Ok(InsertOutcome::Taken(Occupant::Live {
///             note: stored.note,
///             fingerprint: stored.fingerprint,
///         }))
///     }
/// });
///
/// let new = NewNote {
///     title: "Milk".parse()?,
///     content: "2 litres".parse()?,
///     category: None,
///     expiry: Change::Keep,
/// };
/// let outcome = create(&Notes::new(store), &"alice".parse()?, new).await?;
/// assert!(matches!(outcome, CreateOutcome::Replayed(_)));
/// # Ok(())
/// # }
/// ```
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
