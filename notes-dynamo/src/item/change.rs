use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{Change, Deletion, NoteId, Timestamp, Update};

use crate::item::attributes::{CATEGORY, CONTENT, DELETED, EXPIRES_AT, PURGE_AT, RETAINED, TITLE};
use crate::item::expression::{Expression, number, text};

/// The parts of an update expression that change what an item holds. The new revision is set by
/// [`replace_revision`](Expression::replace_revision).
impl Expression {
    /// Sets and removes the attributes of the note with this id that the update, made for `now`, changes.
    ///
    /// With an expiry comes the time of physical removal. An expiry that the author sets or removes also
    /// removes the mark of retention; a renewal leaves it.
    pub(crate) fn set_patch(&mut self, id: NoteId, update: &Update, now: Timestamp) {
        let patch = &update.patch;
        if let Some(title) = &patch.title {
            self.set(TITLE, text(title.as_str()));
        }
        if let Some(content) = &patch.content {
            self.set(CONTENT, text(content.as_str()));
        }
        match &patch.category {
            Change::Keep => {}
            Change::Clear => self.remove(&[CATEGORY]),
            Change::Set(category) => self.set(CATEGORY, text(category.as_str())),
        }
        if let Some(expires) = update.expires() {
            match expires.expiry() {
                Some(expiry) => self.set(EXPIRES_AT, number(expiry.as_secs())),
                None => self.remove(&[EXPIRES_AT]),
            }
            match update.purge_at(id, now) {
                Some(at) => self.set(PURGE_AT, number(at.as_secs())),
                None => self.remove(&[PURGE_AT]),
            }
            if !expires.is_retained() {
                self.remove(&[RETAINED]);
            }
        }
    }

    /// Turns the note into a tombstone: removes what the author wrote, and keeps the key and the revision,
    /// so that the id stays spent and a repeated deletion is recognised.
    pub(crate) fn set_tombstone(&mut self, deletion: &Deletion) {
        self.set(DELETED, AttributeValue::Bool(true));
        self.set(PURGE_AT, number(deletion.purge_at.as_secs()));
        self.remove(&[TITLE, CONTENT, CATEGORY, EXPIRES_AT, RETAINED]);
    }
}
