use std::num::NonZeroU32;

use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemError;
use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use notes_core::{Purged, StoreError, StoreErrorKind, UserId};

use crate::item::expression::Expression;
use crate::item::mapping::Item;
use crate::request::attempts::Attempts;
use crate::request::error::{read_error, write_error};
use crate::table::Table;

/// The most items that [BatchWriteItem][api] takes.
///
/// [api]: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
const BATCH: usize = 25;

pub(crate) async fn purge(
    table: &Table,
    user: &UserId,
    budget: NonZeroU32,
) -> Result<Purged, StoreError> {
    let mut expression = Expression::default();
    let found = table
        .client
        .query()
        .table_name(&table.name)
        .key_condition_expression(expression.key_of_user(user))
        .projection_expression(expression.key_projection())
        .set_expression_attribute_names(Some(expression.names))
        .set_expression_attribute_values(Some(expression.values))
        .consistent_read(true)
        .limit(i32::try_from(budget.get()).unwrap_or(i32::MAX))
        .set_return_consumed_capacity(table.capacity.asks())
        .send()
        .await
        .map_err(read_error)?;
    table.capacity.read(found.consumed_capacity());
    let keys = found.items.unwrap_or_default();
    let mut purged = Purged {
        removed: 0,
        more: found.last_evaluated_key.is_some(),
    };
    for batch in keys.chunks(BATCH) {
        let removed = match remove_batch(table, batch).await {
            Ok(removed) => removed,
            // Some are gone: the failure, if it lasts, is that of the next call.
            Err(error) if purged.removed > 0 && error.kind() != StoreErrorKind::OutcomeUnknown => {
                purged.more = true;
                break;
            }
            Err(error) => return Err(error),
        };
        purged.removed += removed;
        purged.more |= removed as usize != batch.len();
    }
    if purged.removed == 0 && !keys.is_empty() {
        return Err(StoreErrorKind::Throttled.into());
    }
    Ok(purged)
}

/// Removes the items with these keys, and says how many of them it took.
async fn remove_batch(table: &Table, keys: &[Item]) -> Result<u32, StoreError> {
    let requests: Result<Vec<_>, _> = keys
        .iter()
        .map(|key| {
            let delete = DeleteRequest::builder()
                .set_key(Some(key.clone()))
                .build()?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        })
        .collect();
    let requests = requests.map_err(|error: aws_sdk_dynamodb::error::BuildError| {
        StoreError::new(StoreErrorKind::Other, error)
    })?;
    let attempts = Attempts::<BatchWriteItemError>::to_write();
    let output = table
        .client
        .batch_write_item()
        .request_items(&table.name, requests)
        .set_return_consumed_capacity(table.capacity.asks())
        .customize()
        .interceptor(attempts.clone())
        .send()
        .await
        .map_err(|error| write_error(error, attempts.may_have_executed()))?;
    table.capacity.wrote(output.consumed_capacity().first());
    // It removes whatever it meets: what is created under one of these ids may meet it.
    if attempts.may_have_executed() {
        let why = "an earlier attempt may yet remove what is created under the same ids";
        return Err(StoreError::new(StoreErrorKind::OutcomeUnknown, why));
    }
    let left: usize = output
        .unprocessed_items
        .map_or(0, |tables| tables.values().map(Vec::len).sum());
    Ok(u32::try_from(keys.len() - left).unwrap_or(u32::MAX))
}
