use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};

use crate::note::fingerprint::Fingerprint;
use crate::note::list_query::{ListQuery, Order, PageLimit};
use crate::note::new_note::NewNote;
use crate::note::note_patch::NotePatch;
use crate::note::stored::Note;
use crate::store::changes::ChangesQuery;
use crate::store::note_store::{
    DeleteOutcome, Deletion, InsertOutcome, Insertion, NoteStore, Occupant, Page,
};
use crate::store::store_error::{StoreError, StoreErrorKind};
use crate::store::update::{Expected, Update, UpdateOutcome};
use crate::sync::bounds::OVERLAP;
use crate::sync::changes::{Changes, ChangesOutcome};
use crate::sync::pass::Step;
use crate::sync::settings::SyncSettings;
use crate::sync::token::SyncToken;
use crate::value::expires::Expires;
use crate::value::expiry::Expiry;
use crate::value::expiry_choice::ExpiryChoice;
use crate::value::note_id::NoteId;
use crate::value::purge_at::{PurgeAt, kept_until};
use crate::value::revision::Revision;
use crate::value::timestamp::Timestamp;
use crate::value::user_id::UserId;

/// The service: the rules for users' notes, which are the same for every store and every transport.
///
/// ```
/// use notes_core::{CreateOutcome, MemoryNoteStore, NewNote, Notes, UserId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let notes = Notes::new(MemoryNoteStore::new());
/// let user: UserId = "alice".parse()?;
/// let milk = NewNote::new("Milk".parse()?, "2 litres".parse()?);
///
/// // Choose the id first; then the creation can be retried until its outcome is known.
/// let id = notes.new_id();
/// let first = notes.create(&user, id, milk.clone()).await?;
/// let again = notes.create(&user, id, milk).await?;
/// assert!(matches!(first, CreateOutcome::Created(_)));
/// assert!(matches!(again, CreateOutcome::Replayed(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Notes<S> {
    store: S,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    retention: Option<Duration>,
    acceptance_window: Duration,
    sync: Option<SyncSettings>,
}

/// How often a write is reissued when a rival's write came first, although the caller's condition allows the
/// note as it is now.
const MAX_REISSUES: usize = 3;

/// How many items one call of the store's `purge` removes, while all items of a user are erased.
const ERASE_BUDGET: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

impl<S> Notes<S> {
    /// How long ids are accepted by default: 7 days.
    pub const DEFAULT_ACCEPTANCE_WINDOW: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// How far the time of an id may be ahead of the service's clock.
    pub const MAX_AHEAD: Duration = Duration::from_secs(5 * 60);

    /// A service on this store, without retention, with the system's clock.
    pub fn new(store: S) -> Self {
        Self {
            store,
            clock: Arc::new(Timestamp::now),
            retention: None,
            acceptance_window: Self::DEFAULT_ACCEPTANCE_WINDOW,
            sync: None,
        }
    }

    /// Makes notes expire this long after their last write, unless the author has chosen an expiry or none.
    /// Notes that were created without retention stay as they are.
    ///
    /// A retained note can't be changed in its last 30 seconds ([`Update::EXPIRY_MARGIN`]), because a change
    /// would renew it. With a retention of 30 seconds or less, notes can never be changed.
    ///
    /// The duration is rounded up to whole seconds and counted from the second of the write, because an
    /// [`Expiry`] has whole seconds.
    #[must_use]
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = Some(retention);
        self
    }

    /// Sets how long after the time of its id a creation is accepted. The ids of notes that are deleted or
    /// expire from now on stay spent for at least that long. A shorter window frees ids sooner, but rejects
    /// the creations of devices that were offline for longer.
    #[must_use]
    pub fn with_acceptance_window(mut self, window: Duration) -> Self {
        self.acceptance_window = window;
        self
    }

    /// Turns sync on: [`changes`](Self::changes) returns what was written since a token, and what is deleted or given
    /// an expiry is kept for at least the horizon of these settings.
    ///
    /// All processes that write to the store need the same settings, and the store has to keep changes
    /// ([`NoteStore::changes`]).
    #[must_use]
    pub fn with_sync(mut self, settings: SyncSettings) -> Self {
        self.sync = Some(settings);
        self
    }

    /// Whether sync is on ([`with_sync`](Self::with_sync)).
    #[must_use]
    pub const fn has_sync(&self) -> bool {
        self.sync.is_some()
    }

    /// Uses this clock instead of the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The time on this service's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A new id for a note to create.
    #[must_use]
    pub fn new_id(&self) -> NoteId {
        NoteId::generate(self.now())
    }

    /// Checks that the date in an id chosen by a remote caller is acceptable for a creation: not older than the
    /// acceptance window, and at most [`Notes::MAX_AHEAD`] ahead.
    ///
    /// Call it where requests enter the system. [`create`](Self::create) does not check the date, so that
    /// imported notes can keep theirs.
    ///
    /// # Errors
    /// Says whether the id is too old or too far ahead, or that its date is wrong because the id follows an old
    /// draft of UUIDv7.
    pub fn check_id_date(&self, id: NoteId) -> Result<(), UnacceptableDate> {
        let now = self.now();
        match self.check_distance(id.created_at(), now) {
            // Seconds, read as milliseconds, are always far ahead.
            Err(UnacceptableDate::TooFarAhead)
                if self
                    .check_distance(id.created_at_by_old_draft(), now)
                    .is_ok() =>
            {
                Err(UnacceptableDate::OldDraft)
            }
            checked => checked,
        }
    }

    /// Compares one date with the bounds of [`check_id_date`](Self::check_id_date).
    fn check_distance(&self, dated: Timestamp, now: Timestamp) -> Result<(), UnacceptableDate> {
        if now > dated.saturating_add(self.acceptance_window) {
            return Err(UnacceptableDate::TooOld);
        }
        if dated > now.saturating_add(Self::MAX_AHEAD) {
            return Err(UnacceptableDate::TooFarAhead);
        }
        Ok(())
    }

    /// How long what is gone is kept for tokens.
    fn horizon(&self) -> Option<Duration> {
        self.sync
            .as_ref()
            .map(|settings| settings.horizon.as_duration())
    }

    /// When a note that is deleted at `now` may be removed physically. With sync it is kept for the horizon.
    fn purge_at_of_deletion(&self, id: NoteId, now: Timestamp) -> PurgeAt {
        let kept = kept_until(now.as_secs(), now, self.horizon());
        PurgeAt::new(id, kept, self.acceptance_window)
    }
}

impl<S: NoteStore> Notes<S> {
    /// Creates a note under an id that its creator has chosen. However often it is called with the same id,
    /// it creates at most one note.
    ///
    /// # Errors
    /// As [`NoteStore::insert`]; `Corrupt` when the id is taken by an item that can't be read.
    /// After any error, repeating the call with the same id is safe.
    pub async fn create(
        &self,
        user: &UserId,
        id: NoteId,
        new: NewNote,
    ) -> Result<CreateOutcome, StoreError> {
        let now = self.now();
        let fingerprint = Fingerprint::of(&new);
        let expires = match new.expiry {
            ExpiryChoice::At(expiry) => Expires::Chosen(expiry),
            ExpiryChoice::Never => Expires::Never,
            ExpiryChoice::Retention => self
                .retention_expiry(now)
                .map_or(Expires::Never, Expires::Retained),
        };
        let note = Note {
            user: user.clone(),
            id,
            title: new.title,
            content: new.content,
            category: new.category,
            expires,
            revision: id.into(),
        };
        let insertion = Insertion::new(note, fingerprint, self.acceptance_window);
        match self.store.insert(&insertion, now).await? {
            InsertOutcome::Inserted => Ok(CreateOutcome::Created(insertion.note)),
            InsertOutcome::Expired => Ok(CreateOutcome::Expired),
            InsertOutcome::Taken(Occupant::Live {
                note,
                fingerprint: of,
            }) if of == fingerprint => Ok(CreateOutcome::Replayed(note)),
            InsertOutcome::Taken(Occupant::Live { .. }) => Ok(CreateOutcome::IdReused),
            InsertOutcome::Taken(Occupant::Spent) => Ok(CreateOutcome::Spent),
            InsertOutcome::Taken(Occupant::Unreadable) => Err(StoreErrorKind::Corrupt.into()),
        }
    }

    /// The live note with this id, if there is one.
    ///
    /// # Errors
    /// As [`NoteStore::get`].
    pub async fn get(&self, user: &UserId, id: NoteId) -> Result<Option<Note>, StoreError> {
        self.store.get(user, id, self.now()).await
    }

    /// A page of the user's live notes.
    ///
    /// # Errors
    /// As [`NoteStore::list`].
    pub async fn list(&self, user: &UserId, query: &ListQuery) -> Result<Page, StoreError> {
        self.store.list(user, query, self.now()).await
    }

    /// All live notes of a user, fetched page by page as the stream is read.
    ///
    /// An item that can't be read is an `Err` of the kind `Corrupt` whose source names it, and the
    /// stream continues; any other error ends it.
    ///
    /// The stream owns what it needs, so that it can outlive this service, as the body of a response does. A
    /// store that can't be cloned can be in an [`Arc`].
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use futures_util::{Stream, TryStreamExt};
    /// use notes_core::{NoteStore, Notes, Order, StoreError, UserId};
    ///
    /// /// The titles of all notes, one a line, as `axum::body::Body::from_stream` takes them.
    /// fn titles(
    ///     notes: &Notes<Arc<dyn NoteStore>>,
    ///     user: UserId,
    /// ) -> impl Stream<Item = Result<String, StoreError>> + Send + use<> {
    ///     let notes = notes.stream(user, Order::Newest);
    ///     notes.map_ok(|note| format!("{}\n", note.title.as_str()))
    /// }
    /// ```
    pub fn stream(
        &self,
        user: UserId,
        order: Order,
    ) -> impl Stream<Item = Result<Note, StoreError>> + use<S>
    where
        S: Clone,
    {
        let first = ListQuery::default()
            .with_limit(PageLimit::LARGEST)
            .with_order(order);
        let start = (self.clone(), user, Some(first));
        stream::unfold(start, async |(notes, user, query)| {
            let query = query?;
            let (items, next) = match notes.list(&user, &query).await {
                Err(error) => (vec![Err(error)], None),
                Ok(page) => {
                    let listed = page.notes.into_iter().map(Ok);
                    let unreadable = page.unreadable.into_iter().map(|id| {
                        let what = format!("item {id} can't be read");
                        Err(StoreError::new(StoreErrorKind::Corrupt, what))
                    });
                    let next = page.next.map(|next| query.with_position(next));
                    (listed.chain(unreadable).collect(), next)
                }
            };
            Some((items, (notes, user, next)))
        })
        .flat_map(stream::iter)
    }

    /// Changes a live note, if its revision is one of those expected.
    ///
    /// A patch that would change nothing is `Updated` with the note as it is, even if the note's revision is
    /// not expected ([RFC 9110 §13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)): so a caller's
    /// own retry is no conflict.
    ///
    /// Usually it is one write. If a rival's write comes first and `expected` allows its revision, the write is
    /// reissued, at most 3 times. If the patch is empty or no revision is allowed, it is one
    /// [`get`](NoteStore::get) instead.
    ///
    /// # Errors
    /// As [`NoteStore::update`]; `Contended` when rivals' writes came first at each of several
    /// attempts; `Corrupt` when the item can't be read. With [`Expected::OneOf`] that is `Stale(None)`
    /// instead, as such an item has none of the revisions.
    pub async fn update(
        &self,
        user: &UserId,
        id: NoteId,
        patch: NotePatch,
        expected: &Expected,
    ) -> Result<UpdateOutcome, StoreError> {
        let now = self.now();
        if patch.is_empty() || expected.is_never_met() {
            let stale = |current| match current {
                Some(current) if patch.changes_nothing_in(&current) => {
                    UpdateOutcome::Updated(current)
                }
                current => UpdateOutcome::Stale(current),
            };
            let missing = UpdateOutcome::Missing;
            return self
                .read_instead(user, id, expected, now, missing, stale)
                .await;
        }
        let mut update = Update {
            patch,
            renewal: self.retention_expiry(now),
            expected: expected.clone(),
            revision: revision_after(expected, now),
            acceptance_window: self.acceptance_window,
            horizon: self.horizon(),
        };
        for _ in 0..=MAX_REISSUES {
            // The time is read again for each write: a note that has expired meanwhile must not come back.
            let now = self.now();
            match self.store.update(user, id, &update, now).await? {
                UpdateOutcome::Stale(Some(current))
                    if update.patch.changes_nothing_in(&current) =>
                {
                    return Ok(UpdateOutcome::Updated(current));
                }
                UpdateOutcome::Stale(Some(current)) if expected.allows(current.revision) => {
                    update.expected = current.revision.into();
                    update.revision = next_revision(current.revision, now)?;
                    if !current.expires.is_retained() {
                        update.renewal = None;
                    }
                }
                UpdateOutcome::Stale(None) if !names_revisions(expected) => {
                    return Err(StoreErrorKind::Corrupt.into());
                }
                outcome => return Ok(outcome),
            }
        }
        Err(StoreErrorKind::Contended.into())
    }

    /// Deletes a live note, if its revision is one of those expected. Its id stays spent.
    ///
    /// Usually it is one write. If a rival's write comes first and `expected` allows its revision, the write is
    /// reissued, at most 3 times. If no revision is allowed, it is one [`get`](NoteStore::get) instead.
    ///
    /// # Errors
    /// As [`NoteStore::delete`]; `Contended` when rivals' writes came first at each of several
    /// attempts; `Corrupt` when the item can't be read. With [`Expected::OneOf`] that is `Stale(None)`
    /// instead, as such an item has none of the revisions.
    pub async fn delete(
        &self,
        user: &UserId,
        id: NoteId,
        expected: &Expected,
    ) -> Result<DeleteOutcome, StoreError> {
        let now = self.now();
        if expected.is_never_met() {
            let (missing, stale) = (DeleteOutcome::Missing, DeleteOutcome::Stale);
            return self
                .read_instead(user, id, expected, now, missing, stale)
                .await;
        }
        let mut replaces = expected.clone();
        let mut revision = revision_after(expected, now);
        for _ in 0..=MAX_REISSUES {
            let now = self.now();
            let deletion = Deletion::new(replaces, revision, self.purge_at_of_deletion(id, now));
            match self.store.delete(user, id, &deletion, now).await? {
                DeleteOutcome::Stale(Some(current)) if expected.allows(current.revision) => {
                    replaces = current.revision.into();
                    revision = next_revision(current.revision, now)?;
                }
                DeleteOutcome::Stale(None) if !names_revisions(expected) => {
                    return Err(StoreErrorKind::Corrupt.into());
                }
                outcome => return Ok(outcome),
            }
        }
        Err(StoreErrorKind::Contended.into())
    }

    /// The next page of changes for a client that keeps a copy of the user's notes. Without a token, the client has
    /// nothing and begins with all live notes.
    ///
    /// The client calls it again with the token of each page until [`more`](Changes::more) is false: then a pass has
    /// ended. Every note that was not written while the pass ran is then in the copy exactly as it is, or
    /// absent if it is deleted or expired; a pass that begins after the last write returns exactly the live
    /// notes. That holds whatever the clocks of the writers and readers say, within
    /// [`sync_bounds`](crate::sync_bounds).
    ///
    /// ```
    /// use notes_core::{
    ///     ChangedState, ChangesOutcome, MemoryNoteStore, NewNote, Notes, PageLimit, SyncSettings, UserId,
    /// };
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let notes = Notes::new(MemoryNoteStore::new()).with_sync(SyncSettings::new("first"));
    /// let user: UserId = "alice".parse()?;
    /// let milk = NewNote::new("Milk".parse()?, "2 litres".parse()?);
    /// let _created = notes.create(&user, notes.new_id(), milk).await?;
    ///
    /// let mut copy = Vec::new();
    /// let mut token = None;
    /// loop {
    ///     let outcome = notes.changes(&user, token.as_ref(), PageLimit::LARGEST).await?;
    ///     let ChangesOutcome::Page(page) = outcome else {
    ///         panic!("only an old token makes the client begin again");
    ///     };
    ///     for changed in page.changes {
    ///         if let ChangedState::Live(note) = changed.state {
    ///             copy.retain(|old: &notes_core::Note| old.id != note.id);
    ///             copy.push(note);
    ///         }
    ///     }
    ///     token = Some(page.token);
    ///     if !page.more {
    ///         break;
    ///     }
    /// }
    /// assert_eq!(copy.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`NoteStore::changes`]; `Unsupported` also when sync is off.
    pub async fn changes(
        &self,
        user: &UserId,
        token: Option<&SyncToken>,
        limit: PageLimit,
    ) -> Result<ChangesOutcome, StoreError> {
        let Some(settings) = &self.sync else {
            let why = "the service was made without with_sync";
            return Err(StoreError::new(StoreErrorKind::Unsupported, why));
        };
        let (now, check) = (self.now(), settings.check(user));
        let step = match token.map(|token| token.progress(check)) {
            None => Some(Step::first(now)),
            Some(None) => None,
            Some(Some(progress)) => {
                Step::after(progress.clone(), now, settings.horizon.as_duration())
            }
        };
        let Some(step) = step else {
            return Ok(ChangesOutcome::Restart);
        };
        let query = ChangesQuery {
            since: step.since(OVERLAP),
            position: step.position().cloned(),
            limit,
        };
        let page = self.store.changes(user, &query, now).await?;
        let changes = Changes::new(page.changes, page.next, now, step, check);
        Ok(ChangesOutcome::Page(changes))
    }

    /// Physically removes everything that is stored of a user, and returns the number of items removed.
    ///
    /// It frees the user's ids: call it when no request of the user can come any more. With sync, the user's
    /// devices are not told: the user must not go on under the same user id with a device that has a copy. After it has
    /// failed with `OutcomeUnknown`, the ids must not be used for some time, even if the next call succeeds: see
    /// [`NoteStore::purge`].
    ///
    /// # Errors
    /// As [`NoteStore::purge`]. What was removed before the error stays removed; call it again to continue.
    pub async fn erase(&self, user: &UserId) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let purged = self.store.purge(user, ERASE_BUDGET).await?;
            removed += u64::from(purged.removed);
            if !purged.more {
                return Ok(removed);
            }
        }
    }

    /// The outcome of a write that can't change anything. It is sent as a read, because a refused write would cost
    /// as much as an executed one (docs/adr/0005-what-cannot-write-reads.md).
    async fn read_instead<T>(
        &self,
        user: &UserId,
        id: NoteId,
        expected: &Expected,
        now: Timestamp,
        missing: T,
        stale: impl FnOnce(Option<Note>) -> T,
    ) -> Result<T, StoreError> {
        match self.store.get(user, id, now).await {
            Ok(None) => Ok(missing),
            Ok(current) => Ok(stale(current)),
            Err(error) if error.kind() == StoreErrorKind::Corrupt && names_revisions(expected) => {
                Ok(stale(None))
            }
            Err(error) => Err(error),
        }
    }

    /// The expiry of a note that is written now, by the retention setting.
    fn retention_expiry(&self, now: Timestamp) -> Option<Expiry> {
        let retention = self.retention?;
        let secs = retention.as_secs();
        let rounded_up = secs.saturating_add(u64::from(retention.subsec_nanos() > 0));
        Some(Expiry::saturating(now.as_secs().saturating_add(rounded_up)))
    }
}

/// Whether the caller names the revisions that a write may replace. An item that can't be read has none of them, so
/// it is stale instead of an error.
fn names_revisions(expected: &Expected) -> bool {
    matches!(expected, Expected::OneOf(_))
}

/// A new revision for a write. If exactly one revision is expected, it is also greater than that one: the clock
/// of the last writer may have been ahead of ours, and the store refuses a smaller revision.
///
/// An expected revision that is more than [`Notes::MAX_AHEAD`] ahead is ignored, and so is a list of several:
/// a caller can make revisions up, and could in that way move the dates of notes ahead again and again.
fn revision_after(expected: &Expected, now: Timestamp) -> Revision {
    let fresh = Revision::generate(now);
    let Expected::OneOf(revisions) = expected else {
        return fresh;
    };
    match *revisions.as_slice() {
        [expected] if expected.written_at() <= now.saturating_add(Notes::<()>::MAX_AHEAD) => {
            expected.next(now).unwrap_or(fresh)
        }
        _ => fresh,
    }
}

/// The revision for reissuing a write on the note as it is now.
fn next_revision(current: Revision, now: Timestamp) -> Result<Revision, StoreError> {
    current
        .next(now)
        .ok_or_else(|| StoreError::new(StoreErrorKind::Corrupt, "it has the last revision"))
}

impl<S: fmt::Debug> fmt::Debug for Notes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notes")
            .field("store", &self.store)
            .field("retention", &self.retention)
            .field("acceptance_window", &self.acceptance_window)
            .field("sync", &self.sync)
            .finish_non_exhaustive()
    }
}

/// The outcome of a creation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the note may not have been created"]
pub enum CreateOutcome {
    /// The note was created.
    Created(Note),
    /// The same request has created the note before; the note as it is now.
    Replayed(Note),
    /// The id was used before, by a request with other contents.
    IdReused,
    /// The id was used before, and its note is deleted or expired.
    Spent,
    /// The expiry is already past. Nothing was written, and the id is free.
    Expired,
}

/// Why an id is not accepted for a creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnacceptableDate {
    /// It is older than the acceptance window. So old an id may have been used before and freed since: a late
    /// retry would create the note a second time.
    #[error("the id is dated too long ago")]
    TooOld,
    /// It is more than [`Notes::MAX_AHEAD`] ahead, which is more than clocks usually differ.
    #[error("the id is dated too far in the future")]
    TooFarAhead,
    /// It is a UUIDv7 as in drafts of 2021, with the time in seconds. Read as milliseconds, its date is far
    /// ahead; read as seconds, it is acceptable.
    #[error("the id has its time in seconds, as in a draft of UUIDv7, and not in milliseconds")]
    OldDraft,
}
