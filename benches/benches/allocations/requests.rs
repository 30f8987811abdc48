//! The requests that are counted, and the three ways that they take.

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use lambda_runtime::{Context, LambdaEvent};
use notes_core::{MemoryNoteStore, Notes, UserId};
use notes_dynamo::DynamoNoteStore;
use notes_lambda::{Api, Gateway};
use serde_json::{Value, json};
use tower_service::Service;

use crate::engine::{StubEngine, text};

/// How many notes the reader has, and how many a list asks for.
const LISTED: usize = 20;

/// What a client asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Create,
    Get,
    List,
    Update,
}

impl Operation {
    pub(crate) const ALL: [Self; 4] = [Self::Create, Self::Get, Self::List, Self::Update];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::List => "list of 20",
            Self::Update => "update",
        }
    }

    fn method(self) -> Method {
        match self {
            Self::Create => Method::POST,
            Self::Get | Self::List => Method::GET,
            Self::Update => Method::PATCH,
        }
    }
}

/// What serves a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// The API over the memory store, which keeps a copy of each note that is written and gives one of each that is
    /// read.
    Memory,
    /// The API over `DynamoNoteStore`, up to the SDK's HTTP client.
    Dynamo,
    /// The same behind an HTTP API of API Gateway: from the bytes of the event to those of its response.
    Lambda,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Memory, Self::Dynamo, Self::Lambda];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "API, memory",
            Self::Dynamo => "API, DynamoDB",
            Self::Lambda => "Lambda, DynamoDB",
        }
    }
}

/// Users and notes whose contents have one size, and all that serves them.
pub(crate) struct Scene {
    /// Has the notes.
    reader: UserId,
    /// Creates notes, and so never changes what the reader's requests cost.
    writer: UserId,
    /// The path of the first note.
    path: String,
    content_bytes: usize,
    body: Bytes,
    memory: Api<MemoryNoteStore>,
    dynamo: Api<DynamoNoteStore>,
    gateway: Gateway<DynamoNoteStore>,
}

impl Scene {
    /// Creates the notes, through the API.
    pub(crate) async fn new(content_bytes: usize) -> Result<Self, Box<dyn Error>> {
        let reader: UserId = "reader".parse()?;
        // A text with line ends, which JSON escapes.
        let line = "A line of a note has about forty letters.\n";
        let content: String = line.chars().cycle().take(content_bytes).collect();
        let body: Bytes = json!({"title": "A title", "content": content})
            .to_string()
            .into();
        let memory = Api::new(Notes::new(MemoryNoteStore::new()));
        let mut notes: Vec<Value> = Vec::new();
        for _ in 0..LISTED {
            let request = request(&Method::POST, "/notes", &reader, &body)?;
            let created = Call::Memory(memory.clone(), request).serve().await?;
            notes.push(serde_json::from_slice(&created)?);
        }
        let client = StubEngine::new(&notes)?.client();
        let dynamo = Api::new(Notes::new(DynamoNoteStore::new(client, "notes")));
        Ok(Self {
            reader,
            writer: "writer".parse()?,
            path: format!("/notes/{}", text(&notes[0], "id")?),
            content_bytes,
            body,
            memory,
            gateway: Gateway::new(dynamo.clone(), "jwt:sub".parse()?),
            dynamo,
        })
    }

    /// How many bytes the content of each note has.
    pub(crate) fn content_bytes(&self) -> u64 {
        u64::try_from(self.content_bytes).unwrap_or(u64::MAX)
    }

    /// A request, ready to be served.
    pub(crate) fn call(&self, operation: Operation, way: Way) -> Result<Call, Box<dyn Error>> {
        let (path, query) = match operation {
            Operation::Create => ("/notes", String::new()),
            Operation::List => ("/notes", format!("limit={LISTED}")),
            Operation::Get | Operation::Update => (&*self.path, String::new()),
        };
        let user = match operation {
            Operation::Create => &self.writer,
            _ => &self.reader,
        };
        let body = match operation {
            Operation::Create | Operation::Update => self.body.clone(),
            Operation::Get | Operation::List => Bytes::new(),
        };
        let method = operation.method();
        let request = request(&method, &format!("{path}?{query}"), user, &body)?;
        Ok(match way {
            Way::Memory => Call::Memory(self.memory.clone(), request),
            Way::Dynamo => Call::Dynamo(self.dynamo.clone(), request),
            Way::Lambda => {
                let route = match operation {
                    Operation::Create | Operation::List => "/notes",
                    Operation::Get | Operation::Update => "/notes/{id}",
                };
                let event = json!({
                    "version": "2.0",
                    "routeKey": format!("{method} {route}"),
                    "rawPath": path,
                    "rawQueryString": query,
                    "headers": {"content-type": "application/json"},
                    "pathParameters": {"id": self.path.trim_start_matches("/notes/")},
                    "requestContext": {
                        "authorizer": {"jwt": {"claims": {"sub": user}}},
                        "http": {"method": method.as_str(), "path": path},
                        "stage": "$default",
                    },
                    "body": std::str::from_utf8(&body)?,
                    "isBase64Encoded": false,
                });
                Call::Lambda(self.gateway.clone(), event.to_string().into())
            }
        })
    }
}

/// A request as a server has it when it has read the body, and knows the user.
fn request(
    method: &Method,
    uri: &str,
    user: &UserId,
    body: &Bytes,
) -> http::Result<Request<Full<Bytes>>> {
    Request::builder()
        .method(method)
        .uri(uri)
        .header("content-type", "application/json")
        .extension(user.clone())
        .body(Full::from(body.clone()))
}

/// A request and what serves it.
#[derive(Debug)]
pub(crate) enum Call {
    Memory(Api<MemoryNoteStore>, Request<Full<Bytes>>),
    Dynamo(Api<DynamoNoteStore>, Request<Full<Bytes>>),
    Lambda(Gateway<DynamoNoteStore>, Bytes),
}

impl Call {
    /// Serves the request, and returns the bytes of the response.
    pub(crate) async fn serve(self) -> Result<Bytes, Box<dyn Error>> {
        let response = match self {
            Self::Memory(mut api, request) => api.call(request).await,
            Self::Dynamo(mut api, request) => api.call(request).await,
            Self::Lambda(mut gateway, event) => {
                let event: Value = serde_json::from_slice(&event)?;
                let mut context = Context::default();
                let deadline = SystemTime::now() + Duration::from_mins(1);
                context.deadline = u64::try_from(deadline.duration_since(UNIX_EPOCH)?.as_millis())?;
                let Ok(response) = gateway.call(LambdaEvent::new(event, context)).await;
                return Ok(serde_json::to_vec(&response)?.into());
            }
        };
        let Ok(response) = response;
        let Ok(body) = response.into_body().collect().await;
        Ok(body.to_bytes())
    }
}
