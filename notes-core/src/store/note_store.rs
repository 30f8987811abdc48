use std::fmt::Debug;
use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;

use crate::note::fingerprint::Fingerprint;
use crate::note::list_query::ListQuery;
use crate::note::stored::Note;
use crate::store::changes::{ChangePage, ChangesQuery};
use crate::store::store_error::StoreError;
use crate::store::update::{Expected, Update, UpdateOutcome};
use crate::value::note_id::NoteId;
use crate::value::purge_at::PurgeAt;
use crate::value::revision::Revision;
use crate::value::timestamp::Timestamp;
use crate::value::user_id::UserId;

/// Where notes are kept: the port of this crate.
///
/// Outcomes are values, failures are errors. Methods take the time `now`, by which they decide what has
/// expired. A note is *live* if it has been inserted, and is neither deleted nor expired. An id is *spent*
/// when its note is deleted or expired: no other note can have it.
///
/// Check an implementation with the conformance suite (feature `conformance`), which has a case for each
/// guarantee below.
///
/// # Guarantees
/// - A read returns what was written, every text byte for byte.
/// - Users are isolated: no call sees or changes an item of another user.
/// - Reads see every write acknowledged before them (a store may offer a switch that gives this up).
/// - Calls may be concurrent, from several threads. A reader sees each write as a whole or not at
///   all, nothing of a write that was refused, and never an earlier state of a note after a later one.
/// - Several handles to the same data, also in several processes, act as one store: what one handle has
///   read, cached or locked does not change what another returns.
/// - A call whose future is dropped was executed, or may yet be (see below), or was not, in each case as a
///   whole. It does not block other calls: no lock stays held.
/// - Deleted and expired notes are invisible to `get` and `list`, count as missing for `update` and
///   `delete`, and keep their id spent.
/// - A write is identified by its id or revision: repeating it changes nothing, and the outcome shows
///   that it has happened.
/// - Nothing is written when a call returns anything but [`InsertOutcome::Inserted`],
///   [`UpdateOutcome::Updated`] or [`DeleteOutcome::Deleted`], or fails with any kind but
///   [`OutcomeUnknown`](crate::StoreErrorKind::OutcomeUnknown). There are two exceptions: what an insertion
///   finds to be [`Taken`](InsertOutcome::Taken) may be its own note, by an earlier attempt of the same
///   call; and an [`update`](Self::update) may fail with `Corrupt` after it has changed the item.
///
/// # Late writes
/// A request may still be executed after its call has failed with `OutcomeUnknown`, or after the call's future
/// was dropped. A store documents how much later. A late insertion, update or deletion is harmless: either
/// its condition no longer holds, or it does what was asked for. Three things are not covered by a condition:
/// - A [`purge`](Self::purge) removes whatever is there, so the ids of the user must not be used for some time
///   after it.
/// - A store that keeps changes has to bound the delay of every write ([`changes`](Self::changes)).
/// - A condition compares an expiry with the caller's `now`, not with the time at which it is executed.
///   An update that moves the expiry could bring a note back after readers have seen it expire. So such an
///   update is refused in the last [`Update::EXPIRY_MARGIN`] before the expiry. If its delay on the way to
///   the store and the difference of the clocks together exceed that margin, it can still bring a note back.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait NoteStore: Debug + Send + Sync {
    /// Stores a new note under its user and id.
    ///
    /// # Guarantees
    /// - Never overwrites: if the id is taken, the outcome says by what.
    /// - A note that is not live at `now` is never stored: if its id is free, the outcome is `Expired`.
    /// - Of concurrent inserts of one id, exactly one is `Inserted`.
    /// - The id of a note that expires stays spent at least until [`Insertion::purge_at`], or until the
    ///   [`Update::purge_at`] of the last update of its expiry.
    ///
    /// # Errors
    /// `OutcomeUnknown` when the note may have been stored. With any other kind it has not.
    async fn insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
    ) -> Result<InsertOutcome, StoreError>;

    /// The live note with this id, if there is one.
    ///
    /// # Errors
    /// `Corrupt` when there is an item that can't be read. Never `OutcomeUnknown`.
    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError>;

    /// A page of the user's live notes, in order of creation.
    ///
    /// # Guarantees
    /// - Following `next` until it is absent returns each note that was live all the time, once.
    /// - A page may have fewer notes than the limit, or none, and still a `next`; only if
    ///   `next` is absent, it is the last page.
    /// - With a [category](ListQuery::category), exactly the notes are listed that have it.
    /// - An item that can't be read is named in `unreadable`. All other notes are still listed. With a category,
    ///   an item whose category is another one, or can't be told, need not be named.
    ///
    /// # Errors
    /// Any kind except `OutcomeUnknown`.
    async fn list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError>;

    /// Changes a live note and gives it the revision `update.revision`.
    ///
    /// # Guarantees
    /// - Never creates a note.
    /// - Changes the note only if its revision is expected and smaller than the new one, and, with
    ///   `update.renewal`, only if it is [retained](crate::Expires::Retained). Otherwise `Stale`.
    /// - An update that sets the expiry, to an earlier or a later one, also replaces the time of physical
    ///   removal by [`Update::purge_at`]. One that removes the expiry also removes that time: the note is kept
    ///   until it is deleted. Any other update leaves it as it is.
    /// - For an update that moves or removes the expiry, a note is `Missing` from
    ///   [`Update::EXPIRY_MARGIN`] before its expiry on. If the update would change nothing in the note, it is
    ///   `Stale` instead: then it may have happened before. A renewal of a retained note always changes it.
    /// - An item that lacks an attribute that every note has, or has one of another type or size, is
    ///   left as it is: `Stale`. A store need not see that a value of the right type and size breaks
    ///   another rule, such as a blank title or an expiry with a fraction: such an item may be changed.
    /// - If the note already has the new revision, this update has happened: `Updated`, also when
    ///   the note has expired since.
    /// - Of concurrent updates that expect one revision, exactly one is `Updated`; of those that
    ///   expect any, none that is `Updated` is lost.
    ///
    /// # Errors
    /// `OutcomeUnknown` when the note may have been changed; `Corrupt` when the item was changed and can't be
    /// read. With any other kind it has not been changed.
    async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        update: &Update,
        now: Timestamp,
    ) -> Result<UpdateOutcome, StoreError>;

    /// Deletes a live note: removes what its author wrote and keeps its id spent, at least until
    /// `deletion.purge_at`.
    ///
    /// # Guarantees
    /// - Deletes the note only if its revision is expected and smaller than the new one. Otherwise
    ///   `Stale`.
    /// - An item that lacks an attribute that every note has, or has one of another type or size, is
    ///   left as it is: `Stale`. A store need not see that a value of the right type and size breaks
    ///   another rule, such as a blank title or an expiry with a fraction: such an item may be deleted.
    /// - If the note was deleted with this very revision, this deletion has happened: `Deleted`.
    ///
    /// # Errors
    /// `OutcomeUnknown` when the note may have been deleted. With any other kind it has not.
    async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError>;

    /// A page of what was written since a time, or of all live notes, for clients that keep a copy of a user's
    /// notes. [`Notes::changes`](crate::Notes::changes) is made of it.
    ///
    /// A write counts by the `now` that it was called with, not by its id or revision, and neither by the time at
    /// which it was executed. An insertion, update or deletion that finds that it has happened before is no write.
    /// *At rest* is what is not written while the pages of one query are read.
    ///
    /// A store that keeps changes must not execute an insertion, update or deletion later than
    /// [`sync_bounds::LAG`](crate::sync_bounds::LAG) after its `now`, and refuses one whose `now` is more than
    /// [`sync_bounds::AHEAD`](crate::sync_bounds::AHEAD) ahead: a pass would miss such a write. It may be less exact
    /// about times than a millisecond and so return more than was asked for.
    ///
    /// # Guarantees
    /// - Without `since`, following `next` until it is absent returns each note that is live and at rest, once. It
    ///   returns no `Gone`.
    /// - With `since`, it returns each item that is at rest and whose last write had a `now` of that time or
    ///   later, whatever its state, at least once. It may return other items. A page has an item at most once.
    /// - What is deleted or expired is `Gone`, as long as the item has not been removed physically. A note is
    ///   `Live` as it was at one moment of the call. Reads see every write acknowledged before them, even
    ///   if the store's switch gives that up for other reads.
    /// - A page may have fewer changes than the limit, or none, and still a `next`; only if `next` is
    ///   absent, it is the last page.
    /// - Continuing after any position, a `next` or that of a change, misses nothing that is at rest and comes
    ///   after it, even if the item at that position has been written again or removed. The changes of a page are in
    ///   the order of their positions.
    /// - An item that can't be read, if it is returned, is `Unreadable`; without `since`, it is returned. It hides
    ///   no other item.
    ///
    /// # Errors
    /// `Unsupported` when the store does not keep changes. Otherwise any kind except `OutcomeUnknown`.
    async fn changes(
        &self,
        user: &UserId,
        query: &ChangesQuery,
        now: Timestamp,
    ) -> Result<ChangePage, StoreError>;

    /// Physically removes up to `budget` items of the user, whatever their state, and frees their ids. It is
    /// for the deletion of an account.
    ///
    /// A removal has no condition, so one that is executed late would also remove a note that was created
    /// since under the same id. After a call that failed with `OutcomeUnknown` or was dropped, do not use the
    /// user's ids for as long as the store's requests can be late, even if a repeated call has succeeded.
    ///
    /// # Guarantees
    /// - When `more` is false, no item of the user is left, except those inserted meanwhile.
    /// - A call that succeeds has removed at least one item, if there was one.
    /// - A call that succeeds removes nothing afterwards: none of its requests is still in progress.
    ///
    /// # Errors
    /// `OutcomeUnknown` when items may have been removed, or may yet be; repeat the call.
    async fn purge(&self, user: &UserId, budget: NonZeroU32) -> Result<Purged, StoreError>;
}

/// A note to insert.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Insertion {
    /// The note. Its revision is its id, unless an import keeps the later revision of a note that was changed.
    pub note: Note,
    /// The fingerprint of the request to create it.
    pub fingerprint: Fingerprint,
    /// How long after the time of its id a creation is accepted
    /// ([`Notes::with_acceptance_window`](crate::Notes::with_acceptance_window)).
    pub acceptance_window: Duration,
}

impl Insertion {
    /// An insertion of this note.
    #[must_use]
    pub const fn new(note: Note, fingerprint: Fingerprint, acceptance_window: Duration) -> Self {
        Self {
            note,
            fingerprint,
            acceptance_window,
        }
    }

    /// When the note may be removed physically, if it expires.
    ///
    /// With sync it is the same: no client can know a state of the note that expires later.
    #[must_use]
    pub fn purge_at(&self) -> Option<PurgeAt> {
        let expiry = self.note.expiry()?;
        let (id, window) = (self.note.id, self.acceptance_window);
        Some(PurgeAt::new(id, expiry.as_secs(), window))
    }
}

/// The outcome of an insertion.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the note may not have been inserted"]
pub enum InsertOutcome {
    /// The note is stored.
    Inserted,
    /// The id is taken, possibly by an earlier attempt of this very call.
    Taken(Occupant),
    /// The note has expired already, and its id is free. Nothing is stored.
    Expired,
}

/// What holds a taken id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occupant {
    /// A live note.
    Live {
        /// The note as it is now.
        note: Note,
        /// The fingerprint of the request that created it.
        fingerprint: Fingerprint,
    },
    /// A note that is deleted or expired.
    Spent,
    /// An item that can't be read.
    Unreadable,
}

/// Some of a user's notes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The notes, in the order asked for.
    pub notes: Vec<Note>,
    /// The id of each item that can't be read, or its key if that is not the key of an id.
    pub unreadable: Vec<String>,
    /// The position of the next page; `None` if this is the last page.
    pub next: Option<NoteId>,
}

impl Page {
    /// A last page with these notes.
    #[must_use]
    pub const fn new(notes: Vec<Note>) -> Self {
        Self {
            notes,
            unreadable: Vec::new(),
            next: None,
        }
    }

    /// Names the items that can't be read.
    #[must_use]
    pub fn with_unreadable(mut self, unreadable: Vec<String>) -> Self {
        self.unreadable = unreadable;
        self
    }

    /// Sets the position of the next page.
    #[must_use]
    pub const fn with_next(mut self, next: NoteId) -> Self {
        self.next = Some(next);
        self
    }
}

/// A deletion of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deletion {
    /// The revisions that it may delete.
    pub expected: Expected,
    /// The revision of the tombstone, which identifies this deletion.
    pub revision: Revision,
    /// The time until which the id has to stay spent.
    pub purge_at: PurgeAt,
}

impl Deletion {
    /// A deletion of a note in one of the expected states.
    #[must_use]
    pub const fn new(expected: Expected, revision: Revision, purge_at: PurgeAt) -> Self {
        Self {
            expected,
            revision,
            purge_at,
        }
    }
}

/// The outcome of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the note may not have been deleted"]
pub enum DeleteOutcome {
    /// The note is deleted.
    Deleted,
    /// There is no live note with this id.
    Missing,
    /// The condition does not hold; the note as it is now, or `None` if the item can't be read.
    Stale(Option<Note>),
}

/// The result of a purge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "there may be more items to remove"]
#[non_exhaustive]
pub struct Purged {
    /// How many items were removed.
    pub removed: u32,
    /// Whether there may be more items.
    pub more: bool,
}

impl Purged {
    /// The result of a purge that has removed so many items; `more` says whether there may be more.
    pub const fn new(removed: u32, more: bool) -> Self {
        Self { removed, more }
    }
}
