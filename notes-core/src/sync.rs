//! Sync: which notes were written since a token. The port's part of it is `store/changes.rs`.

pub mod bounds;
pub(crate) mod changes;
pub(crate) mod horizon;
#[cfg(test)]
mod model;
pub(crate) mod pass;
pub(crate) mod position;
pub(crate) mod settings;
pub(crate) mod token;
