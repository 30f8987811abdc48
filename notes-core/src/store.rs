//! The port `NoteStore`, its errors, the store in memory, and the implementations for pointers to stores.

pub(crate) mod changes;
pub(crate) mod error_chain;
pub(crate) mod memory;
pub(crate) mod note_store;
mod pointers;
pub(crate) mod store_error;
pub(crate) mod update;
