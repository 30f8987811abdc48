#![doc = include_str!("../README.md")]

mod attempts;
mod capacity;
#[cfg(feature = "client")]
mod client;
mod dynamo_note_store;
mod error;
mod expression;
mod item;
mod list;
mod misconfiguration;
mod purge;
mod sort_key;
mod table;

pub use capacity::Capacity;
#[cfg(feature = "client")]
pub use client::{MissingVariable, client_config, client_from_env};
pub use dynamo_note_store::DynamoNoteStore;
pub use sort_key::{note_id, sort_key};
pub use table::ensure_table;
