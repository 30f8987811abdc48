//! What the gateway promises: an event goes in as JSON, and the response comes out as JSON.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]
#![allow(clippy::needless_pass_by_value, reason = "events read better so")]

mod auto_traits;
mod concurrency;
mod cors;
mod deadline;
mod debug;
mod delayed;
mod events;
mod hostile;
mod identity;
mod only;
mod support;
