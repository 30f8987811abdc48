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

use crate::request::engine_error::is_of_engine;

/// Counts the attempts of one call, whose error is an `E`, that are in doubt: those that were sent, and
/// neither answered by success nor refused.
///
/// The SDK repeats a request whose answer it did not get, or whose answer was a server's fault. Such
/// an attempt may have been executed, or may yet be. A refusal by the engine (throttled, condition not
/// met, denied) is a promise that it was not. A status 4xx alone is none: a proxy in between answers
/// with one also after the engine has executed the request.
pub(crate) struct Attempts<E> {
    in_doubt: Arc<AtomicU32>,
    only_asks: bool,
    error: PhantomData<fn() -> E>,
}

impl<E> Attempts<E> {
    /// Of a write that changes something where its condition holds.
    pub(crate) fn to_write() -> Self {
        Self {
            in_doubt: Arc::default(),
            only_asks: false,
            error: PhantomData,
        }
    }

    /// Of a write whose condition never holds: it only asks what is there, and whatever becomes of its
    /// attempts, they change nothing.
    pub(crate) fn to_ask() -> Self {
        Self {
            only_asks: true,
            ..Self::to_write()
        }
    }

    pub(crate) fn may_have_executed(&self) -> bool {
        !self.only_asks && self.in_doubt.load(Ordering::Relaxed) > 0
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
            .field("only_asks", &self.only_asks)
            .finish()
    }
}

impl<E: Error + ProvideErrorMetadata + Send + Sync + 'static> Intercept for Attempts<E> {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A client that has nothing to send with does not fail before this.
        if components.http_client().is_some() {
            self.in_doubt.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
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
                // A connection that was not made carried no request.
                let no_connection = error.as_connector_error().is_some_and(is_of_connecting);
                no_connection || (is_client_error && refusal.is_some_and(is_of_engine))
            }
        };
        if is_certain {
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
