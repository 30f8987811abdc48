use std::time::Instant;

use http::Method;
use http::request::Parts;
use notes_core::StoreErrorKind;

use crate::problem::Problem;

/// Until when a request has to be answered, as an extension of it.
///
/// What is not done by then is answered with 503: `unavailable` to a read, and `outcome-unknown` to
/// a write, which may have happened or may yet. It needs a tokio runtime with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Instant);

/// Awaits an operation until the deadline, if there is one.
pub(crate) async fn with_deadline<T>(
    head: &Parts,
    operation: impl Future<Output = Result<T, Problem>> + Send,
) -> Result<T, Problem> {
    let Some(Deadline(at)) = head.extensions.get() else {
        return operation.await;
    };
    let done = tokio::time::timeout_at((*at).into(), operation).await;
    done.unwrap_or_else(|_| {
        let kind = match head.method {
            Method::GET | Method::HEAD => StoreErrorKind::Unavailable,
            _ => StoreErrorKind::OutcomeUnknown,
        };
        Err(Problem::Store(kind.into()))
    })
}
