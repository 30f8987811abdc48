//! Cross-origin resource sharing: which web pages may call the API from a browser.

use std::str::FromStr;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};

use crate::request::route::Route;
use crate::response::reply::{self, Response};

/// The origins whose pages may call the API from a browser
/// ([CORS](https://fetch.spec.whatwg.org/#http-cors-protocol)); by default none.
///
/// As a setting it is `*`, or origins separated by commas. A `*` in place of an origin's port stands for any port or
/// none. That is for development servers, which move to the next free port when theirs is taken.
///
/// ```
/// use notes_lambda::CorsOrigins;
///
/// let origins: CorsOrigins = "https://notes.example, http://localhost:5173".parse()?;
/// assert!("notes.example".parse::<CorsOrigins>().is_err());
/// # Ok::<(), notes_lambda::InvalidCorsOrigins>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsOrigins {
    origins: Vec<String>,
    headers: CorsHeaders,
}

/// The request headers that pages of the allowed [`CorsOrigins`] may send.
///
/// By default these are the headers that the API reads, and those that tracing in the page adds (`traceparent` and
/// `tracestate` of [W3C Trace Context][trace], `baggage`). A browser does not send a request at all if it has a header
/// that is not allowed. As a setting the names are separated by commas.
///
/// ```
/// use notes_lambda::{CorsHeaders, CorsOrigins};
///
/// let headers: CorsHeaders = "authorization, content-type, if-match, x-client-version".parse()?;
/// let origins: CorsOrigins = "https://notes.example".parse()?;
/// let origins = origins.with_request_headers(headers);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [trace]: https://www.w3.org/TR/trace-context/
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsHeaders(HeaderValue);

impl Default for CorsHeaders {
    fn default() -> Self {
        Self(HeaderValue::from_static(
            "authorization, content-type, idempotency-key, if-match, if-none-match, traceparent, \
             tracestate, baggage",
        ))
    }
}

/// The response headers that a page may read; without this list a browser hides them from it.
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "etag, location, idempotency-key, idempotent-replayed, retry-after, apigw-requestid, \
     x-amzn-requestid",
);

/// For how long a browser may reuse the response to a preflight request. Chromium caps it at this value.
const MAX_AGE_SECS: HeaderValue = HeaderValue::from_static("7200");

impl CorsOrigins {
    /// Allows these request headers instead of the default ones.
    #[must_use]
    pub fn with_request_headers(self, headers: CorsHeaders) -> Self {
        Self { headers, ..self }
    }

    /// The response to a preflight request; `None` if this request is not one.
    ///
    /// A preflight request of an unknown path succeeds too. A page can't see why a preflight request failed, but it
    /// can read the 404 of the request that follows.
    pub(crate) fn preflight(&self, head: &Parts) -> Option<Response> {
        // An OPTIONS request without both headers is not a preflight request (Fetch, "CORS-preflight request").
        let required = [ORIGIN, ACCESS_CONTROL_REQUEST_METHOD];
        if self.origins.is_empty()
            || head.method != Method::OPTIONS
            || !required.iter().all(|name| head.headers.contains_key(name))
        {
            return None;
        }
        let mut response = reply::empty(StatusCode::NO_CONTENT);
        if self.allows(head.headers.get(ORIGIN)).is_some() {
            let methods = Route::methods(head.uri.path()).unwrap_or(Route::METHODS);
            let headers = response.headers_mut();
            headers.insert(
                ACCESS_CONTROL_ALLOW_METHODS,
                HeaderValue::from_static(methods),
            );
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, self.headers.0.clone());
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECS);
        }
        Some(response)
    }

    /// Adds the headers that let a page of this origin read the response, if the origin is allowed.
    pub(crate) fn expose(&self, origin: Option<&HeaderValue>, response: &mut Response) {
        if self.origins.is_empty() {
            return;
        }
        let headers = response.headers_mut();
        // Always, not only for an allowed origin: a cache must not give one origin's response to another.
        headers.append(VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = self.allows(origin) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
        }
    }

    /// The origin, if it is given and allowed.
    fn allows<'a>(&self, origin: Option<&'a HeaderValue>) -> Option<&'a HeaderValue> {
        origin.filter(|origin| {
            let allows = |allowed: &String| matches(allowed, origin.as_bytes());
            self.origins.iter().any(allows)
        })
    }
}

/// The end of an allowed origin that may have any port.
const ANY_PORT: &str = ":*";

/// Whether a browser's `Origin` is the one that an entry of the setting allows.
fn matches(allowed: &str, origin: &[u8]) -> bool {
    let Some(without_port) = allowed.strip_suffix(ANY_PORT) else {
        return allowed == "*" || allowed.as_bytes() == origin;
    };
    match origin.strip_prefix(without_port.as_bytes()) {
        Some([]) => true,
        Some([b':', port @ ..]) => !port.is_empty() && port.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

impl FromStr for CorsOrigins {
    type Err = InvalidCorsOrigins;

    fn from_str(text: &str) -> Result<Self, InvalidCorsOrigins> {
        let is_part = |part: &str| {
            // Browsers send scheme and host in lower case, so an origin with upper case would never match.
            let is_invalid =
                |character: char| "/ ?#*".contains(character) || character.is_ascii_uppercase();
            !part.is_empty() && !part.contains(is_invalid)
        };
        let is_origin = |origin: &str| {
            let without_port = origin.strip_suffix(ANY_PORT).unwrap_or(origin);
            let parts = without_port.split_once("://");
            origin == "*" || parts.is_some_and(|(scheme, host)| is_part(scheme) && is_part(host))
        };
        let origins: Vec<_> = text
            .split(',')
            .map(|origin| origin.trim().to_owned())
            .collect();
        let valid = origins.iter().all(|origin| is_origin(origin));
        let headers = CorsHeaders::default();
        let valid = valid.then_some(Self { origins, headers });
        valid.ok_or(InvalidCorsOrigins)
    }
}

impl FromStr for CorsHeaders {
    type Err = InvalidCorsHeaders;

    fn from_str(text: &str) -> Result<Self, InvalidCorsHeaders> {
        let names: Result<Vec<HeaderName>, _> =
            text.split(',').map(|name| name.trim().parse()).collect();
        let names = names.map_err(|_| InvalidCorsHeaders)?;
        let names: Vec<_> = names.iter().map(HeaderName::as_str).collect();
        let names = HeaderValue::try_from(names.join(", "));
        names.map(Self).map_err(|_| InvalidCorsHeaders)
    }
}

/// A text is not [`CorsHeaders`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("headers are a list of names such as authorization, content-type, traceparent")]
#[non_exhaustive]
pub struct InvalidCorsHeaders;

/// A text is not [`CorsOrigins`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("origins are * or a list such as https://notes.example, http://localhost:5173")]
#[non_exhaustive]
pub struct InvalidCorsOrigins;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_star_or_a_list_of_origins() {
        for (text, origins) in [
            ("*", &["*"][..]),
            ("https://notes.example", &["https://notes.example"]),
            (
                " https://notes.example ,http://localhost:5173",
                &["https://notes.example", "http://localhost:5173"],
            ),
            ("http://[::1]:8080", &["http://[::1]:8080"]),
            ("capacitor://localhost", &["capacitor://localhost"]),
            ("http://localhost:*", &["http://localhost:*"]),
        ] {
            let parsed: CorsOrigins = text.parse().unwrap();
            assert_eq!(parsed.origins, origins, "{text}");
            assert_eq!(parsed.headers, CorsHeaders::default());
        }
    }

    #[test]
    fn any_port_is_any_port_of_that_scheme_and_host() {
        for (allowed, origin, is_allowed) in [
            ("http://localhost:*", "http://localhost:5173", true),
            ("http://localhost:*", "http://localhost", true),
            ("http://[::1]:*", "http://[::1]:3000", true),
            ("http://localhost:*", "https://localhost:5173", false),
            ("http://localhost:*", "http://localhost.example:5173", false),
            ("http://localhost:*", "http://localhost:5173.example", false),
            ("http://localhost:*", "http://localhost:", false),
            ("http://localhost:*", "http://localhost:@a.example", false),
            ("http://localhost:*", "http://localhost:*", false),
            ("http://localhost:5173", "http://localhost:5174", false),
        ] {
            let matched = matches(allowed, origin.as_bytes());
            assert_eq!(matched, is_allowed, "{allowed} {origin}");
        }
    }

    #[test]
    fn what_no_browser_sends_as_an_origin_is_refused() {
        for text in [
            "",
            ",",
            "null",
            "notes.example",
            "//notes.example",
            "://notes.example",
            "https://",
            "https://notes.example/",
            "https://notes.example/app",
            "https://Notes.example",
            "HTTPS://notes.example",
            "https://*.notes.example",
            "https://:*",
            "https://notes.example:*0",
            "https://notes.example:*:*",
            "https://notes.example*",
            "*:*",
            "https://notes.example,",
            "https://notes.example https://localhost",
            "**",
        ] {
            assert_eq!(
                text.parse::<CorsOrigins>(),
                Err(InvalidCorsOrigins),
                "{text:?}"
            );
        }
    }

    #[test]
    fn headers_are_a_list_of_names_whose_case_does_not_matter() {
        for (text, headers) in [
            ("authorization", "authorization"),
            (" X-Client ,If-Match", "x-client, if-match"),
            ("*, authorization", "*, authorization"),
        ] {
            let parsed: CorsHeaders = text.parse().unwrap();
            assert_eq!(parsed.0, headers, "{text}");
        }
        let default = CorsHeaders::default();
        assert_eq!(default.0.to_str().unwrap().parse(), Ok(default));
    }

    #[test]
    fn what_is_no_name_of_a_header_is_refused() {
        for text in [
            "",
            ",",
            "authorization,",
            "if match",
            "authorization; content-type",
            "content-type: text/plain",
            "a\r\nb",
            "gr\u{fc}n",
        ] {
            assert_eq!(
                text.parse::<CorsHeaders>(),
                Err(InvalidCorsHeaders),
                "{text:?}"
            );
        }
    }
}
