//! What the examples and the tests of the packages share: a DynamoDB engine in this process, and a local server.

mod engine;
mod local_api;
mod page;

pub use engine::{Engine, client};
pub use local_api::LocalApi;
