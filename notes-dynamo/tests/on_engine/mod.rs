#![allow(dead_code, reason = "not every test program needs all of it")]

use std::any::Any;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use notes_core::conformance::{Harness, UnreadableKind};
use notes_core::{NoteId, NoteStore, Timestamp, UserId};
use notes_dynamo::DynamoNoteStore;

use crate::at_now::AtNow;
use crate::planted;

/// The store on one table of an engine, and what the suite does to the table past the store.
pub(crate) struct OnEngine {
    store: Box<dyn NoteStore>,
    /// On a client of its own.
    other: Box<dyn NoteStore>,
    keeps_changes: bool,
    client: Client,
    table: &'static str,
    /// An engine in this process, which stops when it is dropped.
    engine: Option<Box<dyn Any + Send + Sync>>,
}

impl OnEngine {
    /// The store without changes, on clients that this function makes.
    pub(crate) fn new(client: impl Fn() -> Client, table: &'static str) -> Self {
        Self {
            store: Box::new(DynamoNoteStore::new(client(), table)),
            other: Box::new(DynamoNoteStore::new(client(), table)),
            keeps_changes: false,
            client: client(),
            table,
            engine: None,
        }
    }

    /// The same with changes.
    pub(crate) fn with_changes(client: impl Fn() -> Client, table: &'static str) -> Self {
        Self {
            store: Box::new(AtNow::new(client(), table)),
            other: Box::new(AtNow::new(client(), table)),
            keeps_changes: true,
            ..Self::new(client, table)
        }
    }

    /// Keeps what the engine needs for as long as the store is used.
    pub(crate) fn keeping(mut self, engine: impl Any + Send + Sync) -> Self {
        self.engine = Some(Box::new(engine));
        self
    }
}

#[async_trait]
impl Harness for OnEngine {
    fn store(&self) -> &dyn NoteStore {
        &*self.store
    }

    fn other_handle(&self) -> &dyn NoteStore {
        &*self.other
    }

    fn keeps_changes(&self) -> bool {
        self.keeps_changes
    }

    async fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        self.plant_unreadable_of(0, user, id).await;
    }

    fn unreadable_kinds(&self) -> Vec<UnreadableKind> {
        planted::unreadable_kinds()
    }

    async fn plant_unreadable_of(&self, kind: usize, user: &UserId, id: NoteId) {
        planted::plant(&self.client, self.table, kind, user, id).await;
    }

    async fn stored_text(&self, user: &UserId, id: NoteId) -> String {
        planted::stored_text(&self.client, self.table, user, id).await
    }

    async fn sweep(&self, user: &UserId, now: Timestamp) {
        planted::sweep(&self.client, self.table, user, now).await;
    }
}
