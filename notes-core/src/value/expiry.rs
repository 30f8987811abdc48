use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::value::timestamp::Timestamp;
use crate::value::timestamp::{self, InvalidTimestamp, Parsed};

/// When a note expires: whole seconds since the Unix epoch, at most [`Timestamp::MAX`].
///
/// It has whole seconds because DynamoDB's
/// [time to live](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html) has, so that all
/// stores agree on the moment. Text is parsed like that of a [`Timestamp`], and a fraction of a second is
/// rounded up, except in the last second before the year 10000. It is serialised as the number.
///
/// ```
/// use notes_core::{Expiry, Timestamp};
///
/// let expiry: Expiry = "2026-11-22T18:47:00.001Z".parse()?;
/// assert_eq!(expiry.to_string(), "2026-11-22T18:47:01Z");
/// assert!(expiry.is_after("2026-11-22T18:47:00.999Z".parse()?));
/// assert!(!expiry.is_after("2026-11-22T18:47:01Z".parse()?));
/// # Ok::<(), notes_core::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Expiry(u64);

impl Expiry {
    /// Whether a note with this expiry is still visible at `now`, rounded down to the second.
    #[must_use]
    pub const fn is_after(self, now: Timestamp) -> bool {
        self.0 > now.as_secs()
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// The expiry at this number of seconds since the Unix epoch, at most that of [`Timestamp::MAX`].
    pub(crate) const fn saturating(secs: u64) -> Self {
        let max = Timestamp::MAX.as_secs();
        Self(if secs > max { max } else { secs })
    }
}

impl TryFrom<u64> for Expiry {
    type Error = InvalidTimestamp;

    fn try_from(secs: u64) -> Result<Self, InvalidTimestamp> {
        if secs > Timestamp::MAX.as_secs() {
            return Err(InvalidTimestamp);
        }
        Ok(Self(secs))
    }
}

impl From<Expiry> for u64 {
    fn from(expiry: Expiry) -> Self {
        expiry.0
    }
}

impl FromStr for Expiry {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let Parsed { at, has_more } = timestamp::parse(text)?;
        let has_fraction = has_more || at.as_millis() % 1_000 > 0;
        Ok(Self::saturating(at.as_secs() + u64::from(has_fraction)))
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}Z", timestamp::utc(self.0 * 1_000))
    }
}
