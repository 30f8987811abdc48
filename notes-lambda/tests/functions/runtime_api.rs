//! The [Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) as Lambda
//! serves it to one execution environment.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use notes_testing::serve;
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot, watch};

/// What a function made of an invocation.
#[derive(Debug)]
pub(crate) enum Outcome {
    Response(Value),
    Error(Value),
}

impl Outcome {
    /// The response, whose body, if it has one, is JSON.
    #[track_caller]
    pub(crate) fn response(self) -> Value {
        let mut response = match self {
            Self::Response(response) => response,
            Self::Error(error) => panic!("{error}"),
        };
        if let Ok(body) = serde_json::from_str(response["body"].as_str().unwrap()) {
            response["body"] = body;
        }
        response
    }
}

struct Invocation {
    id: String,
    deadline: Duration,
    event: Vec<u8>,
    /// What Lambda says of who invokes, if anything.
    client_context: Option<&'static str>,
}

struct Shared {
    next: AsyncMutex<mpsc::UnboundedReceiver<Invocation>>,
    /// How often the function asked for an invocation.
    asked: watch::Sender<usize>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
}

#[derive(Clone)]
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    invocations: mpsc::UnboundedSender<Invocation>,
    count: Arc<AtomicUsize>,
    shared: Arc<Shared>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Self {
        let (invocations, next) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            next: AsyncMutex::new(next),
            asked: watch::Sender::new(0),
            waiting: Mutex::default(),
        });
        let runtime = "/2018-06-01/runtime";
        let router = Router::new()
            .route(&format!("{runtime}/invocation/next"), get(next_invocation))
            .route(
                &format!("{runtime}/invocation/{{id}}/response"),
                post(response),
            )
            .route(&format!("{runtime}/invocation/{{id}}/error"), post(error))
            .with_state(Arc::clone(&shared));
        Self {
            address: serve(router).await.unwrap(),
            invocations,
            count: Arc::default(),
            shared,
        }
    }

    /// Waits until the function has asked for so many invocations.
    pub(crate) async fn asked(&self, times: usize) {
        let mut asked = self.shared.asked.subscribe();
        asked.wait_for(|asked| *asked >= times).await.unwrap();
    }

    pub(crate) fn times_asked(&self) -> usize {
        *self.shared.asked.borrow()
    }

    /// Hands this event to the function, and waits for its response.
    pub(crate) async fn invoke(&self, event: impl Into<Vec<u8>>, timeout: Duration) -> Outcome {
        let outcome = self.hand_over(event.into(), timeout, None);
        outcome.await.unwrap()
    }

    /// Hands this event to the function, from a client that says this of itself. The function may end, and then there
    /// is no outcome.
    pub(crate) fn hand_over(
        &self,
        event: Vec<u8>,
        timeout: Duration,
        client_context: Option<&'static str>,
    ) -> oneshot::Receiver<Outcome> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        let id = format!("8476a536-e9f4-11e8-9739-{number:012}");
        let (done, outcome) = oneshot::channel();
        self.shared.waiting.lock().unwrap().insert(id.clone(), done);
        let invocation = Invocation {
            id,
            deadline: now + timeout,
            event,
            client_context,
        };
        self.invocations.send(invocation).unwrap();
        outcome
    }
}

async fn next_invocation(State(shared): State<Arc<Shared>>) -> Response {
    shared.asked.send_modify(|asked| *asked += 1);
    let invocation = shared.next.lock().await.recv().await.unwrap();
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.id),
        (
            "lambda-runtime-deadline-ms",
            invocation.deadline.as_millis().to_string(),
        ),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:123456789012:function:notes".to_owned(),
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".to_owned(),
        ),
        ("content-type", "application/json".to_owned()),
    ];
    let mut response = (headers, invocation.event).into_response();
    if let Some(client_context) = invocation.client_context {
        let name = "lambda-runtime-client-context";
        let value = HeaderValue::from_static(client_context);
        response.headers_mut().insert(name, value);
    }
    response
}

async fn response(shared: State<Arc<Shared>>, id: Path<String>, body: Bytes) -> StatusCode {
    end(&shared, &id, &body, Outcome::Response)
}

async fn error(shared: State<Arc<Shared>>, id: Path<String>, body: Bytes) -> StatusCode {
    end(&shared, &id, &body, Outcome::Error)
}

fn end(shared: &Shared, id: &str, body: &[u8], outcome: fn(Value) -> Outcome) -> StatusCode {
    let Some(waiting) = shared.waiting.lock().unwrap().remove(id) else {
        return StatusCode::BAD_REQUEST;
    };
    let _ = waiting.send(outcome(serde_json::from_slice(body).unwrap()));
    StatusCode::ACCEPTED
}
