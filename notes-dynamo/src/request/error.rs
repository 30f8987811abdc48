use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use notes_core::{StoreError, StoreErrorKind};

use crate::request::engine_error::is_engine_error;
use crate::request::misconfiguration::{is_misconfiguration, without_request};

/// The store's error for a failed request that has changed nothing: a read, or a write that was not executed.
pub(crate) fn read_error<E>(error: SdkError<E>) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    StoreError::new(kind(&error), without_request(error))
}

/// The store's error for a failed write. With an attempt in doubt it may have been executed all the same,
/// whatever error the last attempt has met.
pub(crate) fn write_error<E>(error: SdkError<E>, in_doubt: bool) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if in_doubt {
        return StoreError::new(StoreErrorKind::OutcomeUnknown, without_request(error));
    }
    read_error(error)
}

/// Classifies an error by its type and code. A message decides only where a code covers several kinds, since
/// AWS may change its messages.
fn kind<E: ProvideErrorMetadata>(error: &SdkError<E>) -> StoreErrorKind {
    let SdkError::ServiceError(service) = error else {
        return if is_misconfiguration(error) {
            StoreErrorKind::Other
        } else {
            StoreErrorKind::Unavailable
        };
    };
    match service.err().code() {
        Some(
            "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "ThrottledException"
            | "Throttling",
        ) => StoreErrorKind::Throttled,
        Some("TransactionConflictException" | "ReplicatedWriteConflictException") => {
            StoreErrorKind::Contended
        }
        Some("InternalServerError" | "InternalFailure" | "ServiceUnavailable") => {
            StoreErrorKind::Unavailable
        }
        Some("ItemCollectionSizeLimitExceededException") => StoreErrorKind::TooLarge,
        Some(
            "AccessDeniedException"
            | "ExpiredTokenException"
            | "IncompleteSignatureException"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "UnrecognizedClientException",
        ) => StoreErrorKind::Denied,
        // DynamoDB has one code for all invalid requests, and only the message says that the item is too
        // large. If AWS changes that message, the kind becomes `Other`.
        Some("ValidationException")
            if service.err().message().is_some_and(|message| {
                message.contains("has exceeded the maximum allowed size")
            }) =>
        {
            StoreErrorKind::TooLarge
        }
        _ if service.raw().status().is_server_error() => StoreErrorKind::Unavailable,
        // An error of a proxy on the way to DynamoDB, which may be gone at the next attempt.
        _ if service.raw().status().is_client_error() && !is_engine_error(service.err()) => {
            StoreErrorKind::Unavailable
        }
        _ => StoreErrorKind::Other,
    }
}
