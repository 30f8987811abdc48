//! A line of JSON per invocation, and in it the metrics that nobody else has, in CloudWatch's Embedded Metric Format.
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
use crate::lambda::event::{self, Payload};
use crate::lambda::gateway::Gateway;
use crate::lambda::gateway_response::GatewayResponse;
use crate::operation::Operation;

tokio::task_local! {
    static CONSUMED: Cell<Consumed>;
}

#[derive(Clone, Copy, Default)]
struct Consumed {
    read_units: f64,
    write_units: f64,
}

/// Adds capacity units to what the invocation that is being answered has consumed, which
/// [`Gateway::run`] logs: to be called by the store, in the task that asks it.
pub fn log_capacity(read_units: f64, write_units: f64) {
    // Elsewhere there is no invocation to add it to.
    let _ = CONSUMED.try_with(|it| {
        let consumed = it.get();
        it.set(Consumed {
            read_units: consumed.read_units + read_units,
            write_units: consumed.write_units + write_units,
        });
    });
}

/// A gateway that writes a line on standard output for each invocation.
pub(crate) struct Logged<S> {
    gateway: Gateway<S>,
    is_warm: Arc<AtomicBool>,
}

impl<S> Logged<S> {
    pub(crate) fn new(gateway: Gateway<S>) -> Self {
        Self {
            gateway,
            is_warm: Arc::default(),
        }
    }
}

impl<S> Clone for Logged<S> {
    fn clone(&self) -> Self {
        Self {
            gateway: self.gateway.clone(),
            is_warm: Arc::clone(&self.is_warm),
        }
    }
}

impl<S: NoteStore + 'static> Service<LambdaEvent<Payload>> for Logged<S> {
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
            let gateway_id = event.pointer("/requestContext/requestId");
            let gateway_id = gateway_id.and_then(Value::as_str).map(str::to_owned);
            let is_warm_up = event::is_warm_up(&event);
            let invocation = LambdaEvent::new(event, context.clone());
            let answering = async {
                let answered = this.gateway.answer(invocation).await;
                (answered, CONSUMED.with(Cell::get))
            };
            let ((answer, report), consumed) = CONSUMED.scope(Cell::default(), answering).await;
            let metrics = metrics(&report, answer.status());
            let line = Line {
                aws: (!metrics.is_empty()).then(|| Metadata::now(&metrics)),
                metrics,
                function_name: &context.env_config.function_name,
                route: if is_warm_up {
                    WARM_UP
                } else {
                    route(report.operation)
                },
                status: answer.status(),
                milliseconds: started.elapsed().as_secs_f64() * 1_000.0,
                cold_start: is_cold,
                read_units: consumed.read_units,
                write_units: consumed.write_units,
                request_id: &context.request_id,
                gateway_request_id: gateway_id.as_deref(),
                trace_id: context.xray_trace_id.as_deref().and_then(root),
                note_id: report.note,
                error_kind: match &report.error {
                    Some(error) => Some(format!("{:?}", error.kind())),
                    None => report.panicked.then(|| "Panic".to_owned()),
                },
                error: report.error.as_deref().and_then(told),
                unreadable: &report.unreadable,
            };
            line.write();
            Ok(answer)
        })
    }
}

/// The route of what is no request and only keeps the function warm: none of the others' latencies
/// and rates counts it.
const WARM_UP: &str = "warm-up";

/// The metrics that an invocation publishes: none, most of the time.
///
/// A gateway counts errors by status only, and DynamoDB counts throttled attempts, also those whose repetition
/// succeeded. Nobody but the store's caller knows that a write's outcome is unknown or that an item can't be read.
fn metrics(report: &Diagnostics, status: u16) -> BTreeMap<&'static str, usize> {
    let kind = report.error.as_ref().map(|error| error.kind());
    let failed_as = |expected| usize::from(kind == Some(expected));
    // After a panic too, a write may have happened.
    let panicked_in_write = report.panicked && status == 503;
    BTreeMap::from([
        (
            "OutcomeUnknown",
            failed_as(StoreErrorKind::OutcomeUnknown) + usize::from(panicked_in_write),
        ),
        ("Throttled", failed_as(StoreErrorKind::Throttled)),
        (
            "UnreadableItems",
            report.unreadable.len() + failed_as(StoreErrorKind::Corrupt),
        ),
    ])
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .collect()
}

/// Few values, and never one that a caller chooses.
fn route(operation: Option<Operation>) -> &'static str {
    match operation {
        Some(Operation::Create) => "POST /notes",
        Some(Operation::List) => "GET /notes",
        Some(Operation::Get) => "GET /notes/{id}",
        Some(Operation::Update) => "PATCH /notes/{id}",
        Some(Operation::Delete) => "DELETE /notes/{id}",
        None => "none",
    }
}

/// What an error says, with its causes, unless saying it panics: a store's causes are not our code,
/// and each invocation has a line.
fn told(error: &StoreError) -> Option<String> {
    catch_unwind(AssertUnwindSafe(|| ErrorChain(error).to_string())).ok()
}

/// The id of the trace, out of the [tracing header][header].
///
/// [header]: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
fn root(header: &str) -> Option<&str> {
    header
        .split(';')
        .find_map(|it| it.trim().strip_prefix("Root="))
}

/// Has a panic say where it happened, and not what: that may quote anything.
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    aws: Option<Metadata>,
    #[serde(flatten)]
    metrics: BTreeMap<&'static str, usize>,
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
        // All of it is texts and numbers; and nobody is left to tell that the log is closed.
        let Ok(mut line) = serde_json::to_vec(self) else {
            return;
        };
        line.push(b'\n');
        let _ = std::io::stdout().write_all(&line);
    }
}

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
    /// One set: each further set would publish, and cost, every metric once more.
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
    struct Untellable;

    impl fmt::Display for Untellable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("it can't be told")
        }
    }

    impl Error for Untellable {}

    #[test]
    fn a_panic_in_a_write_is_an_unknown_outcome_and_in_a_read_no_metric() {
        let report = Diagnostics {
            panicked: true,
            ..Diagnostics::default()
        };
        assert_eq!(
            metrics(&report, 503),
            BTreeMap::from([("OutcomeUnknown", 1)])
        );
        assert_eq!(metrics(&report, 500), BTreeMap::new());
    }

    #[test]
    fn an_error_that_can_not_be_told_costs_its_text_and_not_the_line() {
        let other = |cause| StoreError::new(StoreErrorKind::Other, cause);
        assert_eq!(told(&other(Box::new(Untellable))), None);
        let plain: Box<dyn Error + Send + Sync> = "the cause".into();
        let text = told(&StoreError::new(StoreErrorKind::Other, plain)).unwrap();
        assert!(text.ends_with(": the cause"), "{text}");
    }
}
