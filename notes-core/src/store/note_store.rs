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
/// Outcomes are values, failures are errors. Methods take the time `now`, by which they judge what has
/// expired. A note is *live* when it was inserted, and is neither deleted nor expired.
///
/// Check an implementation with the conformance suite (feature `conformance`): each guarantee below
/// is a case of it.
///
/// # Guarantees
/// - What is written is what is read, every text byte for byte.
/// - Users are isolated: no call sees or changes an item of another user.
/// - Reads see every write acknowledged before them (a store may offer a switch that gives this up).
/// - Calls may come at the same time, from several threads. A reader sees each write as a whole or not at
///   all, nothing of a write that was refused, and never an earlier state of a note after a later one.
/// - Handles to the same data act as one store, also those of other processes: what one handle has read,
///   remembers or locks makes no difference to what another is told.
/// - A call whose future is dropped has happened, or may yet happen (see below), or has not, each as a
///   whole. It holds nothing up: no lock stays held.
/// - Deleted and expired notes are invisible to `get` and `list`, count as missing for `update` and
///   `delete`, and keep their id spent.
/// - A write is named by its id or revision: repeating it changes nothing, and the answer shows
///   that it has happened.
/// - Nothing is written when a call answers anything but [`InsertOutcome::Inserted`],
///   [`UpdateOutcome::Updated`] or [`DeleteOutcome::Deleted`], or fails with any kind but
///   [`OutcomeUnknown`](crate::StoreErrorKind::OutcomeUnknown). There are two exceptions: what an insertion
///   finds to be [`Taken`](InsertOutcome::Taken) may be its own note, by an earlier attempt of the same
///   call; and an [`update`](Self::update) may fail with `Corrupt` after it has changed the item.
///
/// # Late writes
/// A request that was given up may still be executed: after a call that failed with `OutcomeUnknown`,
/// and after one whose future was dropped. How late, a store says. An insertion, an update or a deletion
/// that comes late is harmless, as its condition then no longer holds or it does what was asked for. Two
/// things are not covered by a condition:
/// - A [`purge`](Self::purge) removes whatever is there: ids of the user must rest after it.
/// - A condition compares an expiry with the caller's `now`, not with the time at which it is executed.
///   An update that moves the expiry could bring a note back that readers have already seen expired.
///   That is why such an update has to come [`Update::EXPIRY_MARGIN`] before the expiry. One that is
///   later than that, by its way to the store and by the difference of the clocks together, still can.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait NoteStore: Send + Sync {
    /// Stores a new note under its user and id.
    ///
    /// # Guarantees
    /// - Never overwrites: where the id is taken, the outcome says by what.
    /// - A note that is not live at `now` is never stored: where its id is free, `Expired`.
    /// - Of concurrent inserts of one id, exactly one is `Inserted`.
    /// - The id of a note that expires stays spent at least until `insertion.purge_at`, or until that
    ///   of the last update of its expiry.
    ///
    /// # Errors
    /// `OutcomeUnknown` when the note may have been stored; any kind when it has not.
    async fn insert(
        &self,
        insertion: &Insertion,
        now: Timestamp,
    ) -> Result<InsertOutcome, StoreError>;

    /// The live note with this id, if there is one.
    ///
    /// # Errors
    /// `Corrupt` when there is an item that can't be read; any kind but `OutcomeUnknown`.
    async fn get(
        &self,
        user: &UserId,
        id: NoteId,
        now: Timestamp,
    ) -> Result<Option<Note>, StoreError>;

    /// A page of the user's live notes, in order of creation.
    ///
    /// # Guarantees
    /// - Following `next` until it is absent gives every note that was live throughout, once.
    /// - A page may have fewer notes than the limit, or none, and still a `next`; only an absent
    ///   `next` is the end.
    /// - An item that can't be read is named in `unreadable`. It hides no other and blocks nothing.
    ///
    /// # Errors
    /// Any kind but `OutcomeUnknown`.
    async fn list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError>;

    /// Changes a live note and gives it the revision `update.revision`.
    ///
    /// # Guarantees
    /// - Never creates.
    /// - Changes the note only if its revision is expected and smaller than the new one, and, with
    ///   `update.renewal`, only if it is [`retained`](Note::retained). Otherwise `Stale`.
    /// - An update that sets the expiry, earlier or later, also replaces the time of physical removal by
    ///   `update.purge_at`. One that removes the expiry removes that time, too: the note is kept until it
    ///   is deleted. Any other leaves it as it is.
    /// - For an update that moves or removes the expiry, a note is `Missing` from
    ///   [`Update::EXPIRY_MARGIN`] before its expiry on. It is `Stale` if the patch would change nothing
    ///   in it: then the update has happened before.
    /// - An item that lacks an attribute that every note has, or has one of another type or size, is
    ///   left as it is: `Stale`. A store need not see that a value of the right type and size breaks
    ///   another rule, such as a blank title or an expiry with a fraction: such an item may be changed.
    /// - Where the note already has the new revision, this update has happened: `Updated`, also when
    ///   the note has expired since.
    /// - Of concurrent updates that expect one revision, exactly one is `Updated`; of those that
    ///   expect any, none that is `Updated` is lost.
    ///
    /// # Errors
    /// `OutcomeUnknown` when the note may have been changed; `Corrupt` when it was changed and what is
    /// there now can't be read; any other kind when it has not.
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
    /// - Where the note was deleted with this very revision, this deletion has happened: `Deleted`.
    ///
    /// # Errors
    /// `OutcomeUnknown` when the note may have been deleted; any kind when it has not.
    async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        deletion: &Deletion,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError>;

    /// Physically removes up to `budget` items of the user, whatever their state: for the deletion
    /// of an account. It frees their ids.
    ///
    /// A removal depends on no condition, so one that comes late would remove a note that was created
    /// anew under its id. After a call that failed with `OutcomeUnknown` or was dropped, the user's ids
    /// have to rest for as long as the store's requests can be late, also when a repetition has
    /// succeeded since.
    ///
    /// # Guarantees
    /// - When `more` is false, no item of the user was left, but for those inserted meanwhile.
    /// - A call that succeeds has removed at least one item, if there was one.
    /// - A call that succeeds removes nothing later: none of its requests is still under way.
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
    /// Of the request to create it.
    pub fingerprint: Fingerprint,
    /// When it may be removed physically, if it expires.
    pub purge_at: Option<PurgeAt>,
}

/// What became of an insertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InsertOutcome {
    /// The note is stored.
    Inserted,
    /// The id was used before, or by an earlier attempt of this very call.
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
        /// Of the request that created it.
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
    /// For each item that could not be read its id, or its key where that is no id.
    pub unreadable: Vec<String>,
    /// Where the next page goes on, if this may not be the end.
    pub next: Option<NoteId>,
}

/// Which revisions a write accepts as the one that it replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Any.
    Any,
    /// One of these, of which there are at most [`Expected::MAX`]. None at all is never met: the
    /// outcome tells what is there.
    OneOf(Vec<Revision>),
    /// Any but these, of which there are at most [`Expected::MAX`].
    NoneOf(Vec<Revision>),
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

    /// Whether no revision at all is allowed.
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
    /// Whether the patch's expiry is not the author's but a renewal by the retention setting.
    pub renewal: bool,
    /// What it may replace.
    pub expected: Expected,
    /// The name of the state after it.
    pub revision: Revision,
}

impl Update {
    /// How long before its expiry a note counts as expired for an update that moves or removes it.
    ///
    /// Nobody sees a note come back that was seen expired, as long as the time that an update takes from
    /// its `now` to its execution and the difference of the clocks are together no longer than this. The
    /// client of `notes-dynamo` gives up after 10 seconds and a function after 12, so an update that is
    /// executed later is one whose caller was told that its outcome is not known, or nothing.
    pub const EXPIRY_MARGIN: Duration = Duration::from_secs(30);

    /// Whether this update, refused at `now`, has found the note live, and not missing.
    #[must_use]
    pub fn finds_live(&self, note: &Note, now: Timestamp) -> bool {
        // A renewal moves no expiry but a retained one.
        let moves_expiry = note.retained || !self.renewal;
        if moves_expiry && !self.patch.changes_nothing_in(note) {
            note.is_live(self.live_at(now))
        } else {
            note.is_live(now)
        }
    }

    /// After which time the expiry of a note has to lie for this update: `now`, or
    /// [`EXPIRY_MARGIN`](Self::EXPIRY_MARGIN) later if it moves or removes the expiry.
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

/// What became of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateOutcome {
    /// The note as it is now.
    Updated(Note),
    /// There is no live note with this id.
    Missing,
    /// The condition does not hold; the note as it is now, if it can be read.
    Stale(Option<Note>),
}

/// A deletion of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// What it may delete.
    pub expected: Expected,
    /// The name of the state after it.
    pub revision: Revision,
    /// Until when the id has to stay spent.
    pub purge_at: PurgeAt,
}

/// What became of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeleteOutcome {
    /// The note is deleted.
    Deleted,
    /// There is no live note with this id.
    Missing,
    /// The condition does not hold; the note as it is now, if it can be read.
    Stale(Option<Note>),
}

/// What a purge removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// How many items.
    pub removed: u32,
    /// Whether there may be more.
    pub more: bool,
}
