//! What a store that keeps track of changes writes, and how it reads them.

use std::sync::{Arc, Mutex};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use notes_core::{
    ChangePage, ChangePosition, Changed, ChangedState, ChangesQuery, DeleteOutcome, InsertOutcome,
    NoteId, NoteStore, PageLimit, StoreErrorKind, UpdateOutcome,
};
use notes_dynamo::{DynamoNoteStore, sort_key};
use serde_json::{Value, json};

use crate::given::{
    CHANGED, FIRST, ID, KEY, NEW, NOW, alice, deletion, entry, id, insertion, item, key, note,
    since_now, tombstone, update, with,
};
use crate::wire::{ATTEMPTS, Reply, Wire};

/// The requests of an insert, an update and a deletion by this store.
async fn writes(store: impl FnOnce(&Wire) -> DynamoNoteStore) -> Vec<(String, Value)> {
    let updated = json!({"Attributes": item(NEW)});
    let wire = Wire::new([json!({}), updated, json!({})].iter().map(Reply::ok));
    let (store, user) = (store(&wire), alice());
    let inserted = store.insert(&insertion(), NOW).await.unwrap();
    assert_eq!(inserted, InsertOutcome::Inserted);
    let updated = store.update(&user, id(), &update(), NOW).await.unwrap();
    assert!(matches!(updated, UpdateOutcome::Updated(_)));
    let deleted = store.delete(&user, id(), &deletion(), NOW).await.unwrap();
    assert_eq!(deleted, DeleteOutcome::Deleted);
    wire.sent()
}

#[tokio::test]
async fn each_write_says_when_the_note_changed_if_changes_are_kept_and_else_none_does() {
    let without = writes(Wire::store).await;
    for (target, body) in &without {
        assert!(!body.to_string().contains("changed"), "{target}");
    }
    let set = json!({
        "ExpressionAttributeNames": {"#changed": "changed"},
        "ExpressionAttributeValues": {":changed": {"B": CHANGED}},
    });
    let additions = [
        json!({"Item": {"changed": {"B": CHANGED}}}),
        set.clone(),
        set,
    ];
    let expected = without.into_iter().zip(additions);
    let expected: Vec<_> = expected
        .map(|((target, body), addition)| {
            let mut body = with(body, addition);
            // An update expression sets it last.
            if let Some(Value::String(text)) = body.get_mut("UpdateExpression") {
                let end = text.find(" REMOVE ").unwrap_or(text.len());
                text.insert_str(end, ", #changed = :changed");
            }
            (target, body)
        })
        .collect();
    assert_eq!(writes(Wire::store_with_changes).await, expected);
}

/// The window of `NOW`: the first bytes of `changed`.
const WINDOW: &str = "ABm15A==";

fn sent(operation: &str, body: Value) -> (String, Value) {
    (operation.to_owned(), body)
}

/// The query of the index behind this key.
fn find(after: &str, limit: usize) -> (String, Value) {
    let query = json!({
        "TableName": "notes",
        "IndexName": "byChange",
        "KeyConditionExpression": "#userId = :userId AND #changed > :after",
        "ExpressionAttributeNames": {"#userId": "userId", "#changed": "changed"},
        "ExpressionAttributeValues": {":userId": {"S": "alice"}, ":after": {"B": after}},
        "ConsistentRead": true,
        "Limit": limit,
    });
    sent("Query", query)
}

/// The batch of the items with these keys.
fn read(keys: impl IntoIterator<Item = Value>) -> (String, Value) {
    let keys: Vec<_> = keys.into_iter().collect();
    let batch = json!({
        "RequestItems": {"notes": {"Keys": keys, "ConsistentRead": true}},
        "ReturnConsumedCapacity": "TOTAL",
    });
    sent("BatchGetItem", batch)
}

fn found(entries: &[Value], more: bool) -> Reply {
    let mut reply = json!({"Items": entries});
    if more {
        reply["LastEvaluatedKey"] = entries.last().unwrap().clone();
    }
    Reply::ok(&reply)
}

/// What a batch returns, and the keys that it leaves.
fn items(items: &[Value], left: &[Value]) -> Reply {
    let mut reply = json!({"Responses": {"notes": items}, "UnprocessedKeys": {}});
    if !left.is_empty() {
        reply["UnprocessedKeys"] = json!({"notes": {"Keys": left, "ConsistentRead": true}});
    }
    Reply::ok(&reply)
}

/// The note with this number, and what is stored of it: its id, its key, its entry in the index, its item.
fn numbered(number: u128) -> (NoteId, Value, Value, Value) {
    let id = NoteId::from_ordinal(number).unwrap();
    let key = json!({"userId": {"S": "alice"}, "timestamp": {"N": sort_key(id)}});
    let entry = with(key.clone(), json!({"changed": {"B": changed(number)}}));
    (id, key.clone(), entry, with(item(FIRST), key))
}

/// A value of `changed`, in the order of these numbers. The store does not interpret it.
fn changed(number: u128) -> String {
    let mut bytes = vec![0, 25, 181, 228];
    bytes.extend(number.to_be_bytes());
    BASE64_STANDARD.encode(bytes)
}

fn position(changed: &str) -> ChangePosition {
    BASE64_STANDARD
        .decode(changed)
        .unwrap()
        .as_slice()
        .try_into()
        .unwrap()
}

fn at(position: &ChangePosition) -> ChangesQuery {
    since_now().with_position(position.clone())
}

fn limit(limit: u8) -> PageLimit {
    limit.try_into().unwrap()
}

/// What a page says, without positions.
fn said(page: ChangePage) -> Vec<ChangedState> {
    page.changes
        .into_iter()
        .map(|changed| changed.state)
        .collect()
}

#[tokio::test]
async fn what_was_written_since_a_time_is_found_in_the_index_and_read_from_the_table() {
    let wire = Wire::new([found(&[entry()], false), items(&[item(FIRST)], &[])]);
    // The switch is for `get` and `list`.
    let store = wire.store_with_changes().with_eventually_consistent_reads();
    let page = store.changes(&alice(), &since_now(), NOW).await.unwrap();
    let live = Changed::new(position(CHANGED), ChangedState::Live(note()));
    assert_eq!((page.changes, page.next), (vec![live], None));
    assert_eq!(wire.sent(), [find(WINDOW, 100), read([key()])]);
}

#[tokio::test]
async fn where_nothing_has_changed_one_query_is_all() {
    let wire = Wire::new([found(&[], false)]);
    let page = wire
        .store_with_changes()
        .changes(&alice(), &since_now(), NOW)
        .await;
    assert_eq!(page.unwrap(), ChangePage::default());
    assert_eq!(wire.sent(), [find(WINDOW, 100)]);
}

/// The item moves to another place in the index between the two requests. What lies between that place and the
/// entry would be lost if the page ended at the item.
#[tokio::test]
async fn a_page_goes_on_behind_the_entry_and_not_behind_the_item() {
    let moved = with(
        item(NEW),
        json!({"changed": {"B": "ABm2/AGbXkycG34qgABeDB96Oy0="}}),
    );
    let wire = Wire::new([
        found(&[entry()], true),
        items(&[moved], &[]),
        found(&[], false),
    ]);
    let store = wire.store_with_changes();
    let query = since_now().with_limit(limit(1));
    let page = store.changes(&alice(), &query, NOW).await.unwrap();
    assert_eq!(page.changes[0].position, position(CHANGED));
    assert_eq!(page.next, Some(position(CHANGED)));
    let next = at(&page.next.unwrap());
    store.changes(&alice(), &next, NOW).await.unwrap();
    assert_eq!(wire.sent()[2], find(CHANGED, 100));
}

/// An item that moves while the index is read is there twice, and a batch with a key twice is invalid.
#[tokio::test]
async fn an_item_that_is_in_the_index_twice_is_read_once() {
    let (_, key_1, entry_1, item_1) = numbered(1);
    let (_, key_2, entry_2, item_2) = numbered(2);
    let again = with(key_1.clone(), json!({"changed": {"B": changed(3)}}));
    let entries = [entry_1, entry_2, again];
    let wire = Wire::new([found(&entries, true), items(&[item_2, item_1], &[])]);
    let store = wire.store_with_changes();
    let page = store.changes(&alice(), &since_now(), NOW).await.unwrap();
    assert_eq!(wire.sent()[1], read([key_1, key_2]));
    let positions: Vec<_> = page
        .changes
        .iter()
        .map(|change| change.position.clone())
        .collect();
    assert_eq!(positions, [position(&changed(1)), position(&changed(2))]);
    assert_eq!(page.next, Some(position(&changed(3))));
}

#[tokio::test]
async fn what_is_no_live_note_is_gone_or_unreadable_and_hides_nothing() {
    let expired = with(item(FIRST), json!({"expiresAt": {"N": "1766813700"}}));
    let unreadable = with(item(FIRST), json!({"title": {"S": ""}}));
    for (there, expected) in [
        (vec![tombstone(NEW)], ChangedState::Gone(id())),
        (vec![expired], ChangedState::Gone(id())),
        (vec![], ChangedState::Gone(id())),
        (vec![unreadable], ChangedState::Unreadable(ID.to_owned())),
    ] {
        let wire = Wire::new([found(&[entry()], false), items(&there, &[])]);
        let store = wire.store_with_changes();
        let page = store.changes(&alice(), &since_now(), NOW).await.unwrap();
        assert_eq!(said(page), [expected]);
    }
    // What another program has put there.
    let foreign = json!({"userId": {"S": "alice"}, "timestamp": {"N": "-7"}});
    let entry = with(foreign.clone(), json!({"changed": {"B": CHANGED}}));
    for (there, expected) in [
        (
            vec![foreign],
            vec![ChangedState::Unreadable("-7".to_owned())],
        ),
        (vec![], vec![]),
    ] {
        let wire = Wire::new([
            found(std::slice::from_ref(&entry), false),
            items(&there, &[]),
        ]);
        let store = wire.store_with_changes();
        let page = store.changes(&alice(), &since_now(), NOW).await.unwrap();
        assert_eq!(said(page), expected);
    }
}

#[tokio::test]
async fn what_a_batch_leaves_is_asked_for_again() {
    let (id_1, key_1, entry_1, item_1) = numbered(1);
    let (_, key_2, entry_2, item_2) = numbered(2);
    let wire = Wire::new([
        found(&[entry_1, entry_2], false),
        items(&[item_2], std::slice::from_ref(&key_1)),
        items(&[item_1], &[]),
    ]);
    let store = wire.store_with_changes();
    let page = store.changes(&alice(), &since_now(), NOW).await.unwrap();
    assert_eq!(page.next, None);
    let ChangedState::Live(first) = &page.changes[0].state else {
        panic!("{page:?}");
    };
    assert_eq!((first.id, page.changes.len()), (id_1, 2));
    assert_eq!(
        wire.sent()[1..],
        [read([key_1.clone(), key_2]), read([key_1])]
    );
}

#[tokio::test]
async fn a_page_ends_before_what_a_batch_leaves_for_good() {
    let (_, key_1, entry_1, item_1) = numbered(1);
    let (_, key_2, entry_2, _) = numbered(2);
    let (_, _, entry_3, item_3) = numbered(3);
    let entries = [entry_1, entry_2, entry_3];
    let left = || items(&[], std::slice::from_ref(&key_2));
    let first = items(&[item_3.clone(), item_1], std::slice::from_ref(&key_2));
    let wire = Wire::new([found(&entries, true), first, left(), left(), left()]);
    let store = wire.store_with_changes();
    let page = store.changes(&alice(), &since_now(), NOW).await.unwrap();
    assert_eq!(page.next, Some(position(&changed(1))));
    assert_eq!(page.changes.len(), 1);
    assert_eq!(wire.sent().len(), 5);

    let left = || items(&[], std::slice::from_ref(&key_1));
    let first = items(&[item_3], std::slice::from_ref(&key_1));
    let wire = Wire::new([found(&entries, false), first, left(), left(), left()]);
    let store = wire.store_with_changes();
    let error = store
        .changes(&alice(), &since_now(), NOW)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Throttled);
}

/// What was read is paid for, and not asked for again: the page ends before the batch that fails.
#[tokio::test]
async fn a_batch_that_is_refused_loses_none_that_was_read() {
    let all: Vec<_> = (1..=60).map(numbered).collect();
    let entries: Vec<_> = all.iter().map(|(_, _, entry, _)| entry.clone()).collect();
    let first: Vec<_> = all[..25]
        .iter()
        .map(|(_, _, _, item)| item.clone())
        .collect();
    let query = since_now().with_limit(limit(60));

    let refusals = (0..ATTEMPTS).map(|_| Reply::error(400, "ThrottlingException"));
    let wire = Wire::new(
        [found(&entries, false), items(&first, &[])]
            .into_iter()
            .chain(refusals),
    );
    let store = wire.store_with_changes();
    let page = store.changes(&alice(), &query, NOW).await.unwrap();
    assert_eq!(page.changes.len(), 25);
    assert_eq!(page.next, Some(position(&changed(25))));

    let wire = Wire::new([
        found(&entries, false),
        items(&first, &[]),
        Reply::error(400, "ValidationException"),
    ]);
    let store = wire.store_with_changes();
    let error = store.changes(&alice(), &query, NOW).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Other);
}

/// What is in no response is gone, so a response that does not fit the request must not make a live note gone.
#[tokio::test]
async fn a_batch_with_keys_that_were_not_asked_for_is_an_error() {
    let (_, _, entry, item) = numbered(1);
    let (_, other_key, _, other_item) = numbered(2);
    let mut without_key = item;
    without_key["timestamp"] = json!({"S": "1"});
    let replies = [
        items(&[other_item], &[]),
        items(&[without_key.clone()], &[]),
        items(&[], &[other_key]),
        items(&[], &[without_key]),
    ];
    for reply in replies {
        let wire = Wire::new([found(std::slice::from_ref(&entry), false), reply]);
        let store = wire.store_with_changes();
        let error = store
            .changes(&alice(), &since_now(), NOW)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error:?}");
    }
}

#[tokio::test]
async fn items_are_read_by_25_until_they_have_4_megabytes() {
    let numbers = 1..=60;
    let all: Vec<_> = numbers.map(numbered).collect();
    let entries: Vec<_> = all.iter().map(|(_, _, entry, _)| entry.clone()).collect();
    let keys = |range: std::ops::Range<usize>| all[range].iter().map(|(_, key, _, _)| key.clone());
    for (units, count) in [(25, 3), (1_023, 2), (1_024, 1)] {
        let batches: Vec<_> = [0..25, 25..50, 50..60].into_iter().take(count).collect();
        let reply = |range: &std::ops::Range<usize>| {
            let batch = all[range.clone()].iter();
            let batch: Vec<_> = batch.map(|(_, _, _, item)| item).collect();
            Reply::ok(&json!({
                "Responses": {"notes": batch},
                "ConsumedCapacity": [{"TableName": "notes", "CapacityUnits": units}],
            }))
        };
        let replies = batches.iter().map(reply);
        let wire = Wire::new(std::iter::once(found(&entries, false)).chain(replies));
        let query = since_now().with_limit(limit(60));
        let page = wire
            .store_with_changes()
            .changes(&alice(), &query, NOW)
            .await
            .unwrap();
        let end = batches.last().unwrap().end;
        assert_eq!(page.changes.len(), end);
        let next = (end < 60).then(|| position(&changed(u128::try_from(end).unwrap())));
        assert_eq!(page.next, next);
        let read: Vec<_> = batches.into_iter().map(|range| read(keys(range))).collect();
        assert_eq!(wire.sent()[1..], read);
    }
}

#[tokio::test]
async fn without_a_time_all_live_notes_are_listed_from_the_table() {
    let wire = Wire::new([
        Reply::ok(&json!({"Items": [item(FIRST)], "LastEvaluatedKey": key()})),
        Reply::ok(&json!({"Items": []})),
    ]);
    let store = wire.store_with_changes().with_eventually_consistent_reads();
    let query = ChangesQuery::live().with_limit(limit(1));
    let page = store.changes(&alice(), &query, NOW).await.unwrap();
    assert_eq!(page.changes[0].state, ChangedState::Live(note()));
    let next = query.with_position(page.next.unwrap());
    let page = store.changes(&alice(), &next, NOW).await.unwrap();
    assert_eq!(page, ChangePage::default());
    let listed = json!({
        "TableName": "notes",
        "KeyConditionExpression": "#userId = :userId",
        "FilterExpression": concat!(
            "(attribute_not_exists(#deleted) OR NOT #deleted = :true)",
            " AND (attribute_not_exists(#expiresAt) OR NOT #expiresAt <= :now)",
        ),
        "ExpressionAttributeNames": {"#userId": "userId", "#deleted": "deleted", "#expiresAt": "expiresAt"},
        "ExpressionAttributeValues": {
            ":userId": {"S": "alice"},
            ":true": {"BOOL": true},
            ":now": {"N": NOW.as_secs().to_string()},
        },
        "ConsistentRead": true,
        "ScanIndexForward": false,
        "Limit": 1,
        "ReturnConsumedCapacity": "TOTAL",
    });
    let before = (KEY.parse::<u128>().unwrap() - 1).to_string();
    let goes_on = json!({
        "KeyConditionExpression": "#userId = :userId AND #timestamp <= :high",
        "ExpressionAttributeNames": {"#timestamp": "timestamp"},
        "ExpressionAttributeValues": {":high": {"N": before}},
    });
    let next = with(listed.clone(), goes_on);
    assert_eq!(wire.sent(), [sent("Query", listed), sent("Query", next)]);
}

#[tokio::test]
async fn a_position_that_somebody_has_made_up_begins_anew_or_finds_nothing() {
    let made_up = |bytes: &[u8]| ChangePosition::try_from(bytes).unwrap();
    for bytes in [&[][..], &[1], &[255; 16], &[255; 32]] {
        let wire = Wire::new([Reply::ok(&json!({"Items": []}))]);
        let query = ChangesQuery::live().with_position(made_up(bytes));
        wire.store_with_changes()
            .changes(&alice(), &query, NOW)
            .await
            .unwrap();
        let request = wire.only("Query");
        assert_eq!(
            request["KeyConditionExpression"], "#userId = :userId",
            "{bytes:?}"
        );
    }
    for (bytes, after) in [
        (&[][..], WINDOW),
        (&[255; 32], "//////////////////////////////////////////8="),
    ] {
        let wire = Wire::new([found(&[], false)]);
        let query = since_now().with_position(made_up(bytes));
        wire.store_with_changes()
            .changes(&alice(), &query, NOW)
            .await
            .unwrap();
        assert_eq!(wire.sent(), [find(after, 100)]);
    }
}

#[tokio::test]
async fn a_store_that_keeps_no_changes_has_none_to_give() {
    let wire = Wire::new([]);
    for query in [ChangesQuery::live(), since_now()] {
        let error = wire
            .store()
            .changes(&alice(), &query, NOW)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    }
    assert_eq!(wire.sent(), []);
}

#[tokio::test]
async fn an_entry_without_its_keys_is_told() {
    for keys in [
        key(),
        json!({"userId": {"S": "alice"}, "changed": {"B": CHANGED}}),
        with(
            entry(),
            json!({"changed": {"B": BASE64_STANDARD.encode([0; 33])}}),
        ),
    ] {
        for more in [false, true] {
            let reply = if more {
                found(std::slice::from_ref(&keys), true)
            } else {
                Reply::ok(&json!({"Items": [], "LastEvaluatedKey": keys}))
            };
            let wire = Wire::new([reply]);
            let error = wire
                .store_with_changes()
                .changes(&alice(), &since_now(), NOW)
                .await;
            assert_eq!(error.unwrap_err().kind(), StoreErrorKind::Corrupt);
        }
    }
}

#[tokio::test]
async fn what_both_requests_of_a_page_consume_is_told() {
    let units = |units: f64| json!({"TableName": "notes", "CapacityUnits": units});
    let replies = [
        json!({"Items": [entry()], "ConsumedCapacity": units(1.5)}),
        json!({"Responses": {"notes": [item(FIRST)]}, "ConsumedCapacity": [units(2.5)]}),
    ];
    let wire = Wire::new(replies.iter().map(Reply::ok));
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let store = wire.store_with_changes();
    let store = store.with_capacity_observer(move |capacity| {
        let units = (capacity.read_units, capacity.write_units);
        listener.lock().unwrap().push(units);
    });
    store.changes(&alice(), &since_now(), NOW).await.unwrap();
    for (target, body) in wire.sent() {
        assert_eq!(body["ReturnConsumedCapacity"], "TOTAL", "{target}");
    }
    assert_eq!(*told.lock().unwrap(), [(1.5, 0.0), (2.5, 0.0)]);
}
