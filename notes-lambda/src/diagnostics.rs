use std::sync::Arc;

use notes_core::{NoteId, StoreError};

use crate::operation::Operation;

/// What the operator learns of a request and the caller does not: in the extensions of each
/// response, for a layer that logs.
///
/// None of it is from a note or names a user.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Diagnostics {
    /// What the request asked for, where its method and path are known.
    pub operation: Option<Operation>,
    /// The note that its path names.
    pub note: Option<NoteId>,
    /// Whether answering it panicked.
    pub panicked: bool,
    /// The failure of the store, with all its sources.
    pub error: Option<Arc<StoreError>>,
    /// The ids of the items of a list that can't be read.
    pub unreadable: Vec<String>,
}
