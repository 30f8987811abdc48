//! Parts that the examples and the tests of the other packages share.

mod engine;
mod local_api;
mod page;

pub use engine::{Engine, client};
pub use local_api::LocalApi;
