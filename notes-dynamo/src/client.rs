use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Config, Credentials, Region, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// A client configuration without region and credentials. Add both, and an endpoint if it is not AWS's.
///
/// Retries and timeouts are set here and do not change with the SDK's defaults: at most 3 attempts of at
/// most 3 seconds each, and 10 seconds in total. TLS is by `rustls` with `ring`, which, unlike the SDK's
/// default, does not collect entropy from CPU jitter at the first handshake.
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
#[must_use]
pub fn client_config() -> Builder {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
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
/// process runs, as in a long-running service, use `aws-config` and [`client_config`].
///
/// # Errors
/// If a required variable is missing or empty; the error names it.
pub fn client_from_env() -> Result<Client, MissingVariable> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let required = |name| variable(name).ok_or(MissingVariable(name));
    let mut config = client_config()
        .region(Region::new(required("AWS_REGION")?))
        .credentials_provider(Credentials::new(
            required("AWS_ACCESS_KEY_ID")?,
            required("AWS_SECRET_ACCESS_KEY")?,
            variable("AWS_SESSION_TOKEN"),
            None,
            "environment",
        ));
    let endpoint = variable("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| variable("AWS_ENDPOINT_URL"));
    if let Some(url) = endpoint {
        config = config.endpoint_url(url);
    }
    Ok(Client::from_conf(config.build()))
}

/// A required environment variable is missing or empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not set")]
#[non_exhaustive]
pub struct MissingVariable(&'static str);
