use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection,
    ProjectionType, ScalarAttributeType, TableDescription, TimeToLiveSpecification,
    TimeToLiveStatus,
};
use notes_core::{StoreError, StoreErrorKind};

use crate::item::attributes::{BY_CHANGE, CHANGED, PURGE_AT, TIMESTAMP, USER_ID};
use crate::request::misconfiguration::without_request;

/// Creates the table if it does not exist, with on-demand billing, the index of changes and a time to live, and
/// waits until it can be used.
///
/// For local use and tests: in the cloud, `deploy/serverless.yml` makes the table, with backups and
/// deletion protection. A table that exists must have the right key. If it has no time to live, as after a
/// first start that was interrupted, that is enabled; otherwise the table is not changed. It may lack the index
/// of changes, which only a store [`with_changes`](crate::DynamoNoteStore::with_changes) needs:
/// [`ensure_table_with_changes`] checks it.
///
/// It waits at most a minute. Several processes may call it at the same time.
///
/// ```no_run
/// use aws_sdk_dynamodb::Client;
/// use aws_sdk_dynamodb::config::{Credentials, Region};
/// use notes_dynamo::{client_config, ensure_table};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), notes_core::StoreError> {
/// let config = client_config()
///     .region(Region::new("eu-central-1"))
///     .credentials_provider(Credentials::new("local", "local", None, None, "static"))
///     .endpoint_url("http://127.0.0.1:8000");
/// ensure_table(&Client::from_conf(config.build()), "notes").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `Other`, whose causes name the table and say what is wrong with it: its key, the attribute of its
/// time to live, or the engine's error.
pub async fn ensure_table(client: &Client, table: &str) -> Result<(), StoreError> {
    ensure(client, table, false).await
}

/// As [`ensure_table`], for a store [`with_changes`](crate::DynamoNoteStore::with_changes): a table that exists
/// must have the index of changes.
///
/// DynamoDB adds a local secondary index to no existing table. `docs/data-model.md` says how the notes move to
/// a table that has one.
///
/// # Errors
/// As [`ensure_table`], also when the index is missing or is another one.
pub async fn ensure_table_with_changes(client: &Client, table: &str) -> Result<(), StoreError> {
    ensure(client, table, true).await
}

/// [`ensure_table`] or [`ensure_table_with_changes`].
async fn ensure(client: &Client, table: &str, with_changes: bool) -> Result<(), StoreError> {
    ensure_or_say_why(client, table, with_changes)
        .await
        .map_err(|source| {
            let table = table.to_owned();
            StoreError::new(StoreErrorKind::Other, UnusableTable { table, source })
        })
}

/// Names the table; the source says what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("the table {table} can't be used")]
struct UnusableTable {
    table: String,
    source: BoxError,
}

/// [`ensure`] with an error that does not name the table.
async fn ensure_or_say_why(
    client: &Client,
    table: &str,
    with_changes: bool,
) -> Result<(), BoxError> {
    if create(client, table).await? {
        wait_until_active(client, table).await?;
        return enable_time_to_live(client, table).await;
    }
    let found = wait_until_active(client, table).await?;
    check_key(found.as_ref())?;
    if with_changes {
        check_index(found.as_ref())?;
    }
    match time_to_live_attribute(client, table).await?.as_deref() {
        Some(PURGE_AT) => Ok(()),
        Some(other) => Err(format!("its items expire by {other}, and not by {PURGE_AT}").into()),
        None => enable_time_to_live(client, table).await,
    }
}

/// Returns whether the table was created by this call. If it exists already, that is no error.
async fn create(client: &Client, table: &str) -> Result<bool, BoxError> {
    let attribute = |name, kind| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(kind)
            .build()
    };
    let key = |name, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
    };
    let by_change = LocalSecondaryIndex::builder()
        .index_name(BY_CHANGE)
        .key_schema(key(USER_ID, KeyType::Hash)?)
        .key_schema(key(CHANGED, KeyType::Range)?)
        .projection(
            Projection::builder()
                .projection_type(ProjectionType::KeysOnly)
                .build(),
        )
        .build()?;
    let created = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute(USER_ID, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(TIMESTAMP, ScalarAttributeType::N)?)
        .attribute_definitions(attribute(CHANGED, ScalarAttributeType::B)?)
        .key_schema(key(USER_ID, KeyType::Hash)?)
        .key_schema(key(TIMESTAMP, KeyType::Range)?)
        .local_secondary_indexes(by_change)
        .send()
        .await;
    match created {
        Ok(_) => Ok(true),
        // It existed before, or a process that started at the same time has created it.
        Err(SdkError::ServiceError(error)) if error.err().is_resource_in_use_exception() => {
            Ok(false)
        }
        Err(error) => Err(without_request(error)),
    }
}

/// Waits at most a minute until the table is active, and returns its description.
async fn wait_until_active(
    client: &Client,
    table: &str,
) -> Result<Option<TableDescription>, BoxError> {
    let exists = client
        .wait_until_table_exists()
        .table_name(table)
        .wait(Duration::from_mins(1))
        .await?;
    Ok(exists.into_result()?.table)
}

/// A table with another key would mix up notes: with the user id alone, for example, a user has one item.
fn check_key(table: Option<&TableDescription>) -> Result<(), BoxError> {
    let found = table.map(|table| describe_key(table, table.key_schema()));
    let found = found.unwrap_or_default();
    let needed = format!("{USER_ID} (S, HASH), {TIMESTAMP} (N, RANGE)");
    if found == needed {
        return Ok(());
    }
    Err(format!("its key is {found}, and not {needed}").into())
}

/// Through another index, or none, no change could be asked for. More than the keys in it would cost a write of
/// it for each write of a note.
fn check_index(table: Option<&TableDescription>) -> Result<(), BoxError> {
    let index = table.and_then(|table| {
        let mut indexes = table.local_secondary_indexes().iter();
        let index = indexes.find(|index| index.index_name() == Some(BY_CHANGE))?;
        let projection = index.projection().and_then(Projection::projection_type);
        let projection = projection.map_or("?", ProjectionType::as_str);
        Some(format!(
            "{}, {projection}",
            describe_key(table, index.key_schema())
        ))
    });
    let needed = format!("{USER_ID} (S, HASH), {CHANGED} (B, RANGE), KEYS_ONLY");
    match index {
        Some(found) if found == needed => Ok(()),
        Some(found) => Err(format!("its index {BY_CHANGE} is {found}, and not {needed}").into()),
        None => Err(format!(
            "it has no index {BY_CHANGE}, which only a new table can get: create one and copy the notes"
        )
        .into()),
    }
}

/// The key of a table or of one of its indexes as text, such as `userId (S, HASH), timestamp (N, RANGE)`.
fn describe_key(table: &TableDescription, key: &[KeySchemaElement]) -> String {
    let parts = key.iter().map(|part| {
        let name = part.attribute_name();
        let mut definitions = table.attribute_definitions().iter();
        let definition = definitions.find(|definition| definition.attribute_name() == name);
        let of_type = definition.map_or("?", |definition| definition.attribute_type().as_str());
        format!("{name} ({of_type}, {})", part.key_type().as_str())
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// The attribute by which the table's time to live removes items, if it is enabled.
async fn time_to_live_attribute(client: &Client, table: &str) -> Result<Option<String>, BoxError> {
    let described = client.describe_time_to_live().table_name(table).send();
    let found = described.await?.time_to_live_description;
    let found = found.filter(|found| {
        let status = found.time_to_live_status();
        status.is_some_and(|status| {
            [TimeToLiveStatus::Enabled, TimeToLiveStatus::Enabling].contains(status)
        })
    });
    Ok(found.and_then(|found| found.attribute_name))
}

/// Enables the table's time to live, unless it has been enabled meanwhile.
async fn enable_time_to_live(client: &Client, table: &str) -> Result<(), BoxError> {
    let time_to_live = TimeToLiveSpecification::builder()
        .attribute_name(PURGE_AT)
        .enabled(true)
        .build()?;
    let enabled = client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(time_to_live)
        .send()
        .await;
    let Err(error) = enabled else { return Ok(()) };
    // DynamoDB responds with an error if it is enabled already, as by a process that started at the same
    // time.
    match time_to_live_attribute(client, table).await {
        Ok(Some(attribute)) if attribute == PURGE_AT => Ok(()),
        _ => Err(error.into()),
    }
}
