use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// An instant: whole milliseconds since the Unix epoch, from 1970 to [`Timestamp::MAX`].
///
/// Its text is [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) in UTC with three fractional
/// digits. Parsing takes any RFC 3339 offset and drops what is finer than a millisecond.
///
/// ```
/// use notes_core::Timestamp;
///
/// let at: Timestamp = "2026-11-22T19:47:00.1239+01:00".parse()?;
/// assert_eq!(at.to_string(), "2026-11-22T18:47:00.123Z");
/// # Ok::<(), notes_core::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last instant whose text has a year of four digits at every offset:
    /// 9999-12-30T22:00:00.999Z.
    pub const MAX: Self = Self(253_402_207_200_999);

    /// What the system's clock shows. A clock before 1970 reads as 1970.
    #[must_use]
    pub fn now() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Self::from_millis(
            since_epoch.map_or(0, |it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// So many milliseconds after the Unix epoch, at most [`Timestamp::MAX`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// Parses like [`FromStr`], but rounds up to the next millisecond instead of down: what an
    /// exclusive upper bound needs.
    ///
    /// # Errors
    /// As [`FromStr`].
    pub fn parse_rounding_up(text: &str) -> Result<Self, InvalidTimestamp> {
        let (secs, nanos) = parse(text)?;
        Ok(Self::from_millis(
            secs * 1_000 + u64::from(nanos.div_ceil(NANOS_PER_MILLI)),
        ))
    }
}

const NANOS_PER_MILLI: u32 = 1_000_000;

/// Seconds since the Unix epoch, and nanoseconds within that second.
pub(crate) fn parse(text: &str) -> Result<(u64, u32), InvalidTimestamp> {
    if !has_rfc3339_shape(text.as_bytes()) {
        return Err(InvalidTimestamp);
    }
    let parsed: jiff::Timestamp = text.parse().map_err(|_| InvalidTimestamp)?;
    let secs = u64::try_from(parsed.as_second()).map_err(|_| InvalidTimestamp)?;
    let nanos = u32::try_from(parsed.subsec_nanosecond()).map_err(|_| InvalidTimestamp)?;
    Ok((secs, nanos))
}

/// jiff reads more than RFC 3339 allows: zones in brackets, a missing minute, a space for the `T`.
fn has_rfc3339_shape(text: &[u8]) -> bool {
    fn matches(text: &[u8], pattern: &[u8]) -> bool {
        text.len() == pattern.len()
            && text.iter().zip(pattern).all(|(&at, &want)| match want {
                b'0' => at.is_ascii_digit(),
                b'T' => at.eq_ignore_ascii_case(&b'T'),
                b'+' => at == b'+' || at == b'-',
                _ => at == want,
            })
    }
    let Some((date_time, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let fraction = rest
        .strip_prefix(b".")
        .map(|rest| rest.iter().take_while(|it| it.is_ascii_digit()).count());
    let offset = match fraction {
        Some(0) => return false,
        Some(digits) => &rest[1 + digits..],
        None => rest,
    };
    matches(date_time, b"0000-00-00T00:00:00")
        && (offset.eq_ignore_ascii_case(b"Z") || matches(offset, b"+00:00"))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        let at = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{at:.3}")
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let (secs, nanos) = parse(text)?;
        Ok(Self::from_millis(
            secs * 1_000 + u64::from(nanos / NANOS_PER_MILLI),
        ))
    }
}

/// A text is not an RFC 3339 date and time between 1970 and [`Timestamp::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an RFC 3339 date and time with an offset, such as 2026-11-22T18:47:00Z, from 1970 to 9999-12-30"
)]
pub struct InvalidTimestamp;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rfc3339_is_read() {
        for text in [
            "2026-11-22T18:47:00Z",
            "2026-11-22t18:47:00z",
            "2026-11-22T18:47:00.5-08:00",
            "1970-01-01T00:00:00Z",
            "2016-12-31T23:59:60Z",
        ] {
            assert!(text.parse::<Timestamp>().is_ok(), "{text}");
        }
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T18:47:00",
            "2026-11-22 18:47:00Z",
            "2026-11-22T18:47Z",
            "2026-11-22T18:47:00.Z",
            "2026-11-22T18:47:00+01",
            "2026-11-22T18:47:00Z[UTC]",
            "2026-11-22T18:47:00+01:00[Europe/Berlin]",
            "2026-02-29T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "+002026-11-22T18:47:00Z",
            "２026-11-22T18:47:00Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text}");
        }
    }

    #[test]
    fn an_upper_bound_rounds_up_and_everything_else_down() {
        let text = "2026-11-22T18:47:00.1230001Z";
        let down: Timestamp = text.parse().unwrap();
        let up = Timestamp::parse_rounding_up(text).unwrap();
        assert_eq!(down.as_millis() % 1_000, 123);
        assert_eq!(up.as_millis() % 1_000, 124);
    }

    #[test]
    fn the_text_always_has_three_fractional_digits() {
        assert_eq!(
            Timestamp::from_millis(0).to_string(),
            "1970-01-01T00:00:00.000Z"
        );
        assert_eq!(Timestamp::from_millis(u64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.999Z");
    }
}
