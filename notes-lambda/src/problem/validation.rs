use std::fmt::Display;

use serde::Serialize;

/// One thing that is wrong with a request, and where.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ValidationError {
    #[serde(flatten)]
    place: Location,
    detail: String,
}

/// Where in a request.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Location {
    /// A JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) into the body.
    Pointer(String),
    /// The name of a query parameter.
    Parameter(String),
}

/// So long a member's name is repeated in an answer; a longer one is told by its object.
const MAX_NAME_CHARS: usize = 64;

impl Location {
    /// The body as a whole.
    pub(crate) fn body() -> Self {
        Self::Pointer(String::new())
    }

    /// The member of the body with this name.
    pub(crate) fn member(name: &str) -> Self {
        if name.chars().count() > MAX_NAME_CHARS {
            return Self::body();
        }
        let escaped = name.replace('~', "~0").replace('/', "~1");
        Self::Pointer(format!("/{escaped}"))
    }
}

/// All faults of a request.
///
/// Only the first are kept: a request of thousands of unknown members must not make a response that
/// is larger than the gateway takes.
#[derive(Debug, Default)]
pub(crate) struct ValidationErrors {
    listed: Vec<ValidationError>,
    unlisted: usize,
}

impl ValidationErrors {
    pub(crate) const MAX_LISTED: usize = 100;

    pub(crate) fn add(&mut self, place: Location, detail: impl Display) {
        if self.listed.len() == Self::MAX_LISTED {
            self.unlisted += 1;
            return;
        }
        let detail = detail.to_string();
        self.listed.push(ValidationError { place, detail });
    }

    pub(crate) fn listed(&self) -> &[ValidationError] {
        &self.listed
    }

    /// How many faults there are.
    pub(crate) fn count(&self) -> usize {
        self.listed.len() + self.unlisted
    }

    /// The value, if nothing is wrong with the request that it comes from.
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
    fn a_fault_says_where_and_what() {
        let mut faults = ValidationErrors::default();
        faults.add(Location::member("title"), "is missing");
        faults.add(Location::Parameter("limit".into()), "is empty");
        assert_eq!(
            serde_json::to_string(faults.listed()).unwrap(),
            r#"[{"pointer":"/title","detail":"is missing"},{"parameter":"limit","detail":"is empty"}]"#
        );
    }

    #[test]
    fn what_a_request_can_make_us_repeat_is_bounded() {
        let mut faults = ValidationErrors::default();
        for _ in 0..100_000 {
            faults.add(Location::member(&"\u{1}".repeat(100_000)), "unknown");
        }
        assert_eq!(faults.count(), 100_000);
        assert!(serde_json::to_string(faults.listed()).unwrap().len() < 10_000);
    }
}
