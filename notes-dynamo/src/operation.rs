//! One file for each operation of the port: the requests that it sends to DynamoDB, and what the responses
//! mean. Update and delete share `conditional_update`.

pub(crate) mod changes;
mod conditional_update;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod insert;
pub(crate) mod list;
pub(crate) mod purge;
pub(crate) mod update;
