use std::fmt::Display;

use serde::Serialize;

use crate::problem::Problem;

/// One thing that is wrong with a request, and where.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    #[serde(flatten)]
    place: Place,
    detail: String,
}

/// Where in a request.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Place {
    /// A JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) into the body.
    Pointer(String),
    /// The name of a query parameter.
    Parameter(String),
}

/// So long a member's name is repeated in an answer; a longer one is told by its object.
const MAX_NAME_CHARS: usize = 64;

impl Place {
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
pub(crate) struct Faults {
    listed: Vec<Fault>,
    unlisted: usize,
}

impl Faults {
    pub(crate) const MAX_LISTED: usize = 100;

    pub(crate) fn add(&mut self, place: Place, detail: impl Display) {
        if self.listed.len() == Self::MAX_LISTED {
            self.unlisted += 1;
            return;
        }
        let detail = detail.to_string();
        self.listed.push(Fault { place, detail });
    }

    pub(crate) fn listed(&self) -> &[Fault] {
        &self.listed
    }

    /// How many faults there are.
    pub(crate) fn count(&self) -> usize {
        self.listed.len() + self.unlisted
    }

    /// The value, if nothing is wrong with the request that it comes from.
    pub(crate) fn none_or<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.listed.is_empty() => Ok(value),
            _ => Err(Problem::Invalid(self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_escaped() {
        assert_eq!(Place::member("title"), Place::Pointer("/title".into()));
        assert_eq!(Place::member("a/b~c"), Place::Pointer("/a~1b~0c".into()));
        assert_eq!(Place::member(""), Place::Pointer("/".into()));
    }

    #[test]
    fn a_fault_says_where_and_what() {
        let mut faults = Faults::default();
        faults.add(Place::member("title"), "is missing");
        faults.add(Place::Parameter("limit".into()), "is empty");
        assert_eq!(
            serde_json::to_string(faults.listed()).unwrap(),
            r#"[{"pointer":"/title","detail":"is missing"},{"parameter":"limit","detail":"is empty"}]"#
        );
    }

    #[test]
    fn what_a_request_can_make_us_repeat_is_bounded() {
        let mut faults = Faults::default();
        for _ in 0..100_000 {
            faults.add(Place::member(&"\u{1}".repeat(100_000)), "unknown");
        }
        assert_eq!(faults.count(), 100_000);
        assert!(serde_json::to_string(faults.listed()).unwrap().len() < 10_000);
    }
}
