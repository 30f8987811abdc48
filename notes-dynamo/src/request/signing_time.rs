use std::time::Duration;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use notes_core::{Timestamp, sync_bounds};

/// Refuses to send a request whose signature has another time than the `now` of its call: more than
/// [`sync_bounds::CLOCKS`] before or after it.
///
/// DynamoDB refuses signatures that are too far from its own clock. Together, both bounds limit how far the
/// `now` of a write can be from the time at which it takes effect; a replica relies on that limit when it
/// asks for what has changed. Neither bound is enough alone: a process can be suspended between taking
/// `now` and signing, and the SDK corrects the time that it signs with by the server's, but not `now`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SigningTimeCheck {
    /// `None` accepts every time.
    now: Option<Timestamp>,
}

impl SigningTimeCheck {
    /// A check of a request that was made for this time.
    pub(crate) const fn near(now: Timestamp) -> Self {
        Self { now: Some(now) }
    }

    /// No check: the request is sent whatever its signature.
    pub(crate) const fn off() -> Self {
        Self { now: None }
    }

    /// Checks a signed request.
    ///
    /// # Errors
    /// [`SignedAtAnotherTime`], also if the signature's time is missing or unreadable.
    pub(crate) fn check(
        self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
    ) -> Result<(), SignedAtAnotherTime> {
        let Some(now) = self.now else { return Ok(()) };
        let signed = context.request().headers().get("x-amz-date");
        let distance = signed
            .and_then(parse)
            .map(|signed| now.as_millis().abs_diff(signed.as_millis()));
        match distance {
            Some(millis) if Duration::from_millis(millis) <= sync_bounds::CLOCKS => Ok(()),
            _ => Err(SignedAtAnotherTime),
        }
    }
}

/// The check alone, for reads: writes count their attempts as well, see
/// [`Attempts`](crate::request::attempts::Attempts).
impl Intercept for SigningTimeCheck {
    fn name(&self) -> &'static str {
        "SigningTimeCheck"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Ok(self.check(context)?)
    }
}

/// The time in the header `X-Amz-Date`, such as `20261122T184700Z`. `None` if it is no such time.
fn parse(header: &str) -> Option<Timestamp> {
    let (year, rest) = header.split_at_checked(4)?;
    let (month, rest) = rest.split_at_checked(2)?;
    let (day_and_hour, rest) = rest.split_at_checked(5)?;
    let (minute, second) = rest.split_at_checked(2)?;
    let text = format!("{year}-{month}-{day_and_hour}:{minute}:{second}");
    text.parse().ok()
}

/// A request was not sent because its signature has another time than the one that it was made for.
#[derive(Debug, thiserror::Error)]
#[error("the request is not signed within {} seconds of the time that it was made for", sync_bounds::CLOCKS.as_secs())]
pub(crate) struct SignedAtAnotherTime;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_signature_is_read_to_the_second() {
        let time = Timestamp::from_millis(1_795_373_220_000);
        assert_eq!(parse("20261122T184700Z"), Some(time));
        for text in [
            "",
            "20261122",
            "20261122T1847",
            "20261122T184700",
            "2026-11-22T18:47:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
