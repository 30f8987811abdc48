use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use notes_core::{ListQuery, NoteStore, Purged};
use notes_dynamo::ensure_table;
use serde_json::{Value, json};

use crate::given::{FIRST, NEW, NOW, alice, deletion, id, insertion, item, key, update};
use crate::wire::{Reply, Wire};

fn key_of(number: usize) -> Value {
    json!({"userId": {"S": "alice"}, "timestamp": {"N": number.to_string()}})
}

fn batch(numbers: std::ops::Range<usize>) -> Value {
    let deletes = numbers.map(|it| json!({"DeleteRequest": {"Key": key_of(it)}}));
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
    let purged = Purged {
        removed: 26,
        more: true,
    };
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
    let sent = |operation, body| (format!("DynamoDB_20120810.{operation}"), body);
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
    assert_eq!(
        purged,
        Purged {
            removed: 0,
            more: false
        }
    );
    assert_eq!(wire.only("Query")["ConsistentRead"], true);
}

#[tokio::test]
async fn a_purge_does_not_count_what_was_left() {
    let found = json!({"Items": [key_of(0), key_of(1)]});
    let left = json!({"UnprocessedItems": {"notes": [{"DeleteRequest": {"Key": key_of(1)}}]}});
    let wire = Wire::new([Reply::ok(&found), Reply::ok(&left)]);
    let purged = Purged {
        removed: 1,
        more: true,
    };
    assert_eq!(purge(&wire, 9).await, purged);
}

#[tokio::test]
async fn a_table_is_created_on_demand_with_its_time_to_live() {
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
        ],
        "KeySchema": [
            {"AttributeName": "userId", "KeyType": "HASH"},
            {"AttributeName": "timestamp", "KeyType": "RANGE"},
        ],
    });
    let expire = json!({
        "TableName": "notes",
        "TimeToLiveSpecification": {"AttributeName": "purgeAt", "Enabled": true},
    });
    let sent = |operation, body| (format!("DynamoDB_20120810.{operation}"), body);
    assert_eq!(
        wire.sent(),
        [
            sent("CreateTable", create),
            sent("DescribeTable", json!({"TableName": "notes"})),
            sent("UpdateTimeToLive", expire),
        ]
    );
}

#[tokio::test]
async fn a_table_that_exists_is_not_changed() {
    let wire = Wire::new([
        Reply::error(400, "ResourceInUseException"),
        Reply::ok(&json!({"Table": {"TableStatus": "ACTIVE"}})),
    ]);
    ensure_table(&wire.client(), "notes").await.unwrap();
    let targets: Vec<_> = wire.sent().into_iter().map(|(target, _)| target).collect();
    let expected = ["CreateTable", "DescribeTable"].map(|it| format!("DynamoDB_20120810.{it}"));
    assert_eq!(targets, expected);
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
    let store = wire.store().with_capacity_observer(move |it| {
        let units = (it.read_units, it.write_units);
        listener.lock().unwrap().push(units);
    });
    let alice = alice();
    store.insert(&insertion(), NOW).await.unwrap();
    store.get(&alice, id(), NOW).await.unwrap();
    let query = ListQuery::default();
    store.list(&alice, &query, NOW).await.unwrap();
    store.update(&alice, id(), &update(), NOW).await.unwrap();
    store.delete(&alice, id(), &deletion(), NOW).await.unwrap();
    store.purge(&alice, NonZeroU32::MIN).await.unwrap();
    for (target, body) in wire.sent() {
        assert_eq!(body["ReturnConsumedCapacity"], "TOTAL", "{target}");
    }
    let (read, wrote) = ((1.5, 0.0), (0.0, 1.5));
    let expected = [wrote, read, read, wrote, wrote, read, wrote];
    assert_eq!(*told.lock().unwrap(), expected);
}
