//! Every result that is not a success, and the one place where it becomes a response.
//!
//! Four modules have similar names. This one, `problem`, has the problems that can occur in a request, each with the
//! data of its occurrence. `problem::problem_type` has the documented problem types, of which several problems may have
//! one. The public module `problems` is only documentation: the page that a `type` URI leads to. `openapi::problems`
//! has an example of each for the `OpenAPI` description.

pub(crate) mod problem_base;
pub(crate) mod problem_type;
pub(crate) mod respond;
pub(crate) mod validation;

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderName, HeaderValue, StatusCode};
use notes_core::{Note, Revision, StoreError, StoreErrorKind, UnacceptableDate};
use serde::Serialize;

use crate::diagnostics::Diagnostics;
use crate::response::etag::ETag;
use crate::response::note_json::NoteJson;
use crate::response::reply::{self, Response};
use problem_base::ProblemBase;
use problem_type::{self as types, ProblemType};
use validation::{ValidationError, ValidationErrors};

/// A result that is not a success. Nothing else in this crate turns an error into an HTTP response.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The path is none of the API's, or this deployment does not serve the operation ([`Api::only`]).
    ///
    /// [`Api::only`]: crate::Api::only
    UnknownPath,
    /// With the methods of the path, as the value of `Allow`.
    MethodNotAllowed(&'static str),
    /// No [`UserId`](notes_core::UserId) is in the request's extensions.
    Unauthenticated,
    /// An `Idempotency-Key` that is not an id, with the reason.
    InvalidIdempotencyKey(Cow<'static, str>),
    /// An `Idempotency-Key` whose date is not acceptable.
    IdempotencyKeyDate(UnacceptableDate),
    /// A `Content-Type` that POST does not accept, with the one that it does.
    MediaType(&'static str),
    /// A `Content-Type` that PATCH does not accept, with those that it does. Apart from the one above because only a
    /// response to PATCH has `Accept-Patch` (RFC 5789 §2.2).
    PatchMediaType(&'static str),
    /// The body has a `Content-Encoding`, which the API does not decode.
    ContentEncoding,
    /// With the most bytes that a body may have.
    BodyTooLarge(u32),
    /// The body broke off before its end.
    BodyIncomplete,
    /// A body that is not JSON, with the reason.
    NotJson(String),
    /// A body or a query with validation errors.
    Invalid(ValidationErrors),
    /// 400: `If-Match` or `If-None-Match` can't be read, with the reason. Compare
    /// [`PreconditionFailed`](Self::PreconditionFailed).
    InvalidPrecondition(&'static str),
    /// The user has no such note, or it is deleted or expired. The three are not distinguished: a
    /// deleted or expired note has to look as if it had never existed.
    NoteNotFound,
    /// 412: the precondition was read, and the note is not in a state that it allows.
    PreconditionFailed {
        /// The note's present state, for the `ETag`; `None` if it is not known.
        current: Option<Revision>,
        /// The note in this state, for the problem document; `None` if the response shows no note.
        note: Option<Box<Note>>,
        why: &'static str,
    },
    /// The token of a copy is too old, or of another user or other settings of sync.
    SyncRestart,
    /// The note of this `Idempotency-Key` was created, and is deleted or expired.
    IdSpent,
    /// The note of this `Idempotency-Key` was created with other contents.
    IdReused,
    /// An error of the store. Its text goes into the [`Diagnostics`] and never into the response.
    Store(StoreError),
    /// A panic that can't have written anything: of a request that only reads, or before the API was called.
    Panic,
    /// A panic of a request that writes: the write may have happened before it.
    PanicInWrite,
    /// A response could not be serialised as JSON.
    Internal,
    /// A Lambda event from which no request can be made.
    #[cfg(feature = "lambda")]
    BadEvent,
}

/// One text for both causes of an unknown outcome, because the client does the same after either.
const OUTCOME_UNKNOWN: &str = "It may have happened. To repeat the request with the same \
                               Idempotency-Key or If-Match is safe.";

impl From<ValidationErrors> for Problem {
    fn from(errors: ValidationErrors) -> Self {
        Self::Invalid(errors)
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
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<NoteJson<'a>>,
}

impl Problem {
    /// Shows the note whose state is not an expected one. Any other problem stays as it is.
    pub(crate) fn with_note(mut self, shown: Note) -> Self {
        if let Self::PreconditionFailed { note, .. } = &mut self {
            *note = Some(Box::new(shown));
        }
        self
    }

    /// The documented type of this problem, which decides the status.
    fn problem_type(&self) -> ProblemType {
        match self {
            Self::UnknownPath => types::UNKNOWN_PATH,
            Self::MethodNotAllowed(_) => types::METHOD_NOT_ALLOWED,
            Self::Unauthenticated => types::UNAUTHENTICATED,
            Self::InvalidIdempotencyKey(_) => types::INVALID_IDEMPOTENCY_KEY,
            Self::IdempotencyKeyDate(UnacceptableDate::TooOld) => types::IDEMPOTENCY_KEY_TOO_OLD,
            Self::IdempotencyKeyDate(
                UnacceptableDate::TooFarAhead | UnacceptableDate::OldDraft,
            ) => types::IDEMPOTENCY_KEY_TOO_FAR_AHEAD,
            Self::MediaType(_) | Self::PatchMediaType(_) => types::UNSUPPORTED_MEDIA_TYPE,
            Self::ContentEncoding => types::UNSUPPORTED_CONTENT_ENCODING,
            Self::BodyTooLarge(_) => types::TOO_LARGE,
            Self::BodyIncomplete => types::INCOMPLETE_BODY,
            Self::NotJson(_) => types::MALFORMED_JSON,
            Self::Invalid(_) => types::INVALID_REQUEST,
            Self::InvalidPrecondition(_) => types::INVALID_PRECONDITION,
            Self::NoteNotFound => types::NOTE_NOT_FOUND,
            Self::PreconditionFailed { .. } => types::PRECONDITION_FAILED,
            Self::SyncRestart => types::SYNC_RESTART,
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

    /// The `detail` of the problem document: what is wrong with this request. Never the text of a store's error, which
    /// may quote stored data and is for the operator only.
    fn detail(&self) -> Cow<'_, str> {
        let text = match self {
            Self::UnknownPath => {
                "The paths are /notes, /notes/{id} and, where sync is on, /notes/changes; an id is a UUID of version 7 \
                 in lower case."
            }
            Self::MethodNotAllowed(_) => "The methods that it has are in the Allow header.",
            Self::Unauthenticated => "Send a valid bearer token in the Authorization header.",
            Self::InvalidIdempotencyKey(why) => why,
            Self::IdempotencyKeyDate(UnacceptableDate::TooOld) => {
                "Keys of this age are not kept: whether the note was created before is not known."
            }
            Self::IdempotencyKeyDate(UnacceptableDate::TooFarAhead) => {
                "Check the clock that made the key."
            }
            Self::IdempotencyKeyDate(UnacceptableDate::OldDraft) => {
                "It is a UUIDv7 of a draft of 2021, with its time in seconds. Make keys as RFC 9562 has \
                 them, with milliseconds: the clock is right."
            }
            Self::MediaType(taken) | Self::PatchMediaType(taken) => {
                return format!("The Content-Type has to be {taken}.").into();
            }
            Self::ContentEncoding => "Send the body as it is, without a Content-Encoding.",
            Self::BodyTooLarge(limit) => {
                return format!("A request body has at most {limit} bytes.").into();
            }
            Self::BodyIncomplete => "It did not arrive as a whole.",
            Self::NotJson(why) => why,
            Self::Invalid(errors) => match (errors.count(), errors.listed().len()) {
                (all, listed) if all > listed => {
                    return format!("The first {listed} of {all} errors are listed in \"errors\".")
                        .into();
                }
                _ => "Its errors are listed in \"errors\".",
            },
            Self::InvalidPrecondition(why) => why,
            Self::NoteNotFound => "It does not exist, or it is deleted or expired.",
            Self::PreconditionFailed { why, .. } => why,
            Self::SyncRestart => {
                "The token is too old, or comes from another user or another epoch: begin again without since."
            }
            Self::IdSpent => "The note of this Idempotency-Key is deleted or expired.",
            Self::IdReused => "The note that it was used for was created with other contents.",
            Self::Store(error) => match error.kind() {
                StoreErrorKind::Throttled
                | StoreErrorKind::Unavailable
                | StoreErrorKind::Contended => "Nothing was written. Repeat the request later.",
                StoreErrorKind::OutcomeUnknown => OUTCOME_UNKNOWN,
                StoreErrorKind::TooLarge => {
                    "The note is larger than a note can be, or all notes of the user are."
                }
                _ => "The cause is not in the request.",
            },
            Self::PanicInWrite => OUTCOME_UNKNOWN,
            Self::Panic | Self::Internal => "The cause is not in the request.",
            #[cfg(feature = "lambda")]
            Self::BadEvent => "Its method, its headers or the encoding of its body can't be read.",
        };
        text.into()
    }

    /// The header that only responses with this problem have.
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

    /// The problem document as a response, with the [`Diagnostics`] in its extensions. Its `type` starts with the base.
    pub(crate) fn into_response(self, base: &ProblemBase) -> Response {
        let of_type = self.problem_type();
        let document = Document {
            r#type: of_type.uri(base),
            title: of_type.title,
            status: of_type.status.as_u16(),
            detail: self.detail(),
            errors: match &self {
                Self::Invalid(errors) => errors.listed(),
                _ => &[],
            },
            current: match &self {
                Self::PreconditionFailed { note, .. } => note.as_deref().map(NoteJson::from),
                _ => None,
            },
        };
        // Serialising strings and a number can't fail, and a note consists of them.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(body.into());
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
            // Moved out at the end, because the document borrows from the problem.
            error: match self {
                Self::Store(error) => Some(Arc::new(error)),
                _ => None,
            },
            ..Diagnostics::default()
        });
        response
    }
}
