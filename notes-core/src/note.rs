//! A note as it is stored, and the requests to create, change and list notes.

pub(crate) mod fingerprint;
pub(crate) mod list_query;
pub(crate) mod new_note;
pub(crate) mod note_patch;
pub(crate) mod stored;
