mod http;
mod roots;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Config, Credentials, Region, SharedHttpClient,
    StalledStreamProtectionConfig,
};

use crate::client::http::http_client_trusting;

/// A client configuration without region and credentials. Add both, and an endpoint if it is not AWS's.
///
/// Retries and timeouts are set here and do not change with the SDK's defaults: at most 3 attempts of at most 3 seconds
/// each, and 10 seconds in total. Retries are those of the [standard mode][retries], with pauses that start at 50 ms
/// and grow to at most a second; a connection has to be there within 2 seconds. All of this can be set otherwise on the
/// builder.
///
/// Connections are those of [`http_client`]: HTTP/1.1, and TLS by `rustls` with `ring`, which, unlike the SDK's
/// default, does not collect entropy from CPU jitter at the first handshake. Requests are signed with the time of this
/// machine's clock, which is not corrected by the server's.
///
/// [retries]: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
///
/// ```
/// use aws_sdk_dynamodb::Client;
/// use aws_sdk_dynamodb::config::{Credentials, Region};
///
/// let config = notes_dynamo::client_config()
///     .region(Region::new("eu-central-1"))
///     .credentials_provider(Credentials::new("local", "local", None, None, "static"))
///     .endpoint_url("http://127.0.0.1:8000");
/// let client = Client::from_conf(config.build());
/// ```
///
/// With `aws-config`, as a service in production needs it: see the example of the crate.
#[must_use]
pub fn client_config() -> Builder {
    config_with(http_client())
}

/// The HTTP client of [`client_config`], for other clients of AWS in the same program: HTTP/1.1, without a proxy. It
/// trusts the system's roots, which are read once in a process: if there are none, no connection can be made. It can't
/// serve operations that need HTTP/2, which are those with streams in both directions.
///
/// Give it to `aws-config`, whose providers of credentials make requests of their own: without its default features
/// `aws-config` has no HTTP client, and with them it compiles a second implementation of TLS, `aws-lc`.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    http_client_trusting(roots::of_the_system)
}

fn config_with(http: SharedHttpClient) -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(3)
                .with_initial_backoff(Duration::from_millis(50))
                .with_max_backoff(Duration::from_secs(1)),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(2))
                .operation_attempt_timeout(Duration::from_secs(3))
                .operation_timeout(Duration::from_secs(10))
                .build(),
        )
        // The SDK would sign with the server's time once it has seen a response, while every other use of the
        // clock has this machine's. A clock that is wrong has to be told by DynamoDB's refusal instead.
        .disable_clock_skew_correction(true)
        // It would detect a response that stops arriving. Responses are small, and the timeout of an attempt
        // ends it as well.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// A client configured by the variables that Lambda sets: `AWS_REGION`, `AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` where there is one, and, for another endpoint than
/// AWS's, `AWS_ENDPOINT_URL_DYNAMODB` or `AWS_ENDPOINT_URL`.
///
/// It looks nowhere else, neither in files nor at a metadata service: that lookup is most of the time that
/// a client takes at a cold start. The credentials are read once. Where they expire or change while the
/// process runs, as in a long-running service, use `aws-config` with [`client_config`] and [`http_client`].
///
/// # Certificates
/// For AWS's own endpoints, the client trusts the five roots of Amazon Trust Services, which are part of this crate,
/// and none of the system's. `AWS_CA_BUNDLE`, or `SSL_CERT_FILE` and `SSL_CERT_DIR`, name others instead, for example
/// those of a proxy that inspects the traffic. For another endpoint, and in China, the European Sovereign Cloud and the
/// isolated regions, it is the system's roots.
///
/// ```no_run
/// use notes_dynamo::{DynamoNoteStore, client_from_env};
///
/// let store = DynamoNoteStore::new(client_from_env()?, "notes");
/// # Ok::<(), notes_dynamo::EnvironmentError>(())
/// ```
///
/// # Errors
/// If a required variable is missing or empty, or if what `AWS_CA_BUNDLE`, `SSL_CERT_FILE` or `SSL_CERT_DIR` names has
/// no certificate that can be used. The error names the variable.
pub fn client_from_env() -> Result<Client, EnvironmentError> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let required = |name| variable(name).ok_or(EnvironmentError::missing(name));
    let region = required("AWS_REGION")?;
    let credentials = Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let endpoint = variable("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| variable("AWS_ENDPOINT_URL"));
    let roots = roots::trusted(&region, endpoint.is_some())?;
    let mut config = config_with(http_client_trusting(move || roots))
        .region(Region::new(region))
        .credentials_provider(credentials);
    if let Some(url) = endpoint {
        config = config.endpoint_url(url);
    }
    Ok(Client::from_conf(config.build()))
}

/// An environment variable that [`client_from_env`] needs is missing or empty, or its value can't be used.
///
/// The text names the variable, such as `AWS_REGION is not set`, and never its value. The source, if there is one, says
/// what is wrong with what it names.
#[derive(Debug)]
#[non_exhaustive]
pub struct EnvironmentError {
    variable: &'static str,
    /// Why the value can't be used; `None` if there is no value.
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl EnvironmentError {
    fn missing(variable: &'static str) -> Self {
        let source = None;
        Self { variable, source }
    }

    fn unusable(variable: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = Some(source.into());
        Self { variable, source }
    }
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            None => write!(f, "{} is not set", self.variable),
            Some(_) => write!(f, "{} names no usable certificates", self.variable),
        }
    }
}

impl Error for EnvironmentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}
