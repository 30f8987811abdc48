//! Notes: as they are stored, asked for, changed and listed.

pub(crate) mod fingerprint;
pub(crate) mod list_query;
pub(crate) mod new_note;
pub(crate) mod note_patch;
pub(crate) mod stored;
