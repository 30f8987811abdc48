use aws_sdk_dynamodb::error::ProvideErrorMetadata;

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
