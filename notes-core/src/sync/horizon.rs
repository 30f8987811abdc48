use std::time::Duration;

use crate::sync::bounds::{DEFAULT_HORIZON, OVERLAP};

/// How old tokens of sync may be, and how long deleted and expired notes are kept for them: at least 35 minutes
/// ([`Horizon::MIN`]), and 90 days by default ([`DEFAULT_HORIZON`](crate::sync_bounds::DEFAULT_HORIZON)).
///
/// A longer one lets devices stay offline for longer. But a note that is deleted, or to which an update gives an
/// expiry, stays in the store, invisible, for that long after the write. If that is longer than a retention setting,
/// the contents of expired notes stay for longer than the retention.
///
/// It should be much longer than the minimum, and it has to be longer than a device takes to read all notes: with a
/// shorter one, its token is refused before it has come to the end, again and again.
///
/// ```
/// use std::time::Duration;
///
/// use notes_core::Horizon;
///
/// let month = Horizon::try_from(Duration::from_secs(30 * 24 * 60 * 60))?;
/// assert!(month < Horizon::default());
/// assert!(Horizon::try_from(Duration::ZERO).is_err());
/// # Ok::<(), notes_core::InvalidHorizon>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Horizon(Duration);

impl Horizon {
    /// The shortest horizon: [`OVERLAP`](crate::sync_bounds::OVERLAP), 35 minutes.
    ///
    /// The clocks of two processes may differ by twice [`AHEAD`](crate::sync_bounds::AHEAD), 32 minutes. With a horizon
    /// shorter than that, a token that one process has just given could be too old for the other.
    pub const MIN: Duration = OVERLAP;

    /// This horizon as a duration.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }
}

impl Default for Horizon {
    fn default() -> Self {
        Self(DEFAULT_HORIZON)
    }
}

impl TryFrom<Duration> for Horizon {
    type Error = InvalidHorizon;

    fn try_from(duration: Duration) -> Result<Self, InvalidHorizon> {
        if duration < Self::MIN {
            return Err(InvalidHorizon);
        }
        Ok(Self(duration))
    }
}

/// A duration is too short for a [`Horizon`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the horizon of sync is at least 35 minutes")]
pub struct InvalidHorizon;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::bounds::AHEAD;

    #[test]
    fn a_horizon_shorter_than_the_least_one_is_refused() {
        let tick = Duration::from_nanos(1);
        for short in [Duration::ZERO, Horizon::MIN.saturating_sub(tick)] {
            assert_eq!(Horizon::try_from(short), Err(InvalidHorizon), "{short:?}");
        }
        for long in [Horizon::MIN, DEFAULT_HORIZON, Duration::MAX] {
            assert_eq!(Horizon::try_from(long).map(Horizon::as_duration), Ok(long));
        }
        assert!(Horizon::MIN > 2 * AHEAD);
        let minutes = Horizon::MIN.as_secs() / 60;
        assert!(
            InvalidHorizon
                .to_string()
                .contains(&format!("{minutes} minutes"))
        );
        assert_eq!(Horizon::default().as_duration(), DEFAULT_HORIZON);
    }
}
