use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use notes_core::Expiry;

/// What clients asked for, and the responses: a handle to one record of all requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    moments: u64,
    requests: usize,
    records: Vec<Record>,
}

/// A request and its response, as far as it is about one note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) client: usize,
    /// The note's id.
    pub(crate) note: String,
    /// How often all that its user had was purged before: after a purge, an id is as if it was never used.
    pub(crate) life: usize,
    pub(crate) action: Action,
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    /// The times of the beginning and the end in milliseconds, on the slowest clock of all servers.
    pub(crate) times: (u64, u64),
    pub(crate) response: Response,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Each time that a creation is sent it asks for the same.
    Create(Fields),
    Read,
    Patch(Fields, Condition),
    Delete(Condition),
}

/// A member of a note that its author writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Title,
    Content,
    Category,
    Expiry,
}

/// What a note has, or what a write puts into it. `None` is "does not have it"; what a write does not mention stays
/// as it is, but for an expiry that the retention setting moves.
///
/// Each write puts at least one value into the note that no other write puts there, unless it is the same
/// request, sent again.
pub(crate) type Fields = BTreeMap<Field, Option<String>>;

/// Which states a write may replace, by their tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    None,
    /// `If-Match`
    Is(String),
    /// `If-None-Match`
    IsNot(String),
}

/// What the response says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Response {
    /// The note as it is.
    Note(Sighting),
    /// 204.
    Deleted,
    /// 404, or not in a list.
    Missing,
    /// 412.
    Stale,
    /// 409.
    Spent,
    /// 422: the id was used for another creation.
    OtherContents,
    /// 400 for its time: an expiry that has passed, an id that is too old.
    TooLate,
    /// 503, and nothing was written.
    NotWritten,
    /// 503, and it may have happened.
    Unknown,
    /// 500, and nothing was written.
    Failed,
    /// Anything else.
    Other(String),
}

/// A note as it was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) fields: Fields,
    pub(crate) tag: String,
}

impl History {
    /// The present moment, which nothing else shares.
    pub(crate) fn moment(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        state.moments += 1;
        state.moments
    }

    pub(crate) fn push(&self, record: Record) {
        self.0.lock().unwrap().records.push(record);
    }

    pub(crate) fn count_request(&self) {
        self.0.lock().unwrap().requests += 1;
    }

    /// How many requests were sent. A list is one of them, and a record of each note.
    pub(crate) fn requests(&self) -> usize {
        self.0.lock().unwrap().requests
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        self.0.lock().unwrap().records.clone()
    }
}

impl Record {
    /// What the note has if this was done and the last to write it.
    pub(crate) fn writes(&self) -> Option<&Fields> {
        match &self.action {
            Action::Create(fields) | Action::Patch(fields, _) => Some(fields),
            Action::Read | Action::Delete(_) => None,
        }
    }

    /// The values that no other request puts into the note: its texts, or its expiry if it has none.
    pub(crate) fn stamps(&self) -> impl Iterator<Item = (&Field, &str)> {
        let fields = || {
            let fields = self.writes().into_iter().flatten();
            fields.filter_map(|(field, value)| Some((field, value.as_deref()?)))
        };
        let has_text = fields().any(|(field, _)| *field != Field::Expiry);
        fields().filter(move |(field, _)| !has_text || **field != Field::Expiry)
    }

    pub(crate) fn is_create(&self) -> bool {
        matches!(self.action, Action::Create(_))
    }

    pub(crate) fn is_patch(&self) -> bool {
        matches!(self.action, Action::Patch(..))
    }

    pub(crate) fn is_delete(&self) -> bool {
        matches!(self.action, Action::Delete(_))
    }

    pub(crate) fn condition(&self) -> &Condition {
        match &self.action {
            Action::Patch(_, condition) | Action::Delete(condition) => condition,
            Action::Create(_) | Action::Read => &Condition::None,
        }
    }

    /// The state that it expects.
    pub(crate) fn if_match(&self) -> Option<&str> {
        match self.condition() {
            Condition::Is(tag) => Some(tag),
            Condition::None | Condition::IsNot(_) => None,
        }
    }

    pub(crate) fn sighting(&self) -> Option<&Sighting> {
        match &self.response {
            Response::Note(sighting) => Some(sighting),
            _ => None,
        }
    }

    pub(crate) fn is_acknowledged(&self) -> bool {
        matches!(self.response, Response::Note(_) | Response::Deleted)
    }

    /// Whether it was done, or may have been, or may yet be.
    ///
    /// Of the responses that refuse, only one may hide an attempt of the very request that was done:
    /// - `Spent`: an attempt that came late made the note, somebody deleted it, or it expired, and the next attempt
    ///   found what was left of it.
    /// - `OtherContents` does not: what is there was not made by an attempt of this creation, and within one life of
    ///   an id nothing takes the place of what was. Nor do `Missing` and `Stale`: an update or a deletion is told so
    ///   only while none of its attempts is in doubt; otherwise it is told `Unknown`.
    /// - `TooLate` is told before anything is sent. `NotWritten` and `Failed` promise that nothing was written.
    pub(crate) fn may_be_done(&self) -> bool {
        self.is_acknowledged() || matches!(self.response, Response::Spent | Response::Unknown)
    }

    /// Until when it may be done.
    pub(crate) fn done_by(&self) -> u64 {
        if self.response == Response::Unknown {
            u64::MAX
        } else {
            self.ended
        }
    }
}

impl Sighting {
    /// When the note expires, in seconds.
    pub(crate) fn expiry(&self) -> Option<u64> {
        seconds(self.fields[&Field::Expiry].as_ref()?)
    }
}

/// An expiry's text in seconds since the Unix epoch.
pub(crate) fn seconds(expiry: &str) -> Option<u64> {
    Some(expiry.parse::<Expiry>().ok()?.as_secs())
}
