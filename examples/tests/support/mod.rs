//! What the tests of the HTTP API share: a server, users who ask it, and its responses.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "each test binary uses its part; a failed unwrap fails the test; a test that is skipped says so"
)]

pub(crate) mod in_process;
pub(crate) mod response;
pub(crate) mod user;
pub(crate) mod wire;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use serde_json::{Value, json};
use uuid::Uuid;

use in_process::Requests;
use user::User;

/// When set, the tests ask the server at this URL. The text of a bearer token is the user id there,
/// unless [`TOKENS_VARIABLE`] is set.
const URL_VARIABLE: &str = "NOTES_TEST_URL";

/// When set too, the server is behind an API gateway, which lets in whom it knows: each line of the
/// file with this name is the JSON Web Token of another user whom nobody has seen before.
const TOKENS_VARIABLE: &str = "NOTES_TEST_TOKENS";

/// Whether the tests reach the API through a gateway.
pub(crate) fn behind_gateway() -> bool {
    std::env::var_os(TOKENS_VARIABLE).is_some()
}

/// Whether the tests reach the API through a gateway; says then that this is skipped.
pub(crate) fn skip_behind_gateway(what: &str) -> bool {
    if behind_gateway() {
        println!("skipped, because {TOKENS_VARIABLE} is set: {what}");
    }
    behind_gateway()
}

/// How long anything that has to happen may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A server of the notes API.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    /// What lies below the API, where that is in this process.
    pub(crate) below: Option<Below>,
}

/// The engine below an API.
#[derive(Debug)]
pub(crate) struct Below {
    engine: String,
    /// What the API has sent to the engine.
    pub(crate) requests: Requests,
    _stop: tokio::sync::oneshot::Sender<std::convert::Infallible>,
}

impl Server {
    /// The one server that the tests of this binary share: the running one at [`URL_VARIABLE`], or
    /// else one in this process.
    pub(crate) fn shared() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(|| Self::running().unwrap_or_else(Self::in_process))
    }

    /// A server of this test alone, so that its requests can be counted: the running one if there
    /// is one, whose requests nobody counts.
    pub(crate) fn own() -> Self {
        Self::running().unwrap_or_else(Self::in_process)
    }

    fn running() -> Option<Self> {
        let url = std::env::var(URL_VARIABLE).ok()?;
        Some(Self {
            url: url.trim_end_matches('/').to_owned(),
            below: None,
        })
    }

    /// A user whom nobody has seen before.
    pub(crate) fn new_user(&self) -> User {
        if behind_gateway() {
            User::signed_in(&self.url)
        } else {
            User::new(&self.url)
        }
    }

    /// What lies below the API; where it is not in this process, says that what needs it is skipped.
    pub(crate) fn below_or_skip(&self, what: &str) -> Option<&Below> {
        if self.below.is_none() {
            println!("skipped, because {URL_VARIABLE} is set: {what}");
        }
        self.below.as_ref()
    }
}

impl Below {
    /// A client of the engine, beside the API.
    pub(crate) fn client(&self) -> Client {
        notes_testing::client(&self.engine)
    }
}

/// A user of the shared server whom nobody has seen before.
pub(crate) fn new_user() -> User {
    Server::shared().new_user()
}

/// A fresh `Idempotency-Key`.
pub(crate) fn new_key() -> String {
    Uuid::now_v7().to_string()
}

/// A note to create.
pub(crate) fn note(title: &str) -> Value {
    json!({"title": title, "content": "2 litres"})
}

/// The ids of notes, in their order.
pub(crate) fn ids(notes: &[Value]) -> Vec<&str> {
    notes
        .iter()
        .map(|note| note["id"].as_str().unwrap())
        .collect()
}

/// What an attempt yields once it yields something. For what announces itself to nobody.
pub(crate) async fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(yielded) = attempt().await {
            return yielded;
        }
        assert!(started.elapsed() < DEADLINE, "it never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
