use notes_core::{
    DeleteOutcome, Expected, Expires, InsertOutcome, Insertion, NotePatch, NoteStore, Occupant,
    Revision, Revisions, StoreErrorKind, Timestamp, Update, UpdateOutcome,
};
use serde_json::{Value, json};

use crate::given::{
    FIRST, NEW, NOW, RIVAL, alice, deletion, expiring_update, expiry, id, insertion, insertion_of,
    item, key, note, rival_revision, tombstone, update, update_by, with,
};
use crate::wire::{Reply, Wire};

/// The condition on which a note of any revision is replaced.
const LIVE: &str = "#revision < :revision AND \
    attribute_type(#title, :typeS) AND attribute_type(#content, :typeS) AND \
    attribute_type(#revision, :typeB) AND size(#revision) = :size16 AND \
    attribute_type(#creation, :typeB) AND size(#creation) = :size8 AND \
    (attribute_not_exists(#category) OR attribute_type(#category, :typeS)) AND \
    (attribute_not_exists(#retained) OR attribute_type(#retained, :typeBOOL)) AND \
    attribute_not_exists(#deleted) AND \
    (attribute_not_exists(#expiresAt) OR (#expiresAt > :now AND #expiresAt <= :lastExpiry))";

/// The names and values in it.
fn live_names_and_values() -> Value {
    json!({
        "ExpressionAttributeNames": {
            "#revision": "revision",
            "#title": "title",
            "#content": "content",
            "#category": "category",
            "#creation": "creation",
            "#retained": "retained",
            "#deleted": "deleted",
            "#expiresAt": "expiresAt",
        },
        "ExpressionAttributeValues": {
            ":revision": {"B": NEW},
            ":now": {"N": "1766813700"},
            ":lastExpiry": {"N": Timestamp::MAX.as_secs().to_string()},
            ":typeS": {"S": "S"},
            ":typeB": {"S": "B"},
            ":typeBOOL": {"S": "BOOL"},
            ":size16": {"N": "16"},
            ":size8": {"N": "8"},
        },
    })
}

async fn insert_request(insertion: &Insertion) -> Value {
    let wire = Wire::new([Reply::ok(&json!({}))]);
    let outcome = wire.store().insert(insertion, NOW).await.unwrap();
    assert_eq!(outcome, InsertOutcome::Inserted);
    wire.only("PutItem")
}

async fn update_request(update: &Update) -> Value {
    let wire = Wire::new([Reply::ok(&json!({"Attributes": item(NEW)}))]);
    let store = wire.store();
    let outcome = store.update(&alice(), id(), update, NOW).await.unwrap();
    assert!(matches!(outcome, UpdateOutcome::Updated(_)));
    wire.only("UpdateItem")
}

async fn delete_request(expected: Expected) -> Value {
    let wire = Wire::new([Reply::ok(&json!({}))]);
    let mut deletion = deletion();
    deletion.expected = expected;
    let store = wire.store();
    let outcome = store.delete(&alice(), id(), &deletion, NOW).await.unwrap();
    assert_eq!(outcome, DeleteOutcome::Deleted);
    wire.only("UpdateItem")
}

fn insert_of_note() -> Value {
    json!({
        "TableName": "notes",
        "Item": {
            "userId": {"S": "alice"},
            "timestamp": {"N": "176681363765916721973606223869262637"},
            "title": {"S": "Milk"},
            "content": {"S": "2 litres"},
            "revision": {"B": FIRST},
            "creation": {"B": "AQIDBAUGBwg="},
        },
        "ConditionExpression": "attribute_not_exists(#userId)",
        "ExpressionAttributeNames": {"#userId": "userId"},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    })
}

/// That changes nothing but the revision, whatever it was.
fn update_of_revision() -> Value {
    let request = json!({
        "TableName": "notes",
        "Key": key(),
        "UpdateExpression": "SET #revision = :revision",
        "ConditionExpression": LIVE,
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    with(request, live_names_and_values())
}

/// That moves or removes the expiry: the note is live also 30 seconds later.
fn update_of_expiry() -> Value {
    let later = json!({"ExpressionAttributeValues": {":now": {"N": "1766813730"}}});
    with(update_of_revision(), later)
}

fn delete_of_note() -> Value {
    let request = json!({
        "TableName": "notes",
        "Key": key(),
        "UpdateExpression": "SET #revision = :revision, #deleted = :deleted, #purgeAt = :purgeAt \
            REMOVE #title, #content, #category, #expiresAt, #retained",
        "ConditionExpression": LIVE,
        "ExpressionAttributeNames": {"#purgeAt": "purgeAt"},
        "ExpressionAttributeValues": {
            ":deleted": {"BOOL": true},
            ":purgeAt": {"N": "1800003600"},
        },
        "ReturnValues": "NONE",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    with(request, live_names_and_values())
}

/// What is expected, and what it adds to the condition of an update and of a delete.
fn expectations() -> [(Expected, Value); 6] {
    let one = Revisions::from(Revision::from(id()));
    let two = Revisions::try_from(vec![id().into(), rival_revision()]).unwrap();
    let condition = |and: &str| format!("{LIVE}{and}");
    [
        (Expected::Any, json!({})),
        (
            Expected::OneOf(one),
            json!({
                "ConditionExpression": condition(" AND (#revision IN (:expected0))"),
                "ExpressionAttributeValues": {":expected0": {"B": FIRST}},
            }),
        ),
        (
            Expected::OneOf(two.clone()),
            json!({
                "ConditionExpression": condition(" AND (#revision IN (:expected0, :expected1))"),
                "ExpressionAttributeValues": {
                    ":expected0": {"B": FIRST},
                    ":expected1": {"B": RIVAL},
                },
            }),
        ),
        (
            Expected::OneOf(Revisions::EMPTY),
            json!({"ConditionExpression": condition(" AND attribute_not_exists(#revision)")}),
        ),
        (
            Expected::NoneOf(two),
            json!({
                "ConditionExpression": condition(" AND NOT (#revision IN (:expected0, :expected1))"),
                "ExpressionAttributeValues": {
                    ":expected0": {"B": FIRST},
                    ":expected1": {"B": RIVAL},
                },
            }),
        ),
        (Expected::NoneOf(Revisions::EMPTY), json!({})),
    ]
}

#[tokio::test]
async fn an_insert_is_one_put_where_nothing_is() {
    assert_eq!(insert_request(&insertion()).await, insert_of_note());
}

#[tokio::test]
async fn an_insert_of_an_expired_note_stores_nothing_and_asks_what_is_there() {
    let expiry = NOW.as_secs().try_into().unwrap();
    let insertion = insertion_of(note().with_expires(Expires::Chosen(expiry)));
    for (item, expected) in [
        (None, InsertOutcome::Expired),
        (Some(tombstone(NEW)), InsertOutcome::Taken(Occupant::Spent)),
    ] {
        let wire = Wire::new([Reply::condition_failed(item.as_ref())]);
        let outcome = wire.store().insert(&insertion, NOW).await.unwrap();
        assert_eq!(outcome, expected);
        let request = wire.only("PutItem");
        let never = "attribute_not_exists(#userId) AND attribute_exists(#userId)";
        assert_eq!(request["ConditionExpression"], never);
        assert_eq!(request["Item"], key());
    }
}

#[tokio::test]
async fn an_insert_that_meets_an_item_of_another_key_blames_the_table() {
    let other = with(item(FIRST), json!({"timestamp": {"N": "7"}}));
    let wire = Wire::new([Reply::condition_failed(Some(&other))]);
    let error = wire.store().insert(&insertion(), NOW).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Other);
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(why, "the key of table notes is not userId and timestamp");
}

#[tokio::test]
async fn an_insert_writes_category_expiry_and_retention_where_there_are() {
    let note = note().with_category("shop".parse().unwrap());
    let insertion = insertion_of(note.with_expires(Expires::Retained(expiry())));
    let item = json!({"Item": {
        "category": {"S": "shop"},
        "expiresAt": {"N": "1800000000"},
        "retained": {"BOOL": true},
        "purgeAt": {"N": "1800003600"},
    }});
    let sent = insert_request(&insertion).await;
    assert_eq!(sent, with(insert_of_note(), item));
}

#[tokio::test]
async fn an_update_replaces_a_live_note_of_a_revision_that_is_smaller_and_expected() {
    for (expected, condition) in expectations() {
        let mut update = update();
        update.expected = expected;
        let request = with(update_of_revision(), condition);
        assert_eq!(update_request(&update).await, request, "{update:?}");
    }
}

#[tokio::test]
async fn a_delete_leaves_a_tombstone_of_a_live_note_of_an_expected_revision() {
    for (expected, condition) in expectations() {
        let request = with(delete_of_note(), condition);
        assert_eq!(
            delete_request(expected.clone()).await,
            request,
            "{expected:?}"
        );
    }
}

#[tokio::test]
async fn an_update_sets_what_the_patch_sets() {
    let patch = NotePatch::default()
        .with_title("Bread".parse().unwrap())
        .with_content("rye".parse().unwrap())
        .with_category("shop".parse().unwrap());
    let update = update_by(patch);
    let request = json!({
        "UpdateExpression": "SET #revision = :revision, #title = :title, #content = :content, \
            #category = :category",
        "ExpressionAttributeNames": {"#category": "category"},
        "ExpressionAttributeValues": {
            ":title": {"S": "Bread"},
            ":content": {"S": "rye"},
            ":category": {"S": "shop"},
        },
    });
    let sent = update_request(&update).await;
    assert_eq!(sent, with(update_of_revision(), request));
}

#[tokio::test]
async fn an_update_removes_what_the_patch_clears() {
    let patch = NotePatch::default().without_category().without_expiry();
    let update = update_by(patch);
    let request = json!({
        "UpdateExpression": "SET #revision = :revision \
            REMOVE #category, #expiresAt, #purgeAt, #retained",
        "ExpressionAttributeNames": {
            "#category": "category",
            "#purgeAt": "purgeAt",
            "#retained": "retained",
        },
    });
    let sent = update_request(&update).await;
    assert_eq!(sent, with(update_of_expiry(), request));
}

#[tokio::test]
async fn an_expiry_that_the_author_sets_is_no_longer_that_of_the_retention() {
    let request = json!({
        "UpdateExpression": "SET #revision = :revision, #expiresAt = :expiresAt, \
            #purgeAt = :purgeAt REMOVE #retained",
        "ExpressionAttributeNames": {"#purgeAt": "purgeAt", "#retained": "retained"},
        "ExpressionAttributeValues": {
            ":expiresAt": {"N": "1800000000"},
            ":purgeAt": {"N": "1800003600"},
        },
    });
    let sent = update_request(&expiring_update()).await;
    assert_eq!(sent, with(update_of_expiry(), request));
}

#[tokio::test]
async fn a_renewal_moves_the_expiry_only_of_a_note_that_is_retained() {
    for (expected, condition) in [
        (Expected::Any, ""),
        (
            Expected::from(Revision::from(id())),
            " AND (#revision IN (:expected0))",
        ),
    ] {
        let mut update = update().with_renewal(expiry());
        update.expected = expected.clone();
        let mut request = json!({
            "UpdateExpression": "SET #revision = :revision, #expiresAt = :expiresAt, \
                #purgeAt = :purgeAt",
            "ConditionExpression": format!("{LIVE}{condition} AND #retained = :true"),
            "ExpressionAttributeNames": {"#purgeAt": "purgeAt", "#retained": "retained"},
            "ExpressionAttributeValues": {
                ":expiresAt": {"N": "1800000000"},
                ":purgeAt": {"N": "1800003600"},
                ":true": {"BOOL": true},
            },
        });
        if expected != Expected::Any {
            request["ExpressionAttributeValues"][":expected0"] = json!({"B": FIRST});
        }
        let sent = update_request(&update).await;
        assert_eq!(sent, with(update_of_expiry(), request));
    }
}
