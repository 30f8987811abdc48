#![doc = include_str!("../README.md")]

mod api;
mod body;
mod cors;
mod create;
mod cursor;
mod deadline;
mod delete;
mod entity_tags;
mod envelope;
mod etag;
#[cfg(feature = "lambda")]
mod event;
mod fault;
#[cfg(feature = "lambda")]
mod gateway;
mod get;
mod idempotency_key;
#[cfg(feature = "lambda")]
mod identity;
mod json_object;
mod list;
#[cfg(feature = "lambda")]
mod log;
mod members;
mod note_json;
#[cfg(feature = "openapi")]
mod openapi;
mod path_prefix;
mod preconditions;
mod problem;
mod problem_type;
pub mod problems;
mod query;
mod reply;
mod report;
mod route;
#[cfg(feature = "lambda")]
mod settings;
mod update;

pub use api::Api;
pub use cors::{CorsHeaders, CorsOrigins, InvalidCorsHeaders, InvalidCorsOrigins};
pub use cursor::{Cursor, InvalidCursor};
pub use deadline::Deadline;
#[cfg(feature = "lambda")]
pub use gateway::{Answer, Gateway};
#[cfg(feature = "lambda")]
pub use identity::{Identity, InvalidIdentity};
#[cfg(feature = "lambda")]
pub use log::log_capacity;
#[cfg(feature = "openapi")]
pub use openapi::openapi;
pub use path_prefix::PathPrefix;
pub use report::Report;
pub use route::Operation;
#[cfg(feature = "lambda")]
pub use settings::{Init, Settings};
