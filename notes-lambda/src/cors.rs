use std::str::FromStr;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::reply::{self, Response};
use crate::route::Route;

/// The origins whose pages may call the API from a browser
/// ([CORS](https://fetch.spec.whatwg.org/#http-cors-protocol)); by default none.
///
/// As a setting it is `*`, or origins separated by commas.
///
/// ```
/// use notes_lambda::CorsOrigins;
///
/// let origins: CorsOrigins = "https://notes.example, http://localhost:5173".parse()?;
/// assert!("notes.example".parse::<CorsOrigins>().is_err());
/// # Ok::<(), notes_lambda::InvalidCorsOrigins>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsOrigins(Vec<String>);

const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match",
);
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "etag, location, idempotency-key, idempotent-replayed, retry-after, apigw-requestid, \
     x-amzn-requestid",
);
const MAX_AGE_SECS: HeaderValue = HeaderValue::from_static("7200");

impl CorsOrigins {
    /// The answer to a preflight request, if it is one. It comes before the identity: browsers send
    /// it without one.
    pub(crate) fn preflight(&self, head: &Parts) -> Option<Response> {
        let asked = [ORIGIN, ACCESS_CONTROL_REQUEST_METHOD];
        if self.0.is_empty()
            || head.method != Method::OPTIONS
            || !asked.iter().all(|it| head.headers.contains_key(it))
        {
            return None;
        }
        let methods = Route::methods(head.uri.path())?;
        let mut response = reply::empty(StatusCode::NO_CONTENT);
        if self.allowed(&head.headers).is_some() {
            let headers = response.headers_mut();
            headers.insert(
                ACCESS_CONTROL_ALLOW_METHODS,
                HeaderValue::from_static(methods),
            );
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECS);
        }
        Some(response)
    }

    /// Lets the page see the response, if its origin may.
    pub(crate) fn expose(&self, request: &HeaderMap, response: &mut Response) {
        if self.0.is_empty() {
            return;
        }
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = self.allowed(request) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
        }
    }

    fn allowed<'a>(&self, request: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let origin = request.get(ORIGIN)?;
        let allowed = |it: &String| it == "*" || it.as_bytes() == origin.as_bytes();
        self.0.iter().any(allowed).then_some(origin)
    }
}

impl FromStr for CorsOrigins {
    type Err = InvalidCorsOrigins;

    fn from_str(text: &str) -> Result<Self, InvalidCorsOrigins> {
        let is_origin = |it: &str| {
            let is_part = |it: &str| {
                // Browsers send them in lower case.
                let odd = |it: char| "/ ?#*".contains(it) || it.is_ascii_uppercase();
                !it.is_empty() && !it.contains(odd)
            };
            let parts = it.split_once("://");
            it == "*" || parts.is_some_and(|(scheme, host)| is_part(scheme) && is_part(host))
        };
        let origins: Vec<_> = text.split(',').map(|it| it.trim().to_owned()).collect();
        let valid = origins.iter().all(|it| is_origin(it));
        valid.then_some(Self(origins)).ok_or(InvalidCorsOrigins)
    }
}

/// A text is not [`CorsOrigins`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("origins are * or a list such as https://notes.example, http://localhost:5173")]
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
        ] {
            let origins = origins.iter().map(|&it| it.to_owned()).collect();
            assert_eq!(text.parse(), Ok(CorsOrigins(origins)), "{text}");
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
}
