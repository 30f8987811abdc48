//! The Runtime API of Lambda, for one process of a function.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::Result;

/// What a function did.
#[derive(Debug)]
pub(crate) enum Step {
    /// It asked for an event.
    Ready,
    /// It responded, at this time.
    Responded(Instant, Bytes),
    /// It reported an error, of an invocation or of its start.
    Failed(String),
}

/// A Runtime API on a port of its own, until it is dropped.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    pub(crate) events: UnboundedSender<Vec<u8>>,
    pub(crate) steps: UnboundedReceiver<Step>,
    server: JoinHandle<()>,
}

struct Shared {
    events: Mutex<UnboundedReceiver<Vec<u8>>>,
    steps: UnboundedSender<Step>,
    invocations: AtomicU64,
}

/// How long a function may take for an invocation: longer than any measurement.
const TIMEOUT: Duration = Duration::from_mins(10);

impl RuntimeApi {
    pub(crate) async fn start() -> Result<Self> {
        let (events, receiver) = unbounded_channel();
        let (sender, steps) = unbounded_channel();
        let shared = Arc::new(Shared {
            events: Mutex::new(receiver),
            steps: sender,
            invocations: AtomicU64::new(0),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let runtime = "/2018-06-01/runtime";
        let router = Router::new()
            .route(&format!("{runtime}/invocation/next"), get(next))
            .route(
                &format!("{runtime}/invocation/{{id}}/response"),
                post(responded),
            )
            .route(&format!("{runtime}/invocation/{{id}}/error"), post(failed))
            .route(&format!("{runtime}/init/error"), post(failed))
            .with_state(shared);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            events,
            steps,
            server,
        })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let _ = shared.steps.send(Step::Ready);
    let Some(event) = shared.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let number = shared.invocations.fetch_add(1, Ordering::Relaxed);
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let deadline = since.unwrap_or_default() + TIMEOUT;
    let headers = [
        ("content-type", "application/json".to_owned()),
        (
            "lambda-runtime-aws-request-id",
            format!("00000000-0000-4000-8000-{number:012x}"),
        ),
        (
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        ),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:bench".to_owned(),
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0".to_owned(),
        ),
    ];
    (headers, event).into_response()
}

async fn responded(
    State(shared): State<Arc<Shared>>,
    Path(_): Path<String>,
    body: Bytes,
) -> StatusCode {
    let _ = shared.steps.send(Step::Responded(Instant::now(), body));
    StatusCode::ACCEPTED
}

async fn failed(State(shared): State<Arc<Shared>>, body: String) -> StatusCode {
    let _ = shared.steps.send(Step::Failed(body));
    StatusCode::ACCEPTED
}
