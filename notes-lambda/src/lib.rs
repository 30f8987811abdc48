#![doc = include_str!("../README.md")]

mod api;
mod cors;
mod cursor;
mod diagnostics;
mod handler;
#[cfg(feature = "lambda")]
mod lambda;
#[cfg(feature = "openapi")]
mod openapi;
mod operation;
mod problem;
pub mod problems;
mod request;
mod response;

pub use api::Api;
pub use cors::{CorsHeaders, CorsOrigins, InvalidCorsHeaders, InvalidCorsOrigins};
pub use cursor::{Cursor, InvalidCursor};
pub use diagnostics::Diagnostics;
#[cfg(feature = "lambda")]
pub use lambda::gateway::Gateway;
#[cfg(feature = "lambda")]
pub use lambda::gateway_response::GatewayResponse;
#[cfg(feature = "lambda")]
pub use lambda::identity::{IdentitySource, InvalidIdentitySource};
#[cfg(feature = "lambda")]
pub use lambda::log::log_capacity;
#[cfg(feature = "lambda")]
pub use lambda::settings::{Settings, optional_setting_from_env, required_setting_from_env};
#[cfg(feature = "lambda")]
pub use lambda::start_error::StartError;
#[cfg(feature = "openapi")]
pub use openapi::openapi;
pub use operation::{InvalidOperation, Operation};
pub use problem::problem_base::{InvalidProblemBase, ProblemBase};
pub use request::deadline::Deadline;
pub use request::path_prefix::PathPrefix;
pub use response::body::ResponseBody;
pub use response::note_json::NoteJson;
