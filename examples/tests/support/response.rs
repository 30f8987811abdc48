use reqwest::header::HeaderMap;
use reqwest::{Request, RequestBuilder};
use serde_json::Value;

use super::behind_gateway;

/// A response, read as a whole.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// The response to a request.
pub(crate) async fn send(request: RequestBuilder) -> Response {
    let (http, request) = request.build_split();
    Response::to(&http, request.unwrap())
        .await
        .unwrap_or_else(|error| panic!("no response: {error:?}"))
}

impl Response {
    /// The response to a request, or why there is none.
    pub(crate) async fn to(http: &reqwest::Client, request: Request) -> reqwest::Result<Self> {
        let response = http.execute(request).await?;
        Ok(Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await?,
        })
    }

    /// Itself, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?} {}", self.headers, self.body);
        self
    }

    /// Itself, if it is a problem document with this status and of the type with this slug, that
    /// tells nothing of what is inside.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, slug: &str) -> Self {
        let response = self.expect(status);
        assert_eq!(response.header("content-type"), "application/problem+json");
        let problem = response.json();
        assert_eq!(problem["status"], status);
        let of_type = problem["type"].as_str().unwrap();
        assert!(of_type.ends_with(&format!("#{slug}")), "{of_type}");
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        let text = response.body.to_lowercase();
        for internal in ["dynamo", "exception", "panick", ".rs:", "serde", "sqlite"] {
            assert!(!text.contains(internal), "{text}");
        }
        response
    }

    /// Itself, if it says that the request does not tell who sends it. A gateway says so in its
    /// own words, before the API.
    #[track_caller]
    pub(crate) fn expect_unauthenticated(self) -> Self {
        if behind_gateway() {
            return self.expect(401);
        }
        let response = self.expect_problem(401, "unauthenticated");
        assert_eq!(response.header("www-authenticate"), "Bearer");
        response
    }

    /// The header with this name, which has to be there.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_else(|| panic!("no {name} in {:?}", self.headers))
    }

    pub(crate) fn has(&self, header: &str) -> bool {
        self.headers.contains_key(header)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }

    /// The id of the note in it.
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    /// The notes of the page in it.
    #[track_caller]
    pub(crate) fn items(&self) -> Vec<Value> {
        self.json()["items"].as_array().unwrap().clone()
    }

    /// The cursor of the page in it.
    #[track_caller]
    pub(crate) fn next_cursor(&self) -> Option<String> {
        let next = &self.json()["nextCursor"];
        next.as_str().map(str::to_owned)
    }
}
