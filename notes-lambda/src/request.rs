//! What a request asks for: its route, its body, its headers and its query, each read in one place.

pub(crate) mod body;
pub(crate) mod deadline;
mod entity_tags;
pub(crate) mod idempotency_key;
mod json_object;
pub(crate) mod members;
pub(crate) mod path_prefix;
pub(crate) mod preconditions;
pub(crate) mod query;
pub(crate) mod route;
