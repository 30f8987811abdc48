//! How a success looks: a note, a page of notes, the headers that belong to them.

pub(crate) mod body;
pub(crate) mod changes;
pub(crate) mod envelope;
pub(crate) mod etag;
pub(crate) mod items;
pub(crate) mod note_json;
pub(crate) mod page;
pub(crate) mod reply;
