//! The body of a request: its size limit, its media type, and reading it.

use std::error::Error;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::problem::Problem;

/// A body that a request may have: a short name for the bounds.
pub(crate) trait RequestBody:
    Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send
{
}

impl<B> RequestBody for B where B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send
{}

/// The most bytes of a request body: 2.5 MiB.
///
/// A content may have 350,000 bytes, and JSON may write each as an escape of six (`\u0001`), which makes 2.1 MB. The
/// rest is for the other members.
pub(crate) const MAX_BYTES: u32 = 2_621_440;

/// The whole body, of at most [`MAX_BYTES`]. One that its headers show to be encoded or too large is not read at all.
pub(crate) async fn read(headers: &HeaderMap, body: impl RequestBody) -> Result<Bytes, Problem> {
    if !is_plain(headers) {
        return Err(Problem::ContentEncoding);
    }
    let announced: Option<u64> = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let least = announced.unwrap_or_default().max(body.size_hint().lower());
    if least > MAX_BYTES.into() {
        return Err(Problem::BodyTooLarge(MAX_BYTES));
    }
    // A body without Content-Length shows its size only while it is read.
    match Limited::new(body, MAX_BYTES as usize).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::BodyTooLarge(MAX_BYTES)),
        Err(_) => Err(Problem::BodyIncomplete),
    }
}

/// Whether the `Content-Type` is one of these, whatever its parameters
/// ([RFC 9110 §8.3.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1)).
pub(crate) fn has_type(headers: &HeaderMap, media_types: &[&str]) -> bool {
    let Some(Ok(given)) = headers.get(CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let given = given.split(';').next().unwrap_or_default().trim();
    media_types
        .iter()
        .any(|media_type| media_type.eq_ignore_ascii_case(given))
}

/// Whether the body is sent as it is: without a `Content-Encoding`, or only with `identity`
/// ([RFC 9110 §8.4](https://www.rfc-editor.org/rfc/rfc9110#section-8.4)).
fn is_plain(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().all(|codings| {
        codings
            .as_bytes()
            .split(|byte| *byte == b',')
            .all(|coding| {
                let coding = coding.trim_ascii();
                coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
            })
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_documented_limit_is_the_enforced_one() {
        let mebibytes = f64::from(MAX_BYTES) / f64::from(1 << 20);
        let documentation = include_str!("../problems.rs");
        assert!(documentation.contains(&format!("has more than {mebibytes} MiB")));
    }

    #[test]
    fn only_the_identity_is_no_encoding() {
        let is_plain = |given: &[&'static str]| {
            let values = given.iter().map(|value| HeaderValue::from_static(value));
            is_plain(&values.map(|value| (CONTENT_ENCODING, value)).collect())
        };
        for plain in [
            &[][..],
            &[""],
            &["identity"],
            &["Identity , ,IDENTITY"],
            &["identity", "identity"],
        ] {
            assert!(is_plain(plain), "{plain:?}");
        }
        for encoded in [
            &["gzip"][..],
            &["identity, gzip"],
            &["identity", "br"],
            &["identity;q=1"],
            &["identityx"],
            &["*"],
        ] {
            assert!(!is_plain(encoded), "{encoded:?}");
        }
    }

    #[test]
    fn a_media_type_is_compared_without_case_and_parameters() {
        let is_json = |given: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, given.parse().unwrap());
            has_type(&headers, &["application/json"])
        };
        assert!(is_json("application/json"));
        assert!(is_json("Application/JSON ; charset=\"utf-8\""));
        for other in [
            "",
            ";",
            "json",
            "application/json5",
            "text/plain",
            "application/json, a/b",
        ] {
            assert!(!is_json(other), "{other}");
        }
        assert!(!has_type(&HeaderMap::new(), &["application/json"]));
    }
}
