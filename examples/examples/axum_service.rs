//! The notes API inside an axum application, beside routes of its own, for users whom it knows itself.
//!
//! This application gives each user a key, and keeps the keys' digests.
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

/// The users by the digests of their keys.
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

/// The application. The notes API is two of its paths: below a prefix, a
/// `PathPrefix` among a request's extensions tells it that.
pub(crate) fn app<S: NoteStore + 'static>(notes: Notes<S>, keys: Keys) -> Router {
    let api = Api::new(notes);
    Router::new()
        .route_service("/notes", api.clone())
        .route_service("/notes/{id}", api)
        .layer(from_fn(report))
        .route("/me", get(me))
        .layer(from_fn_with_state(Arc::new(keys), authenticate))
        .route("/health", get(async || "fine\n"))
}

/// Says who the user is, to all routes below. Where nobody is known, each route decides what then.
async fn authenticate(State(keys): State<Arc<Keys>>, mut request: Request, next: Next) -> Response {
    let header = request.headers().get(AUTHORIZATION);
    let key = header.and_then(|it| {
        let (scheme, key) = it.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(key)
    });
    if let Some(user) = key.and_then(|it| keys.user(it)).cloned() {
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}

/// What failed in the store is for the operator. The API's answers say nothing of it.
async fn report(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let report: Option<&Diagnostics> = response.extensions().get();
    if let Some(error) = report.and_then(|it| it.error.as_deref()) {
        eprintln!("{}", ErrorChain(error));
    }
    response
}

/// A route of the application for its users.
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
    // In DynamoDB: DynamoNoteStore::new(notes_dynamo::client_from_env()?, "notes")
    let notes = Notes::new(MemoryNoteStore::new());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 3000)).await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(notes, keys)).await?;
    Ok(())
}
