use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use notes_core::{StoreError, StoreErrorKind};

use crate::attempts::Attempts;
use crate::misconfiguration::{is_misconfiguration, without_request};

/// A failed read. It changed nothing.
pub(crate) fn of_read<E>(error: SdkError<E>) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    StoreError::new(kind(&error), without_request(error))
}

/// A failed write, which may have happened all the same.
pub(crate) fn of_write<E>(error: SdkError<E>, attempts: &Attempts<E>) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if attempts.may_have_executed() {
        return StoreError::new(StoreErrorKind::OutcomeUnknown, error);
    }
    of_read(error)
}

/// Whether the engine itself answered with this error, and not a proxy: it has a code of the engine's
/// ([common][common] and [DynamoDB's][dynamodb] errors). Asked of a status 4xx only.
///
/// [common]: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
/// [dynamodb]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
pub(crate) fn is_of_engine(error: &impl ProvideErrorMetadata) -> bool {
    error.code().is_some_and(|code| {
        code.ends_with("Exception") || matches!(code, "RequestLimitExceeded" | "Throttling")
    })
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
