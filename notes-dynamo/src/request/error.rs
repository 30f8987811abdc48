use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use notes_core::{StoreError, StoreErrorKind};

use crate::request::engine_error::is_of_engine;
use crate::request::misconfiguration::{is_misconfiguration, without_request};

/// A failed read. It changed nothing.
pub(crate) fn read_error<E>(error: SdkError<E>) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    StoreError::new(kind(&error), without_request(error))
}

/// A failed write. With an attempt in doubt it may have happened all the same.
pub(crate) fn write_error<E>(error: SdkError<E>, in_doubt: bool) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if in_doubt {
        return StoreError::new(StoreErrorKind::OutcomeUnknown, error);
    }
    read_error(error)
}

/// By modelled type and code, never by the message: messages differ by region and release.
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
        // Its text only refines the code: where the text changes, the kind is Other again.
        Some("ValidationException")
            if service.err().message().is_some_and(|message| {
                message.contains("has exceeded the maximum allowed size")
            }) =>
        {
            StoreErrorKind::TooLarge
        }
        _ if service.raw().status().is_server_error() => StoreErrorKind::Unavailable,
        // A proxy between here and the engine answers with errors of its own.
        _ if service.raw().status().is_client_error() && !is_of_engine(service.err()) => {
            StoreErrorKind::Unavailable
        }
        _ => StoreErrorKind::Other,
    }
}
