//! An HTTP client of the SDK that speaks HTTP/1.1, as DynamoDB does, over TLS by `rustls` with `ring`.
//!
//! Connections and their pool are `hyper`'s. The SDK's own client is made of the same parts, but brings HTTP/2 and
//! proxies along, which are a tenth of a function (docs/adr/0012-http-1.md).

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_dynamodb::config::{
    ConfigBag, HttpClient, RuntimeComponents, RuntimeComponentsBuilder, SharedHttpClient,
};
use aws_sdk_dynamodb::error::{BoxError, ConnectorError};
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::{
    CaptureConnection, HttpConnector as TcpConnector, capture_connection,
};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::{CryptoProvider, KeyProvider, ring};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;
use tower_service::Service;

use crate::causes::causes;

type Https = HttpsConnector<TcpConnector>;

/// A client that trusts the authorities that this gives. It is asked when a client of the SDK is made, and not if that
/// has another HTTP client.
pub(super) fn http_client_trusting(
    roots: impl FnOnce() -> Arc<RootCertStore> + Send + 'static,
) -> SharedHttpClient {
    SharedHttpClient::new(Connectors {
        https: LazyLock::new(Box::new(|| https(roots()))),
        by_timeouts: Mutex::default(),
    })
}

fn https(roots: Arc<RootCertStore>) -> Https {
    let provider = CryptoProvider {
        key_provider: &NoPrivateKeys,
        ..ring::default_provider()
    };
    let mut tls = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for each version of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A server that speaks only HTTP/2 then refuses the connection, before anything is sent.
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut tcp = TcpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    HttpsConnector::from((tcp, tls))
}

/// The client has no certificate of its own. Otherwise a program would contain all that signs with a private key.
#[derive(Debug)]
struct NoPrivateKeys;

impl KeyProvider for NoPrivateKeys {
    fn load_private_key(
        &self,
        _: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General(
            "there are no private keys".to_owned(),
        ))
    }
}

/// One connector, with its pool of connections, for each set of timeouts that the clients of the SDK have.
struct Connectors {
    https: LazyLock<Https, Box<dyn FnOnce() -> Https + Send>>,
    by_timeouts: Mutex<HashMap<[Option<Duration>; 2], SharedHttpConnector>>,
}

impl fmt::Debug for Connectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connectors").finish_non_exhaustive()
    }
}

impl HttpClient for Connectors {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let (connect_timeout, read_timeout) = (settings.connect_timeout(), settings.read_timeout());
        let mut connectors = self
            .by_timeouts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let connector = connectors
            .entry([connect_timeout, read_timeout])
            .or_insert_with(|| {
                let connections = Connections {
                    https: self.https.clone(),
                    timeout: connect_timeout,
                };
                let client = Client::builder(TokioExecutor::new())
                    .pool_timer(TokioTimer::new())
                    .build(connections);
                SharedHttpConnector::new(Connector {
                    client,
                    read_timeout,
                })
            });
        connector.clone()
    }

    fn validate_base_client_config(
        &self,
        _: &RuntimeComponentsBuilder,
        _: &ConfigBag,
    ) -> Result<(), BoxError> {
        // Not in the first request, which would have to wait for the roots.
        LazyLock::force(&self.https);
        Ok(())
    }
}

/// Makes connections, and limits how long each takes, the look-up of the name and the TLS handshake included.
#[derive(Clone)]
struct Connections {
    https: Https,
    timeout: Option<Duration>,
}

impl Service<Uri> for Connections {
    type Response = <Https as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connection = self.https.call(uri);
        let Some(limit) = self.timeout else {
            return connection;
        };
        Box::pin(async move {
            timeout(limit, connection)
                .await
                .map_err(|_| TooSlow("connection", limit))?
        })
    }
}

/// What was not there in time.
#[derive(Debug)]
struct TooSlow(&'static str, Duration);

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(what, limit) = self;
        write!(f, "no {what} within {limit:?}")
    }
}

impl Error for TooSlow {}

#[derive(Debug)]
struct Connector {
    client: Client<Connections, SdkBody>,
    /// How long it may take from the call until the head of the response is there.
    read_timeout: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&connection));
        }
        let response = self.client.request(request);
        let limit = self.read_timeout;
        HttpConnectorFuture::new(async move {
            let response = match limit {
                Some(limit) => timeout(limit, response)
                    .await
                    .map_err(|_| ConnectorError::timeout(TooSlow("response", limit).into()))?,
                None => response.await,
            };
            let response = response.map_err(connector_error)?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// With this, the SDK keeps a connection from being used again whose server has failed (5xx).
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    let metadata = ConnectionMetadata::builder();
    Some(metadata.proxied(false).poison_fn(poison).build())
}

/// The error as the SDK classifies it, which decides whether it repeats the request.
fn connector_error(error: legacy::Error) -> ConnectorError {
    let hyper = causes(&error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    let is = |what: fn(&hyper::Error) -> bool| hyper.is_some_and(what);
    if causes(&error).any(<dyn Error>::is::<TooSlow>) {
        ConnectorError::timeout(error.into())
    } else if is(hyper::Error::is_user) {
        ConnectorError::user(error.into())
    } else if is(hyper::Error::is_incomplete_message) {
        // The connection was closed before there was a whole response.
        ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
    } else if error.is_connect()
        || is(hyper::Error::is_closed)
        || is(hyper::Error::is_canceled)
        || causes(&error).any(<dyn Error>::is::<io::Error>)
    {
        ConnectorError::io(error.into())
    } else {
        ConnectorError::other(error.into(), None)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::config::retry::RetryConfig;
    use aws_sdk_dynamodb::config::{Credentials, Region};
    use aws_sdk_dynamodb::error::DisplayErrorContext;
    use rcgen::CertifiedKey;
    use rustls::ServerConfig;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// The URL of a server for one connection that responds with success to whatever it gets, and its certificate.
    async fn server() -> (String, CertificateDer<'static>) {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = TlsAcceptor::from(Arc::new(tls)).accept(stream).await?;
            // The request is longer than that.
            stream.read_exact(&mut [0; 16]).await?;
            let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            stream.write_all(response).await?;
            stream.shutdown().await
        });
        (format!("https://localhost:{port}"), certificate)
    }

    /// The error, if there is one, of a request over a client with this authority.
    async fn error(url: &str, authority: CertificateDer<'static>) -> Option<String> {
        let mut roots = RootCertStore::empty();
        roots.add(authority).unwrap();
        let config = crate::client::config_with(http_client_trusting(|| Arc::new(roots)))
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "static"))
            .retry_config(RetryConfig::disabled())
            .endpoint_url(url);
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        let listed = client.list_tables().send().await;
        listed
            .err()
            .map(|error| DisplayErrorContext(error).to_string())
    }

    #[tokio::test]
    async fn a_server_needs_a_certificate_of_an_authority_that_is_trusted() {
        let (url, certificate) = server().await;
        assert_eq!(error(&url, certificate).await, None);
        let (url, _) = server().await;
        let (_, another) = server().await;
        let error = error(&url, another).await.unwrap();
        assert!(error.contains("invalid peer certificate"), "{error}");
    }

    #[tokio::test]
    async fn a_certificate_of_another_name_is_none() {
        let (url, certificate) = server().await;
        let error = error(&url.replace("localhost", "127.0.0.1"), certificate).await;
        let error = error.unwrap();
        assert!(error.contains("not valid for name"), "{error}");
    }
}
