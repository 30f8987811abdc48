use std::sync::{LazyLock, Mutex};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use uuid::Uuid;

use super::response::{Response, send};
use super::{Server, TOKENS_VARIABLE};

/// The tokens in the file that [`TOKENS_VARIABLE`] names, which nobody has taken yet.
static TOKENS: LazyLock<Mutex<std::vec::IntoIter<String>>> = LazyLock::new(|| {
    let file = std::env::var(TOKENS_VARIABLE).unwrap();
    let tokens = std::fs::read_to_string(file).unwrap();
    let tokens: Vec<_> = tokens.lines().map(str::to_owned).collect();
    Mutex::new(tokens.into_iter())
});

/// A user of a server.
///
/// Connections belong to the runtime that opened them, and each test has its own; so has each user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) url: String,
    pub(crate) http: Client,
}

impl User {
    /// A user, whose token is the user id, of the server at this URL whom nobody has seen before.
    pub(crate) fn new(url: &str) -> Self {
        let id = format!("user-{}", Uuid::now_v7());
        Self::with_token(id.clone(), id, url)
    }

    /// The next of the users who have signed in.
    pub(crate) fn signed_in(url: &str) -> Self {
        let token = TOKENS.lock().unwrap().next().expect("one more token");
        let claims = token.split('.').nth(1).unwrap();
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        Self::with_token(claims["sub"].as_str().unwrap().to_owned(), token, url)
    }

    fn with_token(id: String, token: String, url: &str) -> Self {
        Self {
            id,
            token,
            url: url.to_owned(),
            http: Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// The server's name, as in a `Host` header.
    pub(crate) fn host(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// A request of this user.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.token)
    }

    /// A request that does not say who sends it.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// The request that creates a note under this key.
    pub(crate) fn creation(&self, key: &str, note: &Value) -> RequestBuilder {
        self.request(Method::POST, "/notes")
            .header("Idempotency-Key", key)
            .json(note)
    }

    /// The request that changes a note.
    pub(crate) fn change(&self, id: &str, patch: &Value) -> RequestBuilder {
        self.request(Method::PATCH, &format!("/notes/{id}"))
            .json(patch)
    }

    pub(crate) async fn create(&self, note: &Value) -> Response {
        send(self.request(Method::POST, "/notes").json(note)).await
    }

    pub(crate) async fn create_as(&self, key: &str, note: &Value) -> Response {
        send(self.creation(key, note)).await
    }

    /// The response to a creation: asks again while another process, which may be on a slow disk or
    /// behind a slow gateway, does not say in time whether it has happened. The key makes that safe.
    pub(crate) async fn until_known(&self, mut response: Response, note: &Value) -> Response {
        const TIMES: usize = 10;
        for _ in 0..TIMES {
            let may_repeat = response.status == 503 && response.has("idempotency-key");
            if !may_repeat || Server::shared().below.is_some() {
                break;
            }
            println!("asked again, because of: {}", response.body);
            response = self
                .create_as(response.header("idempotency-key"), note)
                .await;
        }
        response
    }

    pub(crate) async fn get(&self, id: &str) -> Response {
        send(self.request(Method::GET, &format!("/notes/{id}"))).await
    }

    pub(crate) async fn patch(&self, id: &str, patch: &Value) -> Response {
        send(self.change(id, patch)).await
    }

    pub(crate) async fn delete(&self, id: &str) -> Response {
        send(self.request(Method::DELETE, &format!("/notes/{id}"))).await
    }

    /// The page with this query.
    pub(crate) async fn list(&self, query: &str) -> Response {
        send(self.request(Method::GET, &format!("/notes?{query}"))).await
    }

    /// All pages of a list with this query, one after the other.
    pub(crate) async fn pages(&self, query: &str) -> Vec<Response> {
        let mut pages = vec![self.list(query).await.expect(200)];
        while let Some(cursor) = pages.last().and_then(Response::next_cursor) {
            let next = self.list(&format!("{query}&cursor={cursor}")).await;
            pages.push(next.expect(200));
            assert!(pages.len() <= 1_000, "the pages have no end");
        }
        pages
    }

    /// All notes, by the largest pages.
    pub(crate) async fn all(&self) -> Vec<Value> {
        let pages = self.pages("limit=100").await;
        pages.iter().flat_map(Response::items).collect()
    }
}
