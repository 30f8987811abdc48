use notes_core::NoteStore;

use crate::lambda::gateway::Gateway;
use crate::lambda::log::{Logged, report_panics_by_place};
use crate::lambda::settings::StartError;

impl<S: NoteStore + 'static> Gateway<S> {
    /// Answers invocations for as long as Lambda has some, and writes a line of JSON for each on
    /// standard output.
    ///
    /// It has `route`, `status`, `milliseconds`, `coldStart`, `readUnits` and `writeUnits` (as the store tells by
    /// [`log_capacity`](crate::log_capacity)), `requestId`, `gatewayRequestId`, `traceId`, `noteId`; `errorKind` and
    /// `error`, the store's failure with its causes; `unreadable`, the ids of items that can't be read. Never what an
    /// author wrote, nor the user. From then on a panic of this process says on standard error where it happened, and
    /// not what.
    ///
    /// Where it has happened, a line also publishes a metric in CloudWatch's [Embedded Metric Format][emf]:
    /// `OutcomeUnknown`, `Throttled` and `UnreadableItems`, in the namespace `Notes`, by `FunctionName`.
    ///
    /// [emf]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    ///
    /// # Errors
    /// When the Lambda Runtime API fails, or is not there.
    pub async fn run(self) -> Result<(), StartError> {
        // Without it, lambda_runtime panics.
        if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none_or(|it| it.is_empty()) {
            return Err("AWS_LAMBDA_RUNTIME_API is not set: this runs on AWS Lambda only".into());
        }
        report_panics_by_place();
        lambda_runtime::run_concurrent(Logged::new(self))
            .await
            .map_err(StartError)
    }
}
