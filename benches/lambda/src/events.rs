//! The invocations, as a REST API sends them, and the items that the stub returns.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

/// What a function is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Operation {
    Create,
    Get,
    List,
    Update,
    Delete,
}

const ID: &str = "018bcfe5-6be8-7000-8000-000000000007";

/// How many notes the stub's user has, and how many a list is asked for.
pub(crate) const NOTES: usize = 20;

/// The content of each note, unless it is said.
pub(crate) const CONTENT_BYTES: usize = 1_000;

/// The most that a note may have.
pub(crate) const LARGEST_CONTENT_BYTES: usize = 350_000;

impl Operation {
    pub(crate) const ALL: [Self; 5] = [
        Self::Create,
        Self::Get,
        Self::List,
        Self::Update,
        Self::Delete,
    ];

    /// The notes function of this operation.
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Create => "create-note",
            Self::Get => "get-note",
            Self::List => "list-notes",
            Self::Update => "update-note",
            Self::Delete => "delete-note",
        }
    }

    /// The event of an invocation: a request with 1 kB of text, or with none.
    pub(crate) fn event(self) -> Vec<u8> {
        self.event_with(CONTENT_BYTES)
    }

    /// The same with so many bytes of text.
    pub(crate) fn event_with(self, content_bytes: usize) -> Vec<u8> {
        let content = "n".repeat(content_bytes);
        let (method, body) = match self {
            Self::Create => (
                "POST",
                json!({"title": "Bench", "content": content, "category": "bench"}),
            ),
            Self::Get | Self::List => ("GET", Value::Null),
            Self::Update => ("PATCH", json!({"title": "Bench 2", "content": content})),
            Self::Delete => ("DELETE", Value::Null),
        };
        let of_one_note = !matches!(self, Self::Create | Self::List);
        let (resource, path) = if of_one_note {
            ("/notes/{id}", format!("/notes/{ID}"))
        } else {
            ("/notes", "/notes".to_owned())
        };
        let limit = (self == Self::List).then(|| NOTES.to_string());
        let headers = [
            ("Accept", "*/*"),
            ("Accept-Encoding", "gzip, deflate, br"),
            ("Content-Type", "application/json"),
            ("Host", "abcdefghij.execute-api.us-east-1.amazonaws.com"),
            ("User-Agent", "bench/1"),
            (
                "X-Amzn-Trace-Id",
                "Root=1-00000000-000000000000000000000000",
            ),
            ("X-Forwarded-For", "192.0.2.1"),
            ("X-Forwarded-Port", "443"),
            ("X-Forwarded-Proto", "https"),
        ];
        let header_lists = headers.map(|(name, value)| (name.to_owned(), json!([value])));
        let headers = headers.map(|(name, value)| (name.to_owned(), json!(value)));
        let event = json!({
            "resource": resource,
            "path": path,
            "httpMethod": method,
            "headers": Value::Object(headers.into_iter().collect()),
            "multiValueHeaders": Value::Object(header_lists.into_iter().collect()),
            "queryStringParameters": limit.as_ref().map(|limit| json!({"limit": limit})),
            "multiValueQueryStringParameters": limit.as_ref().map(|limit| json!({"limit": [limit]})),
            "pathParameters": of_one_note.then(|| json!({"id": ID})),
            "stageVariables": null,
            "requestContext": {
                "resourceId": "abc123",
                "resourcePath": resource,
                "httpMethod": method,
                "extendedRequestId": "AbCdEfGhIjKl=",
                "requestTime": "01/Jan/2026:00:00:00 +0000",
                "path": format!("/prod{path}"),
                "accountId": "123456789012",
                "protocol": "HTTP/1.1",
                "stage": "prod",
                "domainPrefix": "abcdefghij",
                "requestTimeEpoch": 1_767_225_600_000_u64,
                "requestId": "00000000-0000-4000-8000-000000000000",
                "identity": {
                    "cognitoIdentityPoolId": null,
                    "accountId": null,
                    "cognitoIdentityId": null,
                    "caller": null,
                    "sourceIp": "192.0.2.1",
                    "principalOrgId": null,
                    "accessKey": null,
                    "cognitoAuthenticationType": null,
                    "cognitoAuthenticationProvider": null,
                    "userArn": null,
                    "userAgent": "bench/1",
                    "user": null,
                },
                "domainName": "abcdefghij.execute-api.us-east-1.amazonaws.com",
                "apiId": "abcdefghij",
                "authorizer": {"claims": {
                    "sub": "reader",
                    "iss": "https://cognito-idp.us-east-1.amazonaws.com/p",
                    "aud": "c",
                    "email": "a@example.org",
                }},
            },
            "body": if body.is_null() { Value::Null } else { body.to_string().into() },
            "isBase64Encoded": false,
        });
        event.to_string().into_bytes()
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::List => "list",
            Self::Update => "update",
            Self::Delete => "delete",
        })
    }
}

/// The item of a note, as DynamoDB returns it.
pub(crate) fn item(number: usize, content_bytes: usize) -> Value {
    json!({
        "userId": {"S": "reader"},
        "timestamp": {"N": format!("17000000{number:02}00000000000000000000000007")},
        "title": {"S": format!("Note {number:02}")},
        "content": {"S": "n".repeat(content_bytes)},
        "category": {"S": "bench"},
        "expiresAt": {"N": "4102444800"},
        "purgeAt": {"N": "4102448400"},
        "revision": {"B": "AYvP5WvocACAAAAAAAAABw=="},
        "creation": {"B": "AQEBAQEBAQE="},
    })
}
