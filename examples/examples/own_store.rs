//! A store of one's own: the port on `redb`, a database in one file. `cargo run --example own_store`.
//!
//! `tests/own_store.rs` has the conformance suite check it. `MemoryNoteStore` is its model: what each method returns is
//! said at the port, and most of what it decides is a method of the port's values, such as `Update::finds_live`.
#![allow(clippy::print_stdout, reason = "a program that a person starts")]

use std::error::Error;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use notes_core::{
    Category, ChangePage, ChangesQuery, Content, CreateOutcome, DeleteOutcome, Deletion, Expected,
    Expires, Expiry, Fingerprint, InsertOutcome, Insertion, ListQuery, NewNote, Note, NoteId,
    NoteStore, Notes, Occupant, Order, Page, PurgeAt, Purged, Revision, StoreError, StoreErrorKind,
    Timestamp, Title, Update, UpdateOutcome, UserId,
};
use redb::{Database, ReadableDatabase, ReadableTable, Table, TableDefinition};
use serde::{Deserialize, Serialize};

/// What is under the key of a note: the user, and the ordinal of the id, by which ids are in order.
type Key = (&'static str, u128);
/// The only table. A value is an [`Item`] as JSON.
const NOTES: TableDefinition<'static, Key, &'static [u8]> = TableDefinition::new("notes");

/// What is stored of a note.
#[derive(Debug, Serialize, Deserialize)]
enum Item {
    Note {
        title: Title,
        content: Content,
        category: Option<Category>,
        expiry: Option<Expiry>,
        retained: bool,
        revision: Revision,
        /// The fingerprint of its creation, by which a repetition of that is recognised.
        creation: [u8; 8],
        purge_at: Option<u64>,
    },
    /// A deleted note. Its id stays spent until this goes.
    Tombstone { revision: Revision, purge_at: u64 },
}

/// An item as the methods need it. No `Err` of the decoding gets out: an item that can't be read must not hide others.
enum Decoded {
    Note(Note, Fingerprint, Option<u64>),
    Tombstone(Revision),
    Unreadable,
}

/// The notes in a database file. A clone is a handle to the same database.
#[derive(Clone, Debug)]
pub(crate) struct RedbNoteStore(Arc<Database>);

impl RedbNoteStore {
    pub(crate) fn new(database: Database) -> Result<Self, redb::Error> {
        // Readers find a table only after a write has made it.
        let write = database.begin_write()?;
        write.open_table(NOTES)?;
        write.commit()?;
        Ok(Self(Arc::new(database)))
    }

    /// Runs this on a thread that may block, in one transaction. That goes on if the caller's future is dropped, so a
    /// write is always done as a whole or not at all, and no lock is left behind.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Table<'_, Key, &'static [u8]>) -> Result<T, BoxError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let write = database.begin_write()?;
            // The table borrows the transaction, which is aborted when it is dropped without a commit.
            let result = work(&mut write.open_table(NOTES)?)?;
            // An error here is no proof that nothing was written.
            let unknown = |error| StoreError::new(StoreErrorKind::OutcomeUnknown, error);
            write.commit().map_err(unknown)?;
            Ok(result)
        });
        done.await.map_err(other)?.map_err(unboxed)
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&redb::ReadOnlyTable<Key, &'static [u8]>) -> Result<T, BoxError>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        let database = Arc::clone(&self.0);
        let done =
            tokio::task::spawn_blocking(move || work(&database.begin_read()?.open_table(NOTES)?));
        done.await.map_err(other)?.map_err(unboxed)
    }

    /// Removes what nobody needs any more. A service calls it now and then, as DynamoDB's time to live does.
    pub(crate) async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |table| {
            table.retain(|_, bytes| {
                let purge_at = match serde_json::from_slice(bytes) {
                    Ok(Item::Note { purge_at, .. }) => purge_at,
                    Ok(Item::Tombstone { purge_at, .. }) => Some(purge_at),
                    Err(_) => None,
                };
                purge_at.is_none_or(|at| at > now.as_secs())
            })?;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl NoteStore for RedbNoteStore {
    async fn insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
    ) -> Result<InsertOutcome, StoreError> {
        let insertion = insertion.clone();
        self.write(move |table| {
            let Insertion {
                note, fingerprint, ..
            } = &insertion;
            Ok(match find(table, &note.user, note.id)? {
                None if !note.is_live(now) => InsertOutcome::Expired,
                None => {
                    let purge_at = insertion.purge_at().map(PurgeAt::as_secs);
                    put(
                        table,
                        &note.user,
                        note.id,
                        &item(note, *fingerprint, purge_at),
                    )?;
                    InsertOutcome::Inserted
                }
                Some(Decoded::Note(note, fingerprint, _)) if note.is_live(now) => {
                    InsertOutcome::Taken(Occupant::Live { note, fingerprint })
                }
                Some(Decoded::Note(..) | Decoded::Tombstone(_)) => {
                    InsertOutcome::Taken(Occupant::Spent)
                }
                Some(Decoded::Unreadable) => InsertOutcome::Taken(Occupant::Unreadable),
            })
        })
        .await
    }

    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError> {
        let user = user.clone();
        let found = self.read(move |table| find(table, &user, id)).await?;
        match found {
            Some(Decoded::Note(note, ..)) if note.is_live(now) => Ok(Some(note)),
            Some(Decoded::Unreadable) => Err(StoreErrorKind::Corrupt.into()),
            Some(Decoded::Note(..) | Decoded::Tombstone(_)) | None => Ok(None),
        }
    }

    async fn list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        let Some(range) = query.range() else {
            return Ok(Page::default());
        };
        let (user, query) = (user.clone(), query.clone());
        self.read(move |table| {
            let mut items = table.range(keys(&user, range))?;
            let mut page = Page::default();
            let mut last = None;
            while let Some(item) = match query.order {
                Order::Newest => items.next_back(),
                Order::Oldest => items.next(),
            } {
                let (key, bytes) = item?;
                if page.notes.len() + page.unreadable.len() == query.limit.get() {
                    page.next = last;
                    break;
                }
                let id = NoteId::from_ordinal(key.value().1).ok_or("a key is that of an id")?;
                last = Some(id);
                match decode(&user, id, bytes.value()) {
                    Decoded::Note(note, ..)
                        if note.is_live(now) && query.matches_category(&note) =>
                    {
                        page.notes.push(note);
                    }
                    Decoded::Note(..) | Decoded::Tombstone(_) => {}
                    Decoded::Unreadable => page.unreadable.push(id.to_string()),
                }
            }
            Ok(page)
        })
        .await
    }

    async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError> {
        let (user, update) = (user.clone(), update.clone());
        self.write(move |table| {
            Ok(match find(table, &user, id)? {
                // This very update has happened before.
                Some(Decoded::Note(note, ..)) if note.revision == update.revision => {
                    UpdateOutcome::Updated(note)
                }
                Some(Decoded::Note(mut note, fingerprint, mut purge_at))
                    if update.finds_live(&note, now) =>
                {
                    if note.is_live(update.live_at(now))
                        && may_replace(note.revision, &update.expected, update.revision)
                        && (note.expires.is_retained() || !update.is_renewal())
                    {
                        if update.expires().is_some() {
                            purge_at = update.purge_at(id, now).map(PurgeAt::as_secs);
                        }
                        update.apply(&mut note);
                        put(table, &user, id, &item(&note, fingerprint, purge_at))?;
                        UpdateOutcome::Updated(note)
                    } else {
                        UpdateOutcome::Stale(Some(note))
                    }
                }
                Some(Decoded::Unreadable) => UpdateOutcome::Stale(None),
                Some(Decoded::Note(..) | Decoded::Tombstone(_)) | None => UpdateOutcome::Missing,
            })
        })
        .await
    }

    async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError> {
        let (user, deletion) = (user.clone(), deletion.clone());
        self.write(move |table| {
            Ok(match find(table, &user, id)? {
                Some(Decoded::Note(note, ..)) if note.is_live(now) => {
                    if may_replace(note.revision, &deletion.expected, deletion.revision) {
                        let tombstone = Item::Tombstone {
                            revision: deletion.revision,
                            purge_at: deletion.purge_at.as_secs(),
                        };
                        put(table, &user, id, &tombstone)?;
                        DeleteOutcome::Deleted
                    } else {
                        DeleteOutcome::Stale(Some(note))
                    }
                }
                Some(Decoded::Tombstone(revision)) if revision == deletion.revision => {
                    DeleteOutcome::Deleted
                }
                Some(Decoded::Unreadable) => DeleteOutcome::Stale(None),
                Some(Decoded::Note(..) | Decoded::Tombstone(_)) | None => DeleteOutcome::Missing,
            })
        })
        .await
    }

    /// It keeps no changes, so `Notes::with_sync` can't be used with it.
    async fn changes(
        &self,
        _: &UserId,
        _: &ChangesQuery,
        _: Timestamp,
    ) -> Result<ChangePage, StoreError> {
        Err(StoreErrorKind::Unsupported.into())
    }

    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError> {
        let user = user.clone();
        self.write(move |table| {
            let mut removed = 0;
            let all = keys(&user, NoteId::FIRST..=NoteId::LAST);
            let mut items = table.extract_from_if(all, |_, _| true)?;
            while removed < budget.get() {
                let Some(item) = items.next() else {
                    return Ok(Purged::new(removed, false));
                };
                item?;
                removed += 1;
            }
            Ok(Purged::new(removed, true))
        })
        .await
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

/// Nothing was written, unless the error says otherwise.
fn unboxed(error: BoxError) -> StoreError {
    match error.downcast::<StoreError>() {
        Ok(error) => *error,
        Err(error) => StoreError::new(StoreErrorKind::Other, error),
    }
}

fn other(error: impl Into<BoxError>) -> StoreError {
    StoreError::new(StoreErrorKind::Other, error)
}

/// The condition of every write of a note that is there: revisions only grow.
fn may_replace(current: Revision, expected: &Expected, new: Revision) -> bool {
    expected.allows(current) && current < new
}

fn keys(user: &UserId, ids: RangeInclusive<NoteId>) -> RangeInclusive<(&str, u128)> {
    (user.as_str(), ids.start().ordinal())..=(user.as_str(), ids.end().ordinal())
}

fn find(
    table: &impl ReadableTable<Key, &'static [u8]>,
    user: &UserId,
    id: NoteId,
) -> Result<Option<Decoded>, BoxError> {
    let bytes = table.get((user.as_str(), id.ordinal()))?;
    Ok(bytes.map(|bytes| decode(user, id, bytes.value())))
}

fn put(
    table: &mut Table<'_, Key, &'static [u8]>,
    user: &UserId,
    id: NoteId,
    item: &Item,
) -> Result<(), BoxError> {
    let bytes = serde_json::to_vec(item)?;
    table.insert((user.as_str(), id.ordinal()), bytes.as_slice())?;
    Ok(())
}

fn item(note: &Note, fingerprint: Fingerprint, purge_at: Option<u64>) -> Item {
    Item::Note {
        title: note.title.clone(),
        content: note.content.clone(),
        category: note.category.clone(),
        expiry: note.expiry(),
        retained: note.expires.is_retained(),
        revision: note.revision,
        creation: fingerprint.into_bytes(),
        purge_at,
    }
}

fn decode(user: &UserId, id: NoteId, bytes: &[u8]) -> Decoded {
    match serde_json::from_slice(bytes) {
        Ok(Item::Note {
            title,
            content,
            category,
            expiry,
            retained,
            revision,
            creation,
            purge_at,
        }) => {
            let mut note = Note::new(user.clone(), id, title, content)
                .with_expires(match expiry {
                    None => Expires::Never,
                    Some(expiry) if retained => Expires::Retained(expiry),
                    Some(expiry) => Expires::Chosen(expiry),
                })
                .with_revision(revision);
            note.category = category;
            Decoded::Note(note, creation.into(), purge_at)
        }
        Ok(Item::Tombstone { revision, .. }) => Decoded::Tombstone(revision),
        Err(_) => Decoded::Unreadable,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let store = RedbNoteStore::new(Database::create("own-store.redb")?)?;
    let notes = Notes::new(store.clone());
    let user = "alice".parse()?;
    let new = NewNote::new("Visit".parse()?, "of this program".parse()?);
    let outcome = notes.create(&user, notes.new_id(), new).await?;
    assert!(matches!(outcome, CreateOutcome::Created(_)), "{outcome:?}");
    let page = notes.list(&user, &ListQuery::default()).await?;
    println!("own-store.redb has the last {} visits.", page.notes.len());
    store.sweep(notes.now()).await?;
    Ok(())
}

/// What the conformance suite needs beside the port: a look behind it.
#[cfg(test)]
impl RedbNoteStore {
    pub(crate) async fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        let user = user.clone();
        let planted = self.write(move |table| {
            table.insert((user.as_str(), id.ordinal()), b"not JSON".as_slice())?;
            Ok(())
        });
        planted.await.expect("the database takes any bytes");
    }

    pub(crate) async fn stored_text(&self, user: &UserId, id: NoteId) -> String {
        let user = user.clone();
        let read = self.read(move |table| {
            let bytes = table.get((user.as_str(), id.ordinal()))?;
            Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes.value()).into_owned()))
        });
        read.await
            .expect("the database can be read")
            .unwrap_or_default()
    }
}
