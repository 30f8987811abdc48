use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Config, Credentials, Region, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// A configuration to finish with a region, credentials and, where it is not AWS, an endpoint.
///
/// Retries and timeouts are set here and do not change with the SDK's defaults: 3 attempts of at
/// most 3 seconds, 10 seconds in all. TLS is by `rustls` with `ring`, which needs no entropy from
/// CPU jitter at the first handshake.
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
        .behavior_version(BehaviorVersion::latest())
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
        // Answers are small, and an attempt has its timeout.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// A client configured by the variables that Lambda sets: `AWS_REGION`, `AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` where there is one, and, for another endpoint than
/// AWS's, `AWS_ENDPOINT_URL_DYNAMODB` or `AWS_ENDPOINT_URL`.
///
/// It looks nowhere else: no files, no metadata service. That is most of what a client costs at a
/// cold start. The credentials are read once: where they change while the process runs, as in a service
/// or on instances that outlive them, use `aws-config` and [`client_config`].
///
/// # Errors
/// Names the variable that is missing.
pub fn client_from_env() -> Result<Client, MissingVariable> {
    let variable = |name| std::env::var(name).ok().filter(|it| !it.is_empty());
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

/// An environment variable that is needed is missing or empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not set")]
pub struct MissingVariable(&'static str);
