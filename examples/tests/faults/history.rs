use std::sync::{Arc, Mutex};

/// What clients asked for and were answered: a handle to one record of all requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    moments: u64,
    requests: usize,
    records: Vec<Record>,
}

/// A request and its answer, as far as it is about one note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) client: usize,
    /// The note's id.
    pub(crate) note: String,
    pub(crate) action: Action,
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    pub(crate) answer: Answer,
}

/// What was asked for. What a write puts into a note is put there by no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Its content is its title.
    Create {
        title: String,
    },
    Read,
    Patch {
        content: String,
        if_match: Option<String>,
    },
    Delete {
        if_match: Option<String>,
    },
}

/// What the answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
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
    /// 503, and nothing was written.
    NotWritten,
    /// 503, and it may have happened.
    Unknown,
    /// Anything else.
    Other(String),
}

/// A note as it was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) title: String,
    pub(crate) content: String,
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
    /// The content that the note has if this was done.
    pub(crate) fn writes(&self) -> Option<&str> {
        match &self.action {
            Action::Create { title } => Some(title),
            Action::Patch { content, .. } => Some(content),
            Action::Read | Action::Delete { .. } => None,
        }
    }

    pub(crate) fn if_match(&self) -> Option<&str> {
        match &self.action {
            Action::Patch { if_match, .. } | Action::Delete { if_match } => if_match.as_deref(),
            Action::Create { .. } | Action::Read => None,
        }
    }

    pub(crate) fn is_delete(&self) -> bool {
        matches!(self.action, Action::Delete { .. })
    }

    pub(crate) fn sighting(&self) -> Option<&Sighting> {
        match &self.answer {
            Answer::Note(sighting) => Some(sighting),
            _ => None,
        }
    }

    pub(crate) fn is_acknowledged(&self) -> bool {
        matches!(self.answer, Answer::Note(_) | Answer::Deleted)
    }

    /// Whether it was done, or may have been, or may yet be.
    ///
    /// A creation that is told that its id is spent may have spent it: an attempt that came late made the
    /// note, somebody deleted it, and the next attempt found the tombstone. No other refusal hides an
    /// attempt of the same request: an update or a deletion that is refused while an attempt is in doubt is
    /// answered [`Answer::Unknown`].
    pub(crate) fn may_be_done(&self) -> bool {
        self.is_acknowledged() || matches!(self.answer, Answer::Spent | Answer::Unknown)
    }

    /// Until when it may be done.
    pub(crate) fn done_by(&self) -> u64 {
        if self.answer == Answer::Unknown {
            u64::MAX
        } else {
            self.ended
        }
    }
}
