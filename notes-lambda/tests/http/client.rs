//! A client of the service, in process.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Extensions, HeaderMap, Method, Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use notes_core::{MemoryNoteStore, NoteId, NoteStore, Notes, SyncSettings, Timestamp, UserId};
use notes_lambda::{Api, PathPrefix};
use serde_json::{Value, json};
use tower_service::Service;

use crate::description::{Claim, borne_out};

pub(crate) struct Client<S> {
    pub(crate) api: Api<S>,
    pub(crate) user: UserId,
    pub(crate) store: S,
    clock: Arc<AtomicU64>,
}

/// A client of an empty store, at a fixed time.
pub(crate) fn client() -> Client<MemoryNoteStore> {
    let store = MemoryNoteStore::new();
    let clock = Arc::new(AtomicU64::new(1_795_373_220_123));
    let time = Arc::clone(&clock);
    let notes = Notes::new(store.clone())
        .with_sync(SyncSettings::new("first"))
        .with_clock(move || Timestamp::from_millis(time.load(Ordering::SeqCst)));
    Client {
        api: Api::new(notes),
        user: "alice".parse().unwrap(),
        store,
        clock,
    }
}

pub(crate) fn milk() -> Value {
    json!({"title": "Milk", "content": "2 litres"})
}

impl<S: NoteStore + 'static> Client<S> {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.load(Ordering::SeqCst))
    }

    pub(crate) fn wait_millis(&self, millis: u64) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    /// An id dated so many milliseconds from now.
    pub(crate) fn id_at(&self, millis: i64) -> NoteId {
        let at = self.now().as_millis().saturating_add_signed(millis);
        NoteId::generate(Timestamp::from_millis(at))
    }

    pub(crate) fn call(&self, method: Method, uri: &str) -> Call<S> {
        call(&self.api, &self.user, method, uri)
    }

    pub(crate) fn get(&self, uri: &str) -> Call<S> {
        self.call(Method::GET, uri)
    }

    pub(crate) fn head(&self, uri: &str) -> Call<S> {
        self.call(Method::HEAD, uri)
    }

    pub(crate) fn delete(&self, uri: &str) -> Call<S> {
        self.call(Method::DELETE, uri)
    }

    pub(crate) fn post(&self, body: impl ToString) -> Call<S> {
        self.call(Method::POST, "/notes")
            .header("content-type", "application/json")
            .body(body)
    }

    pub(crate) fn patch(&self, uri: &str, body: impl ToString) -> Call<S> {
        self.call(Method::PATCH, uri)
            .header("content-type", "application/merge-patch+json")
            .body(body)
    }

    /// Creates a note and returns its path and its tag.
    pub(crate) async fn note(&self) -> (String, String) {
        let response = self.post(milk()).send().await;
        assert_eq!(response.status, StatusCode::CREATED);
        (
            response.header("location").to_owned(),
            response.header("etag").to_owned(),
        )
    }
}

pub(crate) fn call<S: NoteStore + 'static>(
    api: &Api<S>,
    user: &UserId,
    method: Method,
    uri: &str,
) -> Call<S> {
    let mut request = Request::new(Full::default());
    *request.method_mut() = method;
    *request.uri_mut() = uri.parse().unwrap();
    request.extensions_mut().insert(user.clone());
    Call {
        api: api.clone(),
        request,
    }
}

/// A request to send.
pub(crate) struct Call<S> {
    api: Api<S>,
    request: Request<Full<Bytes>>,
}

impl<S: NoteStore + 'static> Call<S> {
    pub(crate) fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        let value = value.to_string().into_bytes().try_into().unwrap();
        self.request.headers_mut().append(name, value);
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    pub(crate) fn body(mut self, body: impl ToString) -> Self {
        *self.request.body_mut() = Full::from(body.to_string());
        self
    }

    /// What a server took away from the front of the path.
    pub(crate) fn below(mut self, prefix: &str) -> Self {
        let prefix = PathPrefix::new(prefix);
        self.request.extensions_mut().insert(prefix);
        self
    }

    pub(crate) fn user(mut self, user: &str) -> Self {
        let user: UserId = user.parse().unwrap();
        self.request.extensions_mut().insert(user);
        self
    }

    pub(crate) fn nobody(mut self) -> Self {
        self.request.extensions_mut().clear();
        self
    }

    pub(crate) async fn send(self) -> Response {
        self.send_body(|body| body).await
    }

    /// Sends the request with its body as this makes it.
    pub(crate) async fn send_body<B>(mut self, body: impl FnOnce(Full<Bytes>) -> B) -> Response
    where
        B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        let (method, uri) = (self.request.method().clone(), self.request.uri().clone());
        let response = self.api.call(self.request.map(body)).await;
        let (head, body) = response.unwrap_or_else(|never| match never {}).into_parts();
        let mut response = Response {
            status: head.status,
            headers: head.headers,
            extensions: head.extensions,
            body: body.collect().await.unwrap().to_bytes(),
            claims: BTreeSet::new(),
        };
        response.claims = borne_out(&method, uri.path(), &response);
        response
    }
}

pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) extensions: Extensions,
    pub(crate) body: Bytes,
    /// What the description says that this response bears out.
    pub(crate) claims: BTreeSet<Claim>,
}

impl Response {
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .unwrap_or_else(|| panic!("no {name}"))
            .to_str()
            .unwrap()
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Checks that it is a problem document of this type and status.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, slug: &str) -> &Self {
        let document = self.json();
        let of_type = "https://docs.rs/notes-lambda/latest/notes_lambda/problems/index.html#";
        assert_eq!(document["type"], format!("{of_type}{slug}"), "{document}");
        assert_eq!(document["status"], status);
        assert_eq!(self.status.as_u16(), status);
        assert!(document["title"].is_string() && document["detail"].is_string());
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        self
    }

    /// Where the errors are that it lists.
    pub(crate) fn places(&self) -> Vec<String> {
        let document = self.json();
        let errors = document["errors"].as_array().unwrap().iter();
        errors
            .map(|error| {
                assert!(error["detail"].is_string());
                let place = error["pointer"].as_str().or(error["parameter"].as_str());
                place.unwrap().to_owned()
            })
            .collect()
    }

    pub(crate) fn titles(&self) -> Vec<String> {
        let document = self.json();
        let items = document["items"].as_array().unwrap().iter();
        items
            .map(|item| item["title"].as_str().unwrap().to_owned())
            .collect()
    }
}
