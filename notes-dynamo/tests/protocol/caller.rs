use crate::flaw::Flaw;
use crate::model::RIVALS;
use crate::protocol::Protocol;
use crate::request::Request::Create;
use crate::request::Response;
use crate::state::{Attempt, Caller, Item, State};

impl Protocol {
    /// What a caller does with a response to the attempt that it waits for.
    pub(crate) fn receive(
        &self,
        state: &mut State,
        call: usize,
        response: Result<(), Option<Item>>,
    ) {
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
        let told = match response {
            Ok(()) => Response::Done,
            Err(None) if request == Create => Response::Expired,
            Err(Some(item)) if request == Create => {
                if item.is_live(last.begun) {
                    Response::Done
                } else {
                    Response::Spent
                }
            }
            Err(Some(item))
                if item.revision == last.revision
                    && item.deleted == request.deletes()
                    && !self.has(Flaw::OwnWriteIsForeign) =>
            {
                Response::Done
            }
            Err(_) if uncertain && !self.has(Flaw::OwnWriteIsForeign) => Response::Unknown,
            Err(Some(item)) if self.finds_live(request, item, last.begun) => {
                let allowed = request.named().is_none_or(|named| named == item.revision);
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
                    Response::NotWritten
                } else {
                    Response::Stale
                }
            }
            Err(_) => Response::Missing,
        };
        let others =
            || (0..self.calls.len()).filter(|other| *other != call && state.done[*other] > 0);
        let has_cause = match told {
            Response::Stale => others().any(|other| self.calls[other] != Create),
            Response::Missing => {
                let is_near_expiry = response
                    .err()
                    .flatten()
                    .is_some_and(|item| !self.finds_live(request, item, last.begun));
                state.ended || is_near_expiry || !others().any(|other| self.calls[other] == Create)
            }
            Response::Spent => state.ended,
            _ => true,
        };
        if !has_cause {
            state.broken.insert(RIVALS);
        }
        state.callers[call] = Caller::Done(told);
    }

    /// An attempt brought no response, or a refusal that is not for good: the caller tries again.
    pub(crate) fn try_again(&self, state: &mut State, call: usize, may_have_executed: bool) {
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
                Response::Unknown
            } else {
                Response::NotWritten
            };
            state.callers[call] = Caller::Done(told);
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
