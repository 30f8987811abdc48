use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use notes_core::Expected;

/// Counts the attempts of one call that may have been executed: those that were sent and not refused.
///
/// The SDK repeats a request whose answer it did not get, or whose answer was a server's fault. Such
/// an attempt may have been executed, or may yet be. A refusal (status 4xx: throttled, condition not
/// met, denied) is a promise that it was not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempts {
    in_doubt: Arc<AtomicU32>,
    only_asks: bool,
}

impl Attempts {
    /// Of a write that may replace these. One that may replace none only asks what is there: whatever
    /// becomes of its attempts, they change nothing.
    pub(crate) fn to_replace(expected: &Expected) -> Self {
        Self {
            only_asks: matches!(expected, Expected::OneOf(revisions) if revisions.is_empty()),
            ..Self::default()
        }
    }

    pub(crate) fn may_have_executed(&self) -> bool {
        !self.only_asks && self.in_doubt.load(Ordering::Relaxed) > 0
    }
}

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.in_doubt.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().status().is_client_error() {
            self.in_doubt.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A connection that was not made carried no request.
        if let Some(Err(error)) = context.output_or_error()
            && error.as_connector_error().is_some_and(is_of_connecting)
        {
            self.in_doubt.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Whether there is no connection, as far as its client says so: any client that it was refused, ours
/// also that the name is unknown, that TLS failed, or that it took too long.
fn is_of_connecting(error: &(impl Error + 'static)) -> bool {
    std::iter::successors(Some(error as &(dyn Error + 'static)), |&it| it.source()).any(|it| {
        #[cfg(feature = "client")]
        if let Some(error) = it.downcast_ref::<hyper_util::client::legacy::Error>() {
            return error.is_connect();
        }
        it.downcast_ref::<io::Error>()
            .is_some_and(|it| it.kind() == io::ErrorKind::ConnectionRefused)
    })
}
