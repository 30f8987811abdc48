use std::collections::BTreeMap;

use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

use crate::history::{Action, Answer, Record};

/// A note as one thread alone would see it: what each request does, and what it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Note {
    Absent,
    /// With this content. No two writes write the same.
    Live(String),
    Spent,
}

/// A request, with the content of the state that it expects instead of its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Request {
    Create(String),
    Read,
    Patch(String, Option<String>),
    Delete(Option<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reply {
    Note(String),
    /// The note was created, by this request or before.
    Created,
    Deleted,
    Missing,
    Stale,
    Spent,
}

impl SequentialSpec for Note {
    type Op = Request;
    type Ret = Reply;

    fn invoke(&mut self, request: &Request) -> Reply {
        match (&*self, request) {
            (Self::Absent, Request::Create(content)) => {
                *self = Self::Live(content.clone());
                Reply::Created
            }
            (Self::Live(_), Request::Create(_)) => Reply::Created,
            (Self::Spent, Request::Create(_)) => Reply::Spent,
            (Self::Absent | Self::Spent, _) => Reply::Missing,
            (
                Self::Live(content),
                Request::Patch(_, Some(expected)) | Request::Delete(Some(expected)),
            ) if content != expected => Reply::Stale,
            (Self::Live(content), Request::Read) => Reply::Note(content.clone()),
            (Self::Live(_), Request::Patch(content, _)) => {
                *self = Self::Live(content.clone());
                Reply::Note(content.clone())
            }
            (Self::Live(_), Request::Delete(_)) => {
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
    let tagged = records.iter().filter_map(|it| it.sighting());
    let contents: BTreeMap<_, _> = tagged.map(|it| (it.tag.as_str(), &it.content)).collect();
    let mut done = Vec::new();
    for record in records {
        let expected = record.if_match().map(|it| contents[it].clone());
        let request = match &record.action {
            Action::Create { title } => Request::Create(title.clone()),
            Action::Read => Request::Read,
            Action::Patch { content, .. } => Request::Patch(content.clone(), expected),
            Action::Delete { .. } => Request::Delete(expected),
        };
        let is_creation = matches!(request, Request::Create(_));
        let reply = match &record.answer {
            Answer::NotWritten => continue,
            Answer::Unknown => None,
            Answer::Note(sighting) => Some(Reply::Note(sighting.content.clone())),
            Answer::Deleted => Some(Reply::Deleted),
            Answer::Missing => Some(Reply::Missing),
            Answer::Stale => Some(Reply::Stale),
            Answer::Spent => Some(Reply::Spent),
            Answer::Other(_) => return false,
        };
        // A creation that finds that it was done before is answered with what is there now, which
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
        events.extend(reply.map(|it| (record.ended, thread, Err(it))));
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
