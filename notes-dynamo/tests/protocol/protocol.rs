use crate::flaw::Flaw;
use crate::request::Request;
use crate::state::{Item, Revision, Time};

pub(crate) struct Protocol {
    pub(crate) calls: Vec<Request>,
    pub(crate) expiry: Expiry,
    /// When the model ends.
    pub(crate) horizon: Time,
    /// So long after its beginning, nothing of a call is on its way any more.
    pub(crate) lateness: Time,
    /// So long before its expiry a note counts as expired for an update that moves it.
    pub(crate) expiry_margin: Time,
    /// How often a call sends a write again.
    pub(crate) retries: u8,
    pub(crate) flaw: Option<Flaw>,
}

/// Of the creation. The clock of its author may be ahead of others, which is why it is not the least.
pub(crate) const FIRST: Revision = 15;
/// Of the calls, in any order. A model uses one more than it has writers.
pub(crate) const REVISIONS: [Revision; 3] = [10, 20, 30];
pub(crate) const REISSUES: u8 = 1;
/// A creation is accepted until then.
pub(crate) const WINDOW: Time = 3;

/// When the note expires.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expiry {
    Never,
    /// As its author said.
    At(Time),
    /// So long after its creation, by the retention setting.
    After(Time),
}

impl Protocol {
    pub(crate) fn new(calls: &[Request]) -> Self {
        Self {
            calls: calls.to_vec(),
            expiry: Expiry::Never,
            horizon: 0,
            lateness: 1,
            expiry_margin: 1,
            retries: 1,
            flaw: None,
        }
    }

    /// With notes that expire in the middle of the time in which they may be created.
    pub(crate) fn expiring(self) -> Self {
        Self {
            expiry: Expiry::After(1),
            ..self.aging()
        }
    }

    /// With notes that expire when their author said, also when they are created late.
    pub(crate) fn expiring_at(self, expiry: Time) -> Self {
        Self {
            expiry: Expiry::At(expiry),
            ..self.aging()
        }
    }

    /// With attempts that are late by up to so much, and such a margin for updates of the expiry.
    pub(crate) fn with_lateness(self, lateness: Time, expiry_margin: Time) -> Self {
        Self {
            lateness,
            expiry_margin,
            ..self
        }
    }

    /// So long that TTL removes what is over.
    pub(crate) fn aging(self) -> Self {
        Self {
            horizon: WINDOW + self.purge_margin() + 1,
            ..self
        }
    }

    pub(crate) fn without_retries(self) -> Self {
        Self { retries: 0, ..self }
    }

    pub(crate) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(crate) fn purge_at(&self, end: Time) -> Time {
        let window = if self.has(Flaw::PurgeBeforeTheWindowEnds) {
            0
        } else {
            WINDOW
        };
        end.max(window) + self.purge_margin()
    }

    /// An item stays so much longer than it has to: longer than a repetition of its creation is late.
    pub(crate) fn purge_margin(&self) -> Time {
        self.lateness + 1
    }

    /// When a note expires whose creation began then.
    pub(crate) fn expires_at(&self, begun: Time) -> Option<Time> {
        match self.expiry {
            Expiry::Never => None,
            Expiry::At(time) => Some(time),
            Expiry::After(time) => Some(begun + time),
        }
    }

    /// Whether a request that began then finds the note live.
    pub(crate) fn finds_live(&self, request: Request, item: Item, begun: Time) -> bool {
        let margin = if request.moves_expiry() {
            self.expiry_margin
        } else {
            0
        };
        item.is_live(begun + margin)
    }
}
