//! The notes API inside an axum application that has routes and users of its own.
//!
//! This application gives each user a key, and keeps only the keys' digests.
//!
//! ```sh
//! cargo run --example axum_service alice=open-sesame bob=xyzzy
//! curl -i http://127.0.0.1:3000/notes -H 'Authorization: Bearer open-sesame'
//! ```
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that a person starts"
)]

use std::collections::HashMap;
use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use notes_core::{ErrorChain, MemoryNoteStore, NoteStore, Notes, UserId};
use notes_lambda::{Api, Diagnostics};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

/// The users, by the digests of their keys.
#[derive(Debug, Default)]
pub(crate) struct Keys(HashMap<[u8; 32], UserId>);

impl Keys {
    /// Reads lines such as `alice=open-sesame`.
    pub(crate) fn read(
        lines: impl IntoIterator<Item = String>,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let read = |line: String| {
            let (user, key) = line.split_once('=').ok_or("a user is given as NAME=KEY")?;
            Ok((Sha256::digest(key).into(), user.parse()?))
        };
        lines
            .into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn user(&self, key: &str) -> Option<&UserId> {
        self.0.get::<[u8; 32]>(&Sha256::digest(key).into())
    }
}

/// The application. The notes API is two of its paths. If they are mounted below a prefix, put a `PathPrefix` into each
/// request's extensions, so that `Location` has it too.
pub(crate) fn app<S: NoteStore + 'static>(notes: Notes<S>, keys: Keys) -> Router {
    let api = Api::new(notes);
    Router::new()
        .route_service("/notes", api.clone())
        .route_service("/notes/{id}", api)
        .layer(from_fn(log_errors))
        .route("/me", get(me))
        .layer(from_fn_with_state(Arc::new(keys), authenticate))
        .route("/health", get(async || "fine\n"))
}

/// Tells all routes inside this layer who the user is. Without a valid key there is none, and each route decides what
/// that means for it.
async fn authenticate(State(keys): State<Arc<Keys>>, mut request: Request, next: Next) -> Response {
    let header = request.headers().get(AUTHORIZATION);
    let key = header.and_then(|value| {
        let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(key)
    });
    if let Some(user) = key.and_then(|key| keys.user(key)).cloned() {
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}

/// Logs errors of the store. They are for the operator only: the API's responses say nothing of them.
async fn log_errors(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let diagnostics: Option<&Diagnostics> = response.extensions().get();
    if let Some(error) = diagnostics.and_then(|diagnostics| diagnostics.error.as_deref()) {
        eprintln!("{}", ErrorChain(error));
    }
    response
}

/// A route of the application's own.
async fn me(user: Option<Extension<UserId>>) -> Response {
    let Some(Extension(user)) = user else {
        let challenge = [(WWW_AUTHENTICATE, "Bearer")];
        return (StatusCode::UNAUTHORIZED, challenge, "Who are you?\n").into_response();
    };
    format!("You are {}.\n", user.as_str()).into_response()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let keys = Keys::read(std::env::args().skip(1))?;
    // To keep the notes in DynamoDB: DynamoNoteStore::new(notes_dynamo::client_from_env()?, "notes")
    let notes = Notes::new(MemoryNoteStore::new());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 3000)).await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(notes, keys)).await?;
    Ok(())
}
