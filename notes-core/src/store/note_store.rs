use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;

use crate::note::fingerprint::Fingerprint;
use crate::note::list_query::ListQuery;
use crate::note::note_patch::NotePatch;
use crate::note::stored::Note;
use crate::store::store_error::StoreError;
use crate::value::change::Change;
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
/// its condition no longer holds, or it does what was asked for. Two things are not covered by a condition:
/// - A [`purge`](Self::purge) removes whatever is there, so the ids of the user must not be used for some time
///   after it.
/// - A condition compares an expiry with the caller's `now`, not with the time at which it is executed.
///   An update that moves the expiry could bring a note back after readers have seen it expire. So such an
///   update is refused in the last [`Update::EXPIRY_MARGIN`] before the expiry. If its delay on the way to
///   the store and the difference of the clocks together exceed that margin, it can still bring a note back.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait NoteStore: Send + Sync {
    /// Stores a new note under its user and id.
    ///
    /// # Guarantees
    /// - Never overwrites: if the id is taken, the outcome says by what.
    /// - A note that is not live at `now` is never stored: if its id is free, the outcome is `Expired`.
    /// - Of concurrent inserts of one id, exactly one is `Inserted`.
    /// - The id of a note that expires stays spent at least until `insertion.purge_at`, or until the
    ///   `purge_at` of the last update of its expiry.
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
    /// - An item that can't be read is named in `unreadable`. All other notes are still listed.
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
    ///   `update.renewal`, only if it is [`retained`](Note::retained). Otherwise `Stale`.
    /// - An update that sets the expiry, to an earlier or a later one, also replaces the time of physical
    ///   removal by `update.purge_at`. One that removes the expiry also removes that time: the note is kept
    ///   until it is deleted. Any other update leaves it as it is.
    /// - For an update that moves or removes the expiry, a note is `Missing` from
    ///   [`Update::EXPIRY_MARGIN`] before its expiry on. If the patch would change nothing in the note, it is
    ///   `Stale` instead: then the update may have happened before.
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
pub struct Insertion {
    /// The note, whose first revision is its id.
    pub note: Note,
    /// The fingerprint of the request to create it.
    pub fingerprint: Fingerprint,
    /// When it may be removed physically, if it expires.
    pub purge_at: Option<PurgeAt>,
}

/// The outcome of an insertion.
#[derive(Clone, Debug, PartialEq, Eq)]
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
pub struct Page {
    /// The notes, in the order asked for.
    pub notes: Vec<Note>,
    /// The id of each item that can't be read, or its key if that is not the key of an id.
    pub unreadable: Vec<String>,
    /// The position of the next page; `None` if this is the last page.
    pub next: Option<NoteId>,
}

/// Which revisions a write accepts as the one that it replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Any revision.
    Any,
    /// One of these, of which there are at most [`Expected::MAX`]. An empty list allows no revision: nothing
    /// is written, and the outcome tells the current state.
    OneOf(Vec<Revision>),
    /// Any revision except these, of which there are at most [`Expected::MAX`].
    NoneOf(Vec<Revision>),
}

impl From<Revision> for Expected {
    /// This one and no other.
    fn from(revision: Revision) -> Self {
        Self::OneOf(vec![revision])
    }
}

impl Expected {
    /// The most revisions in a list.
    pub const MAX: usize = 100;

    /// Whether a note with this revision may be replaced.
    #[must_use]
    pub fn allows(&self, revision: Revision) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(revisions) => revisions.contains(&revision),
            Self::NoneOf(revisions) => !revisions.contains(&revision),
        }
    }

    /// Whether it allows no revision at all, so that a write with it changes nothing.
    #[must_use]
    pub fn is_never_met(&self) -> bool {
        matches!(self, Self::OneOf(revisions) if revisions.is_empty())
    }
}

/// A change of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The change.
    pub patch: NotePatch,
    /// When the note may be removed physically, if the patch sets an expiry.
    pub purge_at: Option<PurgeAt>,
    /// Whether the expiry in the patch is not the author's but a renewal by the retention setting.
    pub renewal: bool,
    /// The revisions that it may replace.
    pub expected: Expected,
    /// The revision of the note after it, which identifies this update.
    pub revision: Revision,
}

impl Update {
    /// How long before its expiry a note counts as expired for an update that moves or removes the expiry.
    ///
    /// No reader sees an expired note come back, as long as the delay of an update from its `now` to its
    /// execution and the difference of the clocks together do not exceed this. The client of `notes-dynamo`
    /// times out after 10 seconds and a function after 12. So the caller of an update that is executed later
    /// than that was told that its outcome is unknown, or got no response.
    pub const EXPIRY_MARGIN: Duration = Duration::from_secs(30);

    /// For an update that was refused at `now`: whether this note counts as live for it, so that the outcome is
    /// `Stale`, or as expired, so that it is `Missing`.
    #[must_use]
    pub fn finds_live(&self, note: &Note, now: Timestamp) -> bool {
        // A renewal leaves the expiry of a note that is not retained.
        let moves_expiry = note.retained || !self.renewal;
        if moves_expiry && !self.patch.changes_nothing_in(note) {
            note.is_live(self.live_at(now))
        } else {
            note.is_live(now)
        }
    }

    /// The time at which a note has to be live for this update: `now`, or
    /// [`EXPIRY_MARGIN`](Self::EXPIRY_MARGIN) later if the update moves or removes the expiry.
    #[must_use]
    pub fn live_at(&self, now: Timestamp) -> Timestamp {
        match self.patch.expiry {
            Change::Keep => now,
            Change::Set(_) | Change::Clear => {
                let margin = u64::try_from(Self::EXPIRY_MARGIN.as_millis()).unwrap_or(u64::MAX);
                Timestamp::from_millis(now.as_millis().saturating_add(margin))
            }
        }
    }
}

/// The outcome of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateOutcome {
    /// The update is done, by this call or an earlier one; the note as it is now.
    Updated(Note),
    /// There is no live note with this id.
    Missing,
    /// The condition does not hold; the note as it is now, or `None` if the item can't be read.
    Stale(Option<Note>),
}

/// A deletion of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The revisions that it may delete.
    pub expected: Expected,
    /// The revision of the tombstone, which identifies this deletion.
    pub revision: Revision,
    /// The time until which the id has to stay spent.
    pub purge_at: PurgeAt,
}

/// The outcome of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
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
pub struct Purged {
    /// How many items were removed.
    pub removed: u32,
    /// Whether there may be more items.
    pub more: bool,
}
