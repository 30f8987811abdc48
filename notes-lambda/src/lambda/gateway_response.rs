use std::collections::BTreeMap;

use http_body_util::BodyExt;
use serde::Serialize;

use crate::response::reply::Response;

/// A response as API Gateway takes it, in either payload format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    status_code: u16,
    headers: BTreeMap<String, String>,
    body: String,
    is_base64_encoded: bool,
}

impl GatewayResponse {
    pub(crate) fn status(&self) -> u16 {
        self.status_code
    }

    pub(crate) async fn new(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let Ok(body) = body.collect().await;
        let headers = head
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        Self {
            status_code: head.status.as_u16(),
            headers,
            // Every body is JSON, and the only handle to it: nothing is copied.
            body: String::from_utf8(body.to_bytes().into()).unwrap_or_default(),
            is_base64_encoded: false,
        }
    }
}
