//! The validation errors of a request, which the `errors` member of a problem document lists.

use std::fmt::Display;

use serde::Serialize;

/// One thing that is wrong with a request, and where.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ValidationError {
    #[serde(flatten)]
    location: Location,
    detail: String,
}

/// Where in a request an error is.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Location {
    /// A JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) into the body.
    Pointer(String),
    /// The name of a query parameter.
    Parameter(String),
}

/// The longest member name that a response repeats. For a longer one, the location is the object that has it, so that
/// a request can't make a response larger than the gateway accepts.
const MAX_NAME_CHARS: usize = 64;

impl Location {
    /// The body as a whole.
    pub(crate) fn body() -> Self {
        Self::Pointer(String::new())
    }

    /// The member of the body with this name, escaped as RFC 6901 §3 requires.
    pub(crate) fn member(name: &str) -> Self {
        if name.chars().count() > MAX_NAME_CHARS {
            return Self::body();
        }
        let escaped = name.replace('~', "~0").replace('/', "~1");
        Self::Pointer(format!("/{escaped}"))
    }
}

/// All validation errors of a request.
///
/// Only the first [`MAX_LISTED`](Self::MAX_LISTED) are kept: a request with thousands of unknown members must not cause
/// a response that is larger than the gateway accepts.
#[derive(Debug, Default)]
pub(crate) struct ValidationErrors {
    listed: Vec<ValidationError>,
    /// How many more there are.
    unlisted: usize,
}

impl ValidationErrors {
    pub(crate) const MAX_LISTED: usize = 100;

    /// Adds an error, or only counts it if enough are listed.
    pub(crate) fn add(&mut self, location: Location, detail: impl Display) {
        if self.listed.len() == Self::MAX_LISTED {
            self.unlisted += 1;
            return;
        }
        let detail = detail.to_string();
        self.listed.push(ValidationError { location, detail });
    }

    /// The errors that the response lists.
    pub(crate) fn listed(&self) -> &[ValidationError] {
        &self.listed
    }

    /// The number of all errors, including those that are not listed.
    pub(crate) fn count(&self) -> usize {
        self.listed.len() + self.unlisted
    }

    /// The value read from the request, if there are no errors.
    pub(crate) fn none_or<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.listed.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_escaped() {
        assert_eq!(
            Location::member("title"),
            Location::Pointer("/title".into())
        );
        assert_eq!(
            Location::member("a/b~c"),
            Location::Pointer("/a~1b~0c".into())
        );
        assert_eq!(Location::member(""), Location::Pointer("/".into()));
    }

    #[test]
    fn an_error_says_where_and_what() {
        let mut errors = ValidationErrors::default();
        errors.add(Location::member("title"), "is missing");
        errors.add(Location::Parameter("limit".into()), "is empty");
        assert_eq!(
            serde_json::to_string(errors.listed()).unwrap(),
            r#"[{"pointer":"/title","detail":"is missing"},{"parameter":"limit","detail":"is empty"}]"#
        );
    }

    #[test]
    fn what_a_request_can_make_us_repeat_is_bounded() {
        let mut errors = ValidationErrors::default();
        for _ in 0..100_000 {
            errors.add(Location::member(&"\u{1}".repeat(100_000)), "unknown");
        }
        assert_eq!(errors.count(), 100_000);
        assert!(serde_json::to_string(errors.listed()).unwrap().len() < 10_000);
    }
}
