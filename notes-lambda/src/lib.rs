#![doc = include_str!("../README.md")]

mod api;
mod body;
mod create;
mod cursor;
mod delete;
mod entity_tags;
mod envelope;
mod etag;
mod fault;
mod get;
mod idempotency_key;
mod json_object;
mod list;
mod members;
mod note_json;
mod preconditions;
mod problem;
mod problem_type;
pub mod problems;
mod query;
mod reply;
mod route;
mod update;

pub use api::Api;
pub use cursor::{Cursor, InvalidCursor};
