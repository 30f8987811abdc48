//! Building of successful responses: status, headers, body.

use std::fmt::Display;

use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body::Body as _;
use notes_core::Note;

use crate::response::body::ResponseBody;
use crate::response::etag::ETag;
use crate::response::note_json::NoteJson;

/// A response of the API.
pub(crate) type Response = http::Response<ResponseBody>;

/// A success without a body.
///
/// Only the user's own cache may store it, and has to revalidate it before each use
/// ([RFC 9111 §5.2.2](https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2)).
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    let cache = HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(CACHE_CONTROL, cache);
    response
}

/// A success with a JSON body.
pub(crate) fn serialized(status: StatusCode, json: Vec<u8>) -> Response {
    let mut response = empty(status);
    let media_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    *response.body_mut() = json.into();
    response
}

/// A success that shows one note, with its `ETag`.
pub(crate) fn note(status: StatusCode, note: &Note) -> serde_json::Result<Response> {
    let json = NoteJson::from(note);
    let mut body = Vec::with_capacity(json.likely_len());
    serde_json::to_writer(&mut body, &json)?;
    let mut response = serialized(status, body);
    set(&mut response, ETAG, ETag(note.revision));
    Ok(response)
}

/// Sets a header to a value whose text is visible ASCII, such as an id or an entity tag. Any other value is left out.
pub(crate) fn set(response: &mut Response, name: HeaderName, value: impl Display) {
    if let Ok(value) = HeaderValue::try_from(value.to_string()) {
        response.headers_mut().insert(name, value);
    }
}

/// The response to HEAD: the headers of the response to GET, with the length of its body
/// ([RFC 9110 §9.3.2](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2)).
pub(crate) fn without_body(mut response: Response) -> Response {
    let length = response.body().size_hint().lower();
    // Of a 304 it would have to be the length of the 200's body (RFC 9110 §8.6), which is not known here.
    if response.status() != StatusCode::NOT_MODIFIED {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    *response.body_mut() = ResponseBody::default();
    response
}
