use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use http::Method;

use crate::problem::Problem;
use crate::response::reply::Response;

/// The response of an operation of this method, whether it succeeds, fails or panics.
pub(crate) async fn respond(
    method: &Method,
    operation: impl Future<Output = Result<Response, Problem>> + Send,
) -> Response {
    // What an operation shares with others is the store, and its locks are its own affair.
    let caught = AssertUnwindSafe(operation).catch_unwind().await;
    caught
        .unwrap_or_else(|_| Err(panic_of(method)))
        .unwrap_or_else(Problem::into_response)
}

/// What a panic is while this method is answered: nothing tells whether it came before the write or
/// after it.
pub(crate) fn panic_of(method: &Method) -> Problem {
    if method.is_safe() {
        Problem::Panic
    } else {
        Problem::PanicInWrite
    }
}
