//! The documented problem types: slug, status and title of each.

use http::StatusCode;

/// A problem type: what is the same in all problems of a kind
/// ([RFC 9457 §3.1](https://www.rfc-editor.org/rfc/rfc9457#section-3.1)).
///
/// Clients recognise a type by its URI, which ends in the slug. So a slug is never changed and never reused. Each type
/// has a section in [`problems`](crate::problems).
#[derive(Debug)]
pub(crate) struct ProblemType {
    pub(crate) status: StatusCode,
    pub(crate) slug: &'static str,
    pub(crate) title: &'static str,
}

/// The page with a section for each type. It is part of every URI, so it must never change either.
const DOCUMENTATION: &str = "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html";

impl ProblemType {
    /// The `type` member of a problem document.
    pub(crate) fn uri(&self) -> String {
        format!("{DOCUMENTATION}#{}", self.slug)
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

    #[test]
    fn a_type_leads_to_its_section() {
        assert_eq!(
            ID_SPENT.uri(),
            "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#id-spent"
        );
    }
}
