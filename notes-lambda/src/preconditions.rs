use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use notes_core::{Expected, Revision};

use crate::entity_tags::{Condition, Malformed, Tag};
use crate::problem::Problem;

/// `If-Match`: which states of a note a write may replace
/// ([RFC 9110 §13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IfMatch {
    pub(crate) expected: Expected,
    /// Whether one of the tags is weak. Such a tag names no state, and people wonder why.
    pub(crate) has_weak_tag: bool,
}

impl IfMatch {
    /// Without the header, and for `*`, any state.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let tags = match Condition::read(headers, &IF_MATCH) {
            Err(Malformed) => {
                let why = "If-Match has to be * or a list of entity tags in double quotes.";
                return Err(Problem::Precondition(why));
            }
            Ok(Condition::None | Condition::Any) => {
                return Ok(Self {
                    expected: Expected::Any,
                    has_weak_tag: false,
                });
            }
            Ok(Condition::Tags(tags)) => tags,
        };
        if tags.len() > Expected::MAX {
            return Err(Problem::Precondition("If-Match has more than 100 tags."));
        }
        let strong = tags.iter().filter(|it| !it.weak);
        Ok(Self {
            expected: Expected::OneOf(strong.filter_map(Tag::revision).collect()),
            has_weak_tag: tags.iter().any(|it| it.weak),
        })
    }
}

/// `If-None-Match`: which states of a note the client has
/// ([RFC 9110 §13.1.2](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2)).
#[derive(Debug)]
pub(crate) struct IfNoneMatch<'a>(Condition<'a>);

impl<'a> IfNoneMatch<'a> {
    pub(crate) fn read(headers: &'a HeaderMap) -> Result<Self, Problem> {
        match Condition::read(headers, &IF_NONE_MATCH) {
            Ok(condition) => Ok(Self(condition)),
            Err(Malformed) => Err(Problem::Precondition(
                "If-None-Match has to be * or a list of entity tags in double quotes.",
            )),
        }
    }

    /// Whether the client has this state. The comparison is weak: caches and proxies weaken tags
    /// when they transform a response.
    pub(crate) fn names(&self, revision: Revision) -> bool {
        match &self.0 {
            Condition::None => false,
            Condition::Any => true,
            Condition::Tags(tags) => tags.iter().any(|it| it.revision() == Some(revision)),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    const A: &str = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d";
    const B: &str = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2e";

    fn headers(name: &HeaderName, lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, line.as_bytes().try_into().unwrap());
        }
        headers
    }

    fn if_match(lines: &[&str]) -> Result<IfMatch, Problem> {
        IfMatch::read(&headers(&IF_MATCH, lines))
    }

    fn one_of(revisions: &[&str], has_weak_tag: bool) -> IfMatch {
        IfMatch {
            expected: Expected::OneOf(revisions.iter().map(|it| it.parse().unwrap()).collect()),
            has_weak_tag,
        }
    }

    #[test]
    fn no_header_and_a_star_allow_any_state() {
        for lines in [&[][..], &["*"], &[" * "]] {
            assert_eq!(if_match(lines).unwrap().expected, Expected::Any);
        }
    }

    #[test]
    fn lists_and_several_lines_are_one_list() {
        let (a, b) = (format!("\"{A}\""), format!("\"{B}\""));
        for lines in [
            &[&*format!("{a},{b}")][..],
            &[&*format!(", ,{a} \t,, {b},")],
            &[&a, &b],
            &["", &a, " ,", &b],
        ] {
            assert_eq!(if_match(lines).unwrap(), one_of(&[A, B], false));
        }
    }

    #[test]
    fn weak_and_foreign_tags_are_no_error_and_match_nothing() {
        let line = format!(
            "W/\"{A}\", \"\", \"a,b\", \"\u{e9}\", \"{}\"",
            A.to_uppercase()
        );
        assert_eq!(if_match(&[&line]).unwrap(), one_of(&[], true));
        assert_eq!(if_match(&["\"v1\""]).unwrap(), one_of(&[], false));
        assert_eq!(if_match(&[""]).unwrap(), one_of(&[], false));
    }

    #[test]
    fn what_is_no_list_of_tags_is_an_error() {
        for line in [
            A,
            "\"",
            "\"a",
            "a\"",
            "w/\"a\"",
            "W/",
            "W/ \"a\"",
            "W/a",
            "\"a\"\"b\"",
            "\"a\" \"b\"",
            "\"a\";\"b\"",
            "\"a b\"",
            "\"a\\\"b\"",
            "*, \"a\"",
            "\"a\", *",
            "**",
        ] {
            assert!(if_match(&[line]).is_err(), "{line}");
        }
        assert!(if_match(&["*", "\"a\""]).is_err());
        assert!(if_match(&["*", "*"]).is_err());
    }

    #[test]
    fn a_list_is_bounded() {
        let tags = |count| vec!["\"a\""; count].join(",");
        assert!(if_match(&[&tags(100)]).is_ok());
        assert!(if_match(&[&tags(101)]).is_err());
        assert!(if_match(&[&tags(50), &tags(51)]).is_err());
    }

    #[test]
    fn what_the_client_has_is_compared_weakly() {
        let names = |lines: &[&str]| {
            let headers = headers(&IF_NONE_MATCH, lines);
            IfNoneMatch::read(&headers).map(|it| it.names(A.parse().unwrap()))
        };
        let (a, b) = (format!("\"{A}\""), format!("\"{B}\""));
        assert!(names(&["*"]).unwrap());
        assert!(names(&[&a]).unwrap());
        assert!(names(&[&format!("W/{a}")]).unwrap());
        assert!(names(&[&format!("{b}, W/{a}")]).unwrap());
        assert!(names(&[&b, &a]).unwrap());
        assert!(!names(&[]).unwrap());
        assert!(!names(&[&b, "\"x\""]).unwrap());
        assert!(names(&[A]).is_err());
    }
}
