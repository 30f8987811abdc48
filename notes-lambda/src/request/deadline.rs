//! The time by which a request has to have its response.

use std::time::Instant;

use http::request::Parts;
use notes_core::StoreErrorKind;

use crate::problem::Problem;

/// The time by which a request has to have its response. It is put into the request's extensions.
///
/// A request that is not done by then gets a 503: `unavailable` if it reads, and `outcome-unknown` if it writes,
/// because the write may have happened, or may still happen. It needs a tokio runtime with its timer enabled.
///
/// Behind Lambda it is set by the function's own deadline. In a server, a layer sets it; choose a time in which the
/// store's client has finished its own attempts, which is 10 seconds for that of `notes-dynamo`:
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use notes_lambda::Deadline;
///
/// let mut request = http::Request::get("/notes").body(String::new())?;
/// let at = Instant::now() + Duration::from_secs(12);
/// request.extensions_mut().insert(Deadline(at));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Instant);

/// Awaits an operation, but no longer than until the request's deadline, if it has one.
pub(crate) async fn with_deadline<T>(
    head: &Parts,
    operation: impl Future<Output = Result<T, Problem>> + Send,
) -> Result<T, Problem> {
    let Some(Deadline(at)) = head.extensions.get() else {
        return operation.await;
    };
    let done = tokio::time::timeout_at((*at).into(), operation).await;
    done.unwrap_or_else(|_| {
        // Dropping the operation's future does not undo what it has sent.
        let kind = if head.method.is_safe() {
            StoreErrorKind::Unavailable
        } else {
            StoreErrorKind::OutcomeUnknown
        };
        Err(Problem::Store(kind.into()))
    })
}
