//! Where notes are kept: the port, its errors, the store in memory, and pointers to stores.

pub(crate) mod error_chain;
pub(crate) mod memory;
pub(crate) mod note_store;
mod pointers;
pub(crate) mod store_error;
