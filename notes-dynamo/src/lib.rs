#![doc = include_str!("../README.md")]

mod causes;
#[cfg(feature = "client")]
mod client;
mod dynamo_note_store;
mod ensure_table;
mod item;
mod operation;
mod request;
mod table;
mod table_name;

#[cfg(feature = "client")]
pub use client::{EnvironmentError, client_config, client_from_env, http_client};
pub use dynamo_note_store::DynamoNoteStore;
pub use ensure_table::{ensure_table, ensure_table_with_changes};
pub use item::sort_key::{note_id, sort_key};
pub use request::capacity::Capacity;
pub use table_name::{InvalidTableName, TableName};
