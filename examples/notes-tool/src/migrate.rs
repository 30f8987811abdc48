use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use aws_sdk_dynamodb::Client;
use futures_util::{StreamExt, TryStreamExt, stream};
use notes_core::{ErrorChain, Note, Notes, StoreError};
use notes_dynamo::DynamoNoteStore;
use serde_json::json;

use crate::insert::{CONCURRENCY, Counts, Inserted, insert};
use crate::original::{self, Item};
use crate::{BoxError, progress};

/// Copies the notes of the original's table.
pub(crate) struct Migration {
    pub(crate) from: String,
    pub(crate) dry_run: bool,
    pub(crate) ignore_expires: bool,
}

impl Migration {
    pub(crate) async fn run(
        &self,
        client: &Client,
        notes: &Notes<DynamoNoteStore>,
        report: Option<&Path>,
    ) -> Result<(), BoxError> {
        let mut report = report.map(File::create).transpose()?.map(BufWriter::new);
        let mut pages = client.scan().table_name(&self.from).into_paginator().send();
        let bar = progress::of_items();
        let (mut counts, mut left_out) = (Counts::default(), 0_u64);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                let error = aws_sdk_dynamodb::Error::from(error);
                format!("table {}: {}", self.from, ErrorChain(&error))
            })?;
            let mut of_page = Vec::new();
            for item in page.items() {
                match original::read(item, self.ignore_expires) {
                    Ok(note) => of_page.push(note),
                    Err(why) => {
                        left_out += 1;
                        if let Some(report) = &mut report {
                            writeln!(report, "{}", entry(item, &why))?;
                        }
                    }
                }
            }
            let mut inserted = stream::iter(of_page)
                .map(|note| self.put(notes, note))
                .buffer_unordered(CONCURRENCY);
            while let Some(inserted) = inserted.try_next().await? {
                counts.add(inserted);
                bar.inc(1);
            }
        }
        if let Some(mut report) = report {
            report.flush()?;
        }
        bar.finish_and_clear();
        let (read, what) = (
            counts.all() + left_out,
            if self.dry_run { "would be: " } else { "" },
        );
        println!("{read} items read: {what}{counts}, {left_out} left out");
        match left_out + counts.refused() {
            missing if missing > 0 && !self.dry_run => {
                Err(format!("{missing} items are not in the new table").into())
            }
            _ => Ok(()),
        }
    }

    /// Stores the note, or finds out what that would do.
    async fn put(
        &self,
        notes: &Notes<DynamoNoteStore>,
        note: Note,
    ) -> Result<Inserted, StoreError> {
        if !self.dry_run {
            return insert(notes, note).await;
        }
        Ok(match notes.get(&note.user, note.id).await? {
            Some(_) => Inserted::Present,
            None if !note.is_live(notes.now()) => Inserted::Expired,
            // A read does not tell a free id from that of a note that was deleted since.
            None => Inserted::Created,
        })
    }
}

/// What the report says of an item: its key and what is wrong with it, nothing of its text.
fn entry(item: &Item, why: &BoxError) -> String {
    let text = |name| item.get(name).and_then(|value| value.as_s().ok());
    let timestamp = item.get("timestamp").and_then(|value| value.as_n().ok());
    json!({
        "user_id": text("user_id"),
        "timestamp": timestamp,
        "note_id": text("note_id"),
        "why": why.to_string(),
    })
    .to_string()
}
