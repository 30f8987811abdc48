use notes_core::{ListQuery, NoteId, Order, Page, StoreError, StoreErrorKind, Timestamp, UserId};

use crate::DynamoNoteStore;
use crate::error::of_read;
use crate::expression::Expression;
use crate::item::{Item, Stored, TIMESTAMP};
use crate::sort_key::{note_id, position};

/// Filtered items make a query's answer short, so a page may take several. After so many it is
/// answered as it is, with a cursor: what one request reads is bounded.
const MAX_QUERIES: usize = 8;

/// A query that goes on reads at least so many items: where notes were filtered, more will be.
const FURTHER_ITEMS: usize = 100;

/// A page of more bytes of text asks for no more. One query reads at most 1 MB.
const MAX_BYTES: usize = 4 << 20;

impl DynamoNoteStore {
    pub(crate) async fn page(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        let mut page = Page::default();
        let Some(range) = query.range() else {
            return Ok(page);
        };
        let mut start = None;
        let mut bytes = 0;
        for queries in 0..MAX_QUERIES {
            let missing = query.limit.get() - page.notes.len() - page.unreadable.len();
            let limit = match queries {
                0 => missing,
                _ => missing.max(FURTHER_ITEMS),
            };
            let mut expression = Expression::default();
            let keys = expression.of_user_between(user, &range);
            expression.is_not_known_to_be_over(now);
            let output = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression(keys)
                .filter_expression(expression.condition())
                .set_expression_attribute_names(Some(expression.names))
                .set_expression_attribute_values(Some(expression.values))
                .consistent_read(self.consistent_reads)
                .scan_index_forward(query.order == Order::Oldest)
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .set_return_consumed_capacity(self.capacity.asks())
                .send()
                .await
                .map_err(of_read)?;
            self.capacity.read(output.consumed_capacity());
            for item in output.items.unwrap_or_default() {
                if page.notes.len() + page.unreadable.len() == query.limit.get() {
                    return Ok(page);
                }
                let (number, position) = consumed(&item, query.order)?;
                page.next = Some(position);
                match item.into() {
                    Stored::Note(note, _) => {
                        bytes += note.title.as_str().len() + note.content.as_str().len();
                        page.notes.push(note);
                    }
                    Stored::Tombstone(_) => {}
                    Stored::Unreadable(_) => page
                        .unreadable
                        .push(note_id(&number).map_or(number, |id| id.to_string())),
                }
            }
            let Some(last) = output.last_evaluated_key else {
                page.next = None;
                return Ok(page);
            };
            page.next = Some(consumed(&last, query.order)?.1);
            if page.notes.len() + page.unreadable.len() == query.limit.get() || bytes >= MAX_BYTES {
                return Ok(page);
            }
            start = Some(last);
        }
        Ok(page)
    }
}

/// The sort key of an item, and where a list goes on behind it.
fn consumed(item: &Item, order: Order) -> Result<(String, NoteId), StoreError> {
    let number = item.get(TIMESTAMP).and_then(|it| it.as_n().ok());
    number
        .and_then(|it| Some((it.clone(), position(it, order)?)))
        .ok_or_else(|| StoreError::new(StoreErrorKind::Corrupt, "an item without a sort key"))
}
