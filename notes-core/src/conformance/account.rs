//! Helpers that the cases share: a user of their own, notes, and writes.

use std::fmt::Debug;
use std::slice;
use std::str::FromStr;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::report::{assert_same, called, expect_success, fail};
use super::{Harness, UnreadableKind};
use crate::note::fingerprint::Fingerprint;
use crate::note::list_query::ListQuery;
use crate::note::new_note::NewNote;
use crate::note::note_patch::NotePatch;
use crate::note::stored::Note;
use crate::store::note_store::{
    DeleteOutcome, Deletion, InsertOutcome, Insertion, NoteStore, Occupant, Page,
};
use crate::store::store_error::StoreErrorKind;
use crate::store::update::{Expected, Update, UpdateOutcome};
use crate::value::expires::Expires;
use crate::value::expiry::Expiry;
use crate::value::expiry_choice::ExpiryChoice;
use crate::value::note_id::NoteId;
use crate::value::purge_at::PurgeAt;
use crate::value::revision::Revision;
use crate::value::timestamp::Timestamp;
use crate::value::user_id::UserId;

/// The most pages that a list of a case's few notes may have: an endless list has to fail, not to hang.
const MOST_PAGES: usize = 1_000;

/// How many concurrent requests a case sends while it prepares its data.
const PREPARING: usize = 16;

/// How long after the time of its id a creation is accepted, in all cases.
const ACCEPTANCE_WINDOW: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How many seconds after `now` a new retained note expires.
pub(super) const RETAINED_SECS: u64 = 60;

/// Characters that stores often normalise, re-encode, escape or trim.
pub(super) const AWKWARD_TEXT: &str =
    " é e\u{301} ﬁ İı ß 👩‍👩‍👧‍👦 \u{202e}rtl\u{202c} \u{fffd}\u{ffff}\u{10ffff} \"'\\ {} $ %s ";

/// Characters that a content may have, but at which programs often cut or split a text.
pub(super) const CONTROL_CHARACTERS: &str = "\u{feff} \t\r\n\n\0\u{1}\u{1b}\u{7f}\u{85}\u{2028} \0";

/// A user of the store under test, at a given time.
pub(super) struct Account<'a> {
    harness: &'a dyn Harness,
    is_by_the_other_handle: bool,
    pub(super) user: UserId,
    pub(super) now: Timestamp,
}

impl<'a> Account<'a> {
    /// A new user, whom no other case has.
    pub(super) fn open(harness: &'a dyn Harness) -> Self {
        let now = Timestamp::now();
        Self::named(harness, &format!("conformance {}", NoteId::generate(now)))
    }

    pub(super) fn named(harness: &'a dyn Harness, name: &str) -> Self {
        Self {
            harness,
            is_by_the_other_handle: false,
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

    /// The same user through the other handle to the same data.
    pub(super) fn by_the_other_handle(&self) -> Self {
        Self {
            user: self.user.clone(),
            is_by_the_other_handle: !self.is_by_the_other_handle,
            ..*self
        }
    }

    pub(super) fn store(&self) -> &'a dyn NoteStore {
        if self.is_by_the_other_handle {
            self.harness.other_handle()
        } else {
            self.harness.store()
        }
    }

    /// An expiry this many seconds after the second of `now`.
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
            expires: Expires::Never,
            revision: id.into(),
        }
    }

    /// New notes a millisecond apart, the oldest first. All are older than `now`, so that a revision
    /// made now is greater than theirs.
    pub(super) fn new_notes(&self, count: u64) -> Vec<Note> {
        let before = |millis| Timestamp::from_millis(self.now.as_millis() - 1_000 - millis);
        let ids = (0..count)
            .rev()
            .map(|millis| NoteId::generate(before(millis)));
        ids.map(|id| self.note(id)).collect()
    }

    pub(super) fn new_note(&self) -> Note {
        self.note(NoteId::generate(Timestamp::from_millis(
            self.now.as_millis() - 1_000,
        )))
    }

    /// A new note whose author has chosen an expiry this many seconds after the second of `now`.
    pub(super) fn new_note_expiring_in(&self, secs: u64) -> Note {
        Note {
            expires: Expires::Chosen(self.expiry_in(secs)),
            ..self.new_note()
        }
    }

    /// A new note whose expiry comes from the retention setting.
    pub(super) fn new_retained_note(&self) -> Note {
        Note {
            expires: Expires::Retained(self.expiry_in(RETAINED_SECS)),
            ..self.new_note()
        }
    }

    /// Asserts that `get` and the list return exactly this note.
    #[track_caller]
    pub(super) fn assert_is(&self, note: &Note) -> impl Future<Output = ()> {
        called(async move {
            assert_same!(self.get(note.id).await.as_ref(), Some(note));
            let listed = self.notes().await;
            let listed = listed.iter().find(|listed| listed.id == note.id);
            assert_same!(listed, Some(note), "in the list");
        })
    }

    /// Asserts that these notes, oldest first, are all that the user has.
    #[track_caller]
    pub(super) fn assert_all(&self, notes: &[Note]) -> impl Future<Output = ()> {
        called(async move {
            let mut listed = self.notes().await;
            listed.reverse();
            assert_same!(listed, notes);
        })
    }

    /// Stores a new note. One that has expired at `now` is stored as of a second before its expiry.
    #[track_caller]
    pub(super) fn put(&self, note: &Note) -> impl Future<Output = ()> {
        called(async move {
            let now = match note.expiry() {
                Some(expiry) if !note.is_live(self.now) => {
                    Timestamp::from_millis((expiry.as_secs() - 1) * 1_000)
                }
                _ => self.now,
            };
            let account = self.at_millis(now.as_millis());
            let outcome = account.insert(&insertion(note)).await;
            assert_same!(outcome, InsertOutcome::Inserted);
        })
    }

    #[track_caller]
    pub(super) fn put_all(&self, notes: &[Note]) -> impl Future<Output = ()> {
        called(async move {
            let puts = notes.iter().map(|note| self.put(note));
            stream::iter(puts).buffer_unordered(PREPARING).count().await;
        })
    }

    /// Stores a new note and returns it.
    #[track_caller]
    pub(super) fn put_new(&self) -> impl Future<Output = Note> {
        called(async move {
            let note = self.new_note();
            self.put(&note).await;
            note
        })
    }

    pub(super) async fn plant_unreadable(&self, id: NoteId) {
        self.harness.plant_unreadable(&self.user, id).await;
    }

    /// The kinds of unreadable items, each with a user and a new note of its own, under whose id such an item
    /// is stored.
    pub(super) async fn unreadable_items(
        harness: &dyn Harness,
    ) -> Vec<(Account<'_>, Note, UnreadableKind)> {
        let mut items = Vec::new();
        for (index, kind) in harness.unreadable_kinds().into_iter().enumerate() {
            let account = Account::open(harness);
            let note = account.new_note();
            let planted = harness.plant_unreadable_of(index, &account.user, note.id);
            planted.await;
            items.push((account, note, kind));
        }
        assert!(
            !items.is_empty(),
            "the harness has a kind of unreadable items"
        );
        items
    }

    /// Asserts that there is an unreadable item with this id.
    #[track_caller]
    pub(super) fn assert_unreadable(&self, id: NoteId, what: &str) -> impl Future<Output = ()> {
        called(async move {
            match self.store().get(&self.user, id, self.now).await {
                Err(error) => assert_same!(error.kind(), StoreErrorKind::Corrupt, "{what}"),
                Ok(note) => fail(format_args!("{what}: can be read, as {note:?}")),
            }
        })
    }

    pub(super) async fn stored_text(&self, id: NoteId) -> String {
        self.harness.stored_text(&self.user, id).await
    }

    /// Physically removes the items that may be removed at this account's time.
    pub(super) async fn sweep(&self) {
        self.harness.sweep(&self.user, self.now).await;
    }

    #[track_caller]
    pub(super) fn insert(&self, insertion: &Insertion) -> impl Future<Output = InsertOutcome> {
        called(async move {
            let outcome = self.store().insert(insertion, self.now).await;
            expect_success("insert", outcome)
        })
    }

    #[track_caller]
    pub(super) fn get(&self, id: NoteId) -> impl Future<Output = Option<Note>> {
        called(async move {
            let note = self.store().get(&self.user, id, self.now).await;
            expect_success("get", note)
        })
    }

    #[track_caller]
    pub(super) fn update(
        &self,
        id: NoteId,
        update: &Update,
    ) -> impl Future<Output = UpdateOutcome> {
        called(async move {
            let outcome = self.store().update(&self.user, id, update, self.now).await;
            expect_success("update", outcome)
        })
    }

    /// Updates a note in the state that the update expects, and returns it as it is then.
    #[track_caller]
    pub(super) fn change(&self, note: &Note, update: &Update) -> impl Future<Output = Note> {
        called(async move {
            let after = updated(note, update);
            let outcome = self.update(note.id, update).await;
            assert_same!(outcome, UpdateOutcome::Updated(after.clone()));
            after
        })
    }

    /// Deletes a note, whatever its revision.
    #[track_caller]
    pub(super) fn remove(&self, note: &Note) -> impl Future<Output = ()> {
        called(async move {
            let outcome = self.delete(note.id, &self.deletion_of_any(note)).await;
            assert_same!(outcome, DeleteOutcome::Deleted);
        })
    }

    #[track_caller]
    pub(super) fn remove_all(&self, notes: &[Note]) -> impl Future<Output = ()> {
        called(async move {
            let removals = notes.iter().map(|note| self.remove(note));
            let removals = stream::iter(removals).buffer_unordered(PREPARING);
            removals.count().await;
        })
    }

    #[track_caller]
    pub(super) fn delete(
        &self,
        id: NoteId,
        deletion: &Deletion,
    ) -> impl Future<Output = DeleteOutcome> {
        called(async move {
            let outcome = self.store().delete(&self.user, id, deletion, self.now);
            expect_success("delete", outcome.await)
        })
    }

    /// A deletion of the note in just this state.
    pub(super) fn deletion_of(&self, note: &Note) -> Deletion {
        Deletion {
            expected: only(note.revision),
            revision: after(note.revision),
            purge_at: purge_at(note.id, self.now.as_secs()),
        }
    }

    /// A deletion of the note, whatever its revision. No other write of the case has a greater revision.
    pub(super) fn deletion_of_any(&self, note: &Note) -> Deletion {
        let an_hour_later = self.now.saturating_add(Duration::from_secs(3_600));
        Deletion {
            expected: Expected::Any,
            revision: Revision::generate(an_hour_later).max(after(note.revision)),
            ..self.deletion_of(note)
        }
    }

    #[track_caller]
    pub(super) fn page(&self, query: &ListQuery) -> impl Future<Output = Page> {
        called(async move {
            let page = self.store().list(&self.user, query, self.now).await;
            expect_success("list", page)
        })
    }

    /// All notes from this position on: follows `next` until there is none.
    #[track_caller]
    pub(super) fn list(&self, query: ListQuery) -> impl Future<Output = Page> {
        called(async move {
            let (mut all, mut query) = (Page::default(), query);
            for _ in 0..MOST_PAGES {
                let page = self.page(&query).await;
                if page.notes.len() > query.limit.get() {
                    fail("a page has more notes than its limit");
                }
                all.notes.extend(page.notes);
                all.unreadable.extend(page.unreadable);
                query.position = page.next;
                if page.next.is_none() {
                    return all;
                }
            }
            fail(format_args!("no end of the list after {MOST_PAGES} pages"))
        })
    }

    /// All live notes, the newest first.
    #[track_caller]
    pub(super) fn notes(&self) -> impl Future<Output = Vec<Note>> {
        called(async move { self.list(ListQuery::default()).await.notes })
    }
}

/// Parses a value.
pub(super) fn value<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("the suite uses valid values")
}

pub(super) fn expiry(secs: u64) -> Expiry {
    secs.try_into().expect("the suite uses valid values")
}

/// An insertion of this note, as the service would make it.
pub(super) fn insertion(note: &Note) -> Insertion {
    let request = NewNote {
        title: note.title.clone(),
        content: note.content.clone(),
        category: note.category.clone(),
        expiry: note
            .expiry()
            .map_or(ExpiryChoice::Retention, ExpiryChoice::At),
    };
    Insertion::new(note.clone(), Fingerprint::of(&request), ACCEPTANCE_WINDOW)
}

/// An update of the note in just this state.
pub(super) fn update_of(note: &Note, patch: NotePatch) -> Update {
    Update::new(
        patch,
        only(note.revision),
        after(note.revision),
        ACCEPTANCE_WINDOW,
    )
}

/// The note after the update.
pub(super) fn updated(note: &Note, update: &Update) -> Note {
    let mut note = note.clone();
    update.patch.clone().apply(&mut note);
    if let Some(expiry) = update.renewal {
        note.expires = Expires::Retained(expiry);
    }
    note.revision = update.revision;
    note
}

pub(super) fn retitle(title: &str) -> NotePatch {
    NotePatch::default().with_title(value(title))
}

/// When a note that expires or is deleted at this time may be removed.
pub(super) fn purge_at(id: NoteId, gone_secs: u64) -> PurgeAt {
    PurgeAt::new(id, gone_secs, ACCEPTANCE_WINDOW)
}

/// Exactly this revision.
pub(super) fn only(revision: Revision) -> Expected {
    revision.into()
}

/// One of these revisions.
pub(super) fn one_of(revisions: Vec<Revision>) -> Expected {
    Expected::OneOf(revisions.try_into().expect("the suite uses valid values"))
}

/// Any revision but these.
pub(super) fn none_of(revisions: Vec<Revision>) -> Expected {
    Expected::NoneOf(revisions.try_into().expect("the suite uses valid values"))
}

/// A new revision greater than this one, or this one if it is the last possible.
pub(super) fn after(revision: Revision) -> Revision {
    revision.next(Timestamp::now()).unwrap_or(revision)
}

/// The revision with this ordinal, as [`NoteId::ordinal`] counts.
pub(super) fn revision(ordinal: u128) -> Revision {
    let id = NoteId::from_ordinal(ordinal).expect("the suite uses valid values");
    id.into()
}

/// Ordinals of revisions that a store may fail to tell from the next one: adding 1 carries into other bits, or a
/// narrower or signed type loses the difference. They are an hour ahead, so that the notes have smaller
/// revisions however slow the store is.
pub(super) fn ordinals_of_revisions(now: Timestamp) -> Vec<u128> {
    let low = u128::from(now.as_millis() + 3_600_000) << 74;
    let last = (1 << 122) - 1;
    let bits = [7, 8, 31, 32, 53, 61, 62, 63, 64, 73, 74, 80];
    let carries = bits.map(|bit| (low | ((1 << bit) - 1)) & !(1_u128 << bit));
    let at_the_sign = (1 << 121) - 1;
    let mut all: Vec<_> = carries
        .into_iter()
        .filter(|ordinal| *ordinal > low)
        .collect();
    all.extend([low | 0x1234_5678, at_the_sign, last - 3]);
    all
}

/// The outcome of each insertion of this id but the first.
pub(super) fn taken_by(note: &Note, created: &Note) -> InsertOutcome {
    InsertOutcome::Taken(Occupant::Live {
        note: note.clone(),
        fingerprint: insertion(created).fingerprint,
    })
}

/// A patch that sets this expiry.
pub(super) fn until(expiry: Expiry) -> NotePatch {
    NotePatch::default().with_expiry(expiry)
}

/// A patch that removes all optional fields.
pub(super) fn clear_all() -> NotePatch {
    without_expiry().without_category()
}

pub(super) fn recontent(content: &str) -> NotePatch {
    NotePatch::default().with_content(value(content))
}

pub(super) fn recategorise(category: &str) -> NotePatch {
    NotePatch::default().with_category(value(category))
}

pub(super) fn without_expiry() -> NotePatch {
    NotePatch::default().without_expiry()
}

/// An update that is only a renewal by the retention setting.
pub(super) fn renewal(note: &Note, expiry: Expiry) -> Update {
    update_of(note, NotePatch::default()).with_renewal(expiry)
}

/// A revision that no note has.
pub(super) fn foreign() -> Revision {
    Revision::generate(Timestamp::now())
}

/// Applies the update and returns the note after it.
#[track_caller]
pub(super) fn assert_updates(
    account: &Account<'_>,
    note: &Note,
    update: &Update,
) -> impl Future<Output = Note> {
    called(async move {
        let after = account.change(note, update).await;
        assert_same!(account.get(note.id).await.as_ref(), Some(&after));
        assert_same!(account.notes().await, slice::from_ref(&after));
        after
    })
}

/// Asserts that the update is refused, and that its outcome is the stored note.
#[track_caller]
pub(super) fn assert_stale(
    account: &Account<'_>,
    note: &Note,
    update: &Update,
) -> impl Future<Output = ()> {
    called(async move {
        let outcome = account.update(note.id, update).await;
        assert_same!(outcome, UpdateOutcome::Stale(Some(note.clone())));
        assert_same!(account.get(note.id).await.as_ref(), Some(note));
    })
}
