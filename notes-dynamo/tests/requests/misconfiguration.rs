//! A client that can't make a request: what the store says then is for the person who configured it.

use std::error::Error;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Config, Credentials, IdentityCache, Region,
};
use notes_core::StoreErrorKind::{self, Other, Unavailable};
use notes_core::{ErrorChain, StoreError};
use notes_dynamo::{DynamoNoteStore, client_config, ensure_table};

use crate::given::{NOW, alice, id, insertion};

fn region() -> Region {
    Region::new("eu-central-1")
}

fn credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "static")
}

fn chain(error: &(dyn Error + 'static)) -> String {
    ErrorChain(error).to_string()
}

/// What a read and a write say, which is the same.
async fn failure(config: Builder) -> StoreError {
    let client = Client::from_conf(config.build());
    let store = DynamoNoteStore::new(client.clone(), "notes");
    let read = notes_core::NoteStore::get(&store, &alice(), id(), NOW).await;
    let written = notes_core::NoteStore::insert(&store, &insertion(), NOW).await;
    let (read, written) = (read.unwrap_err(), written.unwrap_err());
    assert_eq!(read.kind(), written.kind());
    for error in [&read, &written] {
        let shown = format!("{error:?} {}", chain(error));
        for text in ["alice", "litres"] {
            assert!(!shown.contains(text), "{shown}");
        }
    }
    let made = ensure_table(&client, "notes").await.unwrap_err();
    assert_eq!(made.kind(), Other, "{}", chain(&made));
    assert!(!chain(&made).contains("TableName"), "{}", chain(&made));
    read
}

#[track_caller]
fn is(error: &StoreError, kind: StoreErrorKind, named: &str) {
    let text = chain(error);
    assert_eq!(error.kind(), kind, "{text}");
    assert_eq!(error.is_retryable(), kind == Unavailable, "{text}");
    assert!(text.contains(named), "{text}");
}

#[tokio::test]
async fn a_client_that_lacks_something_is_no_outage_and_says_what_is_missing() {
    let config = || client_config().credentials_provider(credentials());
    is(&failure(config()).await, Other, "Missing Region");
    let local = config().endpoint_url("http://127.0.0.1:1");
    is(&failure(local).await, Other, "missing signing region");
    let odd = config().region(Region::new("eu central"));
    is(&failure(odd).await, Other, "`region`");
    let nobody = client_config().region(region());
    is(&failure(nobody).await, Other, "credentials");
    is(&failure(client_config()).await, Other, "credentials");
    let no_http = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(region())
        .credentials_provider(credentials());
    is(&failure(no_http).await, Other, "No HTTP client");
}

#[tokio::test]
async fn an_endpoint_that_is_no_url_is_no_outage_and_shows_no_note() {
    for (url, named) in [
        ("127.0.0.1:8000", "endpoint must contain scheme"),
        ("localhost", "endpoint must contain scheme"),
        ("/dynamodb", "endpoint must contain authority"),
        ("http://", "endpoint is not a valid URI"),
        ("http://a b", "endpoint is not a valid URI"),
        ("http://[::", "endpoint is not a valid URI"),
    ] {
        let config = client_config()
            .region(region())
            .credentials_provider(credentials());
        is(&failure(config.endpoint_url(url)).await, Other, named);
    }
}

/// Says why it has no credentials.
#[derive(Debug)]
struct Failing(fn() -> CredentialsError);

impl ProvideCredentials for Failing {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(self.0()))
    }
}

#[tokio::test]
async fn a_provider_of_credentials_may_have_none_or_have_none_for_now() {
    type Why = fn() -> CredentialsError;
    let whys: [(Why, _); 5] = [
        (|| CredentialsError::not_loaded("no profile"), Other),
        (
            || CredentialsError::invalid_configuration("no profile"),
            Other,
        ),
        (|| CredentialsError::unhandled("no profile"), Other),
        (
            || CredentialsError::provider_error("no profile"),
            Unavailable,
        ),
        (
            || CredentialsError::provider_timed_out(Duration::from_secs(5)),
            Unavailable,
        ),
    ];
    for (why, kind) in whys {
        let config = client_config().region(region());
        let error = failure(config.credentials_provider(Failing(why))).await;
        let named = if why().source().is_some() {
            "no profile"
        } else {
            "timed out"
        };
        is(&error, kind, named);
    }
}

/// Has no credentials yet, and never will.
#[derive(Debug)]
struct Pending;

impl ProvideCredentials for Pending {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(std::future::pending())
    }
}

#[tokio::test]
async fn a_provider_of_credentials_that_is_late_is_an_outage() {
    let cache = IdentityCache::lazy().load_timeout(Duration::from_millis(50));
    let config = client_config()
        .region(region())
        .identity_cache(cache.build())
        .credentials_provider(Pending);
    is(&failure(config).await, Unavailable, "timed out");
}
