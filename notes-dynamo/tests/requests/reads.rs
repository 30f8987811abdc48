use notes_core::{ListQuery, NoteId, NoteStore, Order, Page, Timestamp};
use serde_json::{Value, json};

use crate::given::{FIRST, NOW, alice, id, item, key, note, with};
use crate::wire::{Reply, Wire};

/// For one page.
const MOST_QUERIES: usize = 8;

fn query(limit: u8, order: Order) -> ListQuery {
    let query = ListQuery::default().with_order(order);
    query.with_limit(limit.try_into().unwrap())
}

fn first_query() -> Value {
    json!({
        "TableName": "notes",
        "KeyConditionExpression": "#userId = :userId",
        "FilterExpression": "(attribute_not_exists(#deleted) OR NOT #deleted = :true) AND \
            (attribute_not_exists(#expiresAt) OR NOT #expiresAt <= :now)",
        "ExpressionAttributeNames": {
            "#userId": "userId",
            "#deleted": "deleted",
            "#expiresAt": "expiresAt",
        },
        "ExpressionAttributeValues": {
            ":userId": {"S": "alice"},
            ":true": {"BOOL": true},
            ":now": {"N": "1766813700"},
        },
        "ConsistentRead": true,
        "ScanIndexForward": false,
        "Limit": 20,
        "ReturnConsumedCapacity": "TOTAL",
    })
}

async fn list(wire: &Wire, query: &ListQuery) -> Page {
    wire.store().list(&alice(), query, NOW).await.unwrap()
}

#[tokio::test]
async fn a_get_is_one_consistent_read_of_one_key() {
    let wire = Wire::new([Reply::ok(&json!({"Item": item(FIRST)}))]);
    let got = wire.store().get(&alice(), id(), NOW).await.unwrap();
    assert_eq!(got, Some(note()));
    let request = json!({"TableName": "notes", "Key": key(), "ConsistentRead": true});
    assert_eq!(wire.only("GetItem"), request);
}

#[tokio::test]
async fn eventually_consistent_reads_say_so_in_get_and_list() {
    let wire = Wire::new([Reply::ok(&json!({}))]);
    let store = wire.store().with_eventually_consistent_reads();
    assert_eq!(store.get(&alice(), id(), NOW).await.unwrap(), None);
    let request = json!({"TableName": "notes", "Key": key(), "ConsistentRead": false});
    assert_eq!(wire.only("GetItem"), request);

    let wire = Wire::new([Reply::ok(&json!({}))]);
    let store = wire.store().with_eventually_consistent_reads();
    store
        .list(&alice(), &ListQuery::default(), NOW)
        .await
        .unwrap();
    let mut request = first_query();
    request["ConsistentRead"] = json!(false);
    assert_eq!(wire.only("Query"), request);
}

#[tokio::test]
async fn a_list_is_one_query_of_live_notes_the_newest_first() {
    let wire = Wire::new([Reply::ok(&json!({"Items": [item(FIRST)]}))]);
    let page = list(&wire, &ListQuery::default()).await;
    assert_eq!((page.notes, page.next), (vec![note()], None));
    assert_eq!(wire.only("Query"), first_query());
}

/// The filter is DynamoDB's: what another category has is read and paid for, but not sent.
#[tokio::test]
async fn a_category_is_one_more_part_of_the_filter() {
    let wire = Wire::new([Reply::ok(&json!({}))]);
    let query = ListQuery::default().with_category("shop".parse().unwrap());
    assert_eq!(list(&wire, &query).await, Page::default());
    let mut request = first_query();
    let filter = request["FilterExpression"].as_str().unwrap();
    request["FilterExpression"] = format!("{filter} AND #category = :category").into();
    request["ExpressionAttributeNames"]["#category"] = json!("category");
    request["ExpressionAttributeValues"][":category"] = json!({"S": "shop"});
    assert_eq!(wire.only("Query"), request);
}

/// A side of the range without a bound has none in the condition either: what is not the key of an id
/// is found there, too.
#[tokio::test]
async fn position_and_stretch_of_time_are_one_range_of_keys() {
    let after = Some(Timestamp::from_millis(1_766_813_000_000));
    let before = Some(Timestamp::from_millis(1_766_814_000_000));
    let (start, end) = (
        "176681300000100000000000000000000000",
        "176681399999918889465931478580854783",
    );
    let (below, above) = (
        "176681363765916721973606223869262636",
        "176681363765916721973606223869262638",
    );
    let between = "#timestamp BETWEEN :low AND :high";
    for (order, position, (created_after, created_before), condition, low, high) in [
        (
            Order::Newest,
            Some(id()),
            (after, before),
            between,
            Some(start),
            Some(below),
        ),
        (
            Order::Oldest,
            Some(id()),
            (after, before),
            between,
            Some(above),
            Some(end),
        ),
        (
            Order::Newest,
            Some(id()),
            (None, None),
            "#timestamp <= :high",
            None,
            Some(below),
        ),
        (
            Order::Oldest,
            Some(id()),
            (None, None),
            "#timestamp >= :low",
            Some(above),
            None,
        ),
        (
            Order::Newest,
            None,
            (after, None),
            "#timestamp >= :low",
            Some(start),
            None,
        ),
        (
            Order::Newest,
            None,
            (None, before),
            "#timestamp <= :high",
            None,
            Some(end),
        ),
    ] {
        let mut query = query(7, order);
        query.created_after = created_after;
        query.created_before = created_before;
        query.position = position;
        let wire = Wire::new([Reply::ok(&json!({}))]);
        list(&wire, &query).await;
        let mut request = first_query();
        request["KeyConditionExpression"] = json!(format!("#userId = :userId AND {condition}"));
        request["ExpressionAttributeNames"]["#timestamp"] = json!("timestamp");
        for (name, bound) in [(":low", low), (":high", high)] {
            if let Some(bound) = bound {
                request["ExpressionAttributeValues"][name] = json!({"N": bound});
            }
        }
        request["ScanIndexForward"] = json!(order == Order::Oldest);
        request["Limit"] = json!(7);
        assert_eq!(wire.only("Query"), request);
    }
}

/// What the filter left out was read, too: only the capacity tells how much that was.
#[tokio::test]
async fn a_page_for_which_a_megabyte_was_read_asks_for_no_more() {
    let short = |units: f64| {
        Reply::ok(&json!({
            "Items": [],
            "LastEvaluatedKey": key(),
            "ConsumedCapacity": {"TableName": "notes", "CapacityUnits": units},
        }))
    };
    for (is_consistent, units, queries) in [
        (true, 256.0, 1),
        (true, 255.5, 2),
        (true, 86.0, 3),
        (false, 128.0, 1),
        (false, 127.5, 2),
        (true, 1.0, MOST_QUERIES),
    ] {
        let wire = Wire::new(vec![short(units); queries]);
        let mut store = wire.store();
        if !is_consistent {
            store = store.with_eventually_consistent_reads();
        }
        let page = store
            .list(&alice(), &ListQuery::default(), NOW)
            .await
            .unwrap();
        assert_eq!((page.notes, page.next), (vec![], Some(id())));
        assert_eq!(wire.sent().len(), queries, "{units}");
    }
}

#[tokio::test]
async fn an_item_below_or_above_all_ids_is_named_and_the_list_goes_on() {
    let last = NoteId::LAST;
    let above = "28147497671065518889465931478580854784";
    for (order, number, next) in [
        (Order::Newest, above, last),
        (Order::Oldest, "-7", NoteId::FIRST),
    ] {
        let foreign = with(item(FIRST), json!({"timestamp": {"N": number}}));
        let key = json!({"userId": {"S": "alice"}, "timestamp": {"N": number}});
        // A page that ended with it could not say where the next one goes on.
        let wire = Wire::new([
            Reply::ok(&json!({"Items": [foreign], "LastEvaluatedKey": key})),
            Reply::ok(
                &json!({"Items": [foreign, item(FIRST)], "LastEvaluatedKey": crate::given::key()}),
            ),
        ]);
        let page = list(&wire, &query(1, order)).await;
        assert_eq!(page.unreadable, [number, number]);
        assert_eq!((page.notes, page.next), (vec![note()], Some(id())));

        // Unless there is too much of it.
        let only = json!({"Items": [foreign], "LastEvaluatedKey": key});
        let wire = Wire::new(vec![Reply::ok(&only); MOST_QUERIES]);
        let page = list(&wire, &query(1, order)).await;
        assert_eq!(
            (page.unreadable.len(), page.next),
            (MOST_QUERIES, Some(next))
        );
    }
}

#[tokio::test]
async fn a_range_without_keys_sends_nothing() {
    let wire = Wire::new([]);
    let query = ListQuery::default().with_created_before(Timestamp::from_millis(0));
    assert_eq!(list(&wire, &query).await, Page::default());
    assert_eq!(wire.sent(), []);
}

#[tokio::test]
async fn a_further_query_goes_on_behind_the_last_and_reads_more() {
    let short = json!({"Items": [], "LastEvaluatedKey": key()});
    for (limit, order) in [(2, Order::Newest), (100, Order::Oldest)] {
        let wire = Wire::new([
            Reply::ok(&short),
            Reply::ok(&json!({"Items": [item(FIRST)]})),
        ]);
        let page = list(&wire, &query(limit, order)).await;
        assert_eq!((page.notes, page.next), (vec![note()], None));
        let [(_, first), (operation, mut second)] = <[_; 2]>::try_from(wire.sent()).unwrap();
        assert_eq!(operation, "Query");
        assert_eq!(first["Limit"], limit);
        assert_eq!(first["ExclusiveStartKey"], Value::Null);
        assert_eq!(second["Limit"], 100);
        assert_eq!(second["ExclusiveStartKey"], key());
        second["Limit"] = json!(limit);
        second.as_object_mut().unwrap().remove("ExclusiveStartKey");
        assert_eq!(second, first);
    }
}

#[tokio::test]
async fn a_page_that_is_full_sends_no_further_query() {
    let full = json!({"Items": [item(FIRST)], "LastEvaluatedKey": key()});
    let wire = Wire::new([Reply::ok(&full)]);
    let page = list(&wire, &query(1, Order::Newest)).await;
    assert_eq!((page.notes, page.next), (vec![note()], Some(id())));
    assert_eq!(wire.only("Query")["Limit"], 1);
}

#[tokio::test]
async fn a_list_gives_up_after_so_many_queries_and_says_where_it_was() {
    let short = json!({"Items": [], "LastEvaluatedKey": key()});
    let wire = Wire::new(vec![Reply::ok(&short); MOST_QUERIES]);
    let page = list(&wire, &ListQuery::default()).await;
    assert_eq!((page.notes, page.next), (vec![], Some(id())));
    assert_eq!(wire.sent().len(), MOST_QUERIES);
}

#[tokio::test]
async fn warming_up_asks_once_for_an_item_of_no_user_found_or_denied() {
    for reply in [
        Reply::ok(&json!({})),
        Reply::error(400, "AccessDeniedException"),
    ] {
        let wire = Wire::new([reply]);
        wire.store().warm_up().await;
        let request = json!({
            "TableName": "notes",
            "Key": {"userId": {"S": "\u{1}"}, "timestamp": {"N": "0"}},
        });
        assert_eq!(wire.only("GetItem"), request);
    }
}
