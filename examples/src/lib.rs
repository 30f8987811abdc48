//! The server of the example `local_api`, which its tests start too.

mod local_api;
mod page;

pub use local_api::LocalApi;

/// The examples in the documentation, which `cargo test` runs.
#[cfg(doctest)]
mod documentation {
    #[doc = include_str!("../../docs/getting-started.md")]
    mod getting_started {}
    #[doc = include_str!("../../docs/recipes.md")]
    mod recipes {}
    #[doc = include_str!("../../docs/testing.md")]
    mod testing {}
}
