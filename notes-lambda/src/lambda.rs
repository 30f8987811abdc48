//! The API behind API Gateway and function URLs, as Lambda functions.

pub(crate) mod event;
pub(crate) mod gateway;
pub(crate) mod gateway_response;
pub(crate) mod identity;
pub(crate) mod log;
mod run;
pub(crate) mod settings;
