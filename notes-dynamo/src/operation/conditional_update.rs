use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use notes_core::{Expected, Note, NoteId, StoreError, StoreErrorKind, Timestamp, UserId};

use crate::item::attributes::CHANGED;
use crate::item::changed::changed;
use crate::item::expression::Expression;
use crate::item::mapping::{self, DecodedItem, Item};
use crate::request::attempts::Attempts;
use crate::request::failed_condition::failed_condition;
use crate::table::Table;

/// Sends one `UpdateItem` request with a condition, for an update or a deletion of a note.
///
/// The response to a failed condition contains the item, so the outcome of a refused write takes no second
/// request, and shows the very state that the condition was checked on.
///
/// What the caller makes of a failed condition:
///
/// | the item | no attempt in doubt | an attempt in doubt |
/// |---|---|---|
/// | has the revision of this write | done | done |
/// | has another revision, or can't be read | stale | `OutcomeUnknown`: it may have come before the other write |
/// | is a tombstone, or has expired | missing | `OutcomeUnknown` |
/// | is not there | missing | `OutcomeUnknown`: it may have been purged since |
///
/// # Errors
/// As [`write_error`](crate::request::error::write_error): `OutcomeUnknown` when an attempt of this call may have been
/// executed. A failed condition is no error, unless nothing is left of the item by which an attempt in doubt could be
/// recognised.
pub(crate) async fn conditional_update(
    table: &Table,
    user: &UserId,
    id: NoteId,
    mut expression: Expression,
    expected: &Expected,
    returns: ReturnValue,
    now: Timestamp,
) -> Result<ConditionalWrite, StoreError> {
    if table.keeps_changes {
        expression.set(CHANGED, changed(now, id));
    }
    let attempts = if expected.is_never_met() {
        Attempts::that_cannot_write(table.signing_time(now))
    } else {
        Attempts::that_may_write(table.signing_time(now))
    };
    let sent = table
        .client
        .update_item()
        .table_name(&table.name)
        .set_key(Some(mapping::key(user, id)))
        .update_expression(expression.update())
        .condition_expression(expression.condition())
        .set_expression_attribute_names(Some(expression.names))
        .set_expression_attribute_values(Some(expression.values))
        .return_values(returns)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .set_return_consumed_capacity(table.capacity.return_consumed_capacity())
        .customize()
        .interceptor(attempts.clone())
        .send()
        .await;
    let error = match sent {
        Ok(output) => {
            table.capacity.report_write(output.consumed_capacity());
            return Ok(ConditionalWrite::Done(output.attributes));
        }
        Err(error) => error,
    };
    let item = failed_condition(error, &attempts, |error| match error {
        UpdateItemError::ConditionalCheckFailedException(failed) => failed.item,
        _ => None,
    })?;
    match item {
        Some(item) => Ok(ConditionalWrite::ConditionFailed(item.into(), attempts)),
        None if attempts.may_have_executed() => Err(removed_between_attempts()),
        None => Ok(ConditionalWrite::NoItem),
    }
}

/// The result of [`conditional_update`].
pub(crate) enum ConditionalWrite {
    /// The write is done. The item is what `ReturnValues` asked for.
    Done(Option<Item>),
    /// The condition failed on this item. An earlier attempt may have written it all the same: compare
    /// its revision with that of the write, then call [`outcome_of_failed_condition`].
    ConditionFailed(DecodedItem, Attempts<UpdateItemError>),
    /// The condition failed because there is no item with this key.
    NoItem,
}

/// The error when an earlier attempt may have been executed, and the item is now gone with its tombstone: a
/// purge came between the attempts.
fn removed_between_attempts() -> StoreError {
    let why = "an earlier attempt may have been executed before the item was removed";
    StoreError::new(StoreErrorKind::OutcomeUnknown, why)
}

/// The outcome of a write whose condition failed, when the item's revision is not that of the write.
///
/// A live note is `stale`, one that is deleted or expired is `missing`, and an item that can't be read is
/// `stale` without a note. With an attempt in doubt the error is `OutcomeUnknown`: that attempt may have
/// been executed, and another write may have replaced its revision since.
pub(crate) fn outcome_of_failed_condition<O>(
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
