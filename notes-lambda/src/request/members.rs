use std::collections::BTreeSet;
use std::fmt::Display;

use notes_core::{Change, Expiry, InvalidTimestamp, Timestamp};
use serde_json::value::RawValue;

use crate::problem::Problem;
use crate::problem::validation::{Location, ValidationErrors};
use crate::request::json_object;

/// The members of a request's JSON object: taken one by one, so that every fault is found.
pub(crate) struct Members<'a> {
    left: Vec<(String, &'a RawValue)>,
    faults: ValidationErrors,
}

/// What a request says about one member.
enum Given<T> {
    Absent,
    Null,
    Value(T),
    /// Something wrong; the fault is noted.
    Faulty,
}

const PAST_EXPIRY: &str = "has to be in the future";

/// Members of a note that are made by us.
const READ_ONLY: [&str; 4] = ["id", "createdAt", "updatedAt", "etag"];

impl<'a> Members<'a> {
    /// The members of the object that is the body.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Problem> {
        Ok(Self {
            left: json_object::parse(body)?,
            faults: ValidationErrors::default(),
        })
    }

    /// A member that has to be there.
    pub(crate) fn required<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Option<T> {
        if !self.left.iter().any(|(it, _)| it == name) {
            self.faults.add(Location::member(name), "is required");
        }
        self.replaceable(name, parse)
    }

    /// A member that may be absent and can't be removed.
    pub(crate) fn replaceable<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Option<T> {
        match self.take(name, parse) {
            Given::Value(value) => return Some(value),
            Given::Absent | Given::Faulty => {}
            Given::Null => self.faults.add(Location::member(name), "may not be null"),
        }
        None
    }

    /// A member that may be absent, or `null` for none.
    pub(crate) fn optional<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Change<T> {
        match self.take(name, parse) {
            Given::Value(value) => Change::Set(value),
            Given::Null => Change::Clear,
            Given::Absent | Given::Faulty => Change::Keep,
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

    /// The value made of the members taken, if none of them is wrong and none is left.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        let names: BTreeSet<_> = self.left.iter().map(|(name, _)| name.as_str()).collect();
        for name in names {
            let place = Location::member(name);
            let why = if READ_ONLY.contains(&name) {
                "is read-only"
            } else if place == Location::body() {
                "has a member with a name of more than 64 characters"
            } else {
                "is not a member that can be set"
            };
            self.faults.add(place, why);
        }
        Ok(self.faults.none_or(value)?)
    }

    fn take<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Given<T> {
        let taken: Vec<_> = self.left.extract_if(.., |(it, _)| it == name).collect();
        let value = match taken.as_slice() {
            [] => return Given::Absent,
            [(_, raw)] if raw.get() == "null" => return Given::Null,
            [(_, raw)] => text(raw).and_then(|it| parse(it).map_err(|why| why.to_string())),
            _ => Err("is there more than once".to_owned()),
        };
        match value {
            Ok(value) => Given::Value(value),
            Err(why) => {
                self.faults.add(Location::member(name), why);
                Given::Faulty
            }
        }
    }
}

/// That a note would have expired before it is there.
pub(crate) fn expired() -> Problem {
    let mut faults = ValidationErrors::default();
    faults.add(Location::member("expiresAt"), PAST_EXPIRY);
    Problem::Invalid(faults)
}

fn text(raw: &RawValue) -> Result<String, String> {
    if !raw.get().starts_with('"') {
        return Err("has to be a string".to_owned());
    }
    // That it is a string was checked with the whole body; left open was what its escapes mean.
    serde_json::from_str(raw.get())
        .map_err(|_| "has a \\u escape that is half of a surrogate pair".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T18:47:00Z".parse().unwrap()
    }

    /// The faults of a creation's body, one a line.
    fn faults(body: &str) -> String {
        let mut members = Members::parse(body.as_bytes()).unwrap_or_else(|it| panic!("{it:?}"));
        members.required("title", |text| text.parse::<notes_core::Title>());
        members.replaceable("content", |text| text.parse::<notes_core::Content>());
        members.expiry(now());
        match members.finish(Some(())) {
            Err(Problem::Invalid(faults)) => serde_json::to_string(faults.listed()).unwrap(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn all_faults_are_found_at_once() {
        assert_eq!(
            faults(r#"{"title":" ","content":1,"expiresAt":"x","id":null,"a/b":[],"a/b":2}"#),
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
            faults(r#"{"title":"a","title":"a","ti\u0074le":"a"}"#),
            r#"[{"pointer":"/title","detail":"is there more than once"}]"#
        );
    }

    #[test]
    fn half_a_surrogate_pair_is_no_text() {
        for half in [r"\ud83e", r"\udd5b", r"\ud83e\ud83e", r"\ud83ex"] {
            assert_eq!(
                faults(&format!(r#"{{"title":"{half}"}}"#)),
                r#"[{"pointer":"/title","detail":"has a \\u escape that is half of a surrogate pair"}]"#
            );
        }
        assert_eq!(faults(r#"{"title":"\ud83e\udd5b"}"#), "Ok(())");
    }

    #[test]
    fn null_and_absence_are_no_value_where_one_is_needed() {
        assert_eq!(
            faults(r#"{"content":null}"#),
            r#"[{"pointer":"/title","detail":"is required"},{"pointer":"/content","detail":"may not be null"}]"#
        );
    }

    #[test]
    fn an_expiry_is_in_the_future() {
        let at = |text: &str| faults(&format!(r#"{{"title":"a","expiresAt":"{text}"}}"#));
        let past = r#"[{"pointer":"/expiresAt","detail":"has to be in the future"}]"#;
        assert_eq!(at("2026-11-22T18:47:00Z"), past);
        assert_eq!(at("2026-11-22T18:47:00.001Z"), "Ok(())");
    }

    #[test]
    fn a_long_name_is_not_repeated() {
        let long = "x".repeat(65);
        assert_eq!(
            faults(&format!(r#"{{"title":"a","{long}":1}}"#)),
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
            faults(&deep),
            r#"[{"pointer":"/title","detail":"has to be a string"}]"#
        );
    }
}
