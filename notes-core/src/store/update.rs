use std::time::Duration;

use crate::note::note_patch::NotePatch;
use crate::note::stored::Note;
use crate::value::expires::Expires;
use crate::value::expiry::Expiry;
use crate::value::note_id::NoteId;
use crate::value::purge_at::{PurgeAt, kept_until};
use crate::value::revision::Revision;
use crate::value::revisions::Revisions;
use crate::value::timestamp::Timestamp;

/// Which revisions a write accepts as the one that it replaces.
///
/// ```
/// use notes_core::{Expected, Note};
///
/// # fn expected(note: &Note) {
/// let as_read = Expected::from(note.revision);
/// # }
/// ```
///
/// It is made of the revision, as another state of the same note must not count as the one that was read:
///
/// ```compile_fail,E0277
/// # use notes_core::{Expected, Note};
/// # fn expected(note: &Note) {
/// let as_read = Expected::from(note);
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// Any revision.
    Any,
    /// One of these. An empty list allows no revision: nothing is written, and the outcome tells the current
    /// state.
    OneOf(Revisions),
    /// Any revision except these.
    NoneOf(Revisions),
}

impl From<Revision> for Expected {
    /// This one and no other.
    fn from(revision: Revision) -> Self {
        Self::OneOf(revision.into())
    }
}

impl Expected {
    /// Whether a note with this revision may be replaced.
    #[must_use]
    pub fn allows(&self, revision: Revision) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(revisions) => revisions.contains(revision),
            Self::NoneOf(revisions) => !revisions.contains(revision),
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
#[non_exhaustive]
pub struct Update {
    /// The change that the author asks for.
    pub patch: NotePatch,
    /// The expiry by which the retention setting renews that of a retained note. It counts only if the patch
    /// does not mention the expiry: [`expires`](Self::expires) combines both.
    pub renewal: Option<Expiry>,
    /// The revisions that it may replace.
    pub expected: Expected,
    /// The revision of the note after it, which identifies this update.
    pub revision: Revision,
    /// How long after the time of its id a creation is accepted
    /// ([`Notes::with_acceptance_window`](crate::Notes::with_acceptance_window)).
    pub acceptance_window: Duration,
    /// With sync, how old a client's token may be ([`SyncSettings::horizon`](crate::SyncSettings::horizon)). A store
    /// applies it as it is: that it is long enough is checked where sync is configured.
    pub horizon: Option<Duration>,
}

impl Update {
    /// How long before its expiry a note counts as expired for an update that moves or removes the expiry.
    ///
    /// No reader sees an expired note come back, as long as the delay of an update from its `now` to its
    /// execution and the difference of the clocks together do not exceed this. The client of `notes-dynamo`
    /// times out after 10 seconds and a function after 12. So the caller of an update that is executed later
    /// than that was told that its outcome is unknown, or got no response.
    pub const EXPIRY_MARGIN: Duration = Duration::from_secs(30);

    /// An update that renews no expiry.
    #[must_use]
    pub const fn new(
        patch: NotePatch,
        expected: Expected,
        revision: Revision,
        acceptance_window: Duration,
    ) -> Self {
        Self {
            patch,
            renewal: None,
            expected,
            revision,
            acceptance_window,
            horizon: None,
        }
    }

    /// Keeps what gets an expiry for tokens of up to this age.
    #[must_use]
    pub const fn with_horizon(mut self, horizon: Duration) -> Self {
        self.horizon = Some(horizon);
        self
    }

    /// Makes it a renewal: only a retained note is changed, and it gets this expiry.
    #[must_use]
    pub const fn with_renewal(mut self, expiry: Expiry) -> Self {
        self.renewal = Some(expiry);
        self
    }

    /// When the note expires after the update; `None` if the update leaves the expiry as it is.
    ///
    /// [`Expires::Retained`] is a renewal: the update changes only a note that is retained.
    #[must_use]
    pub fn expires(&self) -> Option<Expires> {
        self.patch
            .expires()
            .or_else(|| self.renewal.map(Expires::Retained))
    }

    /// Whether it changes only a note that is [retained](Expires::Retained).
    #[must_use]
    pub fn is_renewal(&self) -> bool {
        self.expires().is_some_and(Expires::is_retained)
    }

    /// When the note with this id may be removed physically, if the update is executed with this `now` and sets an
    /// expiry.
    ///
    /// With sync it is kept at least for the horizon, counted from the write and not from the expiry: a
    /// client may know the note with a later expiry, and the new one may even be past.
    #[must_use]
    pub fn purge_at(&self, id: NoteId, now: Timestamp) -> Option<PurgeAt> {
        let expiry = self.expires()?.expiry()?;
        let kept = kept_until(expiry.as_secs(), now, self.horizon);
        Some(PurgeAt::new(id, kept, self.acceptance_window))
    }

    /// Makes the change in a note that the update may replace: copies the patch, and sets the expiry of a renewal
    /// and the new revision.
    pub fn apply(&self, note: &mut Note) {
        self.patch.clone().apply(note);
        if let Some(expires) = self.expires() {
            note.expires = expires;
        }
        note.revision = self.revision;
    }

    /// For an update that was refused at `now`: whether this note counts as live for it, so that the outcome is
    /// `Stale`, or as expired, so that it is `Missing`.
    #[must_use]
    pub fn finds_live(&self, note: &Note, now: Timestamp) -> bool {
        let changes_it = if self.is_renewal() {
            // It leaves the expiry of a note that is not retained.
            note.expires.is_retained()
        } else {
            !self.patch.changes_nothing_in(note)
        };
        note.is_live(if changes_it { self.live_at(now) } else { now })
    }

    /// The time at which a note has to be live for this update: `now`, or
    /// [`EXPIRY_MARGIN`](Self::EXPIRY_MARGIN) later if the update moves or removes the expiry.
    #[must_use]
    pub fn live_at(&self, now: Timestamp) -> Timestamp {
        match self.expires() {
            None => now,
            Some(_) => now.saturating_add(Self::EXPIRY_MARGIN),
        }
    }
}

/// The outcome of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the note may not have been updated"]
pub enum UpdateOutcome {
    /// The update is done, by this call or an earlier one; the note as it is now.
    Updated(Note),
    /// There is no live note with this id.
    Missing,
    /// The condition does not hold; the note as it is now, or `None` if the item can't be read.
    Stale(Option<Note>),
}
