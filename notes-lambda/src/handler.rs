//! One file for each operation: from a request to the service of notes, and from its outcome to a response.

pub(crate) mod changes;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;
