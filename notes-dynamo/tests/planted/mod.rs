//! What tests do to a table past the store: they plant items that are no notes, look at what is stored,
//! and remove what the time to live would have removed; and the client that they do it with.
#![allow(dead_code, reason = "not every test program needs all of it")]

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::conformance::UnreadableKind;
use notes_core::{NoteId, Revision, Timestamp, UserId};
use notes_dynamo::sort_key;

/// This client with long timeouts: the suite is about what the store says, not about how long a slow disk may take.
pub(crate) fn patient(client: &Client) -> Client {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_mins(1))
        .operation_timeout(Duration::from_mins(2));
    let config = client.config().to_builder();
    Client::from_conf(config.timeout_config(timeouts.build()).build())
}

/// An attribute, and a value, or none, that makes an item no note.
type Wrong = (&'static str, Option<AttributeValue>);

/// What is wrong, whether writes see it, and which attribute it is.
fn kinds() -> Vec<(&'static str, bool, Wrong)> {
    let text = |value: &str| Some(AttributeValue::S(value.to_owned()));
    let number = |value: &str| Some(AttributeValue::N(value.to_owned()));
    let bytes = |count| Some(AttributeValue::B(vec![0; count].into()));
    let null = || Some(AttributeValue::Null(true));
    let no = || Some(AttributeValue::Bool(false));
    vec![
        ("no title", true, ("title", None)),
        ("title is a number", true, ("title", number("1"))),
        ("title is blank", false, ("title", text(" "))),
        (
            "title is too long",
            false,
            ("title", text(&"x".repeat(257))),
        ),
        ("no content", true, ("content", None)),
        ("content is bytes", true, ("content", bytes(1))),
        ("category is a number", true, ("category", number("1"))),
        ("category is null", true, ("category", null())),
        ("category is empty", false, ("category", text(""))),
        (
            "category is too long",
            false,
            ("category", text(&"x".repeat(65))),
        ),
        ("no revision", true, ("revision", None)),
        ("revision of 15 bytes", true, ("revision", bytes(15))),
        // Its type and its size are right.
        ("revision of no version", false, ("revision", bytes(16))),
        ("no creation", true, ("creation", None)),
        ("creation of 9 bytes", true, ("creation", bytes(9))),
        ("creation is a string", true, ("creation", text("12345678"))),
        (
            "expiresAt is a string",
            true,
            ("expiresAt", text("99999999999")),
        ),
        ("expiresAt is bytes", true, ("expiresAt", bytes(8))),
        ("expiresAt is null", true, ("expiresAt", null())),
        (
            "expiresAt is beyond all expiries",
            true,
            ("expiresAt", number("999999999999999")),
        ),
        // No condition can round.
        (
            "expiresAt has a fraction",
            false,
            ("expiresAt", number("9999999999.5")),
        ),
        ("retained is a string", true, ("retained", text("true"))),
        ("retained is null", true, ("retained", null())),
        ("deleted is false", true, ("deleted", no())),
        ("deleted is a string", true, ("deleted", text("true"))),
        ("deleted is null", true, ("deleted", null())),
    ]
}

/// As the harness of the suite says it. The first is a ghost, as a PATCH that creates would leave it.
pub(crate) fn unreadable_kinds() -> Vec<UnreadableKind> {
    let ghost = UnreadableKind {
        name: "a ghost",
        writes_see_it: true,
    };
    let spoiled = kinds()
        .into_iter()
        .map(|(name, writes_see_it, _)| UnreadableKind {
            name,
            writes_see_it,
        });
    std::iter::once(ghost).chain(spoiled).collect()
}

/// Writes an item of this kind.
pub(crate) async fn plant(client: &Client, table: &str, kind: usize, user: &UserId, id: NoteId) {
    let mut item = key(user, id);
    let revision = Revision::from(id).into_bytes().to_vec();
    item.insert("revision".to_owned(), AttributeValue::B(revision.into()));
    item.insert("title".to_owned(), AttributeValue::S("ghost".to_owned()));
    if let Some(kind) = kind.checked_sub(1) {
        item.insert("content".to_owned(), AttributeValue::S(String::new()));
        item.insert("creation".to_owned(), AttributeValue::B(vec![1; 8].into()));
        let (_, _, (attribute, value)) = kinds().swap_remove(kind);
        match value {
            Some(value) => item.insert(attribute.to_owned(), value),
            None => item.remove(attribute),
        };
    }
    let put = client.put_item().table_name(table).set_item(Some(item));
    put.send().await.unwrap();
}

/// All that is stored under a key, as the engine gives it.
pub(crate) async fn stored_text(client: &Client, table: &str, user: &UserId, id: NoteId) -> String {
    let get = client.get_item().table_name(table).consistent_read(true);
    let got = get.set_key(Some(key(user, id))).send().await.unwrap();
    got.item.map(|item| format!("{item:?}")).unwrap_or_default()
}

/// Removes what the time to live of the table has removed some time after `now`: the items of which
/// `purgeAt` is a number of seconds in the past.
pub(crate) async fn sweep(client: &Client, table: &str, user: &UserId, now: Timestamp) {
    let user_id = AttributeValue::S(user.as_str().to_owned());
    let now = AttributeValue::N(now.as_secs().to_string());
    let mut pages = client
        .query()
        .table_name(table)
        .consistent_read(true)
        .key_condition_expression("#userId = :userId")
        .filter_expression("#purgeAt <= :now")
        .expression_attribute_names("#userId", "userId")
        .expression_attribute_names("#purgeAt", "purgeAt")
        .expression_attribute_values(":userId", user_id)
        .expression_attribute_values(":now", now)
        .into_paginator()
        .items()
        .send();
    while let Some(mut item) = pages.try_next().await.unwrap() {
        item.retain(|name, _| ["userId", "timestamp"].contains(&name.as_str()));
        let delete = client.delete_item().table_name(table);
        delete.set_key(Some(item)).send().await.unwrap();
    }
}

fn key(user: &UserId, id: NoteId) -> HashMap<String, AttributeValue> {
    HashMap::from([
        (
            "userId".to_owned(),
            AttributeValue::S(user.as_str().to_owned()),
        ),
        ("timestamp".to_owned(), AttributeValue::N(sort_key(id))),
    ])
}
