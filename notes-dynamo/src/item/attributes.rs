//! The names of an item's attributes, as they are stored, with their types. `docs/data-model.md` describes the
//! whole item.

/// S, the partition key: the owner.
pub(crate) const USER_ID: &str = "userId";
/// N, the sort key: the id of the note as a number ([`sort_key`](crate::sort_key)).
pub(crate) const TIMESTAMP: &str = "timestamp";
/// S, in notes.
pub(crate) const TITLE: &str = "title";
/// S, in notes; may be empty.
pub(crate) const CONTENT: &str = "content";
/// S, in notes that have a category.
pub(crate) const CATEGORY: &str = "category";
/// B, 16 bytes: the revision of the note or of the tombstone.
pub(crate) const REVISION: &str = "revision";
/// B, 8 bytes: the fingerprint of the request that created the note. It is written once and never changed.
pub(crate) const CREATION: &str = "creation";
/// N, in notes that expire: seconds since the Unix epoch.
pub(crate) const EXPIRES_AT: &str = "expiresAt";
/// BOOL, true in notes whose expiry comes from the retention setting, and otherwise absent.
pub(crate) const RETAINED: &str = "retained";
/// BOOL, true in tombstones, and otherwise absent.
pub(crate) const DELETED: &str = "deleted";
/// B, 20 bytes, in items that were written while changes were kept: when the last write was made, and the id
/// ([`changed`](crate::item::changed)). It is the sort key of the index [`BY_CHANGE`].
pub(crate) const CHANGED: &str = "changed";
/// The local secondary index of what has changed: [`USER_ID`] and [`CHANGED`], and nothing else but the key.
pub(crate) const BY_CHANGE: &str = "byChange";
/// N, in tombstones and notes that expire: from when DynamoDB may remove the item, in seconds since the Unix
/// epoch. It is the attribute of the table's time to live. It is not `expiresAt`, because the id has to stay
/// spent for longer than the note is visible.
pub(crate) const PURGE_AT: &str = "purgeAt";
