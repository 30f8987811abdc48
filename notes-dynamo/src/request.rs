//! What is the same for every request: how its attempts are counted, how its failure is told, what it consumed.

pub(crate) mod attempts;
pub(crate) mod capacity;
mod engine_error;
pub(crate) mod error;
pub(crate) mod misconfiguration;
