use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use notes_core::{StoreError, StoreErrorKind};

use crate::attempts::Attempts;

/// A failed read. It changed nothing.
pub(crate) fn of_read<E>(error: SdkError<E>) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    StoreError::new(kind(&error), error)
}

/// A failed write, which may have happened all the same.
pub(crate) fn of_write<E>(error: SdkError<E>, attempts: &Attempts) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if attempts.may_have_executed() {
        return StoreError::new(StoreErrorKind::OutcomeUnknown, error);
    }
    of_read(error)
}

/// By modelled type and code, never by the message: messages differ by region and release.
fn kind<E: ProvideErrorMetadata>(error: &SdkError<E>) -> StoreErrorKind {
    let SdkError::ServiceError(service) = error else {
        return match error {
            SdkError::ConstructionFailure(_) => StoreErrorKind::Other,
            _ => StoreErrorKind::Unavailable,
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
        // What is in between fails without the engine's codes.
        _ if service.raw().status().is_server_error() => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Other,
    }
}
