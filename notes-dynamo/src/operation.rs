//! One file for each operation of the port: what it asks of DynamoDB, and what the reply means.

mod conditional_update;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod insert;
pub(crate) mod list;
pub(crate) mod purge;
pub(crate) mod update;
