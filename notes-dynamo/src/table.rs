use aws_sdk_dynamodb::Client;
use notes_core::Timestamp;

use crate::request::capacity::CapacityObserver;
use crate::request::signing_time::SigningTimeCheck;

/// The table that the operations send their requests to, with the settings of the store.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    /// The parameter `ConsistentRead` of `get` and `list`. A purge always reads consistently: otherwise it
    /// could miss an item and report that nothing is left.
    pub(crate) consistent_reads: bool,
    /// Whether replicas ask this table for what has changed.
    pub(crate) keeps_changes: bool,
    pub(crate) capacity: CapacityObserver,
}

impl Table {
    /// The check of the time that the requests of a call are signed with, where replicas rely on it.
    pub(crate) fn signing_time(&self, now: Timestamp) -> SigningTimeCheck {
        if self.keeps_changes {
            SigningTimeCheck::near(now)
        } else {
            SigningTimeCheck::off()
        }
    }
}
