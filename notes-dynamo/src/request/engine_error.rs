use aws_sdk_dynamodb::error::ProvideErrorMetadata;

/// Whether DynamoDB itself responded with this error, and not a proxy on the way to it: only DynamoDB's own
/// errors have one of its codes ([common][common] and [DynamoDB's][dynamodb] errors).
///
/// It is called for responses with a status 4xx only. The codes of server errors (5xx), such as
/// `InternalServerError`, are not recognised here.
///
/// [common]: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
/// [dynamodb]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
pub(crate) fn is_engine_error(error: &impl ProvideErrorMetadata) -> bool {
    error.code().is_some_and(|code| {
        code.ends_with("Exception") || matches!(code, "RequestLimitExceeded" | "Throttling")
    })
}
