use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use notes_core::{
    ListQuery, Note, NoteId, Order, Page, StoreError, StoreErrorKind, Timestamp, UserId,
};

use crate::item::expression::Expression;
use crate::item::mapping::{DecodedItem, UnreadableItem, sort_key_of};
use crate::item::sort_key::{note_id, position};
use crate::request::error::read_error;
use crate::table::Table;

/// The most queries for one page. A query's limit counts items before the filter, so a query may return few
/// notes or none, and a page may take several. After this many, the page is returned as it is, with the
/// position of the next one, so that a call can't read without bound.
const MAX_QUERIES: usize = 8;

/// The least limit of the second and later queries of a page: where items were filtered out, more of the kind
/// are likely to follow, and a small limit would take many queries.
const FURTHER_ITEMS: usize = 100;

/// Once this many bytes were read for a page, filtered items included, it sends no further query. One
/// [query][api] reads at most 1 MB, so a page reads at most about 2 MB.
///
/// [api]: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
const MAX_BYTES: f64 = (1 << 20) as f64;

/// [`NoteStore::list`](notes_core::NoteStore::list) as one or more `Query` requests, which skip what is deleted
/// or expired, or of another category than asked for.
///
/// DynamoDB charges for what a query reads, not for what its filter lets through. So a list among many tombstones, or
/// of a rare category, costs as much as one of everything, and [`MAX_QUERIES`] and [`MAX_BYTES`] bound each page: one
/// that has reached either is returned with few notes or none, and with the position of the next.
///
/// # Errors
/// As [`read_error`]. An item that can't be read is none: the page names it.
pub(crate) async fn list(
    table: &Table,
    user: &UserId,
    query: &ListQuery,
    now: Timestamp,
) -> Result<Page, StoreError> {
    let mut page = Page::default();
    page.next = read(
        table,
        user,
        query,
        table.consistent_reads,
        now,
        |_, item| match item {
            Listed::Note(note) => page.notes.push(note),
            Listed::Unreadable(id) => page.unreadable.push(id),
        },
    )
    .await?;
    Ok(page)
}

/// An item of a list.
pub(crate) enum Listed {
    Note(Note),
    /// The id of an item that can't be read, or its sort key if that is the key of no id.
    Unreadable(String),
}

/// Reads a page of a list, and calls `found` for each of its items, in order, with the position after the item.
/// Returns the position of the next page, or `None` if this is the last one.
///
/// The position is that of the last item that is used. That is DynamoDB's `LastEvaluatedKey`, unless the page is cut to
/// its limit before: the next one would then skip what was read behind it.
pub(crate) async fn read(
    table: &Table,
    user: &UserId,
    query: &ListQuery,
    consistent: bool,
    now: Timestamp,
    mut found: impl FnMut(NoteId, Listed) + Send,
) -> Result<Option<NoteId>, StoreError> {
    let Some(range) = query.range() else {
        return Ok(None);
    };
    let mut expression = Expression::default();
    let keys = expression.key_of_user_between(user, &range);
    expression.require_maybe_live(now);
    if let Some(category) = &query.category {
        expression.require_category(category);
    }
    let request = table
        .client
        .query()
        .table_name(&table.name)
        .key_condition_expression(keys)
        .filter_expression(expression.condition())
        .set_expression_attribute_names(Some(expression.names))
        .set_expression_attribute_values(Some(expression.values))
        .consistent_read(consistent)
        .scan_index_forward(query.order == Order::Oldest)
        // Always, not just for an observer: nothing else tells the size of the items that were filtered out.
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    let (mut start, mut next) = (None, None);
    let mut bytes = 0.0;
    // Counts notes and unreadable items that have an id. An item whose key is not that of an id is in the
    // page but does not count: the position of the next page is an id, so a page must not end between two
    // items of which neither has one.
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
            .customize()
            .interceptor(table.signing_time(now))
            .send()
            .await
            .map_err(read_error)?;
        table.capacity.report_read(output.consumed_capacity());
        bytes += bytes_read(output.consumed_capacity(), consistent);
        for item in output.items.unwrap_or_default() {
            if listed == query.limit.get() {
                return Ok(next);
            }
            match item.into() {
                DecodedItem::Note(note, _) => {
                    next = Some(note.id);
                    found(note.id, Listed::Note(note));
                    listed += 1;
                }
                // Never, by the filter.
                DecodedItem::Tombstone(_) => {}
                DecodedItem::Unreadable(UnreadableItem { sort_key, .. }) => {
                    let number = sort_key.ok_or_else(no_sort_key)?;
                    let after = position(&number, query.order);
                    next = Some(after);
                    let id = note_id(&number);
                    listed += usize::from(id.is_some());
                    let id = id.map_or(number, |id| id.to_string());
                    found(after, Listed::Unreadable(id));
                }
            }
        }
        let Some(last) = output.last_evaluated_key else {
            return Ok(None);
        };
        let number = sort_key_of(&last).ok_or_else(no_sort_key)?;
        next = Some(position(number, query.order));
        if listed == query.limit.get() || bytes >= MAX_BYTES {
            return Ok(next);
        }
        start = Some(last);
    }
    Ok(next)
}

/// The bytes that a query has read, by the units that it has consumed. One unit is
/// [4 KB](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)
/// with strong consistency, and 8 KB with eventual consistency.
pub(crate) fn bytes_read(consumed: Option<&ConsumedCapacity>, consistent: bool) -> f64 {
    let units = consumed.and_then(ConsumedCapacity::capacity_units);
    units.unwrap_or_default() * if consistent { 4_096.0 } else { 8_192.0 }
}

/// The error for an item whose sort key is not a number, which a table with our key can't hold.
fn no_sort_key() -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, "an item without a sort key")
}
