#![doc = include_str!("../README.md")]

#[cfg(feature = "conformance")]
pub mod conformance;
mod note;
mod notes;
mod store;
mod sync;
mod value;

pub use note::fingerprint::Fingerprint;
pub use note::list_query::{InvalidOrder, InvalidPageLimit, ListQuery, Order, PageLimit};
pub use note::new_note::NewNote;
pub use note::note_patch::NotePatch;
pub use note::stored::Note;
pub use notes::{CreateOutcome, Notes, UnacceptableDate};
pub use store::changes::{ChangePage, Changed, ChangedState, ChangesQuery};
pub use store::error_chain::ErrorChain;
pub use store::memory::MemoryNoteStore;
/// A [mockall](https://docs.rs/mockall) mock of [`NoteStore`] (feature `mock`), for testing code that
/// depends on the port.
///
/// It returns what the test has set up, and panics at any other call. Use it for what a real store seldom
/// does, such as a write whose response is lost. Where a test only needs a working store, use
/// [`MemoryNoteStore`].
///
/// ```
/// use std::time::Duration;
///
/// use notes_core::{
///     CreateOutcome, InsertOutcome, MockNoteStore, NewNote, NoteStore, Notes, Occupant,
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
/// // The note is stored, and the response is lost on the way.
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
/// let new = NewNote::new("Milk".parse()?, "2 litres".parse()?);
/// let outcome = create(&Notes::new(store), &"alice".parse()?, new).await?;
/// assert!(matches!(outcome, CreateOutcome::Replayed(_)));
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "mock")]
pub use store::note_store::MockNoteStore;
pub use store::note_store::{
    DeleteOutcome, Deletion, InsertOutcome, Insertion, NoteStore, Occupant, Page, Purged,
};
pub use store::store_error::{StoreError, StoreErrorKind};
pub use store::update::{Expected, Update, UpdateOutcome};
pub use sync::bounds as sync_bounds;
pub use sync::changes::{Changes, ChangesOutcome};
pub use sync::horizon::{Horizon, InvalidHorizon};
pub use sync::position::{ChangePosition, InvalidChangePosition};
pub use sync::settings::SyncSettings;
pub use sync::token::{InvalidSyncToken, SyncToken};
pub use value::category::{Category, InvalidCategory};
pub use value::change::Change;
pub use value::content::{Content, InvalidContent};
pub use value::expires::Expires;
pub use value::expiry::Expiry;
pub use value::expiry_choice::ExpiryChoice;
pub use value::note_id::{InvalidNoteId, NoteId};
pub use value::purge_at::PurgeAt;
pub use value::revision::{InvalidRevision, Revision};
pub use value::revisions::{InvalidRevisions, Revisions};
pub use value::timestamp::{InvalidTimestamp, Timestamp};
pub use value::title::{InvalidTitle, Title};
pub use value::user_id::{InvalidUserId, UserId};
