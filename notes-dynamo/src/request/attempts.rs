use std::error::Error;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ProvideErrorMetadata};

use crate::causes::causes;
use crate::request::engine_error::is_engine_error;
use crate::request::signing_time::SigningTimeCheck;

/// Counts, as an interceptor of one call of the SDK, those attempts that are in doubt: sent, but neither
/// successful nor refused by DynamoDB. `E` is the error type of the operation.
///
/// The SDK repeats a request that got no response, or a server error (5xx). DynamoDB may have executed such
/// an attempt, or may yet execute it, so a later attempt can meet the effect of an earlier one. When
/// DynamoDB itself refuses an attempt (throttled, condition not met, denied), it has not executed it. A
/// status 4xx alone does not prove that: a proxy on the way can respond with one although DynamoDB has
/// executed the request.
pub(crate) struct Attempts<E> {
    /// The clones that the SDK and the caller hold share the count.
    in_doubt: Arc<AtomicU32>,
    cannot_write: bool,
    signing_time: SigningTimeCheck,
    error: PhantomData<fn() -> E>,
}

impl<E> Attempts<E> {
    /// The attempts of a request that changes something if its condition holds.
    pub(crate) fn that_may_write(signing_time: SigningTimeCheck) -> Self {
        Self {
            in_doubt: Arc::default(),
            cannot_write: false,
            signing_time,
            error: PhantomData,
        }
    }

    /// The attempts of a write request whose condition can never hold. It is sent for the item that the
    /// failed condition returns; no attempt changes anything, so none is in doubt.
    pub(crate) fn that_cannot_write(signing_time: SigningTimeCheck) -> Self {
        Self {
            cannot_write: true,
            ..Self::that_may_write(signing_time)
        }
    }

    /// Whether an attempt may have been executed, or may yet be, without a response that says so. A caller
    /// that would report an error or a failed condition has to report `OutcomeUnknown` then.
    pub(crate) fn may_have_executed(&self) -> bool {
        !self.cannot_write && self.in_doubt.load(Ordering::Relaxed) > 0
    }
}

impl<E> Clone for Attempts<E> {
    fn clone(&self) -> Self {
        Self {
            in_doubt: Arc::clone(&self.in_doubt),
            ..*self
        }
    }
}

impl<E> fmt::Debug for Attempts<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts")
            .field("in_doubt", &self.in_doubt)
            .field("cannot_write", &self.cannot_write)
            .field("signing_time", &self.signing_time)
            .finish()
    }
}

impl<E: Error + ProvideErrorMetadata + Send + Sync + 'static> Intercept for Attempts<E> {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    /// Counts the attempt just before it is sent, if it is: the SDK calls all interceptors, also after one has
    /// returned an error, so the time of the signature has to be checked here, before the attempt is counted.
    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.signing_time.check(context)?;
        // The SDK calls this also when no HTTP client is configured, and fails afterwards. Such an attempt
        // is never sent, so it must not count.
        if components.http_client().is_some() {
            self.in_doubt.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Takes the attempt out of the count if its result is certain.
    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // An attempt without a result stays in doubt.
        let Some(result) = context.output_or_error() else {
            return Ok(());
        };
        let is_client_error = context
            .response()
            .is_some_and(|response| response.status().is_client_error());
        let is_certain = match result {
            Ok(_) => true,
            Err(error) => {
                let refusal = error
                    .as_operation_error()
                    .and_then(|error| error.downcast_ref::<E>());
                // Without a connection, the request was not sent.
                let no_connection = error.as_connector_error().is_some_and(is_connect_error);
                no_connection || (is_client_error && refusal.is_some_and(is_engine_error))
            }
        };
        if is_certain {
            self.in_doubt.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Whether the connection could not be made, as far as the HTTP client tells. Of any client, a refused
/// connection is recognised. Of our own (feature `client`), also an unknown host name, a failed TLS
/// handshake and a connection timeout.
fn is_connect_error(error: &(impl Error + 'static)) -> bool {
    causes(error).any(|cause| {
        #[cfg(feature = "client")]
        if let Some(error) = cause.downcast_ref::<hyper_util::client::legacy::Error>() {
            return error.is_connect();
        }
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    })
}
