//! A stand-in for DynamoDB that responds in the process, so that nothing is counted but the client and the library.

use std::error::Error;
use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{Credentials, HttpClient, Region, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::StatusCode;
use notes_core::{NoteId, Revision};
use notes_dynamo::sort_key;
use serde_json::{Value, json};

/// The most bytes of items that DynamoDB puts into one page of a query.
const QUERY_BYTES: usize = 1 << 20;

/// The bytes of one read unit of a strongly consistent read.
const UNIT_BYTES: usize = 4_096;

/// What the table has, as the bodies of DynamoDB's responses. Writes change nothing: every response is the same.
#[derive(Clone)]
pub(crate) struct StubEngine {
    item: Bytes,
    page: Bytes,
    updated: Bytes,
}

impl StubEngine {
    /// A table with these notes, as the API has shown them. Each read and each update of one note shows the first.
    pub(crate) fn new(notes: &[Value]) -> Result<Self, Box<dyn Error>> {
        let items: Vec<_> = notes.iter().map(item).collect::<Result<_, _>>()?;
        let each = text(&notes[0], "content")?.len();
        let fitting = (QUERY_BYTES / each).min(notes.len());
        let mut page = json!({
            "Items": items[..fitting],
            "Count": fitting,
            "ScannedCount": fitting,
            "ConsumedCapacity": {
                "TableName": "notes",
                "CapacityUnits": (fitting * each).div_ceil(UNIT_BYTES),
            },
        });
        if fitting < notes.len() {
            page["LastEvaluatedKey"] = key(&notes[fitting - 1])?;
        }
        let body = |value: Value| Bytes::from(value.to_string());
        Ok(Self {
            item: body(json!({"Item": items[0]})),
            page: body(page),
            updated: body(json!({"Attributes": items[0]})),
        })
    }

    /// A client as in production, whose requests end here.
    pub(crate) fn client(self) -> Client {
        let config = notes_dynamo::client_config()
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "static"))
            .http_client(self);
        Client::from_conf(config.build())
    }
}

/// A member of a note's JSON.
pub(crate) fn text<'a>(note: &'a Value, member: &str) -> Result<&'a str, String> {
    let value = note.get(member).and_then(Value::as_str);
    value.ok_or_else(|| format!("no {member}: {note}"))
}

/// The primary key of a note.
fn key(note: &Value) -> Result<Value, Box<dyn Error>> {
    let id: NoteId = text(note, "id")?.parse()?;
    Ok(json!({"userId": {"S": "reader"}, "timestamp": {"N": sort_key(id)}}))
}

/// The item of a note.
fn item(note: &Value) -> Result<Value, Box<dyn Error>> {
    let revision: Revision = text(note, "etag")?.trim_matches('"').parse()?;
    let mut item = key(note)?;
    item["title"] = json!({"S": text(note, "title")?});
    item["content"] = json!({"S": text(note, "content")?});
    item["revision"] = json!({"B": BASE64_STANDARD.encode(revision.into_bytes())});
    item["creation"] = json!({"B": BASE64_STANDARD.encode([0; 8])});
    Ok(item)
}

impl fmt::Debug for StubEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StubEngine").finish_non_exhaustive()
    }
}

impl HttpClient for StubEngine {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for StubEngine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let body = match target.rsplit('.').next() {
            Some("PutItem") => Bytes::from_static(b"{}"),
            Some("GetItem") => self.item.clone(),
            Some("Query") => self.page.clone(),
            Some("UpdateItem") => self.updated.clone(),
            _ => panic!("no request of this bench: {target}"),
        };
        let response = HttpResponse::new(StatusCode::OK.into(), body.into());
        HttpConnectorFuture::ready(Ok(response))
    }
}
