//! What all requests share: the count of attempts in doubt, the conversion of SDK errors, the consumed capacity.

pub(crate) mod attempts;
pub(crate) mod capacity;
mod engine_error;
pub(crate) mod error;
pub(crate) mod failed_condition;
pub(crate) mod misconfiguration;
