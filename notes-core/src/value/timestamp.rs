use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};

/// An instant: whole milliseconds since the Unix epoch, from 1970 to [`Timestamp::MAX`].
///
/// Its text is [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) in UTC with three fractional
/// digits. Parsing accepts any RFC 3339 offset and any number of fractional digits, and rounds down to the
/// millisecond. A leap second (`23:59:60` UTC at the end of a month) has no number of its own: it is rounded
/// down to the last millisecond of its month.
///
/// ```
/// use notes_core::Timestamp;
///
/// let at: Timestamp = "2026-11-22T19:47:00.1239+01:00".parse()?;
/// assert_eq!(at.to_string(), "2026-11-22T18:47:00.123Z");
/// # Ok::<(), notes_core::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last instant with a year of four digits, which RFC 3339 requires:
    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The time of the system's clock, or the start of 1970 if the clock is set to an earlier time.
    #[must_use]
    pub fn now() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Self::from_millis(since_epoch.map_or(0, millis))
    }

    /// The instant at this number of milliseconds after the Unix epoch, at most [`Timestamp::MAX`].
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

    /// The instant this much later, at most [`Timestamp::MAX`]. A fraction of a millisecond of the duration is
    /// dropped.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(millis(duration)))
    }

    /// The instant this much earlier, at least the start of 1970. A fraction of a millisecond of the duration is
    /// dropped.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// Parses like [`FromStr`], but rounds up to the next millisecond instead of down, as an exclusive upper
    /// bound needs it: rounded down, it would exclude an instant before it. The result is at most
    /// [`Timestamp::MAX`].
    ///
    /// # Errors
    /// As [`FromStr`].
    pub fn parse_rounding_up(text: &str) -> Result<Self, InvalidTimestamp> {
        let Parsed { at, has_more } = parse(text)?;
        Ok(Self::from_millis(at.0 + u64::from(has_more)))
    }
}

/// The whole milliseconds of a duration.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The result of parsing a text.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The instant, rounded down to the millisecond.
    pub(crate) at: Timestamp,
    /// Whether the text is later than `at`, by less than a millisecond or by a leap second.
    pub(crate) has_more: bool,
}

/// Parses RFC 3339, with what is lost by rounding.
pub(crate) fn parse(text: &str) -> Result<Parsed, InvalidTimestamp> {
    parse_rfc3339(text).ok_or(InvalidTimestamp)
}

/// Parses RFC 3339. Only the date and the time of day are left to jiff, which differs from RFC 3339 in the
/// rest: it accepts time zones in brackets, offsets of more than a day, and second 60 in any minute, but no
/// more than nine fractional digits and no instant after 9999-12-30.
fn parse_rfc3339(text: &str) -> Option<Parsed> {
    let (date_time, rest) = text.split_at_checked("2026-11-22T18:47:00".len())?;
    let (fraction, offset) = split_fraction(rest)?;
    if !has_shape(date_time, "0000-00-00T00:00:00") {
        return None;
    }
    let local: DateTime = date_time.parse().ok()?;
    let secs = local.duration_since(EPOCH).as_secs() - offset_secs(offset)?;
    let secs = u64::try_from(secs).ok()?;
    if secs > Timestamp::MAX.as_secs() {
        return None;
    }
    // A leap second: jiff has parsed second 60 as 59.
    if date_time.ends_with("60") {
        return is_first_second_of_a_month(secs + 1).then_some(Parsed {
            at: Timestamp(secs * 1_000 + 999),
            has_more: true,
        });
    }
    let (millis, finer) = fraction.split_at_checked(3).unwrap_or((fraction, ""));
    let millis: u64 = format!("{millis:0<3}").parse().ok()?;
    Some(Parsed {
        at: Timestamp(secs * 1_000 + millis),
        has_more: finer.bytes().any(|digit| digit != b'0'),
    })
}

/// Splits the fractional digits, if there are any, from the rest of the text.
fn split_fraction(text: &str) -> Option<(&str, &str)> {
    let Some(text) = text.strip_prefix('.') else {
        return Some(("", text));
    };
    let (digits, rest) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    (!digits.is_empty()).then_some((digits, rest))
}

/// The seconds by which an offset such as `+01:00` is ahead of UTC.
fn offset_secs(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("Z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let time = &text[1..];
    if !has_shape(time, "00:00") {
        return None;
    }
    let (hours, minutes): (i64, i64) = (time[..2].parse().ok()?, time[3..].parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60)
}

/// Whether a text has a digit wherever the shape has a 0, and otherwise the same characters, in either case.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, expected)| match expected {
                b'0' => byte.is_ascii_digit(),
                _ => byte.eq_ignore_ascii_case(&expected),
            })
}

/// Whether a leap second can come directly before this second
/// ([RFC 3339 §5.7](https://www.rfc-editor.org/rfc/rfc3339#section-5.7)). No rule says which months have had or
/// will have one, so the end of any month is accepted.
fn is_first_second_of_a_month(secs: u64) -> bool {
    let at = utc(secs * 1_000);
    at.day() == 1 && at.time() == jiff::civil::Time::midnight()
}

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// The date and the time of day in UTC at this number of milliseconds after the Unix epoch.
pub(crate) fn utc(millis: u64) -> DateTime {
    let since_epoch = SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    EPOCH.checked_add(since_epoch).unwrap_or(DateTime::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}Z", utc(self.0))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, InvalidTimestamp> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        parse(text).map(|parsed| parsed.at)
    }
}

/// A text is not an RFC 3339 date and time between 1970 and [`Timestamp::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an RFC 3339 date and time with an offset, such as 2026-11-22T18:47:00Z, from 1970 to 9999"
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
            "2026-11-22T18:47:00-00:00",
            "2026-11-22T18:47:00+23:59",
            "9999-12-31T23:59:59.999Z",
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
            "2026-11-22T18:47:0٣Z",
            "2026-11-22T18:47:00.٣Z",
            "2026-11-22T18:47:00,5Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T18:60:00Z",
            "2026-11-22T18:47:61Z",
            "2026-11-22T18:47:00.5",
            "2026-11-22T18:47:00+24:00",
            "2026-11-22T18:47:00-24:00",
            "2026-11-22T18:47:00+25:59",
            "2026-11-22T18:47:00+99:00",
            "2026-11-22T18:47:00+01:60",
            "2026-11-22T18:47:00++1:00",
            "2026-11-22T18:47:00+0100",
            "2026-11-22T18:47:00\u{2212}01:00",
            "2026-11-22T18:47:00Z ",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text}");
        }
    }

    fn read(text: &str) -> (String, String) {
        let down: Timestamp = text.parse().unwrap_or_else(|_| panic!("{text}"));
        let up = Timestamp::parse_rounding_up(text).unwrap();
        (down.to_string(), up.to_string())
    }

    #[test]
    fn a_leap_second_is_at_the_end_of_a_month_in_utc_and_nowhere_else() {
        let between = |before: &str, after: &str| (before.to_owned(), after.to_owned());
        let new_year = between("2016-12-31T23:59:59.999Z", "2017-01-01T00:00:00.000Z");
        for text in [
            "2016-12-31T23:59:60Z",
            "2016-12-31T23:59:60.999999999Z",
            "2016-12-31T15:59:60.7-08:00",
            "2017-01-01T05:29:60+05:30",
        ] {
            assert_eq!(read(text), new_year, "{text}");
        }
        let leap_day = between("2028-02-29T23:59:59.999Z", "2028-03-01T00:00:00.000Z");
        assert_eq!(read("2028-02-29T23:59:60Z"), leap_day);
        for text in [
            "2016-12-31T23:58:60Z",
            "2016-12-31T22:59:60Z",
            "2016-12-30T23:59:60Z",
            "2028-02-28T23:59:60Z",
            "2016-12-31T23:59:60-08:00",
            "2017-01-01T00:59:60Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text}");
        }
    }

    #[test]
    fn a_fraction_has_any_number_of_digits_and_each_counts() {
        let at = |fraction: &str| {
            let (down, up) = read(&format!("2026-11-22T18:47:00.{fraction}Z"));
            let millis = |text: String| text[20..23].to_owned();
            (millis(down), millis(up))
        };
        let same = |millis: &str| (millis.to_owned(), millis.to_owned());
        let next = |down: &str, up: &str| (down.to_owned(), up.to_owned());
        assert_eq!(at("1"), same("100"));
        assert_eq!(at("12"), same("120"));
        assert_eq!(at("123"), same("123"));
        assert_eq!(at("1239"), next("123", "124"));
        assert_eq!(at("1230000000"), same("123"));
        assert_eq!(at("1230000001"), next("123", "124"));
        assert_eq!(at("1239999999999"), next("123", "124"));
        assert_eq!(
            at(&format!("123{}1", "0".repeat(1_000))),
            next("123", "124")
        );
    }

    #[test]
    fn an_instant_is_within_its_years_in_utc() {
        for (text, expected) in [
            ("1970-01-01T01:00:00+01:00", "1970-01-01T00:00:00.000Z"),
            ("1969-12-31T23:00:00-01:00", "1970-01-01T00:00:00.000Z"),
            ("9999-12-31T00:00:00Z", "9999-12-31T00:00:00.000Z"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(read(text).0, expected, "{text}");
        }
        for text in [
            "1970-01-01T00:59:59.999+01:00",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:00:00-01:00",
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
    fn sums_and_differences_stay_between_1970_and_the_last_instant() {
        let at = Timestamp::from_millis;
        let duration = Duration::from_micros(2_999);
        assert_eq!(at(5).saturating_add(duration), at(7));
        assert_eq!(at(5).saturating_sub(duration), at(3));
        assert_eq!(at(1).saturating_sub(duration), at(0));
        assert_eq!(Timestamp::MAX.saturating_add(duration), Timestamp::MAX);
        assert_eq!(at(5).saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.saturating_sub(Duration::MAX), at(0));
    }

    #[test]
    fn the_text_always_has_three_fractional_digits() {
        assert_eq!(
            Timestamp::from_millis(0).to_string(),
            "1970-01-01T00:00:00.000Z"
        );
        assert_eq!(Timestamp::from_millis(u64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999Z");
    }
}
