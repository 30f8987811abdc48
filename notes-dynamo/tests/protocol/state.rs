use std::collections::BTreeSet;

use crate::request::Response;

/// What the table holds under the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Item {
    pub(crate) revision: Revision,
    pub(crate) deleted: bool,
    pub(crate) expires_at: Option<Time>,
    pub(crate) purge_at: Option<Time>,
}

pub(crate) type Revision = u8;
pub(crate) type Time = u8;

impl Item {
    pub(crate) fn is_live(self, now: Time) -> bool {
        !self.deleted && self.expires_at.is_none_or(|time| time > now)
    }
}

/// An attempt on its way to the table: the condition that it depends on, and who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Attempt {
    pub(crate) call: usize,
    /// Attempts of a call are numbered, so that a response to an old one is not taken for another's.
    pub(crate) number: u8,
    /// When the call began: the time by which it judges what has expired.
    pub(crate) begun: Time,
    pub(crate) revision: Revision,
    pub(crate) expected: Option<Revision>,
}

/// What a caller knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
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
    Done(Response),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) now: Time,
    pub(crate) item: Option<Item>,
    pub(crate) callers: Vec<Caller>,
    pub(crate) on_the_way: BTreeSet<Attempt>,
    pub(crate) doubles: u8,
    /// Those that calls began with.
    pub(crate) revisions: BTreeSet<Revision>,
    /// How often each call was done: what nobody in the system can see.
    pub(crate) done: Vec<u8>,
    /// Whether the note was deleted or expired.
    pub(crate) ended: bool,
    /// Properties that were seen not to hold.
    pub(crate) broken: BTreeSet<&'static str>,
}

impl State {
    pub(crate) fn awaits(&self, attempt: Attempt) -> bool {
        let caller = self.callers[attempt.call];
        matches!(caller, Caller::Waiting { last, .. } if last == attempt)
    }

    pub(crate) fn tells(&self, response: Response) -> bool {
        self.callers.contains(&Caller::Done(response))
    }
}
