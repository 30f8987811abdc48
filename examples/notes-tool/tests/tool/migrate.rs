use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use notes_core::{Category, DeleteOutcome, Expected, Expires, NoteStore, Notes};

use crate::support::{World, all, user};

const MIGRATE: [&str; 3] = ["migrate", "--from", "original"];

/// What it prints about a table of which it leaves out two items, and what it fails with.
async fn migrate(world: &World, arguments: &[&str]) -> String {
    let said = world.run("notes", arguments).await;
    assert!(!said.succeeded);
    assert_eq!(said.err, "notes: 2 items are not in the new table\n");
    said.out
}

/// The table of the Node.js original.
pub(crate) async fn create_original(client: &Client) {
    let attribute = |name, of_type| {
        let definition = AttributeDefinition::builder().attribute_name(name);
        definition.attribute_type(of_type).build().unwrap()
    };
    let key = |name, of_type| {
        let element = KeySchemaElement::builder().attribute_name(name);
        element.key_type(of_type).build().unwrap()
    };
    let create = client.create_table().table_name("original");
    create
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("user_id", ScalarAttributeType::S))
        .attribute_definitions(attribute("timestamp", ScalarAttributeType::N))
        .key_schema(key("user_id", KeyType::Hash))
        .key_schema(key("timestamp", KeyType::Range))
        .send()
        .await
        .unwrap();
}

/// Puts an item of Alice's, with these attributes.
async fn put(client: &Client, secs: u64, attributes: &[(&str, AttributeValue)]) {
    let item = client.put_item().table_name("original");
    let item = item
        .item("user_id", text("alice"))
        .item("timestamp", number(secs));
    let attributes = attributes.iter().cloned();
    let item = attributes.fold(item, |item, (name, value)| item.item(name, value));
    item.send().await.unwrap();
}

pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(crate) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

const FAR: u64 = 32_472_144_000;

/// Two notes, one that has expired, and two items of which no note can be made.
async fn world_with_original() -> World {
    let world = World::with_tables(&["notes"]).await;
    let client = world.client();
    create_original(&client).await;
    let note = [
        ("note_id", text("alice:1")),
        ("title", text("Milk")),
        ("content", text("2 litres")),
        ("cat", text("shopping")),
        ("expires", number(FAR)),
    ];
    put(&client, 1_541_300_400, &note).await;
    let plain = [
        ("note_id", text("alice:2")),
        ("title", text("Bread")),
        ("cat", text("")),
    ];
    put(&client, 1_541_300_401, &plain).await;
    let expired = [
        ("title", text("Old")),
        ("content", text("")),
        ("expires", number(1_549_076_400)),
    ];
    put(&client, 1_541_300_402, &expired).await;
    // An update of a note that was not there.
    put(&client, 1_541_300_403, &[("content", text("secret"))]).await;
    put(&client, 1_541_300_404, &[("title", text("secret\n"))]).await;
    world
}

#[tokio::test]
async fn a_note_of_the_original_keeps_its_texts_its_date_and_its_expiry() {
    let world = world_with_original().await;
    let said = migrate(&world, &MIGRATE).await;
    let expected = "5 items read: 2 created, 0 there before, 1 expired before, 2 left out\n";
    assert_eq!(said, expected);
    let [milk, bread] = all(&world.notes("notes"), &user("alice"))
        .await
        .try_into()
        .unwrap();
    assert_eq!(milk.title.as_str(), "Milk");
    assert_eq!(milk.content.as_str(), "2 litres");
    assert_eq!(
        milk.category.as_ref().map(Category::as_str),
        Some("shopping")
    );
    assert_eq!(milk.created_at().to_string(), "2018-11-04T03:00:00.000Z");
    assert_eq!(milk.updated_at(), milk.created_at());
    assert_eq!(milk.expires, Expires::Retained(FAR.try_into().unwrap()));
    assert_eq!(
        (bread.title.as_str(), bread.content.as_str()),
        ("Bread", "")
    );
    assert_eq!((bread.category, bread.expires), (None, Expires::Never));
}

#[tokio::test]
async fn a_migration_that_is_repeated_doubles_nothing_and_undoes_nothing() {
    let world = world_with_original().await;
    let notes = world.notes("notes");
    migrate(&world, &MIGRATE).await;
    let [milk, _] = all(&notes, &user("alice")).await.try_into().unwrap();
    let outcome = notes.delete(&milk.user, milk.id, &Expected::Any).await;
    assert_eq!(outcome.unwrap(), DeleteOutcome::Deleted);
    let before = all(&notes, &user("alice")).await;
    let said = migrate(&world, &MIGRATE).await;
    assert!(
        said.contains("0 created, 1 there before, 1 deleted or expired since"),
        "{said}"
    );
    assert_eq!(all(&notes, &user("alice")).await, before);
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let world = world_with_original().await;
    let dry_run = [&MIGRATE[..], &["--dry-run"]].concat();
    let said = world.succeed("notes", &dry_run).await;
    let expected =
        "5 items read: would be: 2 created, 0 there before, 1 expired before, 2 left out\n";
    assert_eq!(said, expected);
    assert_eq!(all(&world.notes("notes"), &user("alice")).await, []);
    migrate(&world, &MIGRATE).await;
    let said = world.succeed("notes", &dry_run).await;
    assert!(
        said.contains("would be: 0 created, 2 there before"),
        "{said}"
    );
}

#[tokio::test]
async fn with_the_expiry_ignored_no_note_is_left_out_for_it() {
    let world = world_with_original().await;
    let said = migrate(&world, &[&MIGRATE[..], &["--ignore-expires"]].concat()).await;
    assert!(said.starts_with("5 items read: 3 created"), "{said}");
    let notes = all(&world.notes("notes"), &user("alice")).await;
    assert!(notes.iter().all(|note| note.expires == Expires::Never));
}

#[tokio::test]
async fn the_report_names_what_was_left_out_and_quotes_nothing() {
    let world = world_with_original().await;
    let report = world.path("report.jsonl");
    migrate(&world, &[&MIGRATE[..], &["--report", &report]].concat()).await;
    let report = std::fs::read_to_string(report).unwrap();
    let mut lines: Vec<_> = report.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines.len(), 2, "{report}");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("it has no title") && line.contains("1541300403"))
    );
    assert!(lines.iter().any(|line| line.contains("control character")));
    assert!(!report.contains("secret"), "{report}");
}

#[tokio::test]
async fn what_is_migrated_into_a_synced_table_is_in_the_changes() {
    let world = world_with_original().await;
    migrate(&world, &[&["--sync"], &MIGRATE[..]].concat()).await;
    let notes: Notes<_> = world.notes("notes");
    let since = notes_core::ChangesQuery::since(
        notes
            .now()
            .saturating_sub(std::time::Duration::from_mins(5)),
    );
    let synced = notes.store().clone().with_changes();
    let page = synced
        .changes(&user("alice"), &since, notes.now())
        .await
        .unwrap();
    assert_eq!(page.changes.len(), 2);
}
