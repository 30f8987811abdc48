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
use notes_lambda::{Api, CorsOrigins, InvalidCorsOrigins};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::page;

/// The notes API on a loopback port, with a page to try it on at `/docs`, for development: the text of
/// the bearer token *is* the user id, and nobody checks it. That is why there is no way to make it
/// listen on any other address, and why it answers to no other name than `127.0.0.1` and `localhost`.
///
/// Pages of `http://localhost` and `http://127.0.0.1` may call it from a browser, whatever their port:
/// those of a development server.
#[derive(Debug)]
pub struct LocalApi {
    listener: TcpListener,
    address: SocketAddr,
    cors_origins: CorsOrigins,
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
        Ok(Self {
            listener,
            address,
            cors_origins: cors_origins(&[]).map_err(io::Error::other)?,
        })
    }

    /// Lets pages of these origins call it from a browser, too.
    ///
    /// # Errors
    /// When one of them is no origin.
    pub fn with_cors_origins(mut self, more: &[String]) -> Result<Self, InvalidCorsOrigins> {
        self.cors_origins = cors_origins(more)?;
        Ok(self)
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
            .fallback_service(Api::new(notes).with_cors_origins(self.cors_origins))
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

/// Those of development servers, and more.
fn cors_origins(more: &[String]) -> Result<CorsOrigins, InvalidCorsOrigins> {
    let origins = ["http://localhost:*", "http://127.0.0.1:*"];
    let more = more.iter().map(String::as_str);
    let origins: Vec<_> = origins.into_iter().chain(more).collect();
    origins.join(",").parse()
}

/// A name that somebody made point to this machine is no name of ours: a page of theirs must not speak
/// for a user here ([DNS rebinding](https://en.wikipedia.org/wiki/DNS_rebinding)).
///
/// HTTP has three ways to say a name: the header `Host`, the URI of a request to a proxy, and `:authority`
/// of HTTP/2, which arrives as the request's URI. Each that there is has to be ours.
async fn refuse_other_hosts(
    State(address): State<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers().get_all(HOST);
    let authority = request.uri().authority();
    let mut said: Vec<_> = headers.iter().map(HeaderValue::as_bytes).collect();
    let has_several_headers = said.len() > 1;
    said.extend(authority.map(|authority| authority.as_str().as_bytes()));
    let (status, why) = if said.is_empty() || has_several_headers {
        (StatusCode::BAD_REQUEST, "A request names its host once.\n")
    } else if said.into_iter().all(|host| is_ours(host, address.port())) {
        return next.run(request).await;
    } else {
        let why = "This server is for local programs: it answers to 127.0.0.1 and localhost.\n";
        (StatusCode::MISDIRECTED_REQUEST, why)
    };
    (status, [(CONNECTION, "close")], why).into_response()
}

fn is_ours(host: &[u8], port: u16) -> bool {
    ["127.0.0.1", "localhost"].iter().any(|name| {
        host.eq_ignore_ascii_case(format!("{name}:{port}").as_bytes())
            // The port of http is left out by those who know it.
            || port == 80 && host.eq_ignore_ascii_case(name.as_bytes())
    })
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
