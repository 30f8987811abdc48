//! Requests that nobody should send.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use notes_core::{NoteId, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::string::string_regex;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request};

use crate::support::user::User;

/// A request that a client's library lets through.
#[derive(Clone, Debug)]
pub(crate) struct AnyRequest {
    method: Method,
    target: String,
    known_user: bool,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl AnyRequest {
    /// This request, sent by this user if it says who sends it.
    pub(crate) fn of(self, user: &User) -> Request {
        let request = if self.known_user {
            user.request(self.method, &self.target)
        } else {
            user.anonymous(self.method, &self.target)
        };
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            let name = HeaderName::try_from(name).unwrap();
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.append(name, value);
            }
        }
        request.headers(headers).body(self.body).build().unwrap()
    }
}

/// Any request, often to one of these notes.
pub(crate) fn any_request(there: Vec<String>) -> impl Strategy<Value = AnyRequest> {
    let target = (any_path(there), any_query()).prop_map(|(path, query)| path + &query);
    let known_user = prop::bool::weighted(0.95);
    (any_method(), target, known_user, any_headers(), any_body()).prop_map(
        |(method, target, known_user, headers, body)| AnyRequest {
            method,
            target,
            known_user,
            headers,
            body,
        },
    )
}

/// Any sequence of bytes, often almost a request of this user.
pub(crate) fn any_bytes(user: &User) -> impl Strategy<Value = Vec<u8>> {
    let messages: Vec<_> = MESSAGES
        .iter()
        .map(|message| {
            message
                .replace("USER", &user.id)
                .replace("HOST", user.host())
        })
        .collect();
    prop_oneof![
        1 => vec(any::<u8>(), 0..300),
        9 => vec(select(messages), 1..3).prop_flat_map(|messages| mutated(messages.concat().into_bytes())),
    ]
}

const MESSAGES: [&str; 16] = [
    "GET /notes HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer USER\r\n\r\n",
    "POST /notes HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer USER\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n{\"title\":\"Raw\",\"content\":\"\"}\n",
    "POST /notes HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer USER\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"title\":\"Raw\",\"\r\nc\r\ncontent\":\"\"}\r\n0\r\n\r\n",
    "POST /notes HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer USER\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    "POST /notes HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer USER\r\nContent-Type: application/json\r\nContent-Length: 5000000000\r\n\r\n{}",
    "POST /notes HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer USER\r\nContent-Type: application/json\r\nContent-Length: 400\r\nExpect: 100-continue\r\n\r\n{\"title\"",
    "POST /notes HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer USER\r\nContent-Length: 3\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /notes HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer USER\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{",
    "PATCH /notes/019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer USER\r\nContent-Type: application/merge-patch+json\r\nContent-Length: 2\r\n\r\n{}",
    "DELETE /notes/019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d HTTP/1.0\r\nAuthorization: Bearer USER\r\n\r\n",
    "GET http://b/notes?limit=1 HTTP/1.1\r\nHost: HOST\r\nAuthorization:\tBearer USER\r\nX-Folded: a\r\n b\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer USER\r\n\r\n",
    "CONNECT a:80 HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer USER\r\n\r\n",
    "GET /notes HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "GET /notes\r\n",
];

fn any_method() -> impl Strategy<Value = Method> {
    let known = [
        "POST", "POST", "POST", "PATCH", "PATCH", "PATCH", "GET", "GET", "DELETE", "HEAD", "PUT",
        "OPTIONS",
    ];
    let known = select(known.to_vec()).prop_map(str::to_owned);
    let other = string_regex("[A-Z!#$%&'*+.^_`|~0-9-]{1,12}").unwrap();
    prop_oneof![7 => known, 1 => other]
        .prop_map(|method| Method::from_bytes(method.as_bytes()).unwrap())
        // A proxy's business, which a client sends without a path.
        .prop_filter("a path", |method| *method != Method::CONNECT)
}

fn any_path(there: Vec<String>) -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just("/notes".to_owned()),
        4 => select(there).prop_map(|id| format!("/notes/{id}")),
        1 => any_id().prop_map(|id| format!("/notes/{id}")),
        1 => string_regex("/notes/[0-9a-f-]{30,40}").unwrap(),
        1 => string_regex("/(notes)?[ -~\u{e9}\u{1f95b}]{0,30}").unwrap(),
    ]
}

fn any_id() -> impl Strategy<Value = String> {
    let id = |ordinal| NoteId::from_ordinal(ordinal).unwrap().to_string();
    (0..1_u128 << 122).prop_map(id)
}

fn any_query() -> impl Strategy<Value = String> {
    let name = select(
        &[
            "limit",
            "cursor",
            "order",
            "createdAfter",
            "createdBefore",
            "user",
            "",
        ][..],
    );
    let cursor = (select(&["1n", "1o", "2n"][..]), 0..1_u128 << 123)
        .prop_map(|(start, position)| format!("{start}{position:031x}"));
    let value = prop_oneof![
        select(
            &[
                "1",
                "100",
                "0",
                "newest",
                "oldest",
                "%",
                "%ff",
                "2026-11-22T18:47:00Z"
            ][..]
        )
        .prop_map(str::to_owned),
        cursor,
        string_regex("[ -~]{0,20}").unwrap(),
    ];
    let pairs = vec((name, value), 0..4);
    prop_oneof![
        2 => Just(String::new()),
        1 => pairs.prop_map(|pairs| {
            let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("?{}", pairs.join("&"))
        }),
    ]
}

type Header = (String, Vec<u8>);

fn any_headers() -> impl Strategy<Value = Vec<Header>> {
    let named = |name: &'static str, values: &'static [&'static str]| {
        select(values).prop_map(move |value| (name.to_owned(), value.as_bytes().to_vec()))
    };
    let of_type = prop_oneof![
        9 => Just("application/json"),
        1 => select(&["", ";", "text/plain", "application/merge-patch+json; a=\"", "*/*"][..]),
    ]
    .prop_map(|media_type| ("content-type".to_owned(), media_type.as_bytes().to_vec()));
    let tags = &[
        "*",
        "",
        "\"\"",
        "\"",
        "W/\"a\"",
        "\"a\", \"b\"",
        ",,,",
        "*, *",
        "\"019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d\"",
    ][..];
    let key = prop_oneof![
        any_id(),
        (0..1_u128 << 74).prop_map(|rest| {
            let now = u128::from(Timestamp::now().as_millis());
            NoteId::from_ordinal(now << 74 | rest).unwrap().to_string()
        }),
        string_regex("\"?[0-9a-f-]{0,40}\"?").unwrap(),
    ]
    .prop_map(|key| ("idempotency-key".to_owned(), key.into_bytes()));
    let name = prop_oneof![
        select(
            &[
                "authorization",
                "if-match",
                "if-none-match",
                "idempotency-key",
                "accept",
                "range",
                "cookie"
            ][..]
        )
        .prop_map(str::to_owned),
        string_regex("x-[a-z]{1,8}").unwrap(),
    ];
    let strange = (name, vec(any::<u8>(), 0..40));
    let more = prop_oneof![
        3 => key,
        2 => named("if-match", tags),
        2 => named("if-none-match", tags),
        1 => strange,
    ];
    (of_type, vec(more, 0..3)).prop_map(|(of_type, mut more)| {
        more.push(of_type);
        more
    })
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let text = any_object().prop_map(String::into_bytes);
    prop_oneof![
        3 => text,
        2 => any_object().prop_flat_map(|object| mutated(object.into_bytes())),
        1 => vec(any::<u8>(), 0..100),
    ]
}

/// An object's JSON, of members that are more or less those of a note, some more than once.
fn any_object() -> impl Strategy<Value = String> {
    let value = || {
        prop_oneof![
            6 => string_regex("\"[ !#-\\[\\]-~\u{e9}\u{1f95b}]{0,30}\"").unwrap(),
            2 => select(&[
                "null", "true", "-0", "1e999", "[]", "{\"a\":{}}", "\"\\u0000\"", "\"\\ud800\"",
                "\"2999-01-01T00:00:00.5Z\"", "\"1969-12-31T23:59:59Z\"", "\"9999-12-31T23:59:59Z\"",
            ][..]).prop_map(str::to_owned),
            1 => (0..60_000_usize).prop_map(|length| format!("\"{}\"", "\\n".repeat(length / 100))),
        ]
    };
    let other = select(&["category", "expiresAt", "title", "id", "etag", "x", ""][..]);
    let member = (other, value()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
    let members = prop_oneof![3 => vec(member.clone(), 0..1), 1 => vec(member, 1..4)];
    let required = (value(), value())
        .prop_map(|(title, content)| format!("\"title\":{title},\"content\":{content}"));
    let required = prop::option::weighted(0.8, required);
    (required, members).prop_map(|(required, members)| {
        let members: Vec<_> = required.into_iter().chain(members).collect();
        format!("{{{}}}", members.join(","))
    })
}

/// What a byte or a stretch of bytes suffers.
#[derive(Clone, Debug)]
enum Mutation {
    Cut(Index),
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    Replace(Index, u8),
    Repeat(Index, usize, usize),
}

/// These bytes with some mutations.
fn mutated(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let syntax = select(&b"\"{}[]:,\\\r\n\0 -"[..]);
    let mutation = prop_oneof![
        1 => any::<Index>().prop_map(Mutation::Cut),
        2 => (any::<Index>(), 1..20_usize).prop_map(|(at, count)| Mutation::Remove(at, count)),
        2 => (any::<Index>(), vec(any::<u8>(), 1..8))
            .prop_map(|(at, more)| Mutation::Insert(at, more)),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        3 => (any::<Index>(), syntax).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        1 => (any::<Index>(), 1..10_usize, 1..2_000_usize)
            .prop_map(|(at, count, times)| Mutation::Repeat(at, count, times)),
    ];
    vec(mutation, 1..4).prop_map(move |mutations| {
        let mut bytes = bytes.clone();
        for mutation in mutations {
            mutation.apply(&mut bytes);
        }
        bytes
    })
}

impl Mutation {
    fn apply(self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        let stretch = |at: Index, count: usize| {
            let at = at.index(length + 1);
            at..(at + count).min(length)
        };
        match self {
            Self::Cut(at) => bytes.truncate(at.index(length + 1)),
            Self::Remove(at, count) => {
                bytes.drain(stretch(at, count));
            }
            Self::Insert(at, more) => {
                let at = at.index(length + 1);
                bytes.splice(at..at, more);
            }
            Self::Replace(at, byte) => {
                bytes.splice(stretch(at, 1), [byte]);
            }
            Self::Repeat(at, count, times) => {
                let stretch = stretch(at, count);
                let repeated = bytes[stretch.clone()].repeat(times);
                bytes.splice(stretch, repeated);
            }
        }
    }
}
