use aws_sdk_dynamodb::Client;

use crate::request::capacity::CapacityObserver;

/// The table that the operations send their requests to, with the settings of the store.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    /// The parameter `ConsistentRead` of `get` and `list`. A purge always reads consistently: otherwise it
    /// could miss an item and report that nothing is left.
    pub(crate) consistent_reads: bool,
    pub(crate) capacity: CapacityObserver,
}
