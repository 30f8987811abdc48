//! The server of the example `local_api`, which its tests start too.

mod local_api;
mod page;

pub use local_api::LocalApi;
