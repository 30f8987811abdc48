//! The protocol of writes, as a model whose every state is visited: what the table holds, what is on
//! the way to it, and what callers know. Attempts are lost, late or doubled, clocks differ, time
//! passes, and TTL removes items.
//!
//! It is about one key, as no rule of the protocol is about two. A call stands for one request to the
//! service: it sends an attempt, sends it again when no answer comes, and is answered in the end, as
//! `DynamoNoteStore` and `Notes` do it.
//!
//! One thing is assumed of the network: an attempt whose *refusal* arrived is not executed once more.
//! The last test shows what that would do.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap fails the test; counts are printed"
)]

use std::collections::BTreeSet;

use stateright::{Checker, Expectation, HasDiscoveries, Model, Property};

use Request::{Create, Delete, DeleteIfNew, Update, UpdateIfNew};

/// What callers ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Request {
    /// The creation that the key names. Each of its calls is a repetition of the same.
    Create,
    Update,
    /// If the note is as it was created.
    UpdateIfNew,
    Delete,
    DeleteIfNew,
}

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Done,
    Missing,
    Stale,
    Spent,
    NotWritten,
    Unknown,
}

/// What the table holds under the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Item {
    revision: Revision,
    deleted: bool,
    expires_at: Option<Time>,
    purge_at: Option<Time>,
}

type Revision = u8;
type Time = u8;

impl Item {
    fn is_live(self, now: Time) -> bool {
        !self.deleted && self.expires_at.is_none_or(|it| it > now)
    }
}

/// An attempt on its way to the table: the condition that it depends on, and who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Attempt {
    call: usize,
    /// Attempts of a call are numbered, so that an answer to an old one is not taken for another's.
    number: u8,
    /// When the call began: the time by which it judges what has expired.
    begun: Time,
    revision: Revision,
    expected: Option<Revision>,
}

/// What a caller knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Caller {
    NotStarted,
    Waiting {
        last: Attempt,
        /// How often it may yet send this write.
        retries: u8,
        /// How often it may yet send another write on what it then finds.
        reissues: u8,
        /// Whether an earlier attempt may have been executed.
        uncertain: bool,
    },
    Answered(Answer),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    now: Time,
    item: Option<Item>,
    callers: Vec<Caller>,
    on_the_way: BTreeSet<Attempt>,
    doubles: u8,
    /// Those that calls began with.
    revisions: BTreeSet<Revision>,
    /// How often each call was done: what nobody in the system can see.
    done: Vec<u8>,
    /// Whether the note was deleted or expired.
    ended: bool,
    /// Properties that were seen not to hold.
    broken: BTreeSet<&'static str>,
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// A call begins. Clocks differ: its revision may be any that no other call has.
    Start(usize, Revision),
    /// An attempt is executed, and its answer arrives if its caller still waits for it.
    Deliver(Attempt),
    /// An attempt is executed, and its answer is lost.
    DeliverSilently(Attempt),
    /// An attempt is executed and answered, and stays on the way.
    DeliverAndDouble(Attempt),
    /// An attempt is throttled: not executed, and its caller is told so.
    Throttle(Attempt),
    /// A caller gives up an attempt, which may still be on its way.
    GiveUp(usize),
    /// Time passes.
    Tick,
    /// TTL removes the item.
    Purge,
}

/// A place in which the protocol can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// A deletion removes the item instead of leaving a tombstone.
    DeleteRemovesTheItem,
    /// A creation takes the key of an expired note.
    InsertReplacesTheExpired,
    /// TTL does not wait until no repetition of the creation is accepted.
    PurgeBeforeTheWindowEnds,
    /// An update does not ask for a smaller revision.
    RevisionsMayShrink,
    /// An update does not ask for the expected revision.
    ExpectationIsIgnored,
    /// Each attempt has a revision of its own.
    RevisionPerAttempt,
    /// A caller does not see that what it finds is its own write.
    OwnWriteIsForeign,
    /// A caller forgets that an earlier attempt may have been executed.
    AttemptsAreNotCounted,
    /// A caller that got no answer says that nothing was written.
    UnknownIsNotWritten,
    /// The network executes an attempt once more that it answered with a refusal.
    RefusedAttemptsAreDoubled,
}

const ONE_NOTE: &str = "a creation makes at most one note";
const STAYS_DELETED: &str = "a note that is deleted or expired does not come back";
const DONE_ONCE: &str = "no call is done twice";
const TRUE_ANSWERS: &str = "what is acknowledged was done, and what is refused was not";
const NAMED_STATE: &str = "a conditional write replaces the state that it names";
const RIVALS: &str = "a conflict has a rival";
const PURGED: &str = "purged";

struct Protocol {
    calls: Vec<Request>,
    /// When the note expires.
    expires_at: Option<Time>,
    /// When the model ends.
    horizon: Time,
    /// How often a call sends a write again.
    retries: u8,
    flaw: Option<Flaw>,
}

/// Of the creation. The clock of its author may be ahead of others, which is why it is not the least.
const FIRST: Revision = 15;
/// Of the calls, in any order. A model uses one more than it has writers.
const REVISIONS: [Revision; 3] = [10, 20, 30];
const REISSUES: u8 = 1;
/// A creation is accepted until then.
const WINDOW: Time = 3;
/// So long after its beginning, nothing of a call is on its way any more.
const LATENESS: Time = 1;
/// An item stays so much longer than it has to.
const MARGIN: Time = 2;

impl Protocol {
    fn new(calls: &[Request]) -> Self {
        Self {
            calls: calls.to_vec(),
            expires_at: None,
            horizon: 0,
            retries: 1,
            flaw: None,
        }
    }

    /// With notes that expire in the middle of the time in which they may be created.
    fn expiring(self) -> Self {
        Self {
            expires_at: Some(1),
            ..self.aging()
        }
    }

    /// So long that TTL removes what is over.
    fn aging(self) -> Self {
        Self {
            horizon: WINDOW + MARGIN + 1,
            ..self
        }
    }

    fn without_retries(self) -> Self {
        Self { retries: 0, ..self }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn purge_at(&self, end: Time) -> Time {
        let window = if self.has(Flaw::PurgeBeforeTheWindowEnds) {
            0
        } else {
            WINDOW
        };
        end.max(window) + MARGIN
    }

    /// What the table does with an attempt: nothing where it returns what is there instead.
    fn execute(&self, state: &mut State, attempt: Attempt) -> Result<(), Option<Item>> {
        let now = attempt.begun;
        let request = self.calls[attempt.call];
        let replaced = match (request, state.item) {
            (Create, None) => None,
            (Create, Some(item)) => {
                let free = self.has(Flaw::InsertReplacesTheExpired) && !item.is_live(now);
                if !free {
                    return Err(Some(item));
                }
                None
            }
            (_, None) => return Err(None),
            (_, Some(item)) => {
                let grows = item.revision < attempt.revision || self.has(Flaw::RevisionsMayShrink);
                let is_expected = attempt.expected.is_none_or(|it| it == item.revision);
                let is_expected = is_expected || self.has(Flaw::ExpectationIsIgnored);
                if !(item.is_live(now) && grows && is_expected) {
                    return Err(Some(item));
                }
                Some(item)
            }
        };
        state.item = match request {
            Create => Some(Item {
                revision: attempt.revision,
                deleted: false,
                expires_at: self.expires_at,
                purge_at: self.expires_at.map(|it| self.purge_at(it)),
            }),
            Update | UpdateIfNew => replaced.map(|it| Item {
                revision: attempt.revision,
                ..it
            }),
            Delete | DeleteIfNew => (!self.has(Flaw::DeleteRemovesTheItem)).then_some(Item {
                revision: attempt.revision,
                deleted: true,
                expires_at: None,
                purge_at: Some(self.purge_at(now)),
            }),
        };
        state.done[attempt.call] += 1;
        if state.ended && request == Create {
            state.broken.insert(STAYS_DELETED);
        }
        let is_over = self.expires_at.is_some_and(|it| it <= state.now);
        state.ended |= request.deletes() || is_over;
        let named = request.named();
        if named.is_some() && named != replaced.map(|it| it.revision) {
            state.broken.insert(NAMED_STATE);
        }
        Ok(())
    }

    /// What a caller does with an answer to the attempt that it waits for.
    fn receive(&self, state: &mut State, call: usize, answer: Result<(), Option<Item>>) {
        let Caller::Waiting {
            last,
            reissues,
            uncertain,
            ..
        } = state.callers[call]
        else {
            return;
        };
        let request = self.calls[call];
        let uncertain = uncertain && !self.has(Flaw::AttemptsAreNotCounted);
        let told = match answer {
            Ok(()) => Answer::Done,
            Err(Some(item)) if request == Create => {
                if item.is_live(last.begun) {
                    Answer::Done
                } else {
                    Answer::Spent
                }
            }
            Err(Some(item))
                if item.revision == last.revision
                    && item.deleted == request.deletes()
                    && !self.has(Flaw::OwnWriteIsForeign) =>
            {
                Answer::Done
            }
            Err(_) if uncertain && !self.has(Flaw::OwnWriteIsForeign) => Answer::Unknown,
            Err(Some(item)) if item.is_live(last.begun) => {
                let allowed = request.named().is_none_or(|it| it == item.revision);
                if allowed && reissues > 0 {
                    let again = Attempt {
                        number: last.number + 1,
                        // Greater, and no other call's.
                        revision: item.revision + 1 + u8::try_from(call).unwrap(),
                        expected: Some(item.revision),
                        ..last
                    };
                    state.on_the_way.insert(again);
                    state.callers[call] = Caller::Waiting {
                        last: again,
                        retries: self.retries,
                        reissues: reissues - 1,
                        uncertain: false,
                    };
                    return;
                }
                if allowed {
                    Answer::NotWritten
                } else {
                    Answer::Stale
                }
            }
            Err(_) => Answer::Missing,
        };
        let others = || (0..self.calls.len()).filter(|it| *it != call && state.done[*it] > 0);
        let has_cause = match told {
            Answer::Stale => others().any(|it| self.calls[it] != Create),
            Answer::Missing => state.ended || !others().any(|it| self.calls[it] == Create),
            Answer::Spent => state.ended,
            _ => true,
        };
        if !has_cause {
            state.broken.insert(RIVALS);
        }
        state.callers[call] = Caller::Answered(told);
    }

    /// An attempt brought no answer, or a refusal that is not for good: the caller tries again.
    fn try_again(&self, state: &mut State, call: usize, may_have_executed: bool) {
        let Caller::Waiting {
            last,
            retries,
            reissues,
            uncertain,
        } = state.callers[call]
        else {
            return;
        };
        let uncertain = uncertain || may_have_executed;
        if retries == 0 {
            let unknown = uncertain && !self.has(Flaw::UnknownIsNotWritten);
            let told = if unknown {
                Answer::Unknown
            } else {
                Answer::NotWritten
            };
            state.callers[call] = Caller::Answered(told);
            return;
        }
        let fresh = self.has(Flaw::RevisionPerAttempt) && self.calls[call] != Create;
        let again = Attempt {
            number: last.number + 1,
            revision: last.revision + u8::from(fresh),
            ..last
        };
        state.on_the_way.insert(again);
        state.callers[call] = Caller::Waiting {
            last: again,
            retries: retries - 1,
            reissues,
            uncertain,
        };
    }
}

impl Request {
    fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteIfNew)
    }

    /// The revision that it expects.
    fn named(self) -> Option<Revision> {
        matches!(self, Self::UpdateIfNew | Self::DeleteIfNew).then_some(FIRST)
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            now: 0,
            item: None,
            callers: vec![Caller::NotStarted; self.calls.len()],
            on_the_way: BTreeSet::new(),
            doubles: 1,
            revisions: BTreeSet::new(),
            done: vec![0; self.calls.len()],
            ended: false,
            broken: BTreeSet::new(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (call, caller) in state.callers.iter().enumerate() {
            match caller {
                Caller::NotStarted if self.calls[call] == Create => {
                    if state.now <= WINDOW {
                        actions.push(Action::Start(call, FIRST));
                    }
                }
                Caller::NotStarted => {
                    let writers = self.calls.iter().filter(|it| **it != Create).count();
                    let revisions = REVISIONS.iter().take(writers + 1);
                    let free = revisions.filter(|it| !state.revisions.contains(it));
                    actions.extend(free.map(|it| Action::Start(call, *it)));
                }
                Caller::Waiting { last, .. } if state.now <= last.begun + LATENESS => {
                    actions.push(Action::GiveUp(call));
                }
                Caller::Waiting { .. } | Caller::Answered(_) => {}
            }
        }
        let in_time = |it: &&Attempt| state.now <= it.begun + LATENESS;
        for &attempt in state.on_the_way.iter().filter(in_time) {
            actions.push(Action::DeliverSilently(attempt));
            if state.awaits(attempt) {
                actions.push(Action::Deliver(attempt));
                actions.push(Action::Throttle(attempt));
                if state.doubles > 0 {
                    actions.push(Action::DeliverAndDouble(attempt));
                }
            }
        }
        if state.now < self.horizon {
            actions.push(Action::Tick);
        }
        let purge_at = state.item.and_then(|it| it.purge_at);
        if purge_at.is_some_and(|it| it <= state.now) {
            actions.push(Action::Purge);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Start(call, revision) => {
                let attempt = Attempt {
                    call,
                    number: 0,
                    begun: state.now,
                    revision,
                    expected: self.calls[call].named(),
                };
                state.revisions.insert(revision);
                state.on_the_way.insert(attempt);
                state.callers[call] = Caller::Waiting {
                    last: attempt,
                    retries: self.retries,
                    reissues: REISSUES,
                    uncertain: false,
                };
            }
            Action::Deliver(attempt) => {
                state.on_the_way.remove(&attempt);
                let answer = self.execute(&mut state, attempt);
                self.receive(&mut state, attempt.call, answer);
            }
            Action::DeliverSilently(attempt) => {
                state.on_the_way.remove(&attempt);
                let _ = self.execute(&mut state, attempt);
            }
            Action::DeliverAndDouble(attempt) => {
                state.doubles -= 1;
                let answer = self.execute(&mut state, attempt);
                if answer.is_err() && !self.has(Flaw::RefusedAttemptsAreDoubled) {
                    return None;
                }
                self.receive(&mut state, attempt.call, answer);
            }
            Action::Throttle(attempt) => {
                state.on_the_way.remove(&attempt);
                self.try_again(&mut state, attempt.call, false);
            }
            Action::GiveUp(call) => self.try_again(&mut state, call, true),
            Action::Tick => {
                state.now += 1;
                let expires_at = state.item.and_then(|it| it.expires_at);
                state.ended |= expires_at.is_some_and(|it| it <= state.now);
            }
            Action::Purge => state.item = None,
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONE_NOTE, |model, state: &State| model.created(state) <= 1),
            Property::always(STAYS_DELETED, |_, state: &State| {
                !state.broken.contains(STAYS_DELETED)
            }),
            Property::always(DONE_ONCE, |_, state: &State| {
                state.done.iter().all(|it| *it <= 1)
            }),
            Property::always(TRUE_ANSWERS, Self::has_true_answers),
            Property::always(NAMED_STATE, |_, state: &State| {
                !state.broken.contains(NAMED_STATE)
            }),
            Property::always(RIVALS, |_, state: &State| !state.broken.contains(RIVALS)),
            // What these are about does happen.
            Property::sometimes("done", |_, state: &State| state.tells(Answer::Done)),
            Property::sometimes("missing", |_, state: &State| state.tells(Answer::Missing)),
            Property::sometimes("stale", |_, state: &State| state.tells(Answer::Stale)),
            Property::sometimes("spent", |_, state: &State| state.tells(Answer::Spent)),
            Property::sometimes("refused", |_, state: &State| {
                state.tells(Answer::NotWritten)
            }),
            Property::sometimes("unknown", |_, state: &State| state.tells(Answer::Unknown)),
            Property::sometimes(PURGED, |_, state: &State| {
                state.ended && state.item.is_none()
            }),
        ]
    }
}

impl Protocol {
    /// How often the creation was done, by whichever call of it.
    fn created(&self, state: &State) -> u8 {
        let calls = self.calls.iter().zip(&state.done);
        let creations = calls.filter(|(it, _)| **it == Create);
        creations.map(|(_, done)| done).sum()
    }

    fn has_true_answers(&self, state: &State) -> bool {
        let mut calls = self.calls.iter().zip(&state.callers).zip(&state.done);
        calls.all(|((request, caller), done)| match caller {
            Caller::Answered(Answer::Done) if *request == Create => self.created(state) > 0,
            Caller::Answered(Answer::Done) => *done > 0,
            Caller::Answered(Answer::Missing | Answer::Stale | Answer::NotWritten) => *done == 0,
            _ => true,
        })
    }
}

impl State {
    fn awaits(&self, attempt: Attempt) -> bool {
        let caller = self.callers[attempt.call];
        matches!(caller, Caller::Waiting { last, .. } if last == attempt)
    }

    fn tells(&self, answer: Answer) -> bool {
        self.callers.contains(&Caller::Answered(answer))
    }
}

/// What a visit of every state found, or of those until certain properties are decided.
struct Visit {
    states: usize,
    /// The properties that do not hold in every state.
    broken: BTreeSet<&'static str>,
    /// What holds in some state.
    reached: BTreeSet<&'static str>,
}

impl Visit {
    fn of(model: Protocol, until: HasDiscoveries) -> Self {
        let checker = model.checker().threads(2).finish_when(until);
        let checker = checker.spawn_bfs().join();
        let found = checker.discoveries().into_keys();
        let (reached, broken) = found
            .partition(|name| checker.model().property(name).expectation == Expectation::Sometimes);
        Self {
            states: checker.unique_state_count(),
            broken,
            reached,
        }
    }
}

/// Calls that meet at one note, three at a time: with four there are millions of states.
const CALLS: [[Request; 3]; 6] = [
    [Create, Create, Delete],
    [Create, Create, Update],
    [Create, Update, UpdateIfNew],
    [Create, Update, Delete],
    [Create, UpdateIfNew, DeleteIfNew],
    [Create, Update, Update],
];

/// What is reached in any of these models, in none of which a property is broken.
fn sound(models: impl IntoIterator<Item = Protocol>) -> BTreeSet<&'static str> {
    let visit = |model: Protocol| {
        let told = format!("{:?} until {}", model.calls, model.horizon);
        let visit = Visit::of(model, HasDiscoveries::All);
        println!("{told}: {} states", visit.states);
        assert_eq!(visit.broken, BTreeSet::new(), "{told}");
        visit.reached
    };
    models.into_iter().flat_map(visit).collect()
}

#[test]
fn no_order_of_events_breaks_a_promise() {
    let reached = sound(CALLS.map(|it| Protocol::new(&it)));
    let all = ["done", "missing", "refused", "spent", "stale", "unknown"];
    assert!(reached.into_iter().eq(all));
}

#[test]
fn no_order_of_events_breaks_a_promise_while_notes_expire_and_are_purged() {
    let calls = [[Create, Create], [Create, Update], [Create, Delete]];
    let expiring = calls.map(|it| Protocol::new(&it).expiring());
    // A repetition that comes late is a retry, too.
    let deleted = Protocol::new(&[Create, Create, Delete]).without_retries();
    let reached = sound(expiring.into_iter().chain([deleted.aging()]));
    assert!(reached.contains(PURGED) && reached.contains("spent"));
}

#[test]
#[ignore = "millions of states take minutes"]
fn no_order_of_events_of_more_calls_breaks_a_promise() {
    sound([
        Protocol::new(&[Create, Create, Update, Delete]),
        Protocol::new(&[Create, Update, UpdateIfNew, Delete]),
    ]);
}

/// Asserts that a flaw breaks these properties.
#[track_caller]
fn assert_breaks(flaw: Flaw, model: Protocol, properties: &[&'static str]) {
    let flaw = Some(flaw);
    let flawed = Protocol { flaw, ..model };
    let properties: BTreeSet<_> = properties.iter().copied().collect();
    let broken = Visit::of(flawed, HasDiscoveries::AllOf(properties.clone())).broken;
    assert!(broken.is_superset(&properties), "{flaw:?}: {broken:?}");
}

#[test]
fn a_deletion_that_removes_the_item_lets_it_come_back() {
    let model = Protocol::new(&[Create, Create, Delete]);
    assert_breaks(
        Flaw::DeleteRemovesTheItem,
        model,
        &[ONE_NOTE, STAYS_DELETED],
    );
}

#[test]
fn an_insert_that_replaces_the_expired_lets_it_come_back() {
    let model = Protocol::new(&[Create, Create]).expiring();
    assert_breaks(
        Flaw::InsertReplacesTheExpired,
        model,
        &[ONE_NOTE, STAYS_DELETED],
    );
}

#[test]
fn a_purge_before_the_window_ends_lets_it_come_back() {
    let deleted = Protocol::new(&[Create, Create, Delete]).without_retries();
    for model in [Protocol::new(&[Create, Create]).expiring(), deleted.aging()] {
        assert_breaks(
            Flaw::PurgeBeforeTheWindowEnds,
            model,
            &[ONE_NOTE, STAYS_DELETED],
        );
    }
}

#[test]
fn revisions_that_shrink_let_an_update_be_done_twice() {
    let model = Protocol::new(&[Create, Update, Update]);
    assert_breaks(Flaw::RevisionsMayShrink, model, &[DONE_ONCE]);
}

#[test]
fn an_expectation_that_is_ignored_replaces_what_it_does_not_name() {
    let model = Protocol::new(&[Create, Update, UpdateIfNew]);
    assert_breaks(Flaw::ExpectationIsIgnored, model, &[NAMED_STATE]);
}

#[test]
fn a_revision_for_each_attempt_lets_an_update_be_done_twice() {
    let model = Protocol::new(&[Create, Update]);
    assert_breaks(Flaw::RevisionPerAttempt, model, &[DONE_ONCE]);
}

#[test]
fn an_own_write_taken_for_a_rivals_is_a_conflict_without_one() {
    let model = Protocol::new(&[Create, UpdateIfNew]);
    assert_breaks(Flaw::OwnWriteIsForeign, model, &[TRUE_ANSWERS, RIVALS]);
}

#[test]
fn attempts_that_are_not_counted_let_what_was_done_be_refused() {
    let model = Protocol::new(&[Create, Update, Update]);
    assert_breaks(
        Flaw::AttemptsAreNotCounted,
        model,
        &[DONE_ONCE, TRUE_ANSWERS],
    );
}

#[test]
fn an_unknown_outcome_told_as_not_written_is_a_false_answer() {
    let model = Protocol::new(&[Create, Update]);
    assert_breaks(Flaw::UnknownIsNotWritten, model, &[TRUE_ANSWERS]);
}

#[test]
fn a_refused_attempt_that_the_network_repeats_may_be_done_all_the_same() {
    let model = Protocol::new(&[Create, Update]);
    assert_breaks(Flaw::RefusedAttemptsAreDoubled, model, &[TRUE_ANSWERS]);
}
