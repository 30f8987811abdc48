//! What a response tells the operator and not the caller.

use std::sync::Arc;

use notes_core::{NoteId, StoreError};

use crate::operation::Operation;

/// What the operator learns about a request and the caller does not.
///
/// It is in the extensions of each response, for a layer that logs. Nothing in it is text of a note or names a user,
/// so it can be logged as it is.
///
/// ```
/// use http::Response;
/// use notes_core::ErrorChain;
/// use notes_lambda::Diagnostics;
///
/// /// The line of a log for a response, if there is something to say.
/// fn line<B>(response: &Response<B>) -> Option<String> {
///     let diagnostics: &Diagnostics = response.extensions().get()?;
///     let error = diagnostics.error.as_deref()?;
///     let operation = diagnostics.operation.map(|operation| operation.to_string());
///     Some(format!("{} {operation:?}: {}", response.status(), ErrorChain(error)))
/// }
/// # assert_eq!(line(&Response::new(())), None);
/// ```
///
/// [`Gateway::run`](https://docs.rs/notes-lambda/latest/notes_lambda/struct.Gateway.html#method.run) logs it by itself.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Diagnostics {
    /// The operation that method and path ask for; `None` if they match no route.
    pub operation: Option<Operation>,
    /// The note that the path names.
    pub note: Option<NoteId>,
    /// Whether handling the request panicked.
    pub panicked: bool,
    /// The error of the store, with all its sources.
    pub error: Option<Arc<StoreError>>,
    /// The ids of the items of a list that can't be read as notes.
    pub unreadable: Vec<String>,
}
