use aws_sdk_dynamodb::types::ReturnValue;
use notes_core::{DeleteOutcome, Deletion, NoteId, StoreError, Timestamp, UserId};

use crate::item::expression::Expression;
use crate::item::mapping::{self, DecodedItem};
use crate::operation::conditional_update::{Written, conditional_update, rejected};
use crate::table::Table;

pub(crate) async fn delete(
    table: &Table,
    user: &UserId,
    id: NoteId,
    deletion: &Deletion,
    now: Timestamp,
) -> Result<DeleteOutcome, StoreError> {
    let mut expression = Expression::default();
    expression.replace_revision(&deletion.expected, deletion.revision, now);
    expression.bury(deletion);
    let written = conditional_update(
        table,
        mapping::key(user, id),
        expression,
        &deletion.expected,
        ReturnValue::None,
    )
    .await?;
    match written {
        Written::NotFound => Ok(DeleteOutcome::Missing),
        Written::Done(_) => Ok(DeleteOutcome::Deleted),
        Written::Refused(DecodedItem::Tombstone(Some(revision)), _)
            if revision == deletion.revision =>
        {
            Ok(DeleteOutcome::Deleted)
        }
        Written::Refused(stored, attempts) => rejected(
            stored,
            &attempts,
            |note| note.is_live(now),
            DeleteOutcome::Missing,
            DeleteOutcome::Stale,
        ),
    }
}
