//! The loop of a function's process.

use notes_core::NoteStore;

use crate::lambda::gateway::Gateway;
use crate::lambda::log::{LoggingGateway, report_panics_by_place};
use crate::lambda::start_error::StartError;
use crate::operation::Operation;

impl<S, O> Gateway<S, O>
where
    S: NoteStore + 'static,
    O: Fn(Operation) -> bool + Send + Sync + 'static,
{
    /// Handles invocations for as long as Lambda sends any, and writes one line of JSON for each to standard output.
    ///
    /// The line has these properties:
    ///
    /// - `route`, `status`, `milliseconds` and `coldStart`;
    /// - `readUnits` and `writeUnits`, as the store reports them by [`log_capacity`](crate::log_capacity);
    /// - `requestId`, `gatewayRequestId`, `traceId` and `noteId`;
    /// - `errorKind` and `error`, the store's error with its causes;
    /// - `unreadable`, the ids of items that can't be read as notes.
    ///
    /// It never contains what an author wrote, nor the user. For the same reason, this installs a panic hook: a panic
    /// of this process writes to standard error where it happened, but not its message.
    ///
    /// Three events that no AWS service counts are also published as metrics when they happen, in CloudWatch's
    /// [Embedded Metric Format][emf]: `OutcomeUnknown`, `Throttled` and `UnreadableItems`, in the namespace `Notes`,
    /// by `FunctionName`.
    ///
    /// [emf]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    ///
    /// # Errors
    /// When the Lambda Runtime API fails, when this process does not run on Lambda, or when an invocation comes with a
    /// client context or an identity that `lambda_runtime` can't read. No gateway sends these, only who calls the
    /// function itself. Lambda starts another process for the next invocation.
    pub async fn run(self) -> Result<(), StartError> {
        // Without this variable, lambda_runtime panics.
        if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none_or(|value| value.is_empty()) {
            let why = "AWS_LAMBDA_RUNTIME_API is not set: this runs on AWS Lambda only";
            return Err(StartError::new(why));
        }
        report_panics_by_place();
        lambda_runtime::run_concurrent(LoggingGateway::new(self))
            .await
            .map_err(without_contents)
    }
}

/// An error of JSON quotes what it could not read, which is nobody's business in a log. The only JSON that the loop
/// itself reads is in an invocation's headers.
fn without_contents(error: lambda_runtime::Error) -> StartError {
    let Some(json) = error.downcast_ref::<serde_json::Error>() else {
        return StartError::new(error);
    };
    let (line, column) = (json.line(), json.column());
    StartError::new(format!(
        "the context of an invocation can't be read: line {line}, column {column}"
    ))
}
