use aws_sdk_dynamodb::types::ReturnValue;
use notes_core::{DeleteOutcome, Deletion, NoteId, StoreError, Timestamp, UserId};

use crate::item::expression::Expression;
use crate::item::mapping::DecodedItem;
use crate::operation::conditional_update::{
    ConditionalWrite, conditional_update, outcome_of_failed_condition,
};
use crate::table::Table;

/// [`NoteStore::delete`](notes_core::NoteStore::delete) as one conditional `UpdateItem` request. It is no
/// `DeleteItem`: the item stays as a tombstone, so that the id stays spent.
///
/// It is conditional as an update is, and a repetition is recognised in the same way: a tombstone has the revision of
/// its deletion. Title, content and category leave the item with it.
///
/// # Errors
/// As [`conditional_update`].
pub(crate) async fn delete(
    table: &Table,
    user: &UserId,
    id: NoteId,
    deletion: &Deletion,
    now: Timestamp,
) -> Result<DeleteOutcome, StoreError> {
    let mut expression = Expression::default();
    expression.replace_revision(&deletion.expected, deletion.revision, now);
    expression.set_tombstone(deletion);
    let written = conditional_update(
        table,
        user,
        id,
        expression,
        &deletion.expected,
        ReturnValue::None,
        now,
    )
    .await?;
    match written {
        ConditionalWrite::NoItem => Ok(DeleteOutcome::Missing),
        ConditionalWrite::Done(_) => Ok(DeleteOutcome::Deleted),
        // An earlier attempt, or an earlier call, has deleted the note with this very revision.
        ConditionalWrite::ConditionFailed(DecodedItem::Tombstone(Some(revision)), _)
            if revision == deletion.revision =>
        {
            Ok(DeleteOutcome::Deleted)
        }
        ConditionalWrite::ConditionFailed(stored, attempts) => outcome_of_failed_condition(
            stored,
            &attempts,
            |note| note.is_live(now),
            DeleteOutcome::Missing,
            DeleteOutcome::Stale,
        ),
    }
}
