//! The functions as processes, under a Lambda Runtime API on loopback.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod concurrent;
mod endpoint;
mod function;
mod init;
mod invocations;
mod limits;
mod logs;
mod note_events;
mod panics;
mod runtime_api;
