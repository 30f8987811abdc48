use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use notes_core::{Expected, Note, StoreError, StoreErrorKind};

use crate::item::expression::Expression;
use crate::item::mapping::{DecodedItem, Item};
use crate::request::attempts::Attempts;
use crate::request::error::write_error;
use crate::table::Table;

/// Sends an update that depends on a condition.
pub(crate) async fn conditional_update(
    table: &Table,
    key: Item,
    expression: Expression,
    expected: &Expected,
    returns: ReturnValue,
) -> Result<Written, StoreError> {
    let attempts = if expected.is_never_met() {
        Attempts::to_ask()
    } else {
        Attempts::to_write()
    };
    let sent = table
        .client
        .update_item()
        .table_name(&table.name)
        .set_key(Some(key))
        .update_expression(expression.update())
        .condition_expression(expression.condition())
        .set_expression_attribute_names(Some(expression.names))
        .set_expression_attribute_values(Some(expression.values))
        .return_values(returns)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .set_return_consumed_capacity(table.capacity.asks())
        .customize()
        .interceptor(attempts.clone())
        .send()
        .await;
    let error = match sent {
        Ok(output) => {
            table.capacity.wrote(output.consumed_capacity());
            return Ok(Written::Done(output.attributes));
        }
        Err(SdkError::ServiceError(error))
            if error.err().is_conditional_check_failed_exception() =>
        {
            error.into_err()
        }
        Err(error) => return Err(write_error(error, attempts.may_have_executed())),
    };
    let item = match error {
        UpdateItemError::ConditionalCheckFailedException(refused) => refused.item,
        _ => None,
    };
    match item {
        Some(item) => Ok(Written::Refused(item.into(), attempts)),
        None if attempts.may_have_executed() => Err(gone()),
        None => Ok(Written::NotFound),
    }
}

/// What became of an update that was sent.
pub(crate) enum Written {
    /// The item as asked for by `ReturnValues`.
    Done(Option<Item>),
    /// The condition does not hold for what is there.
    Refused(DecodedItem, Attempts<UpdateItemError>),
    NotFound,
}

/// There is nothing any more, not even a tombstone: a purge came between two attempts.
fn gone() -> StoreError {
    let why = "an earlier attempt may have been executed before the item was removed";
    StoreError::new(StoreErrorKind::OutcomeUnknown, why)
}

/// The outcome of a refused write that is not found to have been executed.
pub(crate) fn rejected<O>(
    stored: DecodedItem,
    attempts: &Attempts<UpdateItemError>,
    is_live: impl FnOnce(&Note) -> bool,
    missing: O,
    stale: fn(Option<Note>) -> O,
) -> Result<O, StoreError> {
    if attempts.may_have_executed() {
        let why = "an earlier attempt may have been executed before the note was changed again";
        return Err(StoreError::new(StoreErrorKind::OutcomeUnknown, why));
    }
    Ok(match stored {
        DecodedItem::Note(note, _) if is_live(&note) => stale(Some(note)),
        DecodedItem::Note(..) | DecodedItem::Tombstone(_) => missing,
        DecodedItem::Unreadable(_) => stale(None),
    })
}
