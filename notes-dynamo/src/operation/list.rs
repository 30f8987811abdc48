use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use notes_core::{ListQuery, Order, Page, StoreError, StoreErrorKind, Timestamp, UserId};

use crate::item::expression::Expression;
use crate::item::mapping::{DecodedItem, UnreadableItem, sort_key_of};
use crate::item::sort_key::{note_id, position};
use crate::request::error::read_error;
use crate::table::Table;

/// Filtered items make a query's answer short, so a page may take several. After so many it is
/// answered as it is, with a cursor: what one request reads is bounded.
const MAX_QUERIES: usize = 8;

/// A query that goes on reads at least so many items: where notes were filtered, more will be.
const FURTHER_ITEMS: usize = 100;

/// A page for which so many bytes were read, of notes or of what is filtered, asks for no more. One
/// [query][api] reads at most 1 MB, so a page costs at most twice that.
///
/// [api]: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
const MAX_BYTES: f64 = (1 << 20) as f64;

pub(crate) async fn list(
    table: &Table,
    user: &UserId,
    query: &ListQuery,
    now: Timestamp,
) -> Result<Page, StoreError> {
    let mut page = Page::default();
    let Some(range) = query.range() else {
        return Ok(page);
    };
    let mut expression = Expression::default();
    let keys = expression.key_of_user_between(user, &range);
    expression.require_maybe_live(now);
    let request = table
        .client
        .query()
        .table_name(&table.name)
        .key_condition_expression(keys)
        .filter_expression(expression.condition())
        .set_expression_attribute_names(Some(expression.names))
        .set_expression_attribute_values(Some(expression.values))
        .consistent_read(table.consistent_reads)
        .scan_index_forward(query.order == Order::Oldest)
        // Nothing else tells the size of what the filter left out.
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    let mut start = None;
    let mut bytes = 0.0;
    // What has an id. An item whose key is that of none is named beside: a page that ended with it
    // could not say where between two ids the next one goes on.
    let mut listed = 0;
    for queries in 0..MAX_QUERIES {
        let missing = query.limit.get() - listed;
        let limit = match queries {
            0 => missing,
            _ => missing.max(FURTHER_ITEMS),
        };
        let output = request
            .clone()
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(read_error)?;
        table.capacity.read(output.consumed_capacity());
        bytes += bytes_read(output.consumed_capacity(), table.consistent_reads);
        for item in output.items.unwrap_or_default() {
            if listed == query.limit.get() {
                return Ok(page);
            }
            match item.into() {
                DecodedItem::Note(note, _) => {
                    page.next = Some(note.id);
                    page.notes.push(note);
                    listed += 1;
                }
                // The filter leaves none.
                DecodedItem::Tombstone(_) => {}
                DecodedItem::Unreadable(UnreadableItem { sort_key, .. }) => {
                    let number = sort_key.ok_or_else(no_sort_key)?;
                    page.next = Some(position(&number, query.order));
                    let id = note_id(&number);
                    listed += usize::from(id.is_some());
                    page.unreadable.push(id.map_or(number, |id| id.to_string()));
                }
            }
        }
        let Some(last) = output.last_evaluated_key else {
            page.next = None;
            return Ok(page);
        };
        let number = sort_key_of(&last).ok_or_else(no_sort_key)?;
        page.next = Some(position(number, query.order));
        if listed == query.limit.get() || bytes >= MAX_BYTES {
            return Ok(page);
        }
        start = Some(last);
    }
    Ok(page)
}
/// How much a query read that consumed so much: a unit is for
/// [4 KB](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)
/// with strong consistency, and for 8 KB with eventual.
fn bytes_read(consumed: Option<&ConsumedCapacity>, consistent: bool) -> f64 {
    let units = consumed.and_then(ConsumedCapacity::capacity_units);
    units.unwrap_or_default() * if consistent { 4_096.0 } else { 8_192.0 }
}

fn no_sort_key() -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, "an item without a sort key")
}
