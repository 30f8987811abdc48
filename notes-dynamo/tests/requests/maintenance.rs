use std::error::Error;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use notes_core::{
    DeleteOutcome, InsertOutcome, ListQuery, NoteStore, Purged, StoreErrorKind, UpdateOutcome,
};
use notes_dynamo::{ensure_table, ensure_table_with_changes};
use serde_json::{Value, json};

use crate::given::{FIRST, NEW, NOW, alice, deletion, id, insertion, item, key, update};
use crate::wire::{Reply, Wire};

fn key_of(number: usize) -> Value {
    json!({"userId": {"S": "alice"}, "timestamp": {"N": number.to_string()}})
}

fn batch(numbers: std::ops::Range<usize>) -> Value {
    let deletes = numbers.map(|number| json!({"DeleteRequest": {"Key": key_of(number)}}));
    json!({"RequestItems": {"notes": deletes.collect::<Vec<_>>()}})
}

async fn purge(wire: &Wire, budget: u32) -> Purged {
    let budget = NonZeroU32::new(budget).unwrap();
    wire.store().purge(&alice(), budget).await.unwrap()
}

#[tokio::test]
async fn a_purge_finds_all_keys_of_the_user_and_removes_them_by_25() {
    let found: Vec<_> = (0..26).map(key_of).collect();
    let wire = Wire::new([
        Reply::ok(&json!({"Items": found, "LastEvaluatedKey": key_of(25)})),
        Reply::ok(&json!({"UnprocessedItems": {}})),
        Reply::ok(&json!({"UnprocessedItems": {}})),
    ]);
    let purged = Purged::new(26, true);
    assert_eq!(purge(&wire, 26).await, purged);
    let query = json!({
        "TableName": "notes",
        "KeyConditionExpression": "#userId = :userId",
        "ProjectionExpression": "#userId, #timestamp",
        "ExpressionAttributeNames": {"#userId": "userId", "#timestamp": "timestamp"},
        "ExpressionAttributeValues": {":userId": {"S": "alice"}},
        "ConsistentRead": true,
        "Limit": 26,
    });
    let sent = |operation, body| (str::to_owned(operation), body);
    assert_eq!(
        wire.sent(),
        [
            sent("Query", query),
            sent("BatchWriteItem", batch(0..25)),
            sent("BatchWriteItem", batch(25..26)),
        ]
    );
}

#[tokio::test]
async fn a_purge_reads_consistently_although_other_reads_do_not() {
    let wire = Wire::new([Reply::ok(&json!({}))]);
    let store = wire.store().with_eventually_consistent_reads();
    let purged = store.purge(&alice(), NonZeroU32::MIN).await.unwrap();
    assert_eq!(purged, Purged::new(0, false));
    assert_eq!(wire.only("Query")["ConsistentRead"], true);
}

#[tokio::test]
async fn a_purge_does_not_count_what_was_left() {
    let found = json!({"Items": [key_of(0), key_of(1)]});
    let left = json!({"UnprocessedItems": {"notes": [{"DeleteRequest": {"Key": key_of(1)}}]}});
    let wire = Wire::new([Reply::ok(&found), Reply::ok(&left)]);
    let purged = Purged::new(1, true);
    assert_eq!(purge(&wire, 9).await, purged);
}

#[tokio::test]
async fn a_table_is_created_on_demand_with_its_index_and_its_time_to_live() {
    let wire = Wire::new([
        Reply::ok(&json!({})),
        Reply::ok(&json!({"Table": {"TableStatus": "ACTIVE"}})),
        Reply::ok(&json!({})),
    ]);
    ensure_table(&wire.client(), "notes").await.unwrap();
    let create = json!({
        "TableName": "notes",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "userId", "AttributeType": "S"},
            {"AttributeName": "timestamp", "AttributeType": "N"},
            {"AttributeName": "changed", "AttributeType": "B"},
        ],
        "KeySchema": [
            {"AttributeName": "userId", "KeyType": "HASH"},
            {"AttributeName": "timestamp", "KeyType": "RANGE"},
        ],
        "LocalSecondaryIndexes": [{
            "IndexName": "byChange",
            "KeySchema": [
                {"AttributeName": "userId", "KeyType": "HASH"},
                {"AttributeName": "changed", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }],
    });
    let expire = json!({
        "TableName": "notes",
        "TimeToLiveSpecification": {"AttributeName": "purgeAt", "Enabled": true},
    });
    let sent = |operation, body| (str::to_owned(operation), body);
    assert_eq!(
        wire.sent(),
        [
            sent("CreateTable", create),
            sent("DescribeTable", json!({"TableName": "notes"})),
            sent("UpdateTimeToLive", expire),
        ]
    );
}

/// A table that is there, with these attributes of its key and their types.
fn table_of(key: &[(&str, &str, &str)]) -> Value {
    let schema = key
        .iter()
        .map(|(name, _, role)| json!({"AttributeName": name, "KeyType": role}));
    let types = key
        .iter()
        .map(|(name, kind, _)| json!({"AttributeName": name, "AttributeType": kind}));
    json!({"Table": {
        "TableStatus": "ACTIVE",
        "KeySchema": schema.collect::<Vec<_>>(),
        "AttributeDefinitions": types.collect::<Vec<_>>(),
    }})
}

const KEY: [(&str, &str, &str); 2] = [("userId", "S", "HASH"), ("timestamp", "N", "RANGE")];

fn time_to_live(status: &str, attribute: &str) -> Reply {
    Reply::ok(&json!({"TimeToLiveDescription": {
        "TimeToLiveStatus": status,
        "AttributeName": attribute,
    }}))
}

/// How it goes where this is the response to creating the table, and the others are those to what follows:
/// the error's causes, and what was sent.
async fn ensured(replies: impl IntoIterator<Item = Reply>) -> (Result<(), String>, Vec<String>) {
    let wire = Wire::new(replies);
    let ensured = ensure_table(&wire.client(), "notes")
        .await
        .map_err(|error| {
            assert_eq!(error.kind(), StoreErrorKind::Other);
            let causes = std::iter::successors(error.source(), |&cause| cause.source());
            let texts: Vec<_> = causes.map(ToString::to_string).collect();
            texts.join(": ")
        });
    let operations = wire.sent().into_iter().map(|(operation, _)| operation);
    (ensured, operations.collect())
}

fn exists() -> Reply {
    Reply::error(400, "ResourceInUseException")
}

#[tokio::test]
async fn a_table_that_exists_is_not_changed() {
    for status in ["ENABLED", "ENABLING"] {
        let replies = [
            exists(),
            Reply::ok(&table_of(&KEY)),
            time_to_live(status, "purgeAt"),
        ];
        let sent = ["CreateTable", "DescribeTable", "DescribeTimeToLive"].map(str::to_owned);
        assert_eq!(ensured(replies).await, (Ok(()), sent.into()));
    }
}

#[tokio::test]
async fn a_table_with_another_key_is_refused_and_told() {
    for (key, found) in [
        (&[("userId", "S", "HASH")][..], "userId (S, HASH)"),
        (
            &[("userId", "S", "HASH"), ("timestamp", "S", "RANGE")],
            "userId (S, HASH), timestamp (S, RANGE)",
        ),
        (
            &[("userId", "S", "HASH"), ("noteId", "N", "RANGE")],
            "userId (S, HASH), noteId (N, RANGE)",
        ),
        (
            &[("timestamp", "N", "HASH"), ("userId", "S", "RANGE")],
            "timestamp (N, HASH), userId (S, RANGE)",
        ),
        (&[("id", "B", "HASH")], "id (B, HASH)"),
    ] {
        let (ensured, _) = ensured([exists(), Reply::ok(&table_of(key))]).await;
        let needed = "userId (S, HASH), timestamp (N, RANGE)";
        let told = format!("the table notes can't be used: its key is {found}, and not {needed}");
        assert_eq!(ensured, Err(told));
    }
}

/// The table with an index of changes that has this key, with these types, and this projection.
fn indexed(name: &str, key: &[(&str, &str, &str)], projection: &str) -> Value {
    let schema = key
        .iter()
        .map(|(name, _, role)| json!({"AttributeName": name, "KeyType": role}));
    let mut table = table_of(&KEY);
    let types = table["Table"]["AttributeDefinitions"].as_array_mut();
    types.unwrap().extend(
        key.iter()
            .skip(1)
            .map(|(name, kind, _)| json!({"AttributeName": name, "AttributeType": kind})),
    );
    table["Table"]["LocalSecondaryIndexes"] = json!([{
        "IndexName": name,
        "KeySchema": schema.collect::<Vec<_>>(),
        "Projection": {"ProjectionType": projection},
    }]);
    table
}

#[tokio::test]
async fn a_table_without_the_index_of_changes_is_good_only_without_changes() {
    let by_change = [("userId", "S", "HASH"), ("changed", "B", "RANGE")];
    let by_text = [("userId", "S", "HASH"), ("changed", "S", "RANGE")];
    let needed = "and not userId (S, HASH), changed (B, RANGE), KEYS_ONLY";
    let only_new = "which only a new table can get: create one and copy the notes";
    for (table, why) in [
        (indexed("byChange", &by_change, "KEYS_ONLY"), None),
        (
            table_of(&KEY),
            Some(format!("it has no index byChange, {only_new}")),
        ),
        (
            indexed("changes", &by_change, "KEYS_ONLY"),
            Some(format!("it has no index byChange, {only_new}")),
        ),
        (
            indexed("byChange", &by_text, "KEYS_ONLY"),
            Some(format!(
                "its index byChange is userId (S, HASH), changed (S, RANGE), KEYS_ONLY, {needed}"
            )),
        ),
        (
            indexed("byChange", &by_change, "ALL"),
            Some(format!(
                "its index byChange is userId (S, HASH), changed (B, RANGE), ALL, {needed}"
            )),
        ),
    ] {
        let wire = || {
            let time_to_live = time_to_live("ENABLED", "purgeAt");
            Wire::new([exists(), Reply::ok(&table), time_to_live])
        };
        ensure_table(&wire().client(), "notes").await.unwrap();
        let checked = ensure_table_with_changes(&wire().client(), "notes").await;
        let checked = checked.map_err(|error| {
            let cause = error.source().and_then(Error::source).unwrap();
            cause.to_string()
        });
        assert_eq!(checked, why.map_or(Ok(()), Err));
    }
}

#[tokio::test]
async fn a_table_that_exists_without_its_time_to_live_gets_it() {
    for before in [
        time_to_live("DISABLED", "purgeAt"),
        Reply::ok(&json!({"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}})),
        Reply::ok(&json!({})),
    ] {
        let replies = [
            exists(),
            Reply::ok(&table_of(&KEY)),
            before,
            Reply::ok(&json!({})),
        ];
        let (ensured, sent) = ensured(replies).await;
        assert_eq!(ensured, Ok(()));
        assert_eq!(sent.last().unwrap(), "UpdateTimeToLive");
    }
}

#[tokio::test]
async fn a_table_whose_items_expire_by_another_attribute_is_refused_and_told() {
    let replies = [
        exists(),
        Reply::ok(&table_of(&KEY)),
        time_to_live("ENABLED", "expiresAt"),
    ];
    let told = "the table notes can't be used: its items expire by expiresAt, and not by purgeAt";
    assert_eq!(ensured(replies).await.0, Err(told.to_owned()));
}

#[tokio::test]
async fn two_that_start_at_once_may_both_enable_the_time_to_live() {
    let refused = || Reply::error(400, "ValidationException");
    let created = || [Reply::ok(&json!({})), Reply::ok(&table_of(&KEY)), refused()];
    let other_did = created()
        .into_iter()
        .chain([time_to_live("ENABLING", "purgeAt")]);
    assert_eq!(ensured(other_did).await.0, Ok(()));
    for after in [
        time_to_live("DISABLING", "purgeAt"),
        time_to_live("ENABLED", "expiresAt"),
        Reply::error(400, "AccessDeniedException"),
    ] {
        let (ensured, _) = ensured(created().into_iter().chain([after])).await;
        let told = ensured.unwrap_err();
        assert!(
            told.starts_with("the table notes can't be used: "),
            "{told}"
        );
        assert!(told.contains("ValidationException"), "{told}");
    }
}

#[tokio::test]
async fn capacity_is_asked_for_and_told_to_one_who_observes_it() {
    let consumed = json!({"TableName": "notes", "CapacityUnits": 1.5});
    let one = json!({"ConsumedCapacity": consumed});
    let replies = [
        one.clone(),
        json!({"ConsumedCapacity": consumed, "Item": item(FIRST)}),
        one.clone(),
        json!({"ConsumedCapacity": consumed, "Attributes": item(NEW)}),
        one,
        json!({"ConsumedCapacity": consumed, "Items": [key()]}),
        json!({"ConsumedCapacity": [consumed]}),
    ];
    let wire = Wire::new(replies.iter().map(Reply::ok));
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let store = wire.store().with_capacity_observer(move |consumed| {
        let units = (consumed.read_units, consumed.write_units);
        listener.lock().unwrap().push(units);
    });
    let alice = alice();
    let inserted = store.insert(&insertion(), NOW).await.unwrap();
    assert_eq!(inserted, InsertOutcome::Inserted);
    store.get(&alice, id(), NOW).await.unwrap();
    let query = ListQuery::default();
    store.list(&alice, &query, NOW).await.unwrap();
    let updated = store.update(&alice, id(), &update(), NOW).await.unwrap();
    assert!(matches!(updated, UpdateOutcome::Updated(_)));
    let deleted = store.delete(&alice, id(), &deletion(), NOW).await.unwrap();
    assert_eq!(deleted, DeleteOutcome::Deleted);
    let purged = store.purge(&alice, NonZeroU32::MIN).await.unwrap();
    assert_eq!(purged.removed, 1);
    for (operation, body) in wire.sent() {
        assert_eq!(body["ReturnConsumedCapacity"], "TOTAL", "{operation}");
    }
    let (read, wrote) = ((1.5, 0.0), (0.0, 1.5));
    let expected = [wrote, read, read, wrote, wrote, read, wrote];
    assert_eq!(*told.lock().unwrap(), expected);
}
