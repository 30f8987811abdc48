//! Evaluation of `If-Match` and `If-None-Match` against the state of a note or of the list.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, Method};
use notes_core::{Expected, InvalidRevisions, Note, Revision, Revisions};

use crate::problem::Problem;
use crate::request::entity_tags::{Condition, Malformed, Tag};

/// The preconditions of a request, from `If-Match` and `If-None-Match`
/// ([RFC 9110 §13](https://www.rfc-editor.org/rfc/rfc9110#section-13)).
///
/// The section's other preconditions compare with `Last-Modified`. No response of the API has it, so the standard
/// requires that they are ignored.
#[derive(Debug)]
pub(crate) struct Preconditions<'a> {
    if_match: Condition<'a>,
    if_none_match: Condition<'a>,
}

const TOO_MANY_IN_IF_MATCH: &str = "If-Match has more than 100 tags.";
const TOO_MANY_IN_IF_NONE_MATCH: &str = "If-None-Match has more than 100 tags.";

/// What the preconditions make of a request that only reads and would succeed without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evaluation {
    /// The preconditions hold: the request is done as usual.
    Proceed,
    /// The client already has this state: 304.
    NotModified,
}

impl<'a> Preconditions<'a> {
    /// Reads both headers. Even one that would not be evaluated has to be well-formed, so that a client's bug shows.
    pub(crate) fn read(headers: &'a HeaderMap) -> Result<Self, Problem> {
        Ok(Self {
            if_match: condition(
                headers,
                &IF_MATCH,
                "If-Match has to be * or a list of entity tags in double quotes.",
                TOO_MANY_IN_IF_MATCH,
            )?,
            if_none_match: condition(
                headers,
                &IF_NONE_MATCH,
                "If-None-Match has to be * or a list of entity tags in double quotes.",
                TOO_MANY_IN_IF_NONE_MATCH,
            )?,
        })
    }

    /// The states of a note that a write may replace. Both headers have to allow a state.
    pub(crate) fn expected(&self) -> Result<Expected, Problem> {
        let excluded = match &self.if_none_match {
            Condition::None => Revisions::EMPTY,
            // `If-None-Match: *` allows no write of a note that exists.
            Condition::Any => return Ok(Expected::OneOf(Revisions::EMPTY)),
            Condition::Tags(tags) => {
                let named = tags.iter().filter_map(Tag::revision);
                revisions(named, TOO_MANY_IN_IF_NONE_MATCH)?
            }
        };
        Ok(match &self.if_match {
            Condition::None | Condition::Any if excluded.is_empty() => Expected::Any,
            Condition::None | Condition::Any => Expected::NoneOf(excluded),
            Condition::Tags(tags) => {
                let strong = tags.iter().filter(|tag| !tag.weak);
                let named = strong.filter_map(Tag::revision);
                let allowed = named.filter(|revision| !excluded.contains(*revision));
                Expected::OneOf(revisions(allowed, TOO_MANY_IN_IF_MATCH)?)
            }
        })
    }

    /// Evaluates the preconditions of a request with this method. `current` is the present state of the resource, or
    /// `None` for a resource without an entity tag, such as the list of notes.
    pub(crate) fn evaluate(
        &self,
        method: &Method,
        current: Option<Revision>,
    ) -> Result<Evaluation, Problem> {
        if !self.if_match_holds(current) {
            return Err(self.failed(current));
        }
        if self.if_none_match_holds(current) {
            return Ok(Evaluation::Proceed);
        }
        match *method {
            Method::GET | Method::HEAD => Ok(Evaluation::NotModified),
            _ => Err(self.failed(current)),
        }
    }

    /// The same of a request to the list of notes or of changes, which always exists and has no entity tag.
    pub(crate) fn evaluate_list(&self, method: &Method) -> Result<Evaluation, Problem> {
        self.evaluate(method, None)
    }

    /// The problem of a precondition that does not hold. `current` is the present state, if it is known.
    pub(crate) fn failed(&self, current: Option<Revision>) -> Problem {
        let has_weak_tag =
            matches!(&self.if_match, Condition::Tags(tags) if tags.iter().any(|tag| tag.weak));
        // If-Match is evaluated first (RFC 9110 §13.2.2). If it holds, If-None-Match is the one that failed.
        let why = if self.if_match_holds(current) {
            "If-None-Match names its present state."
        } else if has_weak_tag {
            "No strong tag in If-Match names its present state; a weak one never matches."
        } else {
            "No tag in If-Match names its present state."
        };
        Problem::PreconditionFailed {
            current,
            note: None,
            why,
        }
    }

    /// The same for a note that is not in an expected state, or for an item that can't be read.
    pub(crate) fn failed_with(&self, current: Option<Note>) -> Problem {
        let problem = self.failed(current.as_ref().map(|note| note.revision));
        match current {
            Some(note) => problem.with_note(note),
            None => problem,
        }
    }

    /// Compares strongly, as RFC 9110 §13.1.1 requires: a weak tag matches nothing.
    fn if_match_holds(&self, current: Option<Revision>) -> bool {
        match &self.if_match {
            Condition::None | Condition::Any => true,
            Condition::Tags(tags) => tags.iter().any(|tag| !tag.weak && names(tag, current)),
        }
    }

    /// Compares weakly, as RFC 9110 §13.1.2 requires: caches and proxies weaken a tag when they transform a response.
    pub(crate) fn if_none_match_holds(&self, current: Option<Revision>) -> bool {
        match &self.if_none_match {
            Condition::None => true,
            Condition::Any => false,
            Condition::Tags(tags) => !tags.iter().any(|tag| names(tag, current)),
        }
    }
}

/// Whether this tag names the present state.
fn names(tag: &Tag<'_>, current: Option<Revision>) -> bool {
    current.is_some() && tag.revision() == current
}

/// The revisions that a header names, with the `detail` text of the problem of too many.
fn revisions(
    named: impl Iterator<Item = Revision>,
    too_many: &'static str,
) -> Result<Revisions, Problem> {
    let named: Vec<_> = named.collect();
    named
        .try_into()
        .map_err(|InvalidRevisions| Problem::InvalidPrecondition(too_many))
}

/// Reads one of the two headers, with the `detail` texts of its two possible problems. The bound on the number of tags
/// is that of a conditional write, and also counts tags that name no revision.
fn condition<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    malformed: &'static str,
    too_many: &'static str,
) -> Result<Condition<'a>, Problem> {
    match Condition::read(headers, name) {
        Err(Malformed) => Err(Problem::InvalidPrecondition(malformed)),
        Ok(Condition::Tags(tags)) if tags.len() > Revisions::MAX => {
            Err(Problem::InvalidPrecondition(too_many))
        }
        Ok(condition) => Ok(condition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d";
    const B: &str = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2e";

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(name, line.as_bytes().try_into().unwrap());
        }
        headers
    }

    /// What a write may replace under these lines of `If-Match`.
    fn if_match(lines: &[&str]) -> Result<Expected, Problem> {
        let lines: Vec<_> = lines.iter().map(|&line| (IF_MATCH, line)).collect();
        Preconditions::read(&headers(&lines)).and_then(|preconditions| preconditions.expected())
    }

    fn revisions(texts: &[&str]) -> Revisions {
        let parsed: Vec<_> = texts.iter().map(|text| text.parse().unwrap()).collect();
        parsed.try_into().unwrap()
    }

    fn one_of(texts: &[&str]) -> Expected {
        Expected::OneOf(revisions(texts))
    }

    #[test]
    fn no_header_and_a_star_allow_any_state() {
        for lines in [&[][..], &["*"], &[" * "]] {
            assert_eq!(if_match(lines).unwrap(), Expected::Any);
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
            assert_eq!(if_match(lines).unwrap(), one_of(&[A, B]));
        }
    }

    #[test]
    fn weak_and_foreign_tags_are_no_error_and_match_nothing() {
        let line = format!(
            "W/\"{A}\", \"\", \"a,b\", \"\u{e9}\", \"{}\"",
            A.to_uppercase()
        );
        assert_eq!(if_match(&[&line]).unwrap(), one_of(&[]));
        assert_eq!(if_match(&["\"v1\""]).unwrap(), one_of(&[]));
        assert_eq!(if_match(&[""]).unwrap(), one_of(&[]));
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
            for name in [IF_MATCH, IF_NONE_MATCH] {
                assert!(
                    Preconditions::read(&headers(&[(name, line)])).is_err(),
                    "{line}"
                );
            }
        }
        assert!(if_match(&["*", "\"a\""]).is_err());
        assert!(if_match(&["*", "*"]).is_err());
    }

    #[test]
    fn a_list_is_bounded() {
        let tags = |count| vec!["\"a\""; count].join(",");
        for name in [IF_MATCH, IF_NONE_MATCH] {
            let read = |lines: &[&str]| {
                let lines: Vec<_> = lines.iter().map(|&line| (name.clone(), line)).collect();
                Preconditions::read(&headers(&lines)).is_ok()
            };
            assert!(read(&[&tags(100)]));
            assert!(!read(&[&tags(101)]));
            assert!(!read(&[&tags(50), &tags(51)]));
        }
    }

    #[test]
    fn a_write_replaces_none_of_the_states_in_if_none_match() {
        let (a, b) = (format!("\"{A}\""), format!("W/\"{B}\""));
        let both = format!("{a}, {b}, \"x\"");
        for (lines, expected) in [
            (
                vec![(IF_NONE_MATCH, &*both)],
                Expected::NoneOf(revisions(&[A, B])),
            ),
            (vec![(IF_NONE_MATCH, "\"x\"")], Expected::Any),
            (vec![(IF_NONE_MATCH, "*")], one_of(&[])),
            (
                vec![(IF_MATCH, "*"), (IF_NONE_MATCH, &*a)],
                Expected::NoneOf(revisions(&[A])),
            ),
            (vec![(IF_MATCH, &*a), (IF_NONE_MATCH, &*b)], one_of(&[A])),
            (vec![(IF_MATCH, &*a), (IF_NONE_MATCH, &*a)], one_of(&[])),
            (vec![(IF_MATCH, &*a), (IF_NONE_MATCH, "*")], one_of(&[])),
        ] {
            let headers = headers(&lines);
            let preconditions = Preconditions::read(&headers).unwrap();
            assert_eq!(preconditions.expected().unwrap(), expected, "{lines:?}");
        }
    }

    /// What becomes of a request under these headers on what is in the state `A`, and on the list.
    fn evaluated(method: &Method, lines: &[(HeaderName, &str)]) -> [Result<Evaluation, ()>; 2] {
        let headers = headers(lines);
        let preconditions = Preconditions::read(&headers).unwrap();
        [A.parse().ok(), None].map(|current| preconditions.evaluate(method, current).map_err(drop))
    }

    #[test]
    fn a_read_is_evaluated_as_the_standard_says() {
        use Evaluation::{NotModified, Proceed};
        let (a, weak, b) = (format!("\"{A}\""), format!("W/\"{A}\""), format!("\"{B}\""));
        for (lines, note, list) in [
            (vec![], Ok(Proceed), Ok(Proceed)),
            (vec![(IF_MATCH, "*")], Ok(Proceed), Ok(Proceed)),
            (vec![(IF_MATCH, &*a)], Ok(Proceed), Err(())),
            (vec![(IF_MATCH, &*weak)], Err(()), Err(())),
            (vec![(IF_MATCH, &*b)], Err(()), Err(())),
            (vec![(IF_NONE_MATCH, "*")], Ok(NotModified), Ok(NotModified)),
            (vec![(IF_NONE_MATCH, &*a)], Ok(NotModified), Ok(Proceed)),
            (vec![(IF_NONE_MATCH, &*weak)], Ok(NotModified), Ok(Proceed)),
            (vec![(IF_NONE_MATCH, &*b)], Ok(Proceed), Ok(Proceed)),
            (
                vec![(IF_MATCH, &*b), (IF_NONE_MATCH, &*a)],
                Err(()),
                Err(()),
            ),
            (
                vec![(IF_MATCH, &*a), (IF_NONE_MATCH, &*a)],
                Ok(NotModified),
                Err(()),
            ),
        ] {
            for method in [Method::GET, Method::HEAD] {
                assert_eq!(evaluated(&method, &lines), [note, list], "{lines:?}");
            }
            let refused = |outcome| match outcome {
                Ok(NotModified) => Err(()),
                other => other,
            };
            assert_eq!(
                evaluated(&Method::POST, &lines),
                [note, list].map(refused),
                "{lines:?}"
            );
        }
    }
}
