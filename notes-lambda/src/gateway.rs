use std::collections::BTreeMap;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use lambda_runtime::LambdaEvent;
use notes_core::NoteStore;
use serde::Serialize;
use serde_json::Value;
use tower_service::Service;

use crate::api::panic_of;
use crate::log::{Logged, report_panics_by_place};
use crate::problem::Problem;
use crate::reply::{self, Response};
use crate::{Api, Deadline, Identity, Init, Report, event};

/// The API behind API Gateway or a function URL: a service of Lambda events, REST API (payload
/// format 1.0), HTTP API and function URL (2.0).
///
/// It takes the user from what the authorizer verified, as its [`Identity`] says, and from nothing
/// else. An event that only keeps the function warm, such as that of a schedule, is answered at once.
/// A clone serves the same notes, also at the same time: Lambda Managed Instances run several
/// invocations in one process.
#[derive(Debug)]
pub struct Gateway<S> {
    api: Api<S>,
    identity: Identity,
}

/// How long before the function's deadline an answer is given at the latest.
const MARGIN: Duration = Duration::from_millis(250);

impl<S> Clone for Gateway<S> {
    fn clone(&self) -> Self {
        Self {
            api: self.api.clone(),
            identity: self.identity.clone(),
        }
    }
}

impl<S: NoteStore + 'static> Gateway<S> {
    /// This API, for the users that the authorizer verified.
    #[must_use]
    pub fn new(api: Api<S>, identity: Identity) -> Self {
        Self { api, identity }
    }

    /// Answers invocations for as long as Lambda has some, and writes a line of JSON for each on
    /// standard output, in CloudWatch's [Embedded Metric Format][emf].
    ///
    /// Its metrics are in the namespace `Notes`, by `FunctionName` and `Route`: `Latency` (milliseconds), `4XXError`,
    /// `5XXError`, `ColdStart`, `ConsumedReadCapacityUnits` and `ConsumedWriteCapacityUnits` (as the
    /// store tells by [`log_capacity`](crate::log_capacity)). Beside them: `status`, `requestId`,
    /// `gatewayRequestId`, `traceId`, `noteId`; `errorKind` and `error`, the store's failure with its
    /// causes; `unreadable`, the ids of items that can't be read. Never what an author wrote, nor the
    /// user. From then on a panic of this process says on standard error where it happened, and not
    /// what.
    ///
    /// [emf]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    ///
    /// # Errors
    /// When the Lambda Runtime API fails, or is not there.
    pub async fn run(self) -> Result<(), Init> {
        // Without it, lambda_runtime panics.
        if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none_or(|it| it.is_empty()) {
            return Err("AWS_LAMBDA_RUNTIME_API is not set: this runs on AWS Lambda only".into());
        }
        report_panics_by_place();
        lambda_runtime::run_concurrent(Logged::new(self))
            .await
            .map_err(Init)
    }
}

impl<S: NoteStore + 'static> Gateway<S> {
    /// The answer to an invocation, whatever it is, and also where that panics.
    pub(crate) async fn answer(&self, invocation: LambdaEvent<Value>) -> (Answer, Report) {
        // What the API was asked for: before that, nothing can have been written.
        let mut asked = None;
        let answering = AssertUnwindSafe(self.answer_or_panic(invocation, &mut asked));
        let Ok(answered) = answering.catch_unwind().await else {
            let problem = asked.as_ref().map_or(Problem::Panic, panic_of);
            return reported(problem.into_response()).await;
        };
        answered
    }

    async fn answer_or_panic(
        &self,
        invocation: LambdaEvent<Value>,
        asked: &mut Option<Method>,
    ) -> (Answer, Report) {
        let mut event = invocation.payload;
        if event::is_warm_up(&event) {
            return reported(reply::empty(StatusCode::NO_CONTENT)).await;
        }
        let Some(mut request) = event::request(&mut event) else {
            let mut response = Problem::BadEvent.into_response();
            // Also what is no request comes from a page.
            self.api
                .expose(event::origin(&event).as_ref(), &mut response);
            return reported(response).await;
        };
        let extensions = request.extensions_mut();
        extensions.insert(deadline(invocation.context.deadline));
        if let Some(user) = self.identity.user(&event) {
            extensions.insert(user);
        }
        if let Some(prefix) = event::prefix(&event) {
            extensions.insert(prefix);
        }
        *asked = Some(request.method().clone());
        let Ok(response) = self.api.clone().call(request).await;
        reported(response).await
    }
}

impl<S: NoteStore + 'static> Service<LambdaEvent<Value>> for Gateway<S> {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: LambdaEvent<Value>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(invocation).await.0) })
    }
}

/// A response as the gateway takes it, and what it says to the operator.
async fn reported(mut response: Response) -> (Answer, Report) {
    let report = response.extensions_mut().remove().unwrap_or_default();
    (Answer::new(response).await, report)
}

/// From milliseconds since the Unix epoch, less the margin.
fn deadline(millis: u64) -> Deadline {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(millis) - MARGIN;
    let left = at.duration_since(SystemTime::now()).unwrap_or_default();
    Deadline(Instant::now() + left)
}

/// A response as API Gateway takes it, in either payload format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    status_code: u16,
    headers: BTreeMap<String, String>,
    body: String,
    is_base64_encoded: bool,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.status_code
    }

    async fn new(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let Ok(body) = body.collect().await;
        let headers = head
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        Self {
            status_code: head.status.as_u16(),
            headers,
            // Every body is JSON.
            body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
            is_base64_encoded: false,
        }
    }
}
