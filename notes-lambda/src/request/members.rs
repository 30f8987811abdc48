//! The members of a request's JSON object, and the rules that a note's members have in a request.

use std::collections::BTreeSet;
use std::fmt::Display;

use notes_core::{Change, Expiry, InvalidTimestamp, Timestamp};
use serde_json::value::RawValue;

use crate::problem::Problem;
use crate::problem::validation::{Location, ValidationErrors};
use crate::request::json_object;

/// The members of a request's JSON object.
///
/// A handler takes them one by one. An error is collected instead of returned, so that the response lists all errors at
/// once. [`finish`](Self::finish) then refuses the members that nobody took.
pub(crate) struct Members<'a> {
    /// Those that are not taken yet.
    left: Vec<(String, &'a RawValue)>,
    errors: ValidationErrors,
}

/// What a request says about one member.
enum Given<T> {
    /// The member is not there.
    Absent,
    /// The member is `null`.
    Null,
    /// A valid value.
    Value(T),
    /// Not valid; the error is already collected.
    Invalid,
}

/// The `detail` of an `expiresAt` that is not in the future.
const PAST_EXPIRY: &str = "has to be in the future";

/// Members of a note that only the service sets.
const READ_ONLY: [&str; 4] = ["id", "createdAt", "updatedAt", "etag"];

impl<'a> Members<'a> {
    /// The members of the object that is the body.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Problem> {
        Ok(Self {
            left: json_object::parse(body)?,
            errors: ValidationErrors::default(),
        })
    }

    /// A member that has to be there.
    pub(crate) fn required<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Option<T> {
        if !self.left.iter().any(|(member, _)| member == name) {
            self.errors.add(Location::member(name), "is required");
        }
        self.replaceable(name, parse)
    }

    /// A member that may be absent, and may not be `null` because a note always has it.
    pub(crate) fn replaceable<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Option<T> {
        match self.take(name, parse) {
            Given::Value(value) => return Some(value),
            Given::Absent | Given::Invalid => {}
            Given::Null => self.errors.add(Location::member(name), "may not be null"),
        }
        None
    }

    /// A member that may be absent, or `null` to remove the value.
    pub(crate) fn optional<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Change<T> {
        match self.take(name, parse) {
            Given::Value(value) => Change::Set(value),
            Given::Null => Change::Clear,
            Given::Absent | Given::Invalid => Change::Keep,
        }
    }

    /// The member `expiresAt`, which may be absent, or `null` for "never".
    pub(crate) fn expiry(&mut self, now: Timestamp) -> Change<Expiry> {
        self.optional("expiresAt", |text| {
            let expiry: Expiry = text
                .parse()
                .map_err(|invalid: InvalidTimestamp| format!("{invalid}; null means never"))?;
            if !expiry.is_after(now) {
                return Err(PAST_EXPIRY.to_owned());
            }
            Ok(expiry)
        })
    }

    /// The value made of the members taken, if there were no errors and no member is left over.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        // A set, so that a name that occurs twice is reported once and the order does not depend on the request.
        let names: BTreeSet<_> = self.left.iter().map(|(name, _)| name.as_str()).collect();
        for name in names {
            let location = Location::member(name);
            let why = if READ_ONLY.contains(&name) {
                "is read-only"
            } else if location == Location::body() {
                "has a member with a name of more than 64 characters"
            } else {
                "is not a member that can be set"
            };
            self.errors.add(location, why);
        }
        Ok(self.errors.none_or(value)?)
    }

    /// Removes a member and parses its value.
    fn take<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Given<T> {
        let taken: Vec<_> = self
            .left
            .extract_if(.., |(member, _)| member == name)
            .collect();
        let value = match taken.as_slice() {
            [] => return Given::Absent,
            [(_, raw)] if raw.get() == "null" => return Given::Null,
            [(_, raw)] => text(raw).and_then(|text| parse(text).map_err(|why| why.to_string())),
            _ => Err("is there more than once".to_owned()),
        };
        match value {
            Ok(value) => Given::Value(value),
            Err(why) => {
                self.errors.add(Location::member(name), why);
                Given::Invalid
            }
        }
    }
}

/// The problem of a creation whose note expired before it could be stored.
pub(crate) fn expired() -> Problem {
    let mut errors = ValidationErrors::default();
    errors.add(Location::member("expiresAt"), PAST_EXPIRY);
    Problem::Invalid(errors)
}

/// The string that a raw value is.
fn text(raw: &RawValue) -> Result<String, String> {
    if !raw.get().starts_with('"') {
        return Err("has to be a string".to_owned());
    }
    // The syntax was checked with the whole body, so only an escape can still be wrong.
    serde_json::from_str(raw.get())
        .map_err(|_| "has a \\u escape that is half of a surrogate pair".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T18:47:00Z".parse().unwrap()
    }

    /// The errors of a creation's body, as JSON.
    fn errors(body: &str) -> String {
        let mut members =
            Members::parse(body.as_bytes()).unwrap_or_else(|problem| panic!("{problem:?}"));
        members.required("title", |text| text.parse::<notes_core::Title>());
        members.replaceable("content", |text| text.parse::<notes_core::Content>());
        members.expiry(now());
        match members.finish(Some(())) {
            Err(Problem::Invalid(errors)) => serde_json::to_string(errors.listed()).unwrap(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn all_errors_are_found_at_once() {
        assert_eq!(
            errors(r#"{"title":" ","content":1,"expiresAt":"x","id":null,"a/b":[],"a/b":2}"#),
            r#"[{"pointer":"/title","detail":"a title may not be empty or only white space or invisible characters"},"#
                .to_owned()
                + r#"{"pointer":"/content","detail":"has to be a string"},"#
                + r#"{"pointer":"/expiresAt","detail":"not an RFC 3339 date and time with an offset, such as 2026-11-22T18:47:00Z, from 1970 to 9999; null means never"},"#
                + r#"{"pointer":"/a~1b","detail":"is not a member that can be set"},"#
                + r#"{"pointer":"/id","detail":"is read-only"}]"#
        );
    }

    #[test]
    fn a_member_given_twice_is_refused_even_with_one_value() {
        assert_eq!(
            errors(r#"{"title":"a","title":"a","ti\u0074le":"a"}"#),
            r#"[{"pointer":"/title","detail":"is there more than once"}]"#
        );
    }

    #[test]
    fn half_a_surrogate_pair_is_no_text() {
        for half in [r"\ud83e", r"\udd5b", r"\ud83e\ud83e", r"\ud83ex"] {
            assert_eq!(
                errors(&format!(r#"{{"title":"{half}"}}"#)),
                r#"[{"pointer":"/title","detail":"has a \\u escape that is half of a surrogate pair"}]"#
            );
        }
        assert_eq!(errors(r#"{"title":"\ud83e\udd5b"}"#), "Ok(())");
    }

    #[test]
    fn null_and_absence_are_no_value_where_one_is_needed() {
        assert_eq!(
            errors(r#"{"content":null}"#),
            r#"[{"pointer":"/title","detail":"is required"},{"pointer":"/content","detail":"may not be null"}]"#
        );
    }

    #[test]
    fn an_expiry_is_in_the_future() {
        let at = |text: &str| errors(&format!(r#"{{"title":"a","expiresAt":"{text}"}}"#));
        let past = r#"[{"pointer":"/expiresAt","detail":"has to be in the future"}]"#;
        assert_eq!(at("2026-11-22T18:47:00Z"), past);
        assert_eq!(at("2026-11-22T18:47:00.001Z"), "Ok(())");
    }

    #[test]
    fn a_long_name_is_not_repeated() {
        let long = "x".repeat(65);
        assert_eq!(
            errors(&format!(r#"{{"title":"a","{long}":1}}"#)),
            r#"[{"pointer":"","detail":"has a member with a name of more than 64 characters"}]"#
        );
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = format!(r#"{{"title":{}"#, "[".repeat(1_000_000));
        assert!(Members::parse(deep.as_bytes()).is_err());
        let deep = format!(
            r#"{{"title":{}{}}}"#,
            "[".repeat(500_000),
            "]".repeat(500_000)
        );
        assert_eq!(
            errors(&deep),
            r#"[{"pointer":"/title","detail":"has to be a string"}]"#
        );
    }
}
