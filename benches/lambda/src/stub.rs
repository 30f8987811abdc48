//! What stands in place of DynamoDB: a server over TLS that responds at once with fixed items, whatever was stored.
//! What remains is the function's own work.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::Result;
use crate::events::{NOTES, item};

/// The stub, which runs until the program ends.
#[derive(Debug)]
pub(crate) struct Stub {
    pub(crate) url: String,
    /// The certificates that a function has to trust.
    pub(crate) roots: PathBuf,
    connections: Arc<AtomicU64>,
}

/// The responses, rendered once.
struct Responses {
    get: String,
    query: String,
    update: String,
}

impl Stub {
    /// Starts it with the certificates in this directory, and so many bytes of text in each note.
    pub(crate) async fn start(certificates: &Path, content_bytes: usize) -> Result<Self> {
        let connections = Arc::<AtomicU64>::default();
        let listener = TlsListener {
            connections: Arc::clone(&connections),
            tcp: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
            tls: TlsAcceptor::from(Arc::new(tls(certificates)?)),
        };
        let url = format!("https://{}", listener.tcp.local_addr()?);
        let items: Vec<_> = (1..=NOTES)
            .map(|number| item(number, content_bytes))
            .collect();
        let responses = Responses {
            get: json!({"Item": items[0]}).to_string(),
            query: json!({"Items": items, "Count": NOTES, "ScannedCount": NOTES}).to_string(),
            update: json!({"Attributes": items[0]}).to_string(),
        };
        let router = Router::new().route("/", post(respond));
        let router = router.with_state(Arc::new(responses));
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self {
            url,
            roots: certificates.join("roots.pem").canonicalize()?,
            connections,
        })
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn respond(
    State(responses): State<Arc<Responses>>,
    headers: HeaderMap,
    body: String,
) -> impl IntoResponse {
    let target = headers.get("x-amz-target");
    let target = target.map_or(&[][..], |target| target.as_bytes());
    let request: Value = serde_json::from_str(&body).unwrap_or_default();
    let response = match target {
        b"DynamoDB_20120810.GetItem" => responses.get.clone(),
        b"DynamoDB_20120810.Query" => responses.query.clone(),
        b"DynamoDB_20120810.UpdateItem" if request["ReturnValues"] == "ALL_NEW" => {
            responses.update.clone()
        }
        _ => "{}".to_owned(),
    };
    ([("content-type", "application/x-amz-json-1.0")], response)
}

fn tls(certificates: &Path) -> Result<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(certificates.join("chain.pem"))?;
    let chain = chain.collect::<std::result::Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(certificates.join("leaf.key"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?)
}

/// Accepts connections over TLS.
struct TlsListener {
    connections: Arc<AtomicU64>,
    tcp: TcpListener,
    tls: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.tcp).await;
            self.connections.fetch_add(1, Ordering::Relaxed);
            let _ = stream.set_nodelay(true);
            // One function runs at a time, so nobody waits while a handshake is under way.
            if let Ok(stream) = self.tls.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
