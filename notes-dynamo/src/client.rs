use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Config, StalledStreamProtectionConfig};
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
