//! Each request that the store sends, to the letter, and what it makes of each reply.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod auto_traits;
mod changes;
mod connections;
mod failures;
mod given;
mod maintenance;
mod misconfiguration;
mod operation;
mod reads;
mod retries;
mod secrets;
mod signing_time;
mod timeouts;
mod wire;
mod writes;
