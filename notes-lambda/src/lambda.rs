//! The API behind API Gateway and function URLs, as Lambda functions.
//!
//! `event` reads an invocation, `identity` finds the user in it, `gateway` calls the API, `gateway_response` is what
//! goes back, `log` writes a line about it, `run` is the loop of the process, and `settings` is its configuration.

pub(crate) mod event;
pub(crate) mod gateway;
pub(crate) mod gateway_response;
pub(crate) mod identity;
pub(crate) mod log;
mod run;
pub(crate) mod settings;
