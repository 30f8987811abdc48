//! Parsing of a body as a JSON object.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::problem::Problem;
use crate::problem::validation::{Location, ValidationErrors};

/// The members of a body that is a JSON object, in their order, with their values as raw JSON.
///
/// Unlike in a map, a name that occurs twice is there twice, so that the caller can refuse it. The syntax of the whole
/// body is checked, except for what the `\u` escapes in the values mean. JSON is UTF-8
/// ([RFC 8259 §8.1](https://www.rfc-editor.org/rfc/rfc8259#section-8.1)).
pub(crate) fn parse(body: &[u8]) -> Result<Vec<(String, &RawValue)>, Problem> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let valid = error.valid_up_to();
        Problem::NotJson(format!(
            "The body is not UTF-8 after its first {valid} bytes."
        ))
    })?;
    let not_json = |error| Problem::NotJson(format!("The body is not JSON: {error}."));
    let start = text.trim_start_matches([' ', '\t', '\n', '\r']);
    if start.is_empty() {
        return Err(Problem::NotJson("The body is empty.".into()));
    }
    // Other JSON than an object is a validation error. Text that is not JSON at all is another problem, so the syntax
    // is checked first.
    if !start.starts_with('{') {
        let IgnoredAny = serde_json::from_str(text).map_err(not_json)?;
        let mut errors = ValidationErrors::default();
        errors.add(Location::body(), "has to be a JSON object");
        return Err(Problem::Invalid(errors));
    }
    let Object(members) = serde_json::from_str(text).map_err(not_json)?;
    Ok(members)
}

/// An object whose members keep their order and are not merged by name, unlike in `serde_json::Map`.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not_json(body: &[u8]) -> String {
        match parse(body) {
            Err(Problem::NotJson(why)) => why,
            other => panic!("{:?}", other.err()),
        }
    }

    #[test]
    fn other_json_than_an_object_is_an_error_of_the_body() {
        for body in ["null", "[]", " \"title\"", "1"] {
            let Err(Problem::Invalid(errors)) = parse(body.as_bytes()) else {
                panic!("{body}");
            };
            assert_eq!(
                serde_json::to_string(errors.listed()).unwrap(),
                r#"[{"pointer":"","detail":"has to be a JSON object"}]"#
            );
        }
    }

    #[test]
    fn what_is_not_json_is_reported_with_its_place() {
        assert_eq!(not_json(b" \n"), "The body is empty.");
        assert_eq!(
            not_json(b"{\"a\":\"\xff\"}"),
            "The body is not UTF-8 after its first 6 bytes."
        );
        for (body, place) in [
            ("{\"a\":1,}", "line 1 column 8"),
            ("{\n\"a\" 1}", "line 2 column 5"),
            ("{} x", "line 1 column 4"),
            ("[1,", "line 1 column 3"),
            ("{'a':1}", "line 1 column 2"),
            ("{\"a\":\"\t\"}", "line 1 column 6"),
            ("{\"\\ud800\":1}", "line 1 column 9"),
            ("\u{feff}{}", "line 1 column 1"),
        ] {
            let why = not_json(body.as_bytes());
            assert!(why.contains(place), "{body}: {why}");
        }
    }
}
