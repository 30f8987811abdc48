use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use notes_core::NoteId;
use notes_dynamo::ensure_table;

use crate::support::{World, create, user};

#[tokio::test]
async fn a_table_as_this_project_creates_it_has_nothing_wrong() {
    let world = World::with_tables(&["notes"]).await;
    create(&world.notes("notes"), &user("alice"), 120).await;
    let said = world.succeed("notes", &["check", "--items"]).await;
    for line in [
        "key: fine",
        "index byChange: fine",
        "time to live: fine",
        "items: fine",
    ] {
        assert!(said.lines().any(|said| said == line), "{line}: {said}");
    }
    assert!(
        said.contains("deletion protection: ADVICE: it is off"),
        "{said}"
    );
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_named() {
    let world = World::with_tables(&["notes"]).await;
    let alice = user("alice");
    create(&world.notes("notes"), &alice, 2).await;
    let id = NoteId::generate(notes_core::Timestamp::now());
    world.put("notes", "alice", id).await;
    // It costs reads, so it has to be asked for.
    world.succeed("notes", &["check"]).await;
    let said = world.run("notes", &["check", "--items"]).await;
    assert!(!said.succeeded);
    let named = format!("can't be read: {id} of user alice\n");
    assert!(said.out.contains(&named), "{}", said.out);
    assert!(
        said.out.contains("items: WRONG: 1 of 3 can't be read"),
        "{}",
        said.out
    );
}

#[tokio::test]
async fn other_entities_of_the_table_are_nothing_wrong() {
    let world = World::with_tables(&["notes"]).await;
    create(&world.notes("notes"), &user("alice"), 2).await;
    let id = NoteId::generate(notes_core::Timestamp::now());
    world.put("notes", "tag\u{1}alice", id).await;
    let said = world.succeed("notes", &["check", "--items"]).await;
    assert!(
        said.contains("items: ADVICE: 1 partition keys are no user ids"),
        "{said}"
    );
}

#[tokio::test]
async fn a_table_with_another_key_and_no_time_to_live_is_wrong() {
    let world = World::with_tables(&[]).await;
    let attribute = |name, of_type| {
        let definition = AttributeDefinition::builder().attribute_name(name);
        definition.attribute_type(of_type).build().unwrap()
    };
    let key = |name, of_type| {
        let element = KeySchemaElement::builder().attribute_name(name);
        element.key_type(of_type).build().unwrap()
    };
    let create = world.client().create_table().table_name("other");
    create
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("userId", ScalarAttributeType::S))
        .key_schema(key("userId", KeyType::Hash))
        .send()
        .await
        .unwrap();
    let said = world.run("other", &["check"]).await;
    assert!(!said.succeeded);
    assert!(
        said.out
            .contains("key: WRONG: it is userId (S, HASH), and not"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("time to live: WRONG: it is off"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("index byChange: ADVICE: there is none"),
        "{}",
        said.out
    );
}

#[tokio::test]
async fn a_table_that_is_not_there_is_an_error_that_names_it() {
    let world = World::with_tables(&[]).await;
    ensure_table(&world.client(), "another").await.unwrap();
    let said = world.run("notes", &["check"]).await;
    assert!(!said.succeeded);
    assert!(said.err.starts_with("notes: table notes: "), "{}", said.err);
}
