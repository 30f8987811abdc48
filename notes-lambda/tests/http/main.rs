//! What the API promises, one test a sentence, through the service itself.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]
#![allow(clippy::needless_pass_by_value, reason = "requests read better so")]

mod bodies;
mod changes;
mod client;
mod create;
mod delete;
mod description;
mod failures;
mod get;
mod idempotency;
mod list;
mod members;
mod merge_patch;
mod preconditions;
mod problems;
mod routes;
mod update;
