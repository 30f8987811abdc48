//! The program `notes`, started as a process, on the engine in this one.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap fails the test; a test that measures says what"
)]

mod check;
mod export_import;
mod kill;
mod many;
mod migrate;
mod support;
