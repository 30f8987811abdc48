//! The values that notes consist of. Each type checks its value when it is made, so that an invalid one can't
//! exist.

pub(crate) mod category;
pub(crate) mod change;
pub(crate) mod content;
pub(crate) mod expires;
pub(crate) mod expiry;
pub(crate) mod expiry_choice;
mod invisible;
pub(crate) mod note_id;
pub(crate) mod purge_at;
pub(crate) mod revision;
pub(crate) mod revisions;
mod text_value;
pub(crate) mod timestamp;
pub(crate) mod title;
pub(crate) mod user_id;
mod uuid_v7;
