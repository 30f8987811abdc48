use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONNECTION, HOST};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use notes_core::{NoteStore, Notes, UserId};
use notes_lambda::Api;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::page;

/// The notes API on a loopback port, with a page to try it on at `/docs`, for development: the text of
/// the bearer token *is* the user id, and nobody checks it. That is why there is no way to make it
/// listen on any other address, and why it answers to no other name than `127.0.0.1` and `localhost`.
#[derive(Debug)]
pub struct LocalApi {
    listener: TcpListener,
    address: SocketAddr,
}

/// How long requests under way may take once the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);

impl LocalApi {
    /// Takes the port; 0 for any that is free.
    ///
    /// # Errors
    /// When the port can't be had.
    pub async fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The API's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers requests until `stop`, then finishes those under way.
    ///
    /// # Errors
    /// None after the port was bound.
    pub async fn serve<S: NoteStore + 'static>(
        self,
        notes: Notes<S>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let app = page::routes()
            .fallback_service(Api::new(notes))
            .layer(middleware::from_fn(identify))
            .layer(middleware::from_fn_with_state(
                self.address,
                refuse_other_hosts,
            ));
        let (stopping, stopped) = oneshot::channel::<Infallible>();
        let stop = async move {
            stop.await;
            drop(stopping);
        };
        let grace = async {
            let _ = stopped.await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            served = axum::serve(self.listener, app).with_graceful_shutdown(stop) => served,
            // Someone holds a connection on which half a request came.
            () = grace => Ok(()),
        }
    }
}

/// A name that somebody made point to this machine is no name of ours: a page of theirs must not speak
/// for a user here ([DNS rebinding](https://en.wikipedia.org/wiki/DNS_rebinding)).
async fn refuse_other_hosts(
    State(address): State<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let is_ours = |host: &HeaderValue| {
        let port = address.port();
        let ours = ["127.0.0.1", "localhost"].map(|it| format!("{it}:{port}"));
        ours.iter().any(|it| host.as_bytes() == it.as_bytes())
    };
    if request.headers().get(HOST).is_none_or(is_ours) {
        return next.run(request).await;
    }
    let said = "This server is for local programs: it answers to 127.0.0.1 and localhost.\n";
    let close = [(CONNECTION, "close")];
    (StatusCode::MISDIRECTED_REQUEST, close, said).into_response()
}

/// Development identity: the bearer token's text is the user id.
async fn identify(mut request: Request, next: Next) -> Response {
    let user = request.headers().get(AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        let token = scheme
            .eq_ignore_ascii_case("Bearer")
            .then(|| token.trim())?;
        token.parse::<UserId>().ok()
    });
    if let Some(user) = user {
        request.extensions_mut().insert(user);
    }
    let has_body = !request.body().is_end_stream();
    let takes_body = [Method::POST, Method::PATCH].contains(request.method());
    let mut response = next.run(request).await;
    // A body that nobody reads to its end ends the connection: the client has to know, or its next
    // request on it meets the end.
    if has_body && !(takes_body && response.status().is_success()) {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}
