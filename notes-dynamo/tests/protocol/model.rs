use std::collections::BTreeSet;

use stateright::{Model, Property};

use crate::flaw::Flaw;
use crate::protocol::{FIRST, Protocol, REISSUES, REVISIONS, WINDOW};
use crate::request::Request::Create;
use crate::request::Response;
use crate::state::{Attempt, Caller, Revision, State};

pub(crate) const ONE_NOTE: &str = "a creation makes at most one note";
pub(crate) const STAYS_DELETED: &str = "a note that is deleted or expired does not come back";
pub(crate) const DONE_ONCE: &str = "no call is done twice";
pub(crate) const TRUE_RESPONSES: &str =
    "what is acknowledged was done, and what is refused was not";
pub(crate) const NAMED_STATE: &str = "a conditional write replaces the state that it names";
pub(crate) const RIVALS: &str = "a conflict has a rival";
pub(crate) const PURGED: &str = "purged";

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A call begins. Clocks differ: its revision may be any that no other call has.
    Start(usize, Revision),
    /// An attempt is executed, and its response arrives if its caller still waits for it.
    Deliver(Attempt),
    /// An attempt is executed, and its response is lost.
    DeliverSilently(Attempt),
    /// An attempt is executed and responded to, and stays on the way.
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
                    let writers = self
                        .calls
                        .iter()
                        .filter(|request| **request != Create)
                        .count();
                    let revisions = REVISIONS.iter().take(writers + 1);
                    let free = revisions.filter(|revision| !state.revisions.contains(revision));
                    actions.extend(free.map(|revision| Action::Start(call, *revision)));
                }
                Caller::Waiting { last, .. } if state.now <= last.begun + self.lateness => {
                    actions.push(Action::GiveUp(call));
                }
                Caller::Waiting { .. } | Caller::Done(_) => {}
            }
        }
        let in_time = |attempt: &&Attempt| state.now <= attempt.begun + self.lateness;
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
        let purge_at = state.item.and_then(|item| item.purge_at);
        if purge_at.is_some_and(|time| time <= state.now) {
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
                let response = self.execute(&mut state, attempt);
                self.receive(&mut state, attempt.call, response);
            }
            Action::DeliverSilently(attempt) => {
                state.on_the_way.remove(&attempt);
                let _ = self.execute(&mut state, attempt);
            }
            Action::DeliverAndDouble(attempt) => {
                state.doubles -= 1;
                let response = self.execute(&mut state, attempt);
                if response.is_err() && !self.has(Flaw::RefusedAttemptsAreDoubled) {
                    return None;
                }
                self.receive(&mut state, attempt.call, response);
            }
            Action::Throttle(attempt) => {
                state.on_the_way.remove(&attempt);
                self.try_again(&mut state, attempt.call, false);
            }
            Action::GiveUp(call) => self.try_again(&mut state, call, true),
            Action::Tick => {
                state.now += 1;
                let expires_at = state.item.and_then(|item| item.expires_at);
                state.ended |= expires_at.is_some_and(|time| time <= state.now);
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
                state.done.iter().all(|times| *times <= 1)
            }),
            Property::always(TRUE_RESPONSES, Self::has_true_responses),
            Property::always(NAMED_STATE, |_, state: &State| {
                !state.broken.contains(NAMED_STATE)
            }),
            Property::always(RIVALS, |_, state: &State| !state.broken.contains(RIVALS)),
            // What these are about does happen.
            Property::sometimes("done", |_, state: &State| state.tells(Response::Done)),
            Property::sometimes("missing", |_, state: &State| state.tells(Response::Missing)),
            Property::sometimes("stale", |_, state: &State| state.tells(Response::Stale)),
            Property::sometimes("spent", |_, state: &State| state.tells(Response::Spent)),
            Property::sometimes("expired", |_, state: &State| state.tells(Response::Expired)),
            Property::sometimes("refused", |_, state: &State| {
                state.tells(Response::NotWritten)
            }),
            Property::sometimes("unknown", |_, state: &State| state.tells(Response::Unknown)),
            Property::sometimes(PURGED, |_, state: &State| {
                state.ended && state.item.is_none()
            }),
        ]
    }
}

impl Protocol {
    /// How often the creation was done, by whichever call of it.
    pub(crate) fn created(&self, state: &State) -> u8 {
        let calls = self.calls.iter().zip(&state.done);
        let creations = calls.filter(|(request, _)| **request == Create);
        creations.map(|(_, done)| done).sum()
    }

    pub(crate) fn has_true_responses(&self, state: &State) -> bool {
        let mut calls = self.calls.iter().zip(&state.callers).zip(&state.done);
        calls.all(|((request, caller), done)| match caller {
            Caller::Done(Response::Done) if *request == Create => self.created(state) > 0,
            Caller::Done(Response::Done) => *done > 0,
            Caller::Done(
                Response::Missing | Response::Stale | Response::Expired | Response::NotWritten,
            ) => *done == 0,
            _ => true,
        })
    }
}
