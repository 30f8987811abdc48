//! The response to an invocation, in the JSON form that API Gateway and function URLs expect.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::response::reply::Response;

/// A response in the form that API Gateway takes, as which it is serialised. The form is the same for payload formats
/// 1.0 and 2.0.
///
/// Its `Debug` shows the length of the body and not its text, which is what users have written.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    status_code: u16,
    headers: BTreeMap<String, String>,
    body: String,
    is_base64_encoded: bool,
}

impl GatewayResponse {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status_code
    }

    pub(crate) fn new(response: Response) -> Self {
        let (head, body) = response.into_parts();
        // No response of the API has two headers of one name, so a map without lists is enough.
        let headers = head
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        Self {
            status_code: head.status.as_u16(),
            headers,
            // Every body is JSON, so it is UTF-8. This is the only handle to its bytes, so they are moved, not copied.
            body: String::from_utf8(body.into_bytes().into()).unwrap_or_default(),
            is_base64_encoded: false,
        }
    }
}

impl fmt::Debug for GatewayResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayResponse")
            .field("status_code", &self.status_code)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
