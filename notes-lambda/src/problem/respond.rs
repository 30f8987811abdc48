//! The last step of a request: its result, an error or a panic becomes a response.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use http::Method;

use crate::problem::Problem;
use crate::problem::problem_base::ProblemBase;
use crate::response::reply::Response;

/// The response to a request with this method, whether its operation succeeds, fails or panics. A problem's `type`
/// starts with the base.
pub(crate) async fn respond(
    base: &ProblemBase,
    method: &Method,
    operation: impl Future<Output = Result<Response, Problem>> + Send,
) -> Response {
    // Unwind safety: the only state that an operation shares with others is inside the store, which has to keep its
    // own locks usable after a panic.
    let caught = AssertUnwindSafe(operation).catch_unwind().await;
    caught
        .unwrap_or_else(|_| Err(panic_of(method)))
        .unwrap_or_else(|problem| problem.into_response(base))
}

/// The problem that a panic causes in a request with this method. If the method writes, the outcome is unknown: the
/// panic may have come before the write or after it.
pub(crate) fn panic_of(method: &Method) -> Problem {
    if method.is_safe() {
        Problem::Panic
    } else {
        Problem::PanicInWrite
    }
}
