use std::num::NonZeroU32;

use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemError;
use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use notes_core::{Purged, StoreError, StoreErrorKind, UserId};

use crate::item::expression::Expression;
use crate::item::mapping::Item;
use crate::request::attempts::Attempts;
use crate::request::error::{read_error, write_error};
use crate::request::signing_time::SigningTimeCheck;
use crate::table::Table;

/// The most items that [BatchWriteItem][api] takes.
///
/// [api]: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
const BATCH: usize = 25;

/// [`NoteStore::purge`](notes_core::NoteStore::purge): one `Query` for the keys, always strongly consistent, and
/// a `BatchWriteItem` for every 25 of them.
///
/// Every item goes, whatever it is: tombstones, and items that can't be read. A removal has no condition, because a
/// batch takes none. So an attempt that comes late can remove a note that was created under the same id since; that is
/// why an id is not to be used for a while after a purge of which the outcome is not known.
///
/// # Errors
/// As [`read_error`] and [`write_error`], unless some items were removed before: then it is the number of those, with
/// `more`, and the next call meets the error again. `OutcomeUnknown` is always an error.
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
        .set_return_consumed_capacity(table.capacity.return_consumed_capacity())
        .send()
        .await
        .map_err(read_error)?;
    table.capacity.report_read(found.consumed_capacity());
    let keys = found.items.unwrap_or_default();
    let mut purged = Purged::new(0, found.last_evaluated_key.is_some());
    for batch in keys.chunks(BATCH) {
        let removed = match remove_batch(table, batch).await {
            Ok(removed) => removed,
            // Report the items that were removed. If the error lasts, the next call returns it.
            Err(error) if purged.removed > 0 && error.kind() != StoreErrorKind::OutcomeUnknown => {
                purged.more = true;
                break;
            }
            Err(error) => return Err(error),
        };
        purged.removed += removed;
        purged.more |= removed as usize != batch.len();
    }
    // BatchWriteItem succeeds with unprocessed items when it is throttled. A call that removed none of the
    // items must not succeed, by the port: a caller that repeats it until nothing is left would never pause.
    if purged.removed == 0 && !keys.is_empty() {
        return Err(StoreErrorKind::Throttled.into());
    }
    Ok(purged)
}

/// Removes the items with these keys, at most [`BATCH`], and returns how many of them DynamoDB processed.
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
    // A removal writes no time that anyone could ask for, and a purge is given none.
    let attempts = Attempts::<BatchWriteItemError>::that_may_write(SigningTimeCheck::off());
    let output = table
        .client
        .batch_write_item()
        .request_items(&table.name, requests)
        .set_return_consumed_capacity(table.capacity.return_consumed_capacity())
        .customize()
        .interceptor(attempts.clone())
        .send()
        .await
        .map_err(|error| write_error(error, attempts.may_have_executed()))?;
    table
        .capacity
        .report_write(output.consumed_capacity().first());
    // BatchWriteItem has no conditions. Executed late, it would also remove a note that was created
    // meanwhile under one of these ids, so the caller has to know although this attempt succeeded.
    if attempts.may_have_executed() {
        let why = "an earlier attempt may yet remove what is created under the same ids";
        return Err(StoreError::new(StoreErrorKind::OutcomeUnknown, why));
    }
    let left: usize = output
        .unprocessed_items
        .map_or(0, |tables| tables.values().map(Vec::len).sum());
    Ok(u32::try_from(keys.len() - left).unwrap_or(u32::MAX))
}
