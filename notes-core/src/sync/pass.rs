use std::time::Duration;

use crate::sync::position::ChangePosition;
use crate::value::timestamp::Timestamp;

/// How far a client is: what its token says.
///
/// A client begins with a *listing* of all live notes. From then on it makes one *pass* after another, each over
/// what was written since the one before. Listing and pass take as many pages as they need, and `last` stays the
/// same until they have ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Progress {
    /// When the listing, or the last pass that has ended, began. What was written since is to be read; the age of
    /// the token counts from here.
    pub(crate) last: Timestamp,
    pub(crate) phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// Between two passes.
    Idle,
    /// In a listing, which goes on after this position.
    Listing { position: ChangePosition },
    /// In a pass that began at `start` and goes on after this position.
    Running {
        start: Timestamp,
        position: ChangePosition,
    },
}

/// One page of a listing or a pass, before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    last: Timestamp,
    /// When the pass began; `None` in a listing.
    start: Option<Timestamp>,
    /// Where the page before has ended; `None` for the first page.
    position: Option<ChangePosition>,
}

impl Step {
    /// The first page of a client that has nothing.
    pub(crate) fn first(now: Timestamp) -> Self {
        Self {
            last: now,
            start: None,
            position: None,
        }
    }

    /// The page after this progress. `None` if it is older than the horizon, at whichever page of a pass:
    /// deleted or expired notes that the client still has may have been removed meanwhile.
    pub(crate) fn after(progress: Progress, now: Timestamp, horizon: Duration) -> Option<Self> {
        if progress.last < now.saturating_sub(horizon) {
            return None;
        }
        let (start, position) = match progress.phase {
            Phase::Idle => (Some(now), None),
            Phase::Listing { position } => (None, Some(position)),
            Phase::Running { start, position } => (Some(start), Some(position)),
        };
        Some(Self {
            last: progress.last,
            start,
            position,
        })
    }

    /// From which time on writes are to be read; `None` for all live notes.
    pub(crate) fn since(&self, overlap: Duration) -> Option<Timestamp> {
        self.start.map(|_| self.last.saturating_sub(overlap))
    }

    /// After which position the page begins.
    pub(crate) fn position(&self) -> Option<&ChangePosition> {
        self.position.as_ref()
    }

    /// How far the client is when this page has been read up to a position, or, with `None`, to the end of the
    /// listing or the pass.
    pub(crate) fn progress_at(&self, position: Option<ChangePosition>) -> Progress {
        let (last, phase) = match (self.start, position) {
            (None, Some(position)) => (self.last, Phase::Listing { position }),
            (Some(start), Some(position)) => (self.last, Phase::Running { start, position }),
            // What changed while the listing ran is for the pass after it.
            (None, None) => (self.last, Phase::Idle),
            (Some(start), None) => (start, Phase::Idle),
        };
        Progress { last, phase }
    }

    /// Whether more is to be read at once, when this page has been read up to a position, or to the end.
    pub(crate) fn has_more_at(&self, position: Option<&ChangePosition>) -> bool {
        position.is_some() || self.start.is_none()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sync::bounds::{DEFAULT_HORIZON, OVERLAP};

    const NOW: Timestamp = Timestamp::from_millis(1_795_373_220_123);

    fn later(millis: u64) -> Timestamp {
        Timestamp::from_millis(NOW.as_millis() + millis)
    }

    fn position(byte: u8) -> ChangePosition {
        ChangePosition::try_from(&[byte][..]).unwrap()
    }

    fn step(progress: &Progress, now: Timestamp) -> Step {
        Step::after(progress.clone(), now, DEFAULT_HORIZON).unwrap()
    }

    #[test]
    fn a_pass_over_what_changed_meanwhile_follows_the_listing() {
        let first = Step::first(NOW);
        assert_eq!(first.since(OVERLAP), None);
        assert_eq!(first.position(), None);

        let progress = first.progress_at(Some(position(1)));
        let second = step(&progress, later(1_000));
        assert_eq!(second.since(OVERLAP), None);
        assert_eq!(second.position(), Some(&position(1)));

        let listed = second.progress_at(None);
        assert!(second.has_more_at(None));
        let pass = step(&listed, later(2_000));
        let overlap = u64::try_from(OVERLAP.as_millis()).unwrap();
        let since = Timestamp::from_millis(NOW.as_millis() - overlap);
        assert_eq!(pass.since(OVERLAP), Some(since));
        assert_eq!(pass.position(), None);
    }

    #[test]
    fn the_bounds_of_a_pass_stay_while_it_runs() {
        let idle = Progress {
            last: NOW,
            phase: Phase::Idle,
        };
        let first = step(&idle, later(5_000));
        let progress = first.progress_at(Some(position(1)));
        let second = step(&progress, later(9_000));
        assert_eq!(second.since(OVERLAP), first.since(OVERLAP));
        let ended = Progress {
            last: later(5_000),
            phase: Phase::Idle,
        };
        assert_eq!(second.progress_at(None), ended);
        assert!(!second.has_more_at(None));
        assert!(second.has_more_at(Some(&position(2))));
    }

    #[test]
    fn what_is_older_than_the_horizon_is_refused_at_every_page() {
        let horizon = Duration::from_secs(1);
        let start = later(900);
        for phase in [
            Phase::Idle,
            Phase::Listing {
                position: position(1),
            },
            Phase::Running {
                start,
                position: position(1),
            },
        ] {
            let progress = Progress { last: NOW, phase };
            let at = |now| Step::after(progress.clone(), now, horizon).is_some();
            assert!(at(later(1_000)));
            assert!(!at(later(1_001)));
        }
    }

    #[test]
    fn a_pass_may_begin_before_the_last_one_by_another_clock() {
        let idle = Progress {
            last: later(60_000),
            phase: Phase::Idle,
        };
        let pass = step(&idle, NOW);
        assert_eq!(pass.progress_at(None).last, NOW);
    }

    proptest! {
        /// The overlap reaches back to 1970 at most.
        #[test]
        fn every_time_has_a_pass(last in 0..=Timestamp::MAX.as_millis(), now in 0..=Timestamp::MAX.as_millis()) {
            let progress = Progress {
                last: Timestamp::from_millis(last),
                phase: Phase::Idle,
            };
            let now = Timestamp::from_millis(now);
            let pass = Step::after(progress, now, Duration::MAX).unwrap();
            let overlap = u64::try_from(OVERLAP.as_millis()).unwrap();
            let since = pass.since(OVERLAP).unwrap();
            prop_assert_eq!(since.as_millis(), last.saturating_sub(overlap));
            prop_assert_eq!(pass.progress_at(None).last, now);
        }
    }
}
