use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};
use notes_core::{StoreError, StoreErrorKind};

use crate::item::{PURGE_AT, TIMESTAMP, USER_ID};

/// Creates the table if it does not exist, on demand and with its time to live, and waits until it
/// can be used.
///
/// For local use and tests: in the cloud, `deploy/serverless.yml` makes the table, with backups and
/// protection. A table that exists is not changed.
///
/// # Errors
/// `Other` with the engine's error as its source.
pub async fn ensure_table(client: &Client, table: &str) -> Result<(), StoreError> {
    create(client, table)
        .await
        .map_err(|error| StoreError::new(StoreErrorKind::Other, error))
}

async fn create(client: &Client, table: &str) -> Result<(), BoxError> {
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
    let created = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute(USER_ID, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(TIMESTAMP, ScalarAttributeType::N)?)
        .key_schema(key(USER_ID, KeyType::Hash)?)
        .key_schema(key(TIMESTAMP, KeyType::Range)?)
        .send()
        .await;
    match created {
        Ok(_) => {}
        // Also when two start at once.
        Err(SdkError::ServiceError(error)) if error.err().is_resource_in_use_exception() => {
            return wait(client, table).await;
        }
        Err(error) => return Err(error.into()),
    }
    wait(client, table).await?;
    client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(
            TimeToLiveSpecification::builder()
                .attribute_name(PURGE_AT)
                .enabled(true)
                .build()?,
        )
        .send()
        .await?;
    Ok(())
}

async fn wait(client: &Client, table: &str) -> Result<(), BoxError> {
    client
        .wait_until_table_exists()
        .table_name(table)
        .wait(Duration::from_mins(1))
        .await?;
    Ok(())
}
