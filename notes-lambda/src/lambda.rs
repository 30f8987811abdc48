//! The API behind API Gateway and function URLs, as Lambda functions.
//!
//! `payload` reads an invocation, `event` makes a request of it, `identity` finds the user in it, `gateway` calls the
//! API, `gateway_response` is what goes back, `log` writes a line about it, `run` is the loop of the process,
//! `settings` is its configuration, and `start_error` says why it can't start.

pub(crate) mod event;
pub(crate) mod gateway;
pub(crate) mod gateway_response;
pub(crate) mod identity;
pub(crate) mod log;
mod payload;
mod run;
pub(crate) mod settings;
pub(crate) mod start_error;
