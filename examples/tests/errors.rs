//! The messages in `docs/errors.md` are those of the code, and none is missing.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, Region};
use notes_core::{
    Category, ChangePosition, Content, ErrorChain, Horizon, NoteId, Notes, Order, PageLimit,
    Revision, Revisions, StoreError, StoreErrorKind, SyncSettings, SyncToken, Timestamp, Title,
    UserId,
};
use notes_dynamo::{DynamoNoteStore, TableName, client_config, ensure_table};
use notes_lambda::{
    CorsHeaders, CorsOrigins, Cursor, IdentitySource, Operation, ProblemBase,
    required_setting_from_env,
};
use notes_testing::Engine;

const PAGE: &str = include_str!("../../docs/errors.md");

/// The rows of the tables in a section of the page: what is in the first cell, and the message in the second.
fn rows(section: &str) -> BTreeMap<String, String> {
    let (_, section) = PAGE.split_once(&format!("\n## {section}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = section.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?, cells.next()?.trim_end_matches(" |")))
    });
    let rows = cells.filter(|(first, _)| first.contains('`'));
    rows.map(|(first, message)| (first.replace('`', ""), message.to_owned()))
        .collect()
}

/// Compares the page with the code. If they differ, the message has the rows to put into the page.
#[track_caller]
fn assert_lists(section: &str, messages: Vec<(&str, String)>) {
    let messages: BTreeMap<_, _> = messages
        .into_iter()
        .map(|(what, message)| (what.to_owned(), message))
        .collect();
    let table: Vec<_> = messages
        .iter()
        .map(|(what, message)| format!("| `{what}` | {message} |"))
        .collect();
    assert!(
        rows(section) == messages,
        "{section} has to have\n{}",
        table.join("\n")
    );
}

#[track_caller]
fn refused<T: FromStr<Err: Display>>(text: &str) -> String {
    match text.parse::<T>() {
        Ok(_) => panic!("{text:?} is valid"),
        Err(error) => error.to_string(),
    }
}

fn failed<T, E: Display>(result: Result<T, E>) -> String {
    result.err().unwrap().to_string()
}

#[test]
fn the_page_has_the_message_of_each_invalid_value() {
    let ids = (0..=Revisions::MAX as u128).map(|ordinal| NoteId::from_ordinal(ordinal).unwrap());
    let revisions: Vec<Revision> = ids.map(Revision::from).collect();
    let long = |length| "x".repeat(length);
    let messages = vec![
        ("InvalidUserId::Empty", refused::<UserId>("")),
        ("InvalidUserId::TooLong", refused::<UserId>(&long(256))),
        ("InvalidUserId::ControlCharacter", refused::<UserId>("a\n")),
        ("InvalidNoteId", refused::<NoteId>("1")),
        ("InvalidTitle::Blank", refused::<Title>(" ")),
        ("InvalidTitle::TooLong", refused::<Title>(&long(257))),
        ("InvalidTitle::ControlCharacter", refused::<Title>("a\n")),
        (
            "InvalidContent::TooLong",
            refused::<Content>(&long(350_001)),
        ),
        ("InvalidCategory::Blank", refused::<Category>(" ")),
        ("InvalidCategory::TooLong", refused::<Category>(&long(65))),
        (
            "InvalidCategory::ControlCharacter",
            refused::<Category>("a\nb"),
        ),
        ("InvalidTimestamp", refused::<Timestamp>("tomorrow")),
        ("InvalidRevision", refused::<Revision>("1")),
        ("InvalidRevisions", failed(Revisions::try_from(revisions))),
        ("InvalidOrder", refused::<Order>("oldest first")),
        ("InvalidPageLimit", failed(PageLimit::try_from(0))),
        ("InvalidHorizon", failed(Horizon::try_from(Duration::ZERO))),
        ("InvalidSyncToken", refused::<SyncToken>("1")),
        (
            "InvalidChangePosition",
            failed(ChangePosition::try_from(&[0; 33][..])),
        ),
        ("InvalidTableName", refused::<TableName>("n")),
        ("InvalidCursor", refused::<Cursor>("1")),
        ("InvalidOperation", refused::<Operation>("read")),
        ("InvalidProblemBase", refused::<ProblemBase>("problems")),
        (
            "InvalidCorsOrigins",
            refused::<CorsOrigins>("notes.example"),
        ),
        ("InvalidCorsHeaders", refused::<CorsHeaders>("a b")),
        ("InvalidIdentitySource", refused::<IdentitySource>("sub")),
    ];
    assert_lists("Invalid values", messages);
}

#[test]
fn the_page_has_each_error_type_of_the_public_api() {
    let listings = [
        include_str!("../../docs/public-api/notes-core.txt"),
        include_str!("../../docs/public-api/notes-dynamo.txt"),
        include_str!("../../docs/public-api/notes-lambda.txt"),
    ];
    let types = listings
        .iter()
        .flat_map(|listing| listing.lines())
        .filter_map(|line| {
            let line = line.strip_prefix("#[non_exhaustive] ").unwrap_or(line);
            let path = line
                .strip_prefix("pub struct ")
                .or(line.strip_prefix("pub enum "))?;
            let name = path.rsplit("::").next()?;
            name.starts_with("Invalid").then_some(name)
        });
    let listed = rows("Invalid values");
    let mut count = 0;
    for name in types {
        let name = name.split('(').next().unwrap();
        assert!(
            listed
                .keys()
                .any(|key| key.split("::").next() == Some(name)),
            "{name}"
        );
        count += 1;
    }
    assert_eq!(count, 20);
}

#[test]
fn the_page_has_the_message_of_each_kind_of_store_error() {
    let kinds = [
        StoreErrorKind::Throttled,
        StoreErrorKind::Unavailable,
        StoreErrorKind::Contended,
        StoreErrorKind::OutcomeUnknown,
        StoreErrorKind::TooLarge,
        StoreErrorKind::Corrupt,
        StoreErrorKind::Denied,
        StoreErrorKind::Unsupported,
        StoreErrorKind::Other,
    ];
    let names: Vec<_> = kinds.iter().map(|kind| format!("{kind:?}")).collect();
    let messages = names.iter().map(String::as_str);
    assert_lists(
        "Errors of a store",
        messages.zip(kinds.map(|kind| kind.to_string())).collect(),
    );
}

#[tokio::test]
async fn the_page_has_what_each_mistake_says() {
    let engine = Engine::in_memory().unwrap();
    let (client, user) = (engine.client(), "alice".parse().unwrap());
    ensure_table(&client, "notes").await.unwrap();
    let get = async |client: Client, table: &str| {
        let notes = Notes::new(DynamoNoteStore::new(client, table));
        chain(&notes.get(&user, notes.new_id()).await.unwrap_err())
    };
    let local = || client_config().endpoint_url(engine.url());
    let with_region = || local().region(Region::new("eu-central-1"));
    let credentials = || Credentials::new("local", "local", None, None, "static");
    let configured = |config: aws_sdk_dynamodb::config::Builder| Client::from_conf(config.build());

    let sync = || SyncSettings::new("first");
    let without_sync = Notes::new(DynamoNoteStore::new(client.clone(), "notes").with_changes());
    let without_changes = Notes::new(DynamoNoteStore::new(client.clone(), "notes"));
    let changes = async |notes: Notes<DynamoNoteStore>| {
        let changes = notes.changes(&user, None, PageLimit::LARGEST);
        chain(&changes.await.unwrap_err())
    };
    let notes = Notes::new(DynamoNoteStore::new(client.clone(), "notes"));
    let late = notes.now().saturating_sub(Duration::from_hours(200));
    let messages = vec![
        (
            "the table was not created",
            get(client.clone(), "nowhere").await,
        ),
        (
            "the client has no region",
            get(
                configured(local().credentials_provider(credentials())),
                "notes",
            )
            .await,
        ),
        (
            "the client has no credentials",
            get(configured(with_region()), "notes").await,
        ),
        (
            "the endpoint has no http://",
            get(
                configured(
                    with_region()
                        .endpoint_url("127.0.0.1:8000")
                        .credentials_provider(credentials()),
                ),
                "notes",
            )
            .await,
        ),
        ("with_sync is missing", changes(without_sync).await),
        (
            "with_changes is missing",
            changes(without_changes.with_sync(sync())).await,
        ),
        (
            "the id is of last month",
            failed(notes.check_id_date(NoteId::generate(late))),
        ),
        (
            "a variable of a function is not set",
            format!(
                "{:?}",
                required_setting_from_env::<String>("NOTES_OWN_TABLE").unwrap_err()
            ),
        ),
    ];
    assert_lists("Mistakes", messages);
}

/// The error with its causes, in one line, as far as the first sentence goes: the SDK says much.
fn chain(error: &StoreError) -> String {
    let line = ErrorChain(error).to_string();
    let first = line.split(". ").next();
    first.unwrap_or_default().to_owned()
}
