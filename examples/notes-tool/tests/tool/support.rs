use std::process::{Command, Output, Stdio};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{
    CreateOutcome, ListQuery, NewNote, Note, NoteId, NoteStore, Notes, Order, PageLimit, UserId,
};
use notes_dynamo::{DynamoNoteStore, ensure_table_with_changes, sort_key};
use notes_testing::Engine;
use tempfile::TempDir;

/// An engine, and a directory for the files of a test.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) files: TempDir,
}

/// What the program has printed.
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) succeeded: bool,
}

impl World {
    /// With these tables.
    pub(crate) async fn with_tables(tables: &[&str]) -> Self {
        let engine = Engine::in_memory().unwrap();
        for table in tables {
            ensure_table_with_changes(&engine.client(), table)
                .await
                .unwrap();
        }
        let files = tempfile::tempdir().unwrap();
        Self { engine, files }
    }

    pub(crate) fn client(&self) -> Client {
        self.engine.client()
    }

    pub(crate) fn notes(&self, table: &str) -> Notes<DynamoNoteStore> {
        Notes::new(DynamoNoteStore::new(self.client(), table))
    }

    /// Puts an item that is no note under this partition key.
    pub(crate) async fn put(&self, table: &str, partition_key: &str, id: NoteId) {
        let item = self.client().put_item().table_name(table);
        item.item("userId", AttributeValue::S(partition_key.to_owned()))
            .item("timestamp", AttributeValue::N(sort_key(id)))
            .item("title", AttributeValue::Bool(true))
            .send()
            .await
            .unwrap();
    }

    /// The path of a file of this test.
    pub(crate) fn path(&self, name: &str) -> String {
        self.files.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs `notes --table TABLE` with these arguments.
    pub(crate) async fn run(&self, table: &str, arguments: &[&str]) -> Said {
        let mut command = command(&self.engine.url(), table, arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        Said::from(output.await.unwrap())
    }

    /// Runs it, and expects that it succeeds.
    pub(crate) async fn succeed(&self, table: &str, arguments: &[&str]) -> String {
        let said = self.run(table, arguments).await;
        assert!(said.succeeded, "{arguments:?}: {}{}", said.out, said.err);
        said.out
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            succeeded: output.status.success(),
        }
    }
}

/// The program with these arguments.
pub(crate) fn command(url: &str, table: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_notes"));
    command
        .args(["--table", table, "--endpoint", url])
        .args(arguments)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

/// Creates so many notes, and returns them, the oldest first.
pub(crate) async fn create(
    notes: &Notes<impl NoteStore>,
    user: &UserId,
    count: usize,
) -> Vec<Note> {
    for number in 0..count {
        let title = format!("Note {number}").parse().unwrap();
        let new = NewNote::new(title, "line 1\nline 2\u{2028}\u{1F600}".parse().unwrap());
        let outcome = notes.create(user, notes.new_id(), new).await;
        assert!(matches!(outcome, Ok(CreateOutcome::Created(_))));
    }
    all(notes, user).await
}

/// All notes of the user, the oldest first.
pub(crate) async fn all(notes: &Notes<impl NoteStore>, user: &UserId) -> Vec<Note> {
    let mut query = ListQuery::default()
        .with_order(Order::Oldest)
        .with_limit(PageLimit::LARGEST);
    let mut all = Vec::new();
    loop {
        let page = notes.list(user, &query).await.unwrap();
        assert_eq!(page.unreadable, [""; 0]);
        all.extend(page.notes);
        let Some(next) = page.next else { return all };
        query = query.with_position(next);
    }
}
