use std::error::Error;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use aws_smithy_runtime_api::client::endpoint::error::ResolveEndpointError;

/// Whether the client itself could not make a request, and never will: no region, no credentials, no
/// HTTP client, no usable endpoint.
///
/// The SDK has no kind for this. It is what it does not repeat, although no reply came: neither a
/// failure of the connection nor one of time.
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

/// Whether one of the causes may be gone next time.
fn may_pass(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        // A reply that is no HTTP.
        #[cfg(feature = "client")]
        if cause.is::<hyper_util::client::legacy::Error>() {
            return true;
        }
        // Whoever gives out credentials failed, or was late. That it was late for the SDK's cache, only a
        // text tells: its type is private.
        cause.to_string().starts_with("identity resolver timed out")
            || matches!(
                cause.downcast_ref(),
                Some(CredentialsError::ProviderError(_) | CredentialsError::ProviderTimedOut(_))
            )
    })
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The error as a cause of ours. Where the endpoint's URL is no URL, the SDK's text quotes the whole
/// request, and with it a note: of such an error only what is wrong with the URL is shown.
pub(crate) fn without_request(error: impl Error + Send + Sync + 'static) -> BoxError {
    if causes(&error).any(quotes_request) {
        UnusableEndpoint(error.into()).into()
    } else {
        error.into()
    }
}

fn quotes_request(error: &(dyn Error + 'static)) -> bool {
    error.is::<ResolveEndpointError>() && error.source().is_some()
}

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
