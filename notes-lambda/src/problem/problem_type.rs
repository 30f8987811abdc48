//! The documented problem types: slug, status and title of each.

use http::StatusCode;

use crate::problem::problem_base::ProblemBase;

/// A problem type: what is the same in all problems of a kind
/// ([RFC 9457 §3.1](https://www.rfc-editor.org/rfc/rfc9457#section-3.1)).
///
/// Clients recognise a type by its URI, which is a base and the slug. So a slug is never changed and never reused. Each
/// type has a section in [`problems`](crate::problems).
#[derive(Debug)]
pub(crate) struct ProblemType {
    pub(crate) status: StatusCode,
    pub(crate) slug: &'static str,
    pub(crate) title: &'static str,
}

impl ProblemType {
    /// The `type` member of a problem document.
    pub(crate) fn uri(&self, base: &ProblemBase) -> String {
        format!("{base}{}", self.slug)
    }
}

// A macro, so that `ALL` can't miss a type.
macro_rules! problem_types {
    ($($name:ident = $status:ident, $slug:literal, $title:literal;)*) => {
        $(pub(crate) const $name: ProblemType = ProblemType {
            status: StatusCode::$status,
            slug: $slug,
            title: $title,
        };)*

        #[cfg(any(test, feature = "openapi"))]
        pub(crate) const ALL: &[ProblemType] = &[$($name),*];
    };
}

problem_types! {
    UNKNOWN_PATH = NOT_FOUND, "unknown-path", "There is nothing at this path";
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED, "method-not-allowed", "The path does not have this method";
    UNAUTHENTICATED = UNAUTHORIZED, "unauthenticated", "The caller is not known";
    INVALID_IDEMPOTENCY_KEY = BAD_REQUEST, "invalid-idempotency-key", "The Idempotency-Key is not valid";
    IDEMPOTENCY_KEY_TOO_OLD = BAD_REQUEST, "idempotency-key-too-old", "The Idempotency-Key is too old";
    IDEMPOTENCY_KEY_TOO_FAR_AHEAD = BAD_REQUEST, "idempotency-key-too-far-ahead", "The Idempotency-Key is dated too far ahead";
    UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The Content-Type is not supported";
    UNSUPPORTED_CONTENT_ENCODING = UNSUPPORTED_MEDIA_TYPE, "unsupported-content-encoding", "The Content-Encoding is not supported";
    TOO_LARGE = PAYLOAD_TOO_LARGE, "too-large", "The request is too large";
    INCOMPLETE_BODY = BAD_REQUEST, "incomplete-body", "The request body could not be read";
    MALFORMED_JSON = BAD_REQUEST, "malformed-json", "The request body is not JSON";
    INVALID_REQUEST = BAD_REQUEST, "invalid-request", "The request is not valid";
    INVALID_PRECONDITION = BAD_REQUEST, "invalid-precondition", "The precondition is not valid";
    NOTE_NOT_FOUND = NOT_FOUND, "note-not-found", "There is no such note";
    PRECONDITION_FAILED = PRECONDITION_FAILED, "precondition-failed", "The note is not in the expected state";
    SYNC_RESTART = GONE, "sync-restart", "The token can't be continued";
    ID_SPENT = CONFLICT, "id-spent", "The note was created and is gone";
    ID_REUSED = UNPROCESSABLE_ENTITY, "id-reused", "The Idempotency-Key was used for another note";
    UNAVAILABLE = SERVICE_UNAVAILABLE, "unavailable", "The request can't be served now";
    OUTCOME_UNKNOWN = SERVICE_UNAVAILABLE, "outcome-unknown", "It is not known whether the write happened";
    INTERNAL_ERROR = INTERNAL_SERVER_ERROR, "internal-error", "The request could not be served";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_type_has_one_section_in_the_documentation_and_each_section_a_type() {
        let sections: Vec<_> = include_str!("../problems.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! # "))
            .collect();
        let slugs: Vec<_> = ALL.iter().map(|of_type| of_type.slug).collect();
        assert_eq!(sections, slugs);
        assert_eq!(slugs.iter().collect::<BTreeSet<_>>().len(), slugs.len());
    }

    #[test]
    fn each_section_says_the_status() {
        for of_type in ALL {
            let (slug, status) = (of_type.slug, of_type.status.as_u16());
            let start = format!("//! # {slug}\n//!\n//! Status {status}.");
            assert!(include_str!("../problems.rs").contains(&start), "{slug}");
        }
    }

    /// These are promises to every client that there is: a line may be added here, and none may ever change.
    #[test]
    fn the_uri_of_a_type_is_permanent() {
        let uris: Vec<_> = ALL
            .iter()
            .map(|of_type| of_type.uri(&ProblemBase::default()))
            .collect();
        assert_eq!(
            uris,
            [
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#unknown-path",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#method-not-allowed",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#unauthenticated",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#invalid-idempotency-key",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#idempotency-key-too-old",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#idempotency-key-too-far-ahead",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#unsupported-media-type",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#unsupported-content-encoding",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#too-large",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#incomplete-body",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#malformed-json",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#invalid-request",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#invalid-precondition",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#note-not-found",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#precondition-failed",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#sync-restart",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#id-spent",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#id-reused",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#unavailable",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#outcome-unknown",
                "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#internal-error",
            ]
        );
    }

    #[test]
    fn a_base_of_a_deployment_stands_before_the_same_name() {
        let base: ProblemBase = "https://notes.example/problems/".parse().unwrap();
        assert_eq!(
            ID_SPENT.uri(&base),
            "https://notes.example/problems/id-spent"
        );
    }
}
