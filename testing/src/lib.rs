//! What the tests of several packages share: a DynamoDB engine in this process, and the AWS SDK without a network.
//!
//! The tests of this package are about all crates together, in one simulation.

mod engine;
mod serve;
mod transport;

pub use engine::{Engine, client};
pub use serve::serve;
pub use transport::{Call, Transport};
