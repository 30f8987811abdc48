use aws_sdk_dynamodb::Client;

use crate::request::capacity::Observer;

/// The table that an operation asks, and how.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) consistent_reads: bool,
    pub(crate) capacity: Observer,
}
