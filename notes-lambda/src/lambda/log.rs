//! One line of JSON per invocation, with metrics in CloudWatch's Embedded Metric Format.
//!
//! A metric costs money for each hour in which it is published, so a line publishes only what API Gateway, Lambda and
//! DynamoDB don't count already, and only when it has happened. Everything else is a property, which costs nothing
//! beyond the bytes of the log.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::cell::Cell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lambda_runtime::LambdaEvent;
use notes_core::{ErrorChain, NoteId, NoteStore, StoreError, StoreErrorKind};
use serde::Serialize;
use serde_json::Value;
use tower_service::Service;

use crate::diagnostics::Diagnostics;
use crate::lambda::event;
use crate::lambda::gateway::Gateway;
use crate::lambda::gateway_response::GatewayResponse;
use crate::lambda::payload::Payload;
use crate::operation::Operation;

tokio::task_local! {
    /// What the invocation that this task handles has consumed. Local to the task, because several invocations may be
    /// under way in one process.
    static CONSUMED: Cell<Consumed>;
}

/// Capacity units of `DynamoDB`.
#[derive(Clone, Copy, Default)]
struct Consumed {
    read_units: f64,
    write_units: f64,
}

/// Adds capacity units to those that the current invocation has consumed; [`Gateway::run`] logs the sum.
///
/// For the callback with which a store reports consumed capacity. It has to be called in the task that called the
/// store: that is how the units are assigned to an invocation. In any other task it does nothing.
///
/// ```no_run
/// use notes_dynamo::{Capacity, DynamoNoteStore, client_from_env};
/// use notes_lambda::log_capacity;
///
/// let store = DynamoNoteStore::new(client_from_env()?, "notes").with_capacity_observer(
///     |consumed: Capacity| log_capacity(consumed.read_units, consumed.write_units),
/// );
/// # Ok::<(), notes_dynamo::EnvironmentError>(())
/// ```
pub fn log_capacity(read_units: f64, write_units: f64) {
    // Outside of an invocation, such as during the warm-up, there is no sum to add to.
    let _ = CONSUMED.try_with(|sum| {
        let consumed = sum.get();
        sum.set(Consumed {
            read_units: consumed.read_units + read_units,
            write_units: consumed.write_units + write_units,
        });
    });
}

/// A gateway that writes a line to standard output for each invocation.
pub(crate) struct LoggingGateway<S, O> {
    gateway: Gateway<S, O>,
    /// Whether this process has handled an invocation before.
    is_warm: Arc<AtomicBool>,
}

impl<S, O> LoggingGateway<S, O> {
    pub(crate) fn new(gateway: Gateway<S, O>) -> Self {
        Self {
            gateway,
            is_warm: Arc::default(),
        }
    }
}

// Not derived: that would require `S: Clone`, which sharing does not need.
impl<S, O> Clone for LoggingGateway<S, O> {
    fn clone(&self) -> Self {
        Self {
            gateway: self.gateway.clone(),
            is_warm: Arc::clone(&self.is_warm),
        }
    }
}

impl<S, O> Service<LambdaEvent<Payload>> for LoggingGateway<S, O>
where
    S: NoteStore + 'static,
    O: Fn(Operation) -> bool + Send + Sync + 'static,
{
    type Response = GatewayResponse;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<GatewayResponse, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: LambdaEvent<Payload>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let started = Instant::now();
            let is_cold = !this.is_warm.swap(true, Ordering::Relaxed);
            let (Payload(event), context) = invocation.into_parts();
            // Copied, because the gateway takes the event.
            let gateway_id = event.pointer("/requestContext/requestId");
            let gateway_id = gateway_id.and_then(Value::as_str).map(str::to_owned);
            let is_warm_up = event::is_warm_up(&event);
            let invocation = LambdaEvent::new(event, context.clone());
            // The sum is read inside the scope: outside of it, the task-local value no longer exists.
            let responding = async {
                let responded = this.gateway.respond(invocation).await;
                (responded, CONSUMED.with(Cell::get))
            };
            let ((response, diagnostics), consumed) =
                CONSUMED.scope(Cell::default(), responding).await;
            let metrics = metrics(&diagnostics, response.status());
            let line = Line {
                aws: (!metrics.is_empty()).then(|| Metadata::now(&metrics)),
                metrics,
                function_name: &context.env_config.function_name,
                route: if is_warm_up {
                    WARM_UP
                } else {
                    route(diagnostics.operation)
                },
                status: response.status(),
                milliseconds: started.elapsed().as_secs_f64() * 1_000.0,
                cold_start: is_cold,
                read_units: consumed.read_units,
                write_units: consumed.write_units,
                request_id: &context.request_id,
                gateway_request_id: gateway_id.as_deref(),
                trace_id: context.xray_trace_id.as_deref().and_then(trace_id),
                note_id: diagnostics.note,
                error_kind: match &diagnostics.error {
                    Some(error) => Some(format!("{:?}", error.kind())),
                    None => diagnostics.panicked.then(|| "Panic".to_owned()),
                },
                error: diagnostics.error.as_deref().and_then(error_text),
                unreadable: &diagnostics.unreadable,
            };
            line.write();
            Ok(response)
        })
    }
}

/// The `route` of an event that only keeps the function warm. A value of its own, so that warm-ups do not distort the
/// latencies and error rates of the real routes.
const WARM_UP: &str = "warm-up";

/// The metrics that an invocation publishes: usually none.
///
/// AWS counts none of these. API Gateway counts errors by status only, and `DynamoDB` counts every throttled attempt,
/// including those whose retry succeeded. Only the caller of the store knows that the outcome of a write is unknown or
/// that an item can't be read.
fn metrics(diagnostics: &Diagnostics, status: u16) -> BTreeMap<&'static str, usize> {
    let kind = diagnostics.error.as_ref().map(|error| error.kind());
    let failed_as = |expected| usize::from(kind == Some(expected));
    // A panic of a request that writes leaves its outcome unknown too. It is the only panic with this status.
    let panicked_in_write = diagnostics.panicked && status == 503;
    BTreeMap::from([
        (
            "OutcomeUnknown",
            failed_as(StoreErrorKind::OutcomeUnknown) + usize::from(panicked_in_write),
        ),
        ("Throttled", failed_as(StoreErrorKind::Throttled)),
        (
            "UnreadableItems",
            diagnostics.unreadable.len() + failed_as(StoreErrorKind::Corrupt),
        ),
    ])
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .collect()
}

/// The `route` of an operation. One of a few fixed values and never the path that a caller sent, so that logs can be
/// grouped by it.
fn route(operation: Option<Operation>) -> &'static str {
    match operation {
        Some(Operation::Create) => "POST /notes",
        Some(Operation::List) => "GET /notes",
        Some(Operation::Get) => "GET /notes/{id}",
        Some(Operation::Update) => "PATCH /notes/{id}",
        Some(Operation::Delete) => "DELETE /notes/{id}",
        Some(Operation::Changes) => "GET /notes/changes",
        None => "none",
    }
}

/// The text of an error and its causes; `None` if formatting it panics.
///
/// The causes come from code outside this crate. A panic in their `Display` must not cost the invocation its line.
fn error_text(error: &StoreError) -> Option<String> {
    catch_unwind(AssertUnwindSafe(|| ErrorChain(error).to_string())).ok()
}

/// The id of the trace, from the value of the [tracing header][header].
///
/// [header]: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
fn trace_id(header: &str) -> Option<&str> {
    header
        .split(';')
        .find_map(|field| field.trim().strip_prefix("Root="))
}

/// Installs a panic hook that writes where a panic happened and not its message, which may quote a note.
pub(crate) fn report_panics_by_place() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let _ = writeln!(
            std::io::stderr(),
            "panicked at {}",
            place.unwrap_or_default()
        );
    }));
}

/// The line of one invocation. `docs/operations.md` explains its properties.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    aws: Option<Metadata>,
    /// The values of the metrics, which the format wants as members of the line itself.
    #[serde(flatten)]
    metrics: BTreeMap<&'static str, usize>,
    /// The dimension of the metrics. Its spelling is that of AWS's own metrics of the function.
    #[serde(rename = "FunctionName")]
    function_name: &'a str,

    route: &'static str,
    status: u16,
    milliseconds: f64,
    cold_start: bool,
    read_units: f64,
    write_units: f64,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note_id: Option<NoteId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unreadable: &'a [String],
}

impl Line<'_> {
    fn write(&self) {
        // Serialising strings and numbers can't fail. If standard output is closed, there is nowhere to report it.
        let Ok(mut line) = serde_json::to_vec(self) else {
            return;
        };
        line.push(b'\n');
        let _ = std::io::stdout().write_all(&line);
    }
}

/// The member `_aws`, by which CloudWatch knows which members of the line are metrics.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    /// Milliseconds since the Unix epoch.
    timestamp: u128,
    cloud_watch_metrics: [Directive; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    /// One set of dimensions. Each further set would publish every metric once more, at its full price.
    dimensions: [[&'static str; 1]; 1],
    metrics: Vec<Metric>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

impl Metadata {
    fn now(metrics: &BTreeMap<&'static str, usize>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            timestamp: since.unwrap_or_default().as_millis(),
            cloud_watch_metrics: [Directive {
                namespace: "Notes",
                dimensions: [["FunctionName"]],
                metrics: metrics
                    .keys()
                    .map(|name| Metric {
                        name,
                        unit: "Count",
                    })
                    .collect(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fmt;

    use notes_core::StoreErrorKind;

    use super::*;

    #[derive(Debug)]
    struct PanickingDisplay;

    impl fmt::Display for PanickingDisplay {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("it can't be formatted")
        }
    }

    impl Error for PanickingDisplay {}

    #[test]
    fn a_panic_in_a_write_is_an_unknown_outcome_and_in_a_read_no_metric() {
        let diagnostics = Diagnostics {
            panicked: true,
            ..Diagnostics::default()
        };
        assert_eq!(
            metrics(&diagnostics, 503),
            BTreeMap::from([("OutcomeUnknown", 1)])
        );
        assert_eq!(metrics(&diagnostics, 500), BTreeMap::new());
    }

    #[test]
    fn an_error_that_can_not_be_formatted_costs_its_text_and_not_the_line() {
        let other = |cause| StoreError::new(StoreErrorKind::Other, cause);
        assert_eq!(error_text(&other(Box::new(PanickingDisplay))), None);
        let plain: Box<dyn Error + Send + Sync> = "the cause".into();
        let text = error_text(&StoreError::new(StoreErrorKind::Other, plain)).unwrap();
        assert!(text.ends_with(": the cause"), "{text}");
    }
}
