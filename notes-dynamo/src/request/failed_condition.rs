use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use notes_core::StoreError;

use crate::item::mapping::Item;
use crate::request::attempts::Attempts;
use crate::request::error::write_error;

/// What the condition of a failed write was checked on: the item that was there, as far as the response contains
/// it. The closure takes it out of the error of the operation.
///
/// The item in the response is the very state that the condition was checked on, and takes no second request.
///
/// # Errors
/// As [`write_error`], when the write has failed for another reason than its condition.
pub(crate) fn failed_condition<E>(
    error: SdkError<E>,
    attempts: &Attempts<E>,
    item: impl FnOnce(E) -> Option<Item>,
) -> Result<Option<Item>, StoreError>
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(error)
            if error.err().code() == Some("ConditionalCheckFailedException") =>
        {
            Ok(item(error.into_err()))
        }
        error => Err(write_error(error, attempts.may_have_executed())),
    }
}
