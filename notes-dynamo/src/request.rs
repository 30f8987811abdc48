//! What all requests share: the count of attempts in doubt, the check of the time that they are signed with, the
//! conversion of SDK errors, the consumed capacity.

pub(crate) mod attempts;
pub(crate) mod capacity;
mod engine_error;
pub(crate) mod error;
pub(crate) mod failed_condition;
mod hint;
pub(crate) mod misconfiguration;
pub(crate) mod signing_time;
