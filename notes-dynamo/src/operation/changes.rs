use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::config::AsyncSleep;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use notes_core::{
    ChangePage, ChangePosition, Changed, ChangedState, ChangesQuery, ListQuery, NoteId, Order,
    StoreError, StoreErrorKind, Timestamp, UserId,
};

use crate::item::attributes::{BY_CHANGE, CHANGED};
use crate::item::changed::window;
use crate::item::expression::Expression;
use crate::item::mapping::{self, DecodedItem, Item, sort_key_of};
use crate::item::sort_key::note_id;
use crate::operation::list::{self, Listed};
use crate::request::error::read_error;
use crate::table::Table;

/// The most items of one `BatchGetItem` request: 25 of the largest items, of 400 KB each, are below the 16 MB that
/// [it returns at most][api].
///
/// [api]: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const BATCH: usize = 25;

/// How often a batch is sent, as long as it leaves items unprocessed.
const MAX_REQUESTS: usize = 4;

/// The pause before a batch is sent once more, which doubles each time. The SDK adds none: to it, a response that
/// leaves items unprocessed is a success.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Once so many bytes of items were read for a page, it reads no further batch.
const MAX_BYTES: f64 = (4 << 20) as f64;

/// [`NoteStore::changes`](notes_core::NoteStore::changes): without a time, the list of all live notes; with one, a
/// `Query` of the index and a `BatchGetItem` for every 25 of its entries. Both always read consistently: replicas
/// rely on it.
pub(crate) async fn changes(
    table: &Table,
    user: &UserId,
    query: &ChangesQuery,
    now: Timestamp,
) -> Result<ChangePage, StoreError> {
    if !table.keeps_changes {
        let why = "the store was not made with_changes";
        return Err(StoreError::new(StoreErrorKind::Unsupported, why));
    }
    match query.since {
        None => all(table, user, query, now).await,
        Some(since) => changed_since(table, user, query, since, now).await,
    }
}

/// All live notes, newest first. A position is the ordinal of an id. Items whose key is not that of an id have none:
/// they share the position of the id after them, and do not count to the limit.
async fn all(
    table: &Table,
    user: &UserId,
    query: &ChangesQuery,
    now: Timestamp,
) -> Result<ChangePage, StoreError> {
    let mut list = ListQuery::default()
        .with_limit(query.limit)
        .with_order(Order::Newest);
    list.position = query.position.as_ref().and_then(listed_id);
    let mut found = Vec::new();
    let next = list::read(table, user, &list, true, now, |after, item| {
        let state = match item {
            Listed::Note(note) => ChangedState::Live(note),
            Listed::Unreadable(id) => ChangedState::Unreadable(id),
        };
        found.push((after, state));
    })
    .await?;
    let changes = found.into_iter();
    let changes = changes.map(|(after, state)| Ok(Changed::new(listed_position(after)?, state)));
    let mut page = ChangePage::new(changes.collect::<Result<_, StoreError>>()?);
    page.next = next.map(listed_position).transpose()?;
    Ok(page)
}

/// Every item, whatever its state, that was written in the window of this time or a later one. A position is the key
/// of an entry of the index: going on behind it loses no other entry, even if this one is gone. The item itself may
/// have moved ahead meanwhile, so its own place would leave out what lies between.
async fn changed_since(
    table: &Table,
    user: &UserId,
    query: &ChangesQuery,
    since: Timestamp,
    now: Timestamp,
) -> Result<ChangePage, StoreError> {
    let position = query.position.as_ref().map(ChangePosition::as_bytes);
    // A position comes from a token, which a client may have made up, and a key of no bytes is invalid.
    let after = position.filter(|bytes| !bytes.is_empty());
    let after = after.map_or_else(|| window(since).to_vec(), <[u8]>::to_vec);
    let (entries, end) = read_index(table, user, after, query, now).await?;
    let mut read = read_items(table, user, &entries, now).await?;

    let mut page = ChangePage::new(Vec::with_capacity(entries.len()));
    for Entry { sort_key, position } in entries {
        let Some(state) = read.get_mut(&sort_key) else {
            // The page ends before the first item that was not read.
            if page.next.is_none() {
                let why = "DynamoDB leaves the items of a batch unprocessed";
                return Err(StoreError::new(StoreErrorKind::Throttled, why));
            }
            return Ok(page);
        };
        // An item that moves while the index is read is there twice.
        if let Some(state) = state.take() {
            page.changes.push(Changed::new(position.clone(), state));
        }
        page.next = Some(position);
    }
    page.next = end;
    Ok(page)
}

/// An entry of the index.
struct Entry {
    /// The sort key of the item in the table.
    sort_key: String,
    /// The sort key of this entry.
    position: ChangePosition,
}

/// The entries behind a key, at most as many as the query's limit, and the position after them if there may be more.
async fn read_index(
    table: &Table,
    user: &UserId,
    after: Vec<u8>,
    query: &ChangesQuery,
    now: Timestamp,
) -> Result<(Vec<Entry>, Option<ChangePosition>), StoreError> {
    let mut expression = Expression::default();
    let keys = expression.key_of_user_changed_after(user, after);
    let output = table
        .client
        .query()
        .table_name(&table.name)
        .index_name(BY_CHANGE)
        .key_condition_expression(keys)
        .set_expression_attribute_names(Some(expression.names))
        .set_expression_attribute_values(Some(expression.values))
        .consistent_read(true)
        .limit(i32::try_from(query.limit.get()).unwrap_or(i32::MAX))
        .set_return_consumed_capacity(table.capacity.return_consumed_capacity())
        .customize()
        .interceptor(table.signing_time(now))
        .send()
        .await
        .map_err(read_error)?;
    table.capacity.report_read(output.consumed_capacity());
    let entries: Option<Vec<_>> = output.items().iter().map(entry).collect();
    let end = output.last_evaluated_key().map(entry);
    match (entries, end) {
        (Some(entries), None) => Ok((entries, None)),
        (Some(entries), Some(Some(end))) => Ok((entries, Some(end.position))),
        _ => {
            let why = "an entry of the index without its keys, or with a key that is too long";
            Err(StoreError::new(StoreErrorKind::Corrupt, why))
        }
    }
}

/// The keys of an index entry.
fn entry(keys: &Item) -> Option<Entry> {
    let changed = keys.get(CHANGED)?.as_b().ok()?;
    Some(Entry {
        sort_key: sort_key_of(keys)?.to_owned(),
        position: changed.as_ref().try_into().ok()?,
    })
}

/// Reads the items of these entries, each once, as far as a page may have. The result has the sort keys that were
/// read. It is `None` for an item that is not there and whose key is that of no note.
async fn read_items(
    table: &Table,
    user: &UserId,
    entries: &[Entry],
    now: Timestamp,
) -> Result<HashMap<String, Option<ChangedState>>, StoreError> {
    let mut seen = HashSet::new();
    let sort_keys = entries.iter().map(|entry| entry.sort_key.as_str());
    // BatchGetItem refuses a request that has a key twice.
    let sort_keys: Vec<_> = sort_keys
        .filter(|sort_key| seen.insert(*sort_key))
        .collect();
    let mut read = HashMap::with_capacity(sort_keys.len());
    let mut bytes = 0.0;
    for batch in sort_keys.chunks(BATCH) {
        let Batch {
            items,
            unprocessed,
            bytes: of_batch,
        } = match read_batch(table, user, batch, now).await {
            Ok(batch) => batch,
            // What was read before is a page, and is not to be read again.
            Err(error) if error.is_retryable() && !read.is_empty() => break,
            Err(error) => return Err(error),
        };
        let wanted = batch.iter().copied();
        let processed = wanted.filter(|&sort_key| !unprocessed.iter().any(|left| left == sort_key));
        read.extend(processed.map(|sort_key| {
            let gone = note_id(sort_key).map(ChangedState::Gone);
            (sort_key.to_owned(), gone)
        }));
        for item in items {
            let sort_key = sort_key_of(&item).ok_or_else(not_of_the_batch)?.to_owned();
            let place = read.get_mut(&sort_key).ok_or_else(not_of_the_batch)?;
            *place = state(&sort_key, item, now);
        }
        bytes += of_batch;
        if bytes >= MAX_BYTES || !unprocessed.is_empty() {
            break;
        }
    }
    Ok(read)
}

/// What was read of a batch.
struct Batch {
    /// The items that are there.
    items: Vec<Item>,
    /// The sort keys that DynamoDB has not processed, even when asked again.
    unprocessed: Vec<String>,
    /// The size of the items, each rounded up to 4 KB.
    bytes: f64,
}

/// Reads the items with these sort keys.
async fn read_batch(
    table: &Table,
    user: &UserId,
    sort_keys: &[&str],
    now: Timestamp,
) -> Result<Batch, StoreError> {
    let mut unprocessed: Vec<_> = sort_keys.iter().copied().map(str::to_owned).collect();
    let mut items = Vec::with_capacity(sort_keys.len());
    let (mut bytes, mut pause) = (0.0, FIRST_PAUSE);
    for request in 0..MAX_REQUESTS {
        if let Some(sleep) = table.client.config().sleep_impl().filter(|_| request > 0) {
            sleep.sleep(pause).await;
            pause *= 2;
        }
        let keys = unprocessed
            .into_iter()
            .map(|sort_key| mapping::key_of(user, sort_key));
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys.collect()))
            .consistent_read(true)
            .build()
            .map_err(|error: BuildError| StoreError::new(StoreErrorKind::Other, error))?;
        let output = table
            .client
            .batch_get_item()
            .request_items(&table.name, wanted)
            // Always, not just for an observer: an item may have attributes of any size that this crate doesn't know.
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .interceptor(table.signing_time(now))
            .send()
            .await
            .map_err(read_error)?;
        let consumed = output.consumed_capacity().first();
        table.capacity.report_read(consumed);
        bytes += list::bytes_read(consumed, true);
        // What is in no response does not exist, and replicas remove it. So a response has to be one.
        let responses = output
            .responses
            .ok_or_else(|| StoreError::new(StoreErrorKind::Other, "a batch without responses"))?;
        items.extend(responses.into_values().flatten());
        let left = output
            .unprocessed_keys
            .into_iter()
            .flat_map(HashMap::into_values)
            .flat_map(|left| left.keys);
        let left = left.map(|key| {
            let sort_key = sort_key_of(&key).filter(|sort_key| sort_keys.contains(sort_key));
            sort_key.map(str::to_owned).ok_or_else(not_of_the_batch)
        });
        unprocessed = left.collect::<Result<_, _>>()?;
        if unprocessed.is_empty() {
            break;
        }
    }
    Ok(Batch {
        items,
        unprocessed,
        bytes,
    })
}

/// The error for an item or a key that was not asked for. What was asked for would else be taken for gone.
fn not_of_the_batch() -> StoreError {
    let why = "a batch returned a key that was not asked for";
    StoreError::new(StoreErrorKind::Corrupt, why)
}

/// What a replica has to know of an item.
fn state(sort_key: &str, item: Item, now: Timestamp) -> Option<ChangedState> {
    let id = note_id(sort_key);
    match item.into() {
        DecodedItem::Note(note, _) if note.is_live(now) => Some(ChangedState::Live(note)),
        DecodedItem::Note(..) | DecodedItem::Tombstone(_) => id.map(ChangedState::Gone),
        DecodedItem::Unreadable(_) => {
            let name = id.map_or_else(|| sort_key.to_owned(), |id| id.to_string());
            Some(ChangedState::Unreadable(name))
        }
    }
}

/// The position in a list of all notes after the note with this id.
///
/// # Errors
/// None: 16 bytes are never too many for a position.
fn listed_position(after: NoteId) -> Result<ChangePosition, StoreError> {
    let bytes = after.ordinal().to_be_bytes();
    let position = ChangePosition::try_from(&bytes[..]);
    position.map_err(|error| StoreError::new(StoreErrorKind::Other, error))
}

/// The id after which a list goes on. `None`, which begins anew, for a position that no list has given: it comes
/// from a token, which a client may have made up.
fn listed_id(position: &ChangePosition) -> Option<NoteId> {
    let ordinal = position.as_bytes().try_into().ok()?;
    NoteId::from_ordinal(u128::from_be_bytes(ordinal))
}
