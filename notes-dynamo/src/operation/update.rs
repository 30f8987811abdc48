use aws_sdk_dynamodb::types::ReturnValue;
use notes_core::{NoteId, StoreError, Timestamp, Update, UpdateOutcome, UserId};

use crate::item::attributes::RETAINED;
use crate::item::expression::Expression;
use crate::item::mapping::{self, DecodedItem};
use crate::operation::conditional_update::{Written, conditional_update, rejected};
use crate::table::Table;

pub(crate) async fn update(
    table: &Table,
    user: &UserId,
    id: NoteId,
    update: &Update,
    now: Timestamp,
) -> Result<UpdateOutcome, StoreError> {
    let mut expression = Expression::default();
    expression.replace_revision(&update.expected, update.revision, update.live_at(now));
    if update.renewal {
        expression.require_true(RETAINED);
    }
    expression.change(update);
    let written = conditional_update(
        table,
        mapping::key(user, id),
        expression,
        &update.expected,
        ReturnValue::AllNew,
    )
    .await?;
    match written {
        Written::NotFound => Ok(UpdateOutcome::Missing),
        Written::Done(item) => match item.unwrap_or_default().into() {
            DecodedItem::Note(note, _) => Ok(UpdateOutcome::Updated(note)),
            DecodedItem::Tombstone(_) => Ok(UpdateOutcome::Missing),
            DecodedItem::Unreadable(item) => Err(item.into_error()),
        },
        Written::Refused(DecodedItem::Note(note, _), _) if note.revision == update.revision => {
            Ok(UpdateOutcome::Updated(note))
        }
        Written::Refused(stored, attempts) => rejected(
            stored,
            &attempts,
            |note| update.finds_live(note, now),
            UpdateOutcome::Missing,
            UpdateOutcome::Stale,
        ),
    }
}
