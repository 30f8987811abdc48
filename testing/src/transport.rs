//! The AWS SDK without a network: a function responds to what it sends.

use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::{Builder, Credentials, HttpClient, Region, RuntimeComponents};
use aws_sdk_dynamodb::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use notes_core::Timestamp;

/// One attempt of a request, as the SDK sends it.
#[derive(Clone, Debug)]
pub struct Call {
    /// What the attempts of one request have in common, and no other request has.
    pub invocation: String,
    /// The operation's name, such as `PutItem`.
    pub operation: String,
    /// The input of the operation, as JSON.
    pub body: String,
    /// When it was signed, in whole seconds.
    pub signed_at: Timestamp,
}

/// Stands for the network and the engine, as the SDK's HTTP client: a function responds to each attempt.
#[derive(Clone)]
pub struct Transport(Arc<dyn Fn(Call) -> HttpConnectorFuture + Send + Sync>);

impl Transport {
    /// What comes back for an attempt is what this function makes of it.
    pub fn new<A>(respond: impl Fn(Call) -> A + Send + Sync + 'static) -> Self
    where
        A: Future<Output = Result<HttpResponse, ConnectorError>> + Send + 'static,
    {
        Self(Arc::new(move |call| {
            HttpConnectorFuture::new(respond(call))
        }))
    }

    /// The settings of a client as in production, except that it allows any number of retries. In production a client
    /// stops retrying for a while when too many requests fail, and then a test with faults would soon test little.
    #[must_use]
    pub fn config() -> Builder {
        let retries = RetryPartition::custom("unlimited").token_bucket(TokenBucket::unlimited());
        notes_dynamo::client_config()
            .retry_partition(retries.build())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "static"))
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

impl HttpClient for Transport {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        (self.0)(Call::read(&request).expect("the SDK sends requests to DynamoDB"))
    }
}

impl Call {
    fn read(request: &HttpRequest) -> Option<Self> {
        let headers = request.headers();
        let operation = headers
            .get("x-amz-target")?
            .strip_prefix("DynamoDB_20120810.")?;
        let body = std::str::from_utf8(request.body().bytes()?).ok()?;
        Some(Self {
            invocation: headers.get("amz-sdk-invocation-id")?.to_owned(),
            operation: operation.to_owned(),
            body: body.to_owned(),
            signed_at: signed_at(headers.get("x-amz-date")?)?,
        })
    }
}

/// The time in the header `X-Amz-Date`, such as `20261122T184700Z`.
fn signed_at(header: &str) -> Option<Timestamp> {
    let (year, rest) = header.split_at_checked(4)?;
    let (month, rest) = rest.split_at_checked(2)?;
    let (day_and_hour, rest) = rest.split_at_checked(5)?;
    let (minute, second) = rest.split_at_checked(2)?;
    let text = format!("{year}-{month}-{day_and_hour}:{minute}:{second}");
    text.parse().ok()
}
