//! The payload of an invocation: JSON, of which only what something reads is kept.

use std::borrow::Cow;
use std::fmt;

use http::HeaderName;
use http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH,
    IF_NONE_MATCH, ORIGIN,
};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::request::idempotency_key::IDEMPOTENCY_KEY;

/// The payload of an invocation, whatever its bytes are.
///
/// When a payload can't be deserialised, the runtime responds by itself: the caller would get no response of the API,
/// and the log no line. So deserialising this type never fails. A payload that is not JSON, that is nested more deeply
/// than `serde_json` allows, or that has a lone surrogate in what is read, becomes `null`, which is an event without a
/// request.
///
/// Of the event, only the members and the headers are kept that something reads. A tree of all of them would be a fifth
/// of what a warm invocation costs, and would contain the caller's token.
#[derive(Debug)]
pub(crate) struct Payload(pub(crate) Value);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Taken as text first, which copies nothing: the runtime's deserializer keeps a record of where each value is,
        // for an error that has no use here.
        let text = <&RawValue>::deserialize(deserializer).map(RawValue::get);
        let mut event = serde_json::Deserializer::from_str(text.unwrap_or("null"));
        Ok(Self(EVENT.deserialize(&mut event).unwrap_or_default()))
    }
}

/// What is kept of a value.
#[derive(Clone, Copy)]
enum Kept {
    /// All of it.
    Whole,
    /// These members of an object. Any other value becomes `null`: nothing reads it.
    Members(&'static [(&'static str, Self)]),
    /// The members of an object that are headers which the API reads, whatever the case of their names.
    Headers,
}

/// The headers that the API reads.
const HEADERS: [HeaderName; 8] = [
    ACCESS_CONTROL_REQUEST_METHOD,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    ORIGIN,
];

const EVENT: Kept = Kept::Members(&[
    ("body", Kept::Whole),
    ("headers", Kept::Headers),
    ("httpMethod", Kept::Whole),
    ("isBase64Encoded", Kept::Whole),
    ("multiValueHeaders", Kept::Headers),
    ("multiValueQueryStringParameters", Kept::Whole),
    ("path", Kept::Whole),
    ("pathParameters", Kept::Whole),
    ("queryStringParameters", Kept::Whole),
    ("rawPath", Kept::Whole),
    ("rawQueryString", Kept::Whole),
    ("requestContext", REQUEST_CONTEXT),
    ("resource", Kept::Whole),
    ("routeKey", Kept::Whole),
    ("source", Kept::Whole),
    ("version", Kept::Whole),
    ("warmer", Kept::Whole),
]);

const REQUEST_CONTEXT: Kept = Kept::Members(&[
    ("authorizer", Kept::Whole),
    ("http", Kept::Whole),
    ("path", Kept::Whole),
    ("requestId", Kept::Whole),
    ("stage", Kept::Whole),
]);

impl<'de> DeserializeSeed<'de> for Kept {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self {
            Self::Whole => Value::deserialize(deserializer),
            Self::Members(_) | Self::Headers => deserializer.deserialize_any(MembersVisitor(self)),
        }
    }
}

impl Kept {
    /// What is kept of the member of this name, if anything.
    fn of_member(self, name: &str) -> Option<Self> {
        match self {
            Self::Whole => Some(Self::Whole),
            Self::Members(members) => {
                let member = members.iter().find(|(kept, _)| *kept == name);
                member.map(|(_, kept)| *kept)
            }
            Self::Headers => HEADERS
                .iter()
                .any(|header| header.as_str().eq_ignore_ascii_case(name))
                .then_some(Self::Whole),
        }
    }
}

struct MembersVisitor(Kept);

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        let mut is_empty = true;
        while let Some(name) = object.next_key::<Name<'de>>()? {
            is_empty = false;
            match self.0.of_member(&name.0) {
                Some(kept) => {
                    let value = object.next_value_seed(kept)?;
                    members.insert(name.0.into_owned(), value);
                }
                None => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        // An event without members keeps a function warm. One whose members nothing reads is not such an event.
        if members.is_empty() && !is_empty && matches!(self.0, Kept::Members(_)) {
            members.insert(String::new(), Value::Null);
        }
        Ok(Value::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Value, A::Error> {
        IgnoredAny.visit_seq(list).map(|_| Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, _: &str) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// The name of a member, which is only copied if it has escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lambda::event::is_warm_up;

    fn payload(json: &str) -> Value {
        serde_json::from_str::<Payload>(json).unwrap().0
    }

    #[test]
    fn of_an_event_only_what_is_read_is_kept() {
        let event = json!({
            "version": "2.0", "resource": {"any": ["value"]}, "stageVariables": {"a": "b"},
            "requestContext": {"stage": "prod", "identity": {"sourceIp": "192.0.2.1"}, "http": {"path": "/notes"}},
        });
        let kept = json!({
            "version": "2.0", "resource": {"any": ["value"]},
            "requestContext": {"stage": "prod", "http": {"path": "/notes"}},
        });
        assert_eq!(payload(&event.to_string()), kept);
        assert_eq!(
            payload(r#"{"p\u0061th": 1, "path": 2}"#),
            json!({"path": 2})
        );
    }

    #[test]
    fn of_the_headers_those_are_kept_that_are_read_whatever_their_case() {
        let event = json!({
            "headers": {"IF-MATCH": "a", "authorization": "Bearer token", "x": 7},
            "multiValueHeaders": {"If-Match": ["a", "b"], "Host": ["notes.example"]},
        });
        let kept =
            json!({"headers": {"IF-MATCH": "a"}, "multiValueHeaders": {"If-Match": ["a", "b"]}});
        assert_eq!(payload(&event.to_string()), kept);
        let nothing = json!({"headers": {}, "multiValueHeaders": null});
        let event = json!({"headers": {"host": "notes.example"}, "multiValueHeaders": null});
        assert_eq!(payload(&event.to_string()), nothing);
    }

    #[cfg(feature = "openapi")]
    #[test]
    fn each_header_that_the_api_describes_is_kept() {
        let description: Value = serde_json::from_str(&crate::openapi()).unwrap();
        let paths = description["paths"].as_object().unwrap().values();
        let operations = paths.flat_map(|path| path.as_object().unwrap().values());
        let mut described = 0;
        for operation in operations.filter(|operation| operation.is_object()) {
            for parameter in operation["parameters"].as_array().unwrap() {
                if parameter["in"] == "header" {
                    let name = parameter["name"].as_str().unwrap();
                    assert!(Kept::Headers.of_member(name).is_some(), "{name}");
                    described += 1;
                }
            }
        }
        assert!(described > 0);
    }

    #[test]
    fn an_object_of_which_nothing_is_read_is_not_taken_for_an_empty_one() {
        assert!(is_warm_up(&payload("{}")));
        assert!(!is_warm_up(&payload(r#"{"Records": []}"#)));
    }

    #[test]
    fn what_is_not_an_event_is_null() {
        for json in ["null", "true", "-1", "1", "0.5", r#""{}""#, "[{}]"] {
            assert_eq!(payload(json), Value::Null, "{json}");
        }
        let context = json!({"requestContext": null, "path": "/notes"});
        for value in [json!([{"stage": "prod"}]), json!("prod"), json!(7)] {
            let mut event = context.clone();
            event["requestContext"] = value;
            assert_eq!(payload(&event.to_string()), context);
        }
    }

    #[test]
    fn any_bytes_are_a_payload() {
        let payload =
            |bytes: &[u8]| serde_json::from_slice::<Payload>(bytes).map(|payload| payload.0);
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        for unreadable in [
            &b""[..],
            b"{",
            b"\xff",
            b"{\"a\": \"\xff\"}",
            br#"{"path": "\ud800"}"#,
            nested(200).as_bytes(),
        ] {
            let mut runtime = serde_json::Deserializer::from_slice(unreadable);
            let Payload(event) = Payload::deserialize(&mut runtime).unwrap();
            assert_eq!(event, Value::Null, "{unreadable:?}");
        }
        // What nothing reads does no harm.
        let event = br#"{"path": "/notes", "a": "\ud800"}"#;
        assert_eq!(payload(event).unwrap(), json!({"path": "/notes"}));
    }
}
