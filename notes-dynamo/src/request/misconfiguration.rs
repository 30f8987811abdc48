use std::error::Error;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use aws_smithy_runtime_api::client::endpoint::error::ResolveEndpointError;

use crate::causes::causes;
use crate::request::hint::with_hint;
use crate::request::signing_time::SignedAtAnotherTime;

/// Whether the client is configured so that it can't send any request: no region, no credentials, no HTTP
/// client, or no usable endpoint. To repeat the call is useless.
///
/// The SDK has no error kind for this. These are the failures to dispatch a request that are neither I/O
/// errors nor timeouts, and that the SDK itself does not retry.
pub(crate) fn is_misconfiguration<E>(error: &SdkError<E>) -> bool {
    let SdkError::DispatchFailure(failure) = error else {
        return matches!(error, SdkError::ConstructionFailure(_));
    };
    if !failure.is_other() {
        return failure.is_user();
    }
    let may_pass = failure
        .as_connector_error()
        .is_some_and(|error| may_pass(error));
    failure.as_other().is_none() && !may_pass
}

/// Whether one of the causes is temporary, so that a repeated call may succeed.
fn may_pass(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        // For example a response that is not HTTP.
        #[cfg(feature = "client")]
        if cause.is::<hyper_util::client::legacy::Error>() {
            return true;
        }
        // The provider of the credentials failed or was too slow. The timeout of the SDK's own identity
        // cache is recognised by its text, as its type is private.
        cause.to_string().starts_with("identity resolver timed out")
            || cause.is::<SignedAtAnotherTime>()
            || matches!(
                cause.downcast_ref(),
                Some(CredentialsError::ProviderError(_) | CredentialsError::ProviderTimedOut(_))
            )
    })
}

/// The error as the source of a [`StoreError`](notes_core::StoreError), without the text of a request.
///
/// When the endpoint is not a valid URL, the SDK's error message quotes the whole request, and with it the
/// content of a note, which must not get into logs. Such an error is replaced by one whose source is only
/// what is wrong with the URL.
pub(crate) fn without_request(error: impl Error + Send + Sync + 'static) -> BoxError {
    if causes(&error).any(quotes_request) {
        UnusableEndpoint(error.into()).into()
    } else {
        with_hint(error.into())
    }
}

/// Whether this is the SDK's error whose message quotes the request.
fn quotes_request(error: &(dyn Error + 'static)) -> bool {
    error.is::<ResolveEndpointError>() && error.source().is_some()
}

/// Hides the text of the error that it wraps, and shows only that error's source.
struct UnusableEndpoint(BoxError);

impl fmt::Display for UnusableEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the endpoint of the client can't be used")
    }
}

impl fmt::Debug for UnusableEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UnusableEndpoint")
            .field(&self.source())
            .finish()
    }
}

impl Error for UnusableEndpoint {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        causes(&*self.0)
            .find(|cause| quotes_request(*cause))?
            .source()
    }
}
