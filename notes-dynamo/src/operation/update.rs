use aws_sdk_dynamodb::types::ReturnValue;
use notes_core::{NoteId, StoreError, Timestamp, Update, UpdateOutcome, UserId};

use crate::item::attributes::RETAINED;
use crate::item::expression::Expression;
use crate::item::mapping::DecodedItem;
use crate::operation::conditional_update::{
    ConditionalWrite, conditional_update, outcome_of_failed_condition,
};
use crate::table::Table;

/// [`NoteStore::update`](notes_core::NoteStore::update) as one conditional `UpdateItem` request, whose
/// response contains the note after the update.
///
/// The condition is that the item is a live note, with a revision that is expected and smaller than the new one. So the
/// update can be executed only once: after it, the revision is no longer smaller. A repetition fails on that, and is
/// recognised by the revision, which no other write gives.
///
/// # Errors
/// As [`conditional_update`]; `Corrupt` if the item that was written can't be read, which the condition prevents as far
/// as an expression can.
pub(crate) async fn update(
    table: &Table,
    user: &UserId,
    id: NoteId,
    update: &Update,
    now: Timestamp,
) -> Result<UpdateOutcome, StoreError> {
    let mut expression = Expression::default();
    expression.replace_revision(&update.expected, update.revision, update.live_at(now));
    if update.is_renewal() {
        expression.require_true(RETAINED);
    }
    expression.set_patch(id, update, now);
    let written = conditional_update(
        table,
        user,
        id,
        expression,
        &update.expected,
        ReturnValue::AllNew,
        now,
    )
    .await?;
    match written {
        ConditionalWrite::NoItem => Ok(UpdateOutcome::Missing),
        ConditionalWrite::Done(item) => match item.unwrap_or_default().into() {
            DecodedItem::Note(note, _) => Ok(UpdateOutcome::Updated(note)),
            // Never, by the condition: DynamoDB would not have executed the update.
            DecodedItem::Tombstone(_) => Ok(UpdateOutcome::Missing),
            DecodedItem::Unreadable(item) => Err(item.into_error()),
        },
        // An earlier attempt, or an earlier call, has made this update.
        ConditionalWrite::ConditionFailed(DecodedItem::Note(note, _), _)
            if note.revision == update.revision =>
        {
            Ok(UpdateOutcome::Updated(note))
        }
        ConditionalWrite::ConditionFailed(stored, attempts) => outcome_of_failed_condition(
            stored,
            &attempts,
            |note| update.finds_live(note, now),
            UpdateOutcome::Missing,
            UpdateOutcome::Stale,
        ),
    }
}
