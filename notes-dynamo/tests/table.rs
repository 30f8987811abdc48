//! The table that is made, or found, on the embedded engine.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveStatus,
};
use notes_core::{
    ChangedState, ChangesOutcome, CreateOutcome, DeleteOutcome, Expected, NewNote, Notes,
    PageLimit, SyncSettings, UserId,
};
use notes_dynamo::{DynamoNoteStore, ensure_table, ensure_table_with_changes};
use notes_testing::Engine;

/// Makes a table without time to live, with a key of these attributes.
async fn make(client: &Client, key: &[(&str, ScalarAttributeType, KeyType)]) {
    let mut table = client
        .create_table()
        .table_name("notes")
        .billing_mode(BillingMode::PayPerRequest);
    for (name, of_type, role) in key {
        let definition = AttributeDefinition::builder()
            .attribute_name(*name)
            .attribute_type(of_type.clone());
        let part = KeySchemaElement::builder()
            .attribute_name(*name)
            .key_type(role.clone());
        table = table
            .attribute_definitions(definition.build().unwrap())
            .key_schema(part.build().unwrap());
    }
    table.send().await.unwrap();
}

async fn expires_by(client: &Client) -> Option<String> {
    let described = client.describe_time_to_live().table_name("notes").send();
    let found = described.await.unwrap().time_to_live_description.unwrap();
    (found.time_to_live_status == Some(TimeToLiveStatus::Enabled))
        .then(|| found.attribute_name.unwrap())
}

#[tokio::test]
async fn a_table_is_made_once_with_its_time_to_live() {
    let engine = Engine::in_memory().unwrap();
    let client = engine.client();
    for _ in 0..2 {
        ensure_table(&client, "notes").await.unwrap();
        assert_eq!(expires_by(&client).await.as_deref(), Some("purgeAt"));
    }
}

#[tokio::test]
async fn the_table_has_the_index_of_changes_from_the_start_and_gets_none_later() {
    let engine = Engine::in_memory().unwrap();
    let client = engine.client();
    for _ in 0..2 {
        ensure_table(&client, "notes").await.unwrap();
        ensure_table_with_changes(&client, "notes").await.unwrap();
    }
    let engine = Engine::in_memory().unwrap();
    let client = engine.client();
    let key = [
        ("userId", ScalarAttributeType::S, KeyType::Hash),
        ("timestamp", ScalarAttributeType::N, KeyType::Range),
    ];
    make(&client, &key).await;
    ensure_table(&client, "notes").await.unwrap();
    let error = ensure_table_with_changes(&client, "notes").await;
    let error = error.unwrap_err();
    let why = error.source().and_then(Error::source).unwrap().to_string();
    assert!(why.starts_with("it has no index byChange"), "{why}");
}

/// As `docs/data-model.md` says. Without sync, no item has the attribute that the index is about.
#[tokio::test]
async fn what_is_copied_from_a_table_without_the_index_is_in_the_first_pass() {
    let engine = Engine::in_memory().unwrap();
    let client = engine.client();
    let key = [
        ("userId", ScalarAttributeType::S, KeyType::Hash),
        ("timestamp", ScalarAttributeType::N, KeyType::Range),
    ];
    make(&client, &key).await;
    let old = Notes::new(DynamoNoteStore::new(client.clone(), "notes"));
    let user: UserId = "alice".parse().unwrap();
    let mut created = Vec::new();
    for _ in 0..5 {
        let new = NewNote::new("Milk".parse().unwrap(), "2 litres".parse().unwrap());
        let outcome = old.create(&user, old.new_id(), new).await.unwrap();
        let CreateOutcome::Created(note) = outcome else {
            panic!("{outcome:?}");
        };
        created.push(note);
    }
    let deleted = created.pop().unwrap().id;
    let outcome = old.delete(&user, deleted, &Expected::Any).await;
    assert_eq!(outcome.unwrap(), DeleteOutcome::Deleted);

    ensure_table_with_changes(&client, "new").await.unwrap();
    let scan = client.scan().table_name("notes").send().await.unwrap();
    assert_eq!(scan.items().len(), 5);
    for item in scan.items.unwrap() {
        assert!(!item.contains_key("changed"), "{item:?}");
        let put = client.put_item().table_name("new").set_item(Some(item));
        put.send().await.unwrap();
    }

    let store = DynamoNoteStore::new(client, "new").with_changes();
    let notes = Notes::new(store).with_sync(SyncSettings::new("moved"));
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let outcome = notes.changes(&user, token.as_ref(), PageLimit::LARGEST);
        let ChangesOutcome::Page(page) = outcome.await.unwrap() else {
            panic!("the token is accepted");
        };
        found.extend(page.changes.into_iter().map(|changed| changed.state));
        token = Some(page.token);
        if !page.more {
            break;
        }
    }
    created.reverse();
    let created: Vec<_> = created.into_iter().map(ChangedState::Live).collect();
    assert_eq!(found, created);
}

#[tokio::test]
async fn a_start_that_was_cut_off_before_the_time_to_live_is_made_good() {
    let engine = Engine::in_memory().unwrap();
    let client = engine.client();
    let key = [
        ("userId", ScalarAttributeType::S, KeyType::Hash),
        ("timestamp", ScalarAttributeType::N, KeyType::Range),
    ];
    make(&client, &key).await;
    assert_eq!(expires_by(&client).await, None);
    ensure_table(&client, "notes").await.unwrap();
    assert_eq!(expires_by(&client).await.as_deref(), Some("purgeAt"));
}

#[tokio::test]
async fn a_table_with_the_user_alone_as_its_key_is_refused_and_left_as_it_is() {
    let engine = Engine::in_memory().unwrap();
    let client = engine.client();
    let key = [("userId", ScalarAttributeType::S, KeyType::Hash)];
    make(&client, &key).await;
    let error = ensure_table(&client, "notes").await.unwrap_err();
    let cause = error.source().unwrap();
    assert_eq!(cause.to_string(), "the table notes can't be used");
    let why = cause.source().unwrap().to_string();
    assert!(
        why.starts_with("its key is userId (S, HASH), and not"),
        "{why}"
    );
    assert_eq!(expires_by(&client).await, None);
}
