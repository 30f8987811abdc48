//! `changes`, and until when items are kept for it.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use notes_core::conformance::Harness;
use notes_core::sync_bounds::{DEFAULT_HORIZON, OVERLAP};
use notes_core::{
    ChangePage, Changed, ChangedState, Changes, ChangesOutcome, ChangesQuery, DeleteOutcome,
    Expected, MemoryNoteStore, MockNoteStore, NoteId, NotePatch, NoteStore, Notes, PageLimit,
    PurgeAt, Revision, StoreErrorKind, SyncSettings, SyncToken, Timestamp, UpdateOutcome,
};

use super::{DAY, Fixture, assert_kind, milk, value};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn settings() -> SyncSettings {
    SyncSettings::new("2026-11")
}

impl Fixture {
    fn with_sync(settings: SyncSettings) -> Self {
        let fixture = Self::new();
        Self {
            notes: fixture.notes.clone().with_sync(settings),
            ..fixture
        }
    }

    async fn changes(&self, token: Option<&SyncToken>, limit: u8) -> Changes {
        match self.outcome(token, limit).await {
            ChangesOutcome::Page(changes) => changes,
            ChangesOutcome::Restart => panic!("the token is accepted"),
        }
    }

    async fn outcome(&self, token: Option<&SyncToken>, limit: u8) -> ChangesOutcome {
        let limit = PageLimit::try_from(limit).expect("a limit");
        let outcome = self.notes.changes(&self.user, token, limit).await;
        outcome.expect("an outcome")
    }

    /// The token after a listing and the pass that follows it.
    async fn token(&self) -> SyncToken {
        let listed = self.changes(None, 100).await;
        assert!(listed.more);
        let passed = self.changes(Some(&listed.token), 100).await;
        assert!(!passed.more);
        passed.token
    }

    /// Whether a note is still stored once everything was removed that may be at this time.
    async fn is_kept(&self, id: NoteId, secs: u64) -> bool {
        let now = Timestamp::from_millis(secs * 1_000);
        Harness::sweep(&self.store, &self.user, now).await;
        let query = ChangesQuery::since(Timestamp::from_millis(0));
        let page = self.store.changes(&self.user, &query, now).await;
        let changes = page.expect("a page").changes;
        changes.iter().any(|changed| is_of(changed, id))
    }
}

fn is_of(changed: &Changed, id: NoteId) -> bool {
    match &changed.state {
        ChangedState::Live(note) => note.id == id,
        ChangedState::Gone(gone) => *gone == id,
        ChangedState::Unreadable(_) => false,
    }
}

fn live(changes: &Changes) -> Vec<NoteId> {
    let states = changes.changes.iter().map(|changed| match &changed.state {
        ChangedState::Live(note) => note.id,
        other => panic!("{other:?}"),
    });
    states.collect()
}

#[tokio::test]
async fn a_service_without_sync_has_no_changes() {
    let fixture = Fixture::new();
    let changes = fixture
        .notes
        .changes(&fixture.user, None, PageLimit::LARGEST);
    assert_kind(changes.await, StoreErrorKind::Unsupported);
}

/// What was written within the overlap before the last pass comes again.
#[tokio::test]
async fn a_client_gets_all_notes_and_then_what_changes() {
    let fixture = Fixture::with_sync(settings());
    let (milk_note, butter) = (fixture.create(milk()).await, fixture.create(milk()).await);
    let listed = fixture.changes(None, 100).await;
    let mut ids = live(&listed);
    ids.sort();
    let mut created = vec![milk_note.id, butter.id];
    created.sort();
    assert_eq!(ids, created);

    let mut token = listed.token;
    let mut next_states = async || {
        let page = fixture.changes(Some(&token), 100).await;
        assert_eq!((page.more, page.as_of), (false, fixture.clock.now()));
        token = page.token;
        let states = page.changes.into_iter().map(|changed| changed.state);
        let states: Vec<_> = states.collect();
        states
    };
    assert_eq!(
        next_states().await.len(),
        2,
        "written just before the listing"
    );
    fixture.clock.advance(2 * HOUR);
    assert_eq!(next_states().await.len(), 2);
    fixture.clock.advance(2 * HOUR);
    assert_eq!(next_states().await, []);

    let retitled = fixture.retitled(milk_note.id, "Butter").await;
    for _ in 0..2 {
        assert_eq!(next_states().await, [ChangedState::Live(retitled.clone())]);
        fixture.clock.advance(2 * HOUR);
    }
    assert_eq!(next_states().await, []);
    let deleted = fixture
        .notes
        .delete(&fixture.user, butter.id, &Expected::Any);
    assert_eq!(deleted.await.unwrap(), DeleteOutcome::Deleted);
    assert_eq!(next_states().await, [ChangedState::Gone(butter.id)]);
}

/// The pages of a pass ask for the same, whatever the time.
#[tokio::test]
async fn a_pass_reads_from_the_overlap_before_the_last_one() {
    let fixture = Fixture::with_sync(settings());
    let token = fixture.token().await;
    let began = fixture.clock.now();
    let mut mock = MockNoteStore::new();
    let asked_before = began.saturating_sub(OVERLAP);
    mock.expect_changes()
        .times(1)
        .returning(move |_, query, _| {
            assert_eq!(query.since, Some(asked_before));
            assert_eq!(query.position, None);
            assert_eq!(query.limit.get(), 7);
            Ok(ChangePage::default())
        });
    fixture.clock.advance(HOUR);
    let notes = fixture.clock.notes(mock).with_sync(settings());
    let limit = PageLimit::try_from(7).unwrap();
    assert!(
        notes
            .changes(&fixture.user, Some(&token), limit)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_token_is_good_for_one_user_one_epoch_and_one_horizon() {
    let fixture = Fixture::with_sync(settings());
    let token = fixture.token().await;
    let outcome = async |notes: &Notes<MemoryNoteStore>, user: &str, token: &SyncToken| {
        let user = value(user);
        let outcome = notes.changes(&user, Some(token), PageLimit::LARGEST);
        matches!(outcome.await, Ok(ChangesOutcome::Page(_)))
    };
    assert!(outcome(&fixture.notes, "alice", &token).await);
    assert!(!outcome(&fixture.notes, "carol", &token).await);
    for other in [
        SyncSettings::new("2026-12"),
        settings().with_horizon((DEFAULT_HORIZON + HOUR).try_into().unwrap()),
        settings().with_horizon((DEFAULT_HORIZON / 2).try_into().unwrap()),
    ] {
        let notes = fixture.notes.clone().with_sync(other);
        assert!(!outcome(&notes, "alice", &token).await);
    }
    // Of another version: one that this one does not know.
    let text = token.to_string().replacen('A', "B", 1);
    assert!(!outcome(&fixture.notes, "alice", &text.parse().unwrap()).await);
}

#[tokio::test]
async fn a_token_is_good_until_the_horizon_at_every_page() {
    let fixture = Fixture::with_sync(settings());
    for _ in 0..3 {
        fixture.create(milk()).await;
    }
    let first = fixture.changes(None, 1).await;
    let idle = fixture.token().await;
    let running = fixture.changes(Some(&idle), 1).await;
    assert!(running.more);
    fixture.clock.advance(DEFAULT_HORIZON);
    let tokens = [first.token, idle, running.token];
    for token in &tokens {
        assert!(matches!(
            fixture.outcome(Some(token), 1).await,
            ChangesOutcome::Page(_)
        ));
    }
    fixture.clock.advance(Duration::from_millis(1));
    for token in &tokens {
        assert_eq!(
            fixture.outcome(Some(token), 1).await,
            ChangesOutcome::Restart
        );
    }
}

/// The text is what clients keep: it has to be the same in each version of this crate.
#[tokio::test]
async fn the_token_of_a_user_at_a_time_is_always_the_same_text() {
    let fixture = Fixture::with_sync(settings());
    assert_eq!(fixture.token().await.to_string(), "Aa3XBHQBogSVQRsA");
}

/// Wherever the pages of a listing or a pass are cut, each change comes once.
#[tokio::test]
async fn a_page_that_is_cut_continues_after_what_it_kept() {
    let fixture = Fixture::with_sync(settings());
    let mut ids = Vec::new();
    for _ in 0..7 {
        fixture.clock.advance(Duration::from_millis(1));
        ids.push(fixture.create(milk()).await.id);
    }
    let idle = fixture.token().await;
    for kept in 1..=5 {
        for begin in [None, Some(&idle)] {
            let (mut seen, mut token) = (Vec::new(), begin.cloned());
            loop {
                let mut page = fixture.changes(token.as_ref(), 4).await;
                let whole = page.clone();
                page.cut(NonZeroUsize::new(kept).unwrap());
                assert_eq!(page.changes.len(), kept.min(whole.changes.len()));
                if page.changes.len() < whole.changes.len() {
                    assert!(page.more);
                } else {
                    assert_eq!(page, whole);
                }
                seen.extend(live(&page));
                // A listing says that there is more when it ends.
                let is_listed = begin.is_none() && seen.len() == ids.len();
                if is_listed || !page.more {
                    break;
                }
                token = Some(page.token);
            }
            assert_eq!(seen, ids, "{kept} kept");
        }
    }
}

#[tokio::test]
async fn what_is_deleted_is_kept_for_the_horizon_after_the_deletion() {
    let fixture = Fixture::with_sync(settings());
    let note = fixture.create(milk()).await;
    fixture.clock.advance(30 * DAY);
    let secs = fixture.clock.now().as_millis().div_ceil(1_000);
    let deleted = fixture.notes.delete(&fixture.user, note.id, &Expected::Any);
    assert_eq!(deleted.await.unwrap(), DeleteOutcome::Deleted);
    let removed_at = secs + DEFAULT_HORIZON.as_secs() + 3_600;
    assert!(fixture.is_kept(note.id, removed_at - 1).await);
    assert!(!fixture.is_kept(note.id, removed_at).await);
}

/// Counted from the expiry, an expiry in the past would be forgotten too early; and one far ahead is kept until then.
#[tokio::test]
async fn what_gets_an_expiry_is_kept_for_the_horizon_after_the_update() {
    for (distance, kept) in [
        (-30, DEFAULT_HORIZON),
        (1, DEFAULT_HORIZON),
        (89, DEFAULT_HORIZON),
        (200, 200 * DAY),
    ] {
        let fixture = Fixture::with_sync(settings());
        let note = fixture.create(milk()).await;
        fixture.clock.advance(60 * DAY);
        let now = fixture.clock.now();
        let expiry = now.as_secs().saturating_add_signed(distance * 24 * 60 * 60);
        let patch = NotePatch::default().with_expiry(expiry.try_into().unwrap());
        let outcome = fixture
            .notes
            .update(&fixture.user, note.id, patch, &Expected::Any);
        assert!(matches!(outcome.await, Ok(UpdateOutcome::Updated(_))));
        let end = now.saturating_add(kept);
        let removed_at = if kept > DEFAULT_HORIZON {
            end.as_secs()
        } else {
            end.as_millis().div_ceil(1_000)
        } + 3_600;
        assert!(fixture.is_kept(note.id, removed_at - 1).await, "{distance}");
        assert!(!fixture.is_kept(note.id, removed_at).await, "{distance}");
    }
}

/// No client can know a state of it that expires later.
#[tokio::test]
async fn a_new_note_is_kept_until_it_expires_and_no_longer_than_without_sync() {
    let fixture = Fixture::with_sync(settings());
    let expiry = fixture.clock.expiry_in(30 * DAY);
    let note = fixture.create(milk().with_expiry(expiry)).await;
    let removed_at = expiry.as_secs() + 3_600;
    assert!(fixture.is_kept(note.id, removed_at - 1).await);
    assert!(!fixture.is_kept(note.id, removed_at).await);
}

/// A change of other fields leaves the time of removal; a removed expiry ends it.
#[tokio::test]
async fn only_a_change_of_the_expiry_moves_the_time_of_removal() {
    let fixture = Fixture::with_sync(settings());
    let expiry = fixture.clock.expiry_in(30 * DAY);
    let note = fixture.create(milk().with_expiry(expiry)).await;
    fixture.clock.advance(DAY);
    fixture.retitled(note.id, "Butter").await;
    assert!(fixture.is_kept(note.id, expiry.as_secs() + 3_599).await);
    let patch = NotePatch::default().without_expiry();
    let outcome = fixture.update(note.id, patch, &Expected::Any).await;
    assert!(matches!(outcome, UpdateOutcome::Updated(_)));
    assert!(
        fixture
            .is_kept(note.id, expiry.as_secs() + 400 * DAY.as_secs())
            .await
    );
}

/// A write that is reissued is a write of its own time.
#[tokio::test]
async fn the_horizon_counts_from_the_write_that_is_executed() {
    let fixture = Fixture::new();
    let mut note = fixture.create(milk()).await;
    note.revision = Revision::generate(fixture.clock.now());
    let calls = Arc::new(AtomicU32::new(0));
    let mut mock = MockNoteStore::new();
    let (clock, count, current) = (fixture.clock.clone(), Arc::clone(&calls), note.clone());
    mock.expect_delete()
        .times(2)
        .returning(move |_, _, deletion, now| {
            let end = now
                .saturating_add(DEFAULT_HORIZON)
                .as_millis()
                .div_ceil(1_000);
            assert_eq!(deletion.purge_at.as_secs(), end + 3_600);
            clock.advance(HOUR);
            Ok(match count.fetch_add(1, Ordering::Relaxed) {
                0 => DeleteOutcome::Stale(Some(current.clone())),
                _ => DeleteOutcome::Deleted,
            })
        });
    let notes = fixture.clock.notes(mock).with_sync(settings());
    let deleted = notes.delete(&fixture.user, note.id, &Expected::Any).await;
    assert!(deleted.is_ok());
}

/// Without sync nothing is kept for clients.
#[tokio::test]
async fn without_sync_a_deletion_is_kept_as_long_as_its_creation_may_be_repeated() {
    let fixture = Fixture::new();
    let old = NoteId::generate(fixture.clock.now().saturating_sub(30 * DAY));
    let mut mock = MockNoteStore::new();
    let secs = fixture.clock.now().as_secs();
    mock.expect_delete()
        .times(1)
        .returning(move |_, _, deletion, _| {
            assert_eq!(deletion.purge_at, PurgeAt::new(old, secs, Duration::ZERO));
            Ok(DeleteOutcome::Deleted)
        });
    let notes = fixture.clock.notes(mock);
    assert!(
        notes
            .delete(&fixture.user, old, &Expected::Any)
            .await
            .is_ok()
    );
}
