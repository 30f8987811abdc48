use std::collections::BTreeMap;

use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

use crate::history::{Action, Condition, Fields, Record, Response};

/// A note as one thread alone would see it: what each request does, and the response to it. Notes here do not expire.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Note {
    Absent,
    Live {
        creation: Fields,
        /// No two states have the same fields.
        now: Fields,
    },
    Spent,
}

/// A request, with states instead of their tags in its condition.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Request {
    Create(Fields),
    Read,
    Patch(Fields, Expected),
    Delete(Expected),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    Any,
    Is(Fields),
    IsNot(Fields),
}

impl Expected {
    fn allows(&self, state: &Fields) -> bool {
        match self {
            Self::Any => true,
            Self::Is(expected) => expected == state,
            Self::IsNot(excluded) => excluded != state,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reply {
    Note(Fields),
    /// The note was created, by this request or before.
    Created,
    OtherContents,
    Deleted,
    Missing,
    Stale,
    Spent,
}

impl SequentialSpec for Note {
    type Op = Request;
    type Ret = Reply;

    fn invoke(&mut self, request: &Request) -> Reply {
        match (&mut *self, request) {
            (Self::Absent, Request::Create(fields)) => {
                *self = Self::Live {
                    creation: fields.clone(),
                    now: fields.clone(),
                };
                Reply::Created
            }
            (Self::Live { creation, .. }, Request::Create(fields)) if creation == fields => {
                Reply::Created
            }
            (Self::Live { .. }, Request::Create(_)) => Reply::OtherContents,
            (Self::Spent, Request::Create(_)) => Reply::Spent,
            (Self::Absent | Self::Spent, _) => Reply::Missing,
            (Self::Live { now, .. }, Request::Read) => Reply::Note(now.clone()),
            (Self::Live { now, .. }, Request::Patch(_, expected) | Request::Delete(expected))
                if !expected.allows(now) =>
            {
                Reply::Stale
            }
            (Self::Live { now, .. }, Request::Patch(fields, _)) => {
                now.extend(fields.clone());
                Reply::Note(now.clone())
            }
            (Self::Live { .. }, Request::Delete(_)) => {
                *self = Self::Spent;
                Reply::Deleted
            }
        }
    }
}

/// Whether the requests about one note had an effect as if each had been done at one moment between
/// its beginning and its end. One whose outcome is unknown has no end: it may be done at any moment
/// from its beginning on, or never.
pub(crate) fn is_linearizable(records: &[&Record]) -> bool {
    let tagged = records.iter().filter_map(|record| record.sighting());
    let states: BTreeMap<_, _> = tagged
        .map(|sighting| (sighting.tag.as_str(), &sighting.fields))
        .collect();
    let state = |tag: &str| states[tag].clone();
    let mut done = Vec::new();
    for record in records {
        let expected = match record.condition() {
            Condition::None => Expected::Any,
            Condition::Is(tag) => Expected::Is(state(tag)),
            Condition::IsNot(tag) => Expected::IsNot(state(tag)),
        };
        let request = match &record.action {
            Action::Create(fields) => Request::Create(fields.clone()),
            Action::Read => Request::Read,
            Action::Patch(fields, _) => Request::Patch(fields.clone(), expected),
            Action::Delete(_) => Request::Delete(expected),
        };
        let is_creation = matches!(request, Request::Create(_));
        let reply = match &record.response {
            Response::NotWritten | Response::TooLate => continue,
            Response::Unknown => None,
            Response::Note(sighting) => Some(Reply::Note(sighting.fields.clone())),
            Response::Deleted => Some(Reply::Deleted),
            Response::Missing => Some(Reply::Missing),
            Response::Stale => Some(Reply::Stale),
            Response::Spent => Some(Reply::Spent),
            Response::OtherContents => Some(Reply::OtherContents),
            Response::Failed | Response::Other(_) => return false,
        };
        // A creation that finds that it was done before responds with what is there now, which
        // others may have changed or deleted since.
        match reply {
            Some(Reply::Note(_)) if is_creation => {
                done.push((record, request, Some(Reply::Created)));
                done.push((record, Request::Read, reply));
            }
            Some(Reply::Spent) => {
                done.push((record, request.clone(), None));
                done.push((record, request, reply));
            }
            _ => done.push((record, request, reply)),
        }
    }
    let mut events = Vec::new();
    // A request is a thread of its own: what follows what, the moments say.
    for (thread, (record, request, reply)) in done.into_iter().enumerate() {
        events.push((record.begun, thread, Ok(request)));
        events.extend(reply.map(|reply| (record.ended, thread, Err(reply))));
    }
    events.sort_by_key(|(moment, ..)| *moment);

    let mut tester = LinearizabilityTester::new(Note::Absent);
    for (_, thread, event) in events {
        let valid = match event {
            Ok(request) => tester.on_invoke(thread, request).map(drop),
            Err(reply) => tester.on_return(thread, reply).map(drop),
        };
        valid.unwrap();
    }
    tester.is_consistent()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_history_is_linearizable_with_a_response_that_no_request_should_get() {
        let is_allowed = |response| {
            let record = Record {
                client: 0,
                note: "a".to_owned(),
                life: 0,
                action: Action::Delete(Condition::None),
                begun: 1,
                ended: 2,
                times: (1, 2),
                response,
            };
            is_linearizable(&[&record])
        };
        for response in [Response::Missing, Response::NotWritten, Response::Unknown] {
            assert!(is_allowed(response.clone()), "{response:?}");
        }
        for response in [Response::Failed, Response::Other("403".to_owned())] {
            assert!(!is_allowed(response.clone()), "{response:?}");
        }
    }
}
