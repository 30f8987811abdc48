//! The notes API as a local server for development.

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

/// The notes API on a loopback port, with a page to try it on at `/docs`.
///
/// Only for development: the text of the bearer token *is* the user id, and nothing checks it. So it can't listen on
/// any other address, and it refuses requests for any other host name than `127.0.0.1` and `localhost`.
///
/// Pages of `http://localhost` and `http://127.0.0.1` may call it from a browser, at any port, because that is where
/// development servers are.
#[derive(Debug)]
pub struct LocalApi {
    listener: TcpListener,
    address: SocketAddr,
    cors_origins: CorsOrigins,
}

/// How long requests under way may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

impl LocalApi {
    /// Binds the port; 0 stands for any that is free.
    ///
    /// # Errors
    /// When the port can't be bound.
    pub async fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            cors_origins: cors_origins(&[]).map_err(io::Error::other)?,
        })
    }

    /// Lets pages of these origins call it from a browser, in addition to the default ones.
    ///
    /// # Errors
    /// When one of them is not an origin.
    pub fn with_cors_origins(mut self, more: &[String]) -> Result<Self, InvalidCorsOrigins> {
        self.cors_origins = cors_origins(more)?;
        Ok(self)
    }

    /// The API's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Handles requests until `stop` completes, then finishes those under way.
    ///
    /// # Errors
    /// None are expected after the port was bound; axum's signature has one.
    pub async fn serve<S: NoteStore + 'static>(
        self,
        notes: Notes<S>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let api = Api::new(notes).with_cors_origins(self.cors_origins);
        let app = page::routes(api)
            .layer(middleware::from_fn(identify))
            .layer(middleware::from_fn_with_state(
                self.address,
                refuse_other_hosts,
            ));
        let (stopping, stopped) = oneshot::channel::<Infallible>();
        // Nothing is sent: dropping the sender tells the receiver that the grace period starts.
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
            // The period is over. A client may have sent half a request and hold its connection open for ever.
            () = grace => Ok(()),
        }
    }
}

/// The origins of development servers, and these.
fn cors_origins(more: &[String]) -> Result<CorsOrigins, InvalidCorsOrigins> {
    let origins = ["http://localhost:*", "http://127.0.0.1:*"];
    let more = more.iter().map(String::as_str);
    let origins: Vec<_> = origins.into_iter().chain(more).collect();
    origins.join(",").parse()
}

/// Refuses requests for other host names, against [DNS rebinding](https://en.wikipedia.org/wiki/DNS_rebinding): a page
/// of an attacker whose domain resolves to this machine must not act for a user here.
///
/// A request can name its host in three places: in the header `Host`, in the URI of a request to a proxy, and in
/// `:authority` of HTTP/2, which arrives as the request's URI. All that are present have to name this server.
async fn refuse_other_hosts(
    State(address): State<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers().get_all(HOST);
    let authority = request.uri().authority();
    let mut hosts: Vec<_> = headers.iter().map(HeaderValue::as_bytes).collect();
    let has_several_headers = hosts.len() > 1;
    hosts.extend(authority.map(|authority| authority.as_str().as_bytes()));
    let (status, why) = if hosts.is_empty() || has_several_headers {
        (StatusCode::BAD_REQUEST, "A request names its host once.\n")
    } else if hosts.into_iter().all(|host| is_ours(host, address.port())) {
        return next.run(request).await;
    } else {
        let why = "This server is for local programs: it takes requests to 127.0.0.1 and localhost only.\n";
        (StatusCode::MISDIRECTED_REQUEST, why)
    };
    (status, [(CONNECTION, "close")], why).into_response()
}

/// Whether this is a host name of the server.
fn is_ours(host: &[u8], port: u16) -> bool {
    ["127.0.0.1", "localhost"].iter().any(|name| {
        host.eq_ignore_ascii_case(format!("{name}:{port}").as_bytes())
            // Clients leave out port 80, the default of http.
            || port == 80 && host.eq_ignore_ascii_case(name.as_bytes())
    })
}

/// Takes the text of the bearer token as the user id. Nothing is verified.
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
    // The server closes a connection on which a request body was not read to its end. Without this header, the client
    // would send its next request on it and lose that.
    if has_body && !(takes_body && response.status().is_success()) {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}
