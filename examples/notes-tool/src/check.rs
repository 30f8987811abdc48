use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    KeySchemaElement, PointInTimeRecoveryStatus, ProjectionType, TableDescription, TimeToLiveStatus,
};
use notes_core::{ErrorChain, ListQuery, Notes, PageLimit, UserId};
use notes_dynamo::DynamoNoteStore;

use crate::{BoxError, progress};

/// What was found.
enum Finding {
    Fine,
    /// The table works without it.
    Advice(String),
    /// The table does not keep what the store promises.
    Wrong(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fine => f.write_str("fine"),
            Self::Advice(text) => write!(f, "ADVICE: {text}"),
            Self::Wrong(text) => write!(f, "WRONG: {text}"),
        }
    }
}

/// Prints what is to be said of the table. Whether nothing is wrong.
pub(crate) async fn check(
    client: &Client,
    notes: &Notes<DynamoNoteStore>,
    table: &str,
    with_items: bool,
) -> Result<bool, BoxError> {
    let described = client.describe_table().table_name(table).send().await;
    let described = described.map_err(|error| described_error(table, error))?;
    let described = described.table.ok_or("the response has no table")?;
    let mut findings = vec![
        ("key", key(&described)),
        ("index byChange", index(&described)),
        ("time to live", time_to_live(client, table).await?),
        ("deletion protection", deletion_protection(&described)),
        (
            "point-in-time recovery",
            point_in_time_recovery(client, table).await,
        ),
    ];
    if with_items {
        findings.push(("items", items(client, notes, table).await?));
    }
    let mut is_fine = true;
    for (what, finding) in findings {
        println!("{what}: {finding}");
        is_fine &= !matches!(finding, Finding::Wrong(_));
    }
    Ok(is_fine)
}

fn described_error(table: &str, error: impl Into<aws_sdk_dynamodb::Error>) -> BoxError {
    let error = error.into();
    format!("table {table}: {}", ErrorChain(&error)).into()
}

fn key(table: &TableDescription) -> Finding {
    let found = key_text(table, table.key_schema());
    match found.as_str() {
        "userId (S, HASH), timestamp (N, RANGE)" => Finding::Fine,
        _ => Finding::Wrong(format!(
            "it is {found}, and not userId (S, HASH), timestamp (N, RANGE): no note can be stored"
        )),
    }
}

fn index(table: &TableDescription) -> Finding {
    let mut indexes = table.local_secondary_indexes().iter();
    let Some(index) = indexes.find(|index| index.index_name() == Some("byChange")) else {
        let text = "there is none, so sync can't be turned on in this table";
        return Finding::Advice(text.to_owned());
    };
    let found = key_text(table, index.key_schema());
    let projection = index
        .projection()
        .and_then(|projection| projection.projection_type());
    if found == "userId (S, HASH), changed (B, RANGE)"
        && projection == Some(&ProjectionType::KeysOnly)
    {
        return Finding::Fine;
    }
    Finding::Wrong(format!(
        "its key is {found}, its projection {}, and not userId (S, HASH), changed (B, RANGE), KEYS_ONLY",
        projection.map_or("?", ProjectionType::as_str)
    ))
}

/// Such as `userId (S, HASH), timestamp (N, RANGE)`.
fn key_text(table: &TableDescription, key: &[KeySchemaElement]) -> String {
    let parts = key.iter().map(|part| {
        let name = part.attribute_name();
        let mut definitions = table.attribute_definitions().iter();
        let definition = definitions.find(|definition| definition.attribute_name() == name);
        let of_type = definition.map_or("?", |definition| definition.attribute_type().as_str());
        format!("{name} ({of_type}, {})", part.key_type().as_str())
    });
    parts.collect::<Vec<_>>().join(", ")
}

async fn time_to_live(client: &Client, table: &str) -> Result<Finding, BoxError> {
    let described = client
        .describe_time_to_live()
        .table_name(table)
        .send()
        .await;
    let described = described.map_err(|error| described_error(table, error))?;
    let found = described.time_to_live_description.filter(|found| {
        matches!(
            found.time_to_live_status(),
            Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
        )
    });
    Ok(match found.and_then(|found| found.attribute_name) {
        Some(attribute) if attribute == "purgeAt" => Finding::Fine,
        Some(attribute) => Finding::Wrong(format!(
            "its attribute is {attribute}, and not purgeAt: ids may become free too early"
        )),
        // So it is after a restoration from a backup.
        None => Finding::Wrong(
            "it is off: deleted and expired notes are never removed. Turn it on, on purgeAt"
                .to_owned(),
        ),
    })
}

fn deletion_protection(table: &TableDescription) -> Finding {
    if table.deletion_protection_enabled() == Some(true) {
        Finding::Fine
    } else {
        Finding::Advice("it is off: one request can delete the table".to_owned())
    }
}

async fn point_in_time_recovery(client: &Client, table: &str) -> Finding {
    let described = client
        .describe_continuous_backups()
        .table_name(table)
        .send();
    let status = match described.await {
        Ok(described) => described
            .continuous_backups_description
            .and_then(|backups| backups.point_in_time_recovery_description)
            .and_then(|recovery| recovery.point_in_time_recovery_status),
        // Engines for development know nothing of backups.
        Err(error) => {
            let error = aws_sdk_dynamodb::Error::from(error);
            return Finding::Advice(format!(
                "the endpoint does not tell: {}",
                ErrorChain(&error)
            ));
        }
    };
    if status == Some(PointInTimeRecoveryStatus::Enabled) {
        Finding::Fine
    } else {
        Finding::Advice("it is off: what a mistake overwrites is lost".to_owned())
    }
}

/// Lists the notes of all users. Items of one user lie together, so each user comes once.
async fn items(
    client: &Client,
    notes: &Notes<DynamoNoteStore>,
    table: &str,
) -> Result<Finding, BoxError> {
    let bar = progress::of_items();
    let mut users = client
        .scan()
        .table_name(table)
        .projection_expression("userId")
        .into_paginator()
        .items()
        .send();
    let (mut last, mut unreadable, mut others) = (String::new(), 0_usize, 0_usize);
    while let Some(item) = users.next().await {
        let item = item.map_err(|error| described_error(table, error))?;
        bar.inc(1);
        let Some(Ok(user)) = item.get("userId").map(|user| user.as_s()) else {
            continue;
        };
        if *user == last {
            continue;
        }
        last.clone_from(user);
        match user.parse() {
            Ok(user) => unreadable += unreadable_of(notes, &user).await?,
            // The store has not written it. Tables may have other entities, too.
            Err(_) => others += 1,
        }
    }
    let items = bar.position();
    bar.finish_and_clear();
    Ok(match (unreadable, others) {
        (0, 0) => Finding::Fine,
        (0, _) => Finding::Advice(format!(
            "{others} partition keys are no user ids: no note is under them"
        )),
        _ => Finding::Wrong(format!("{unreadable} of {items} can't be read")),
    })
}

async fn unreadable_of(notes: &Notes<DynamoNoteStore>, user: &UserId) -> Result<usize, BoxError> {
    let mut query = ListQuery::default().with_limit(PageLimit::LARGEST);
    let mut unreadable = 0;
    loop {
        let page = notes.list(user, &query).await?;
        for id in &page.unreadable {
            println!("can't be read: {id} of user {}", user.as_str());
        }
        unreadable += page.unreadable.len();
        let Some(next) = page.next else {
            return Ok(unreadable);
        };
        query = query.with_position(next);
    }
}
