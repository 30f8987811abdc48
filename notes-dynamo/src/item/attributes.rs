//! The names of an item's attributes, as they are stored. `docs/data-model.md` says what each of them means.

pub(crate) const USER_ID: &str = "userId";
pub(crate) const TIMESTAMP: &str = "timestamp";
pub(crate) const TITLE: &str = "title";
pub(crate) const CONTENT: &str = "content";
pub(crate) const CATEGORY: &str = "category";
pub(crate) const REVISION: &str = "revision";
pub(crate) const CREATION: &str = "creation";
pub(crate) const EXPIRES_AT: &str = "expiresAt";
pub(crate) const RETAINED: &str = "retained";
pub(crate) const DELETED: &str = "deleted";
pub(crate) const PURGE_AT: &str = "purgeAt";
