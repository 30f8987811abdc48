//! Everything that is not a success, and the one place where it becomes a response.

pub(crate) mod problem_type;
pub(crate) mod respond;
pub(crate) mod validation;

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::Full;
use notes_core::{Revision, StoreError, StoreErrorKind, UnacceptableDate};
use serde::Serialize;

use crate::diagnostics::Diagnostics;
use crate::response::etag::ETag;
use crate::response::reply::{self, Response};
use problem_type::{self as types, ProblemType};
use validation::{ValidationError, ValidationErrors};

/// Everything that is not a success. This is the one place where errors become HTTP.
#[derive(Debug)]
pub(crate) enum Problem {
    UnknownPath,
    /// With the methods that there are.
    MethodNotAllowed(&'static str),
    Unauthenticated,
    IdempotencyKey(Cow<'static, str>),
    Date(UnacceptableDate),
    /// With the media types that are taken.
    MediaType(&'static str),
    /// The same, of PATCH.
    PatchMediaType(&'static str),
    ContentEncoding,
    BodyTooLarge,
    BodyIncomplete,
    NotJson(String),
    Invalid(ValidationErrors),
    Precondition(&'static str),
    NoteNotFound,
    PreconditionFailed {
        current: Option<Revision>,
        why: &'static str,
    },
    IdSpent,
    IdReused,
    Store(StoreError),
    Panic,
    /// A panic of a request that writes: the write may have happened before it.
    PanicInWrite,
    /// An answer that can't be written as JSON.
    Internal,
    /// An event that is no request.
    #[cfg(feature = "lambda")]
    BadEvent,
}

const OUTCOME_UNKNOWN: &str = "It may have happened. To repeat the request with the same \
                               Idempotency-Key or If-Match is safe.";

impl From<ValidationErrors> for Problem {
    fn from(faults: ValidationErrors) -> Self {
        Self::Invalid(faults)
    }
}

impl From<serde_json::Error> for Problem {
    fn from(_: serde_json::Error) -> Self {
        Self::Internal
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: Cow<'a, str>,
    #[serde(skip_serializing_if = "<[ValidationError]>::is_empty")]
    errors: &'a [ValidationError],
}

impl Problem {
    fn problem_type(&self) -> ProblemType {
        match self {
            Self::UnknownPath => types::UNKNOWN_PATH,
            Self::MethodNotAllowed(_) => types::METHOD_NOT_ALLOWED,
            Self::Unauthenticated => types::UNAUTHENTICATED,
            Self::IdempotencyKey(_) => types::INVALID_IDEMPOTENCY_KEY,
            Self::Date(UnacceptableDate::TooOld) => types::IDEMPOTENCY_KEY_TOO_OLD,
            Self::Date(UnacceptableDate::TooFarAhead | UnacceptableDate::OldDraft) => {
                types::IDEMPOTENCY_KEY_TOO_FAR_AHEAD
            }
            Self::MediaType(_) | Self::PatchMediaType(_) => types::UNSUPPORTED_MEDIA_TYPE,
            Self::ContentEncoding => types::UNSUPPORTED_CONTENT_ENCODING,
            Self::BodyTooLarge => types::TOO_LARGE,
            Self::BodyIncomplete => types::INCOMPLETE_BODY,
            Self::NotJson(_) => types::MALFORMED_JSON,
            Self::Invalid(_) => types::INVALID_REQUEST,
            Self::Precondition(_) => types::INVALID_PRECONDITION,
            Self::NoteNotFound => types::NOTE_NOT_FOUND,
            Self::PreconditionFailed { .. } => types::PRECONDITION_FAILED,
            Self::IdSpent => types::ID_SPENT,
            Self::IdReused => types::ID_REUSED,
            Self::Store(error) => match error.kind() {
                StoreErrorKind::Throttled
                | StoreErrorKind::Unavailable
                | StoreErrorKind::Contended => types::UNAVAILABLE,
                StoreErrorKind::OutcomeUnknown => types::OUTCOME_UNKNOWN,
                StoreErrorKind::TooLarge => types::TOO_LARGE,
                _ => types::INTERNAL_ERROR,
            },
            Self::PanicInWrite => types::OUTCOME_UNKNOWN,
            Self::Panic | Self::Internal => types::INTERNAL_ERROR,
            #[cfg(feature = "lambda")]
            Self::BadEvent => types::INVALID_REQUEST,
        }
    }

    /// What this occurrence is about. Never the text of a store's error: that is the operator's.
    fn detail(&self) -> Cow<'_, str> {
        let text = match self {
            Self::UnknownPath => {
                "The paths are /notes and /notes/{id}; an id is a UUID of version 7 in lower case."
            }
            Self::MethodNotAllowed(_) => "The methods that it has are in the Allow header.",
            Self::Unauthenticated => "Send a valid bearer token in the Authorization header.",
            Self::IdempotencyKey(why) => why,
            Self::Date(UnacceptableDate::TooOld) => {
                "Keys of this age are not kept: whether the note was created before is not known."
            }
            Self::Date(UnacceptableDate::TooFarAhead) => "Check the clock that made the key.",
            Self::Date(UnacceptableDate::OldDraft) => {
                "It is a UUIDv7 of a draft of 2021, with its time in seconds. Make keys as RFC 9562 has \
                 them, with milliseconds: the clock is right."
            }
            Self::MediaType(taken) | Self::PatchMediaType(taken) => {
                return format!("The Content-Type has to be {taken}.").into();
            }
            Self::ContentEncoding => "Send the body as it is, without a Content-Encoding.",
            Self::BodyTooLarge => "A request body has at most 2621440 bytes.",
            Self::BodyIncomplete => "It did not arrive as a whole.",
            Self::NotJson(why) => why,
            Self::Invalid(faults) => match (faults.count(), faults.listed().len()) {
                (all, listed) if all > listed => {
                    return format!("The first {listed} of {all} faults are in \"errors\".").into();
                }
                _ => "Its faults are in \"errors\".",
            },
            Self::Precondition(why) => why,
            Self::NoteNotFound => "It does not exist, or it is deleted or expired.",
            Self::PreconditionFailed { why, .. } => why,
            Self::IdSpent => "The note of this Idempotency-Key is deleted or expired.",
            Self::IdReused => "The note that it was used for was created with other contents.",
            Self::Store(error) => match error.kind() {
                StoreErrorKind::Throttled
                | StoreErrorKind::Unavailable
                | StoreErrorKind::Contended => "Nothing was written. Repeat the request later.",
                StoreErrorKind::OutcomeUnknown => OUTCOME_UNKNOWN,
                StoreErrorKind::TooLarge => "The note is larger than a note can be.",
                _ => "The cause is not in the request.",
            },
            Self::PanicInWrite => OUTCOME_UNKNOWN,
            Self::Panic | Self::Internal => "The cause is not in the request.",
            #[cfg(feature = "lambda")]
            Self::BadEvent => "Its method, its headers or the encoding of its body can't be read.",
        };
        text.into()
    }

    /// The header that belongs to this problem and to no other.
    fn header(&self) -> Option<(HeaderName, Cow<'static, str>)> {
        Some(match self {
            Self::MethodNotAllowed(methods) => (ALLOW, (*methods).into()),
            Self::Unauthenticated => (WWW_AUTHENTICATE, "Bearer".into()),
            Self::PatchMediaType(taken) => {
                (HeaderName::from_static("accept-patch"), (*taken).into())
            }
            Self::ContentEncoding => (ACCEPT_ENCODING, "identity".into()),
            Self::PreconditionFailed {
                current: Some(revision),
                ..
            } => (ETAG, ETag(*revision).to_string().into()),
            _ if self.problem_type().status == StatusCode::SERVICE_UNAVAILABLE => {
                (RETRY_AFTER, "1".into())
            }
            _ => return None,
        })
    }

    pub(crate) fn into_response(self) -> Response {
        let of_type = self.problem_type();
        let document = Document {
            r#type: of_type.uri(),
            title: of_type.title,
            status: of_type.status.as_u16(),
            detail: self.detail(),
            errors: match &self {
                Self::Invalid(faults) => faults.listed(),
                _ => &[],
            },
        };
        // Texts and a number: that it can be written as JSON is certain.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = of_type.status;
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        let cache = HeaderValue::from_static("no-store");
        response.headers_mut().insert(CACHE_CONTROL, cache);
        if let Some((name, value)) = self.header() {
            reply::set(&mut response, name, value);
        }
        response.extensions_mut().insert(Diagnostics {
            panicked: matches!(self, Self::Panic | Self::PanicInWrite),
            error: match self {
                Self::Store(error) => Some(Arc::new(error)),
                _ => None,
            },
            ..Diagnostics::default()
        });
        response
    }
}
