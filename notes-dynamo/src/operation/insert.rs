use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use notes_core::{InsertOutcome, Insertion, Occupant, StoreError, StoreErrorKind, Timestamp};

use crate::item::attributes::{CHANGED, TIMESTAMP, USER_ID};
use crate::item::changed::changed;
use crate::item::expression::Expression;
use crate::item::mapping::{self, DecodedItem};
use crate::request::attempts::Attempts;
use crate::request::failed_condition::failed_condition;
use crate::table::Table;

/// [`NoteStore::insert`](notes_core::NoteStore::insert) as one `PutItem` request, on the condition that there
/// is no item with this key. If there is one, the response contains it.
///
/// | DynamoDB's response | outcome |
/// |---|---|
/// | done | `Inserted` |
/// | the condition failed on a live note | `Taken`, with the note and the fingerprint of its creation |
/// | it failed on a tombstone or an expired note | `Taken` by `Spent`: the id does not become free again |
/// | it failed on anything else | `Taken` by `Unreadable` |
/// | it failed, as it must, and on no item | `Expired`: the note to insert is, so nothing was to be stored |
///
/// When the SDK repeats the request and its first attempt was executed, the condition fails on the very note that was
/// inserted. That is `Taken` as well, and needs no special case: the fingerprint shows that this request has created
/// it.
///
/// # Errors
/// As [`write_error`](crate::request::error::write_error); `Other` if the table has another key, or if the engine
/// does not return the item on which a condition fails (`OutcomeUnknown`, if an attempt before may have been executed).
pub(crate) async fn insert(
    table: &Table,
    insertion: &Insertion,
    now: Timestamp,
) -> Result<InsertOutcome, StoreError> {
    let mut expression = Expression::default();
    expression.require_absent(USER_ID);
    let is_live = insertion.note.is_live(now);
    let key = mapping::key(&insertion.note.user, insertion.note.id);
    let (item, attempts) = if is_live {
        let mut item = mapping::from_insertion(insertion);
        if table.keeps_changes {
            item.insert(CHANGED.to_owned(), changed(now, insertion.note.id));
        }
        (
            item,
            Attempts::<PutItemError>::that_may_write(table.signing_time(now)),
        )
    } else {
        // A note that has already expired is not stored, but the caller has to learn what holds its id. So
        // the condition can never hold, and its failure returns that item. A failed write consumes capacity
        // too; with the key alone, the request itself is as small as it can be.
        expression.require_present(USER_ID);
        (
            key.clone(),
            Attempts::that_cannot_write(table.signing_time(now)),
        )
    };
    let sent = table
        .client
        .put_item()
        .table_name(&table.name)
        .set_item(Some(item))
        .condition_expression(expression.condition())
        .set_expression_attribute_names(Some(expression.names))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .set_return_consumed_capacity(table.capacity.return_consumed_capacity())
        .customize()
        .interceptor(attempts.clone())
        .send()
        .await;
    let error = match sent {
        Ok(output) => {
            table.capacity.report_write(output.consumed_capacity());
            return Ok(InsertOutcome::Inserted);
        }
        Err(error) => error,
    };
    let item = failed_condition(error, &attempts, |error| match error {
        PutItemError::ConditionalCheckFailedException(failed) => failed.item,
        _ => None,
    })?;
    let Some(item) = item else {
        if !is_live {
            return Ok(InsertOutcome::Expired);
        }
        // Without the item, a repeated creation can't be told from an id that is used for another note. A
        // DynamoDB-compatible engine may not support ReturnValuesOnConditionCheckFailure.
        let kind = if attempts.may_have_executed() {
            StoreErrorKind::OutcomeUnknown
        } else {
            StoreErrorKind::Other
        };
        let why = "the engine does not return the item that a condition failed on";
        return Err(StoreError::new(kind, why));
    };
    // In a table with another key, such as the user id alone, the condition fails on another note.
    if key
        .iter()
        .any(|(name, value)| item.get(name) != Some(value))
    {
        let why = format!(
            "the key of table {} is not {USER_ID} and {TIMESTAMP}",
            table.name
        );
        return Err(StoreError::new(StoreErrorKind::Other, why));
    }
    Ok(InsertOutcome::Taken(match item.into() {
        DecodedItem::Note(note, fingerprint) if note.is_live(now) => {
            Occupant::Live { note, fingerprint }
        }
        DecodedItem::Note(..) | DecodedItem::Tombstone(_) => Occupant::Spent,
        DecodedItem::Unreadable(_) => Occupant::Unreadable,
    }))
}
