//! Checks the outcomes of concurrent writes of one note, and what readers see of the note meanwhile.
//!
//! The revisions put all writes of a note in one order, in whatever order the store has executed them: each
//! state is the previous one, changed by one update.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::Harness;
use super::account::{
    Account, foreign, insertion, only, recategorise, recontent, renewal, retitle, taken_by,
    update_of, updated, value,
};
use super::report::{assert_same, called, fail};
use super::threads::{Rounds, on_threads, racers};
use crate::note::stored::Note;
use crate::store::note_store::{DeleteOutcome, Deletion, Insertion};
use crate::store::update::{Expected, Update, UpdateOutcome};
use crate::value::expires::Expires;
use crate::value::revisions::Revisions;

/// How often one note is changed while others read it, before the case continues with another note.
const CHANGES: usize = 2_000;

const LONG: usize = 1_000;

/// A text so long that a reader may see it half copied, if the store allows that.
pub(super) fn long_text(what: &str) -> String {
    format!("{what} ").repeat(LONG / (what.len() + 1))
}

/// Asserts that the outcomes of these updates of one note are possible: each `Updated` or `Stale` contains the
/// note that the successful updates make, when they are applied in the order of their revisions. Returns the
/// note after the last of them.
#[track_caller]
pub(super) fn assert_explained(created: &Note, mut writes: Vec<(Update, UpdateOutcome)>) -> Note {
    writes.sort_by_key(|(update, _)| update.revision);
    let mut states = vec![created.clone()];
    for (update, outcome) in &writes {
        if let UpdateOutcome::Updated(told) = outcome {
            let before = &states[states.len() - 1];
            let state = updated(before, update);
            assert_same!(told, &state, "what an update is told is not what it made");
            if !update.expected.allows(before.revision)
                || update.is_renewal() && !before.expires.is_retained()
            {
                fail("an update replaced what it should not");
            }
            states.push(state);
        }
    }
    for (update, outcome) in &writes {
        match outcome {
            UpdateOutcome::Updated(_) => {}
            UpdateOutcome::Stale(Some(told)) => {
                let state = states.iter().find(|state| state.revision == told.revision);
                assert_same!(Some(told), state, "what was told has never been there");
                let is_allowed = update.expected.allows(told.revision)
                    && told.revision < update.revision
                    && (told.expires.is_retained() || !update.is_renewal());
                if is_allowed {
                    fail("an update was refused that the note which was told allows");
                }
            }
            outcome => fail(format_args!(
                "{outcome:?} where a note has been all the time"
            )),
        }
    }
    states.pop().unwrap_or_else(|| created.clone())
}

/// The update with this number in a series of which each changes another field than the one before.
pub(super) fn nth_update(account: &Account<'_>, note: &Note, number: usize) -> Update {
    let text = format!("Change {number}");
    match number % 4 {
        0 => update_of(note, retitle(&text)),
        1 => update_of(note, recontent(&long_text(&text))),
        2 => update_of(note, recategorise(&text)),
        _ => {
            let secs = 90_000 + u64::try_from(number).unwrap_or(0);
            renewal(note, account.expiry_in(secs))
        }
    }
}

/// A note with a [`long_text`].
pub(super) fn long_note(account: &Account<'_>) -> Note {
    Note {
        content: value(&long_text("As created")),
        expires: Expires::Retained(account.expiry_in(80_000)),
        ..account.new_note()
    }
}

/// A change of a note, and a write that must be refused after it.
struct Step {
    update: Update,
    state: Note,
    refused: Refused,
}

/// A write that the store must refuse.
enum Refused {
    Update(Update),
    Delete(Deletion),
    Insert(Insertion),
}

impl Step {
    /// Consecutive changes of a note. They are prepared before the race begins, so that the race consists of
    /// calls of the store alone.
    fn all(account: &Account<'_>, created: &Note) -> Vec<Self> {
        let mut steps: Vec<Self> = Vec::new();
        for number in 0..CHANGES {
            let before = steps.last().map_or(created, |step| &step.state);
            let update = nth_update(account, before, number);
            let state = updated(before, &update);
            let refused = match number % 3 {
                0 => Refused::Update(Update {
                    expected: only(foreign()),
                    ..update_of(&state, retitle("Refused"))
                }),
                1 => Refused::Delete(Deletion {
                    expected: Expected::OneOf(Revisions::EMPTY),
                    ..account.deletion_of(&state)
                }),
                _ => Refused::Insert(insertion(&Note {
                    title: value("Refused"),
                    ..created.clone()
                })),
            };
            steps.push(Self {
                update,
                state,
                refused,
            });
        }
        steps
    }

    /// Sends the change and the write that must be refused, and checks both outcomes.
    async fn take(&self, account: &Account<'_>, created: &Note) {
        let id = created.id;
        match account.update(id, &self.update).await {
            UpdateOutcome::Updated(told) => assert_same!(told, self.state),
            outcome => fail(format_args!("{outcome:?}")),
        }
        match &self.refused {
            Refused::Update(update) => match account.update(id, update).await {
                UpdateOutcome::Stale(Some(told)) => assert_same!(told, self.state),
                outcome => fail(format_args!("{outcome:?}")),
            },
            Refused::Delete(deletion) => match account.delete(id, deletion).await {
                DeleteOutcome::Stale(Some(told)) => assert_same!(told, self.state),
                outcome => fail(format_args!("{outcome:?}")),
            },
            Refused::Insert(insertion) => {
                let outcome = account.insert(insertion).await;
                assert_same!(outcome, taken_by(&self.state, created));
            }
        }
    }
}

/// The progress of the writer of a note.
#[derive(Default)]
struct Progress {
    /// How many of its changes are acknowledged.
    acknowledged: AtomicUsize,
    is_over: AtomicBool,
}

/// Makes the readers of a note stop when its writer is done, even if the writer panics.
struct Writer<'a>(&'a Progress);

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Release);
    }
}

/// One thread changes a note, and also tries writes that must be refused, while other threads read it. Asserts
/// that each read returns a state that the note had at one moment during the read.
#[track_caller]
pub(super) fn assert_whole_while_changing<'a>(
    harness: &'a dyn Harness,
    read: impl AsyncFn(&Account<'a>, &Note) -> Option<Note> + Sync + 'a,
) -> impl Future<Output = ()> {
    called(async move {
        let rounds = Rounds::new();
        let mut changes = 0;
        while !rounds.are_over(changes) {
            let account = Account::open(harness);
            let created = long_note(&account);
            account.put(&created).await;
            let steps = Step::all(&account, &created);
            let progress = Progress::default();
            on_threads(racers(), async |thread| {
                if thread > 0 {
                    follow(&created, &steps, &progress, async || {
                        read(&account, &created).await
                    })
                    .await;
                    return;
                }
                let _writer = Writer(&progress);
                for (index, step) in steps.iter().enumerate() {
                    if index > 5 && rounds.are_over(changes + index) {
                        return;
                    }
                    step.take(&account, &created).await;
                    progress.acknowledged.store(index + 1, Ordering::Release);
                }
            });
            changes += progress.acknowledged.into_inner();
        }
    })
}

/// Reads until the writer is done.
async fn follow(
    created: &Note,
    steps: &[Step],
    progress: &Progress,
    read: impl AsyncFn() -> Option<Note>,
) {
    let mut last = 0;
    loop {
        let is_over = progress.is_over.load(Ordering::Acquire);
        // State 0 is the created note; state n is that after n changes.
        let from = progress.acknowledged.load(Ordering::Acquire).max(last);
        let Some(seen) = read().await else {
            fail("a note that is only changed is not there");
        };
        let later = steps[from.max(1) - 1..].iter();
        let place = (from.max(1)..)
            .zip(later)
            .find(|(_, step)| step.state.revision == seen.revision);
        match place {
            Some((place, step)) => {
                assert_same!(seen, step.state, "a state that never was");
                last = place;
            }
            None if from == 0 => assert_same!(seen, *created, "a state that never was"),
            None => fail(format_args!(
                "{seen:?} is from before an acknowledged write or another read, or never was"
            )),
        }
        if is_over {
            return;
        }
    }
}
