//! What the cases share: a user of their own, notes, and writes.

use std::fmt::Debug;
use std::slice;
use std::str::FromStr;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::Harness;
use crate::{
    Change, DeleteOutcome, Deletion, Expected, Expiry, Fingerprint, InsertOutcome, Insertion,
    ListQuery, NewNote, Note, NoteId, NotePatch, NoteStore, Page, PurgeAt, Revision, Timestamp,
    Update, UpdateOutcome, UserId,
};

/// How many pages a list of a case's few notes may have: one that never ends is to fail, not to hang.
const MOST_PAGES: usize = 1_000;

/// How many requests a case has under way at once, where it only prepares what it needs.
const PREPARING: usize = 16;

/// What is often normalised, re-encoded, escaped or trimmed.
pub(super) const AWKWARD_TEXT: &str =
    " é e\u{301} ﬁ İı ß 👩‍👩‍👧‍👦 \u{202e}rtl\u{202c} \u{fffd}\u{ffff}\u{10ffff} \"'\\ {} $ %s ";

/// What a content may have, and other texts end or break at.
pub(super) const CONTROL_CHARACTERS: &str = "\u{feff} \t\r\n\n\0\u{1}\u{1b}\u{7f}\u{85}\u{2028} \0";

/// A user of the store under test, at a time.
pub(super) struct Account<'a> {
    harness: &'a dyn Harness,
    pub(super) user: UserId,
    pub(super) now: Timestamp,
}

impl<'a> Account<'a> {
    /// A user that no one else has.
    pub(super) fn open(harness: &'a dyn Harness) -> Self {
        let now = Timestamp::now();
        Self::named(harness, &format!("conformance {}", NoteId::generate(now)))
    }

    pub(super) fn named(harness: &'a dyn Harness, name: &str) -> Self {
        Self {
            harness,
            user: value(name),
            now: Timestamp::now(),
        }
    }

    /// The same user at another time.
    pub(super) fn at_millis(&self, millis: u64) -> Self {
        Self {
            user: self.user.clone(),
            now: Timestamp::from_millis(millis),
            ..*self
        }
    }

    pub(super) fn store(&self) -> &'a dyn NoteStore {
        self.harness.store()
    }

    /// So many seconds after the second of `now`.
    pub(super) fn expiry_in(&self, secs: u64) -> Expiry {
        expiry(self.now.as_secs() + secs)
    }

    /// A note with this id.
    pub(super) fn note(&self, id: NoteId) -> Note {
        Note {
            user: self.user.clone(),
            id,
            title: value(&format!("Note {id}")),
            content: value("2 litres"),
            category: Some(value("shop")),
            expiry: None,
            retained: false,
            revision: id.into(),
        }
    }

    /// New notes a millisecond apart, the oldest first. All are older than `now`, so that a revision
    /// made now is greater than theirs.
    pub(super) fn new_notes(&self, count: u64) -> Vec<Note> {
        let before = |millis| Timestamp::from_millis(self.now.as_millis() - 1_000 - millis);
        let ids = (0..count).rev().map(|it| NoteId::generate(before(it)));
        ids.map(|id| self.note(id)).collect()
    }

    pub(super) fn new_note(&self) -> Note {
        self.note(NoteId::generate(Timestamp::from_millis(
            self.now.as_millis() - 1_000,
        )))
    }

    /// A new note that ends so many seconds after the second of `now`.
    pub(super) fn new_note_ending_in(&self, secs: u64) -> Note {
        Note {
            expiry: Some(self.expiry_in(secs)),
            ..self.new_note()
        }
    }

    /// A new note whose end is a matter of retention.
    pub(super) fn new_retained_note(&self) -> Note {
        Note {
            retained: true,
            ..self.new_note_ending_in(60)
        }
    }

    /// Stores a note that is not there yet; one that has expired, when it had not.
    pub(super) async fn put(&self, note: &Note) {
        let now = match note.expiry {
            Some(expiry) if !note.is_live(self.now) => {
                Timestamp::from_millis((expiry.as_secs() - 1) * 1_000)
            }
            _ => self.now,
        };
        let outcome = self
            .at_millis(now.as_millis())
            .insert(&insertion(note))
            .await;
        assert_eq!(outcome, InsertOutcome::Inserted);
    }

    pub(super) async fn put_all(&self, notes: &[Note]) {
        let puts = notes.iter().map(|note| self.put(note));
        stream::iter(puts).buffer_unordered(PREPARING).count().await;
    }

    /// A new note that is stored.
    pub(super) async fn put_new(&self) -> Note {
        let note = self.new_note();
        self.put(&note).await;
        note
    }

    pub(super) async fn plant_unreadable(&self, id: NoteId) {
        self.harness.plant_unreadable(&self.user, id).await;
    }

    pub(super) async fn insert(&self, insertion: &Insertion) -> InsertOutcome {
        let outcome = self.store().insert(insertion, self.now).await;
        outcome.expect("insert has an outcome")
    }

    pub(super) async fn get(&self, id: NoteId) -> Option<Note> {
        let note = self.store().get(&self.user, id, self.now).await;
        note.expect("get has an answer")
    }

    pub(super) async fn update(&self, id: NoteId, update: &Update) -> UpdateOutcome {
        let outcome = self.store().update(&self.user, id, update, self.now).await;
        outcome.expect("update has an outcome")
    }

    /// Deletes a note, whatever its revision.
    pub(super) async fn remove(&self, note: &Note) {
        let deletion = Deletion {
            expected: Expected::Any,
            ..self.deletion_of(note)
        };
        let outcome = self.delete(note.id, &deletion).await;
        assert_eq!(outcome, DeleteOutcome::Deleted);
    }

    pub(super) async fn remove_all(&self, notes: &[Note]) {
        let removals = notes.iter().map(|note| self.remove(note));
        let removals = stream::iter(removals).buffer_unordered(PREPARING);
        removals.count().await;
    }

    pub(super) async fn delete(&self, id: NoteId, deletion: &Deletion) -> DeleteOutcome {
        let outcome = self.store().delete(&self.user, id, deletion, self.now);
        outcome.await.expect("delete has an outcome")
    }

    /// A deletion of the note in just this state.
    pub(super) fn deletion_of(&self, note: &Note) -> Deletion {
        Deletion {
            expected: only(note.revision),
            revision: after(note.revision),
            purge_at: purge_at(note.id, self.now.as_secs()),
        }
    }

    pub(super) async fn page(&self, query: &ListQuery) -> Page {
        let page = self.store().list(&self.user, query, self.now).await;
        page.expect("list gives a page")
    }

    /// Everything from here on: follows `next` until there is none.
    pub(super) async fn list(&self, query: ListQuery) -> Page {
        let (mut all, mut query) = (Page::default(), query);
        for _ in 0..MOST_PAGES {
            let page = self.page(&query).await;
            assert!(page.notes.len() <= query.limit.get(), "more than the limit");
            all.notes.extend(page.notes);
            all.unreadable.extend(page.unreadable);
            query.position = page.next;
            if page.next.is_none() {
                return all;
            }
        }
        panic!("no end of the list after {MOST_PAGES} pages");
    }

    /// All live notes, the newest first.
    pub(super) async fn notes(&self) -> Vec<Note> {
        self.list(ListQuery::default()).await.notes
    }
}

/// The value with this text.
pub(super) fn value<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("the suite uses valid values")
}

pub(super) fn expiry(secs: u64) -> Expiry {
    secs.try_into().expect("the suite uses valid values")
}

pub(super) fn insertion(note: &Note) -> Insertion {
    let request = NewNote {
        title: note.title.clone(),
        content: note.content.clone(),
        category: note.category.clone(),
        expiry: note.expiry.map_or(Change::Keep, Change::Set),
    };
    Insertion {
        note: note.clone(),
        fingerprint: Fingerprint::of(&request),
        purge_at: note.expiry.map(|it| purge_at(note.id, it.as_secs())),
    }
}

/// An update of the note in just this state.
pub(super) fn update_of(note: &Note, patch: NotePatch) -> Update {
    let purge_at = match patch.expiry {
        Change::Set(expiry) => Some(purge_at(note.id, expiry.as_secs())),
        Change::Keep | Change::Clear => None,
    };
    Update {
        patch,
        purge_at,
        renewal: false,
        expected: only(note.revision),
        revision: after(note.revision),
    }
}

/// The note after the update.
pub(super) fn updated(note: &Note, update: &Update) -> Note {
    let mut note = note.clone();
    update.patch.clone().apply(&mut note);
    note.retained |= update.renewal;
    note.revision = update.revision;
    note
}

pub(super) fn retitle(title: &str) -> NotePatch {
    NotePatch {
        title: Some(value(title)),
        ..NotePatch::default()
    }
}

pub(super) fn purge_at(id: NoteId, end_secs: u64) -> PurgeAt {
    PurgeAt::new(id, end_secs, Duration::from_secs(7 * 24 * 60 * 60))
}

pub(super) fn only(revision: Revision) -> Expected {
    Expected::OneOf(vec![revision])
}

/// A new revision greater than this one.
pub(super) fn after(revision: Revision) -> Revision {
    let next = revision.next(Timestamp::now());
    next.expect("the suite uses no last revision")
}

pub(super) fn until(end: Expiry) -> NotePatch {
    NotePatch {
        expiry: Change::Set(end),
        ..NotePatch::default()
    }
}

pub(super) fn without_expiry() -> NotePatch {
    NotePatch {
        expiry: Change::Clear,
        ..NotePatch::default()
    }
}

/// An update that only the retention setting asks for.
pub(super) fn renewal(note: &Note, end: Expiry) -> Update {
    Update {
        renewal: true,
        ..update_of(note, until(end))
    }
}

/// A revision that no note has.
pub(super) fn foreign() -> Revision {
    Revision::generate(Timestamp::now())
}

/// Applies the update and gives the note after it.
pub(super) async fn assert_updates(account: &Account<'_>, note: &Note, update: &Update) -> Note {
    let after = updated(note, update);
    let outcome = account.update(note.id, update).await;
    assert_eq!(outcome, UpdateOutcome::Updated(after.clone()));
    assert_eq!(account.get(note.id).await.as_ref(), Some(&after));
    assert_eq!(account.notes().await, slice::from_ref(&after));
    after
}

/// That the update is refused, and what it is told is what is there.
pub(super) async fn assert_stale(account: &Account<'_>, note: &Note, update: &Update) {
    let outcome = account.update(note.id, update).await;
    assert_eq!(outcome, UpdateOutcome::Stale(Some(note.clone())));
    assert_eq!(account.get(note.id).await.as_ref(), Some(note));
}
