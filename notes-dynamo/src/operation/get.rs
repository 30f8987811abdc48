use notes_core::{Note, NoteId, StoreError, Timestamp, UserId};

use crate::item::mapping::{self, DecodedItem};
use crate::request::error::read_error;
use crate::table::Table;

/// [`NoteStore::get`](notes_core::NoteStore::get) as one `GetItem` request. A note that has expired is still
/// in the table until DynamoDB removes it, up to days later; it is filtered here.
pub(crate) async fn get(
    table: &Table,
    user: &UserId,
    id: NoteId,
    now: Timestamp,
) -> Result<Option<Note>, StoreError> {
    let output = table
        .client
        .get_item()
        .table_name(&table.name)
        .set_key(Some(mapping::key(user, id)))
        .consistent_read(table.consistent_reads)
        .set_return_consumed_capacity(table.capacity.return_consumed_capacity())
        .customize()
        .interceptor(table.signing_time(now))
        .send()
        .await
        .map_err(read_error)?;
    table.capacity.report_read(output.consumed_capacity());
    match output.item.map(DecodedItem::from) {
        Some(DecodedItem::Note(note, _)) => Ok(note.is_live(now).then_some(note)),
        Some(DecodedItem::Tombstone(_)) | None => Ok(None),
        Some(DecodedItem::Unreadable(item)) => Err(item.into_error()),
    }
}
