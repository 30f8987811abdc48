use std::num::NonZeroUsize;

use crate::store::changes::Changed;
use crate::sync::pass::Step;
use crate::sync::position::ChangePosition;
use crate::sync::token::SyncToken;
use crate::value::timestamp::Timestamp;

/// What a client gets for its token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the client may have to begin again"]
pub enum ChangesOutcome {
    /// Changes, and the token for what comes next.
    Page(Changes),
    /// The token is too old, or not of this user and these [settings](crate::SyncSettings). The client has to begin
    /// again without a token.
    Restart,
}

/// A page of changes for a client that keeps a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// What the client has to apply to its copy: store live notes, remove what is gone, and leave what can't be read
    /// as it is. A note is in it at most once. Shorten it by [`cut`](Self::cut) only, or the token skips the rest.
    pub changes: Vec<Changed>,
    /// What the client names next. It has to save it after the changes, or together with them.
    pub token: SyncToken,
    /// Whether there is more to get at once. If not, a pass has ended: the copy has every note that was not written
    /// while it ran.
    pub more: bool,
    /// The time by which notes have expired in this page. At the end of a pass, the client removes the notes that have
    /// expired by it, and not by its own clock.
    pub as_of: Timestamp,
    step: Step,
    check: [u8; 4],
}

impl Changes {
    pub(crate) fn new(
        changes: Vec<Changed>,
        next: Option<ChangePosition>,
        as_of: Timestamp,
        step: Step,
        check: [u8; 4],
    ) -> Self {
        let more = step.has_more_at(next.as_ref());
        Self {
            changes,
            token: SyncToken::new(check, step.progress_at(next)),
            more,
            as_of,
            step,
            check,
        }
    }

    /// Keeps only so many of the first changes, and makes [`token`](Self::token) and [`more`](Self::more) fit: the next
    /// page begins with the rest. It is for a response that may not be larger than a limit.
    pub fn cut(&mut self, count: NonZeroUsize) {
        if count.get() >= self.changes.len() {
            return;
        }
        self.changes.truncate(count.get());
        let position = self.changes.last().map(|last| last.position.clone());
        self.more = self.step.has_more_at(position.as_ref());
        self.token = SyncToken::new(self.check, self.step.progress_at(position));
    }
}
