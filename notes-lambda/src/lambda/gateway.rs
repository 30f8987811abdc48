//! The service of Lambda events: makes a request of the event, calls the API, and makes the response of its result.

use std::convert::Infallible;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use http::{Method, StatusCode};
use lambda_runtime::LambdaEvent;
use notes_core::NoteStore;
use serde_json::Value;
use tower_service::Service;

use crate::api::Api;
use crate::diagnostics::Diagnostics;
use crate::lambda::event;
use crate::lambda::gateway_response::GatewayResponse;
use crate::lambda::identity::IdentitySource;
use crate::operation::Operation;
use crate::problem::Problem;
use crate::problem::respond::panic_of;
use crate::request::deadline::Deadline;
use crate::response::reply::{self, Response};

/// The API behind API Gateway or a function URL, as a service of Lambda events. It takes events of a REST API
/// (payload format 1.0), of an HTTP API (1.0 or 2.0) and of a function URL (2.0).
///
/// The user is what the gateway's authorizer verified, as the [`IdentitySource`] says, and nothing else. An event
/// that only keeps the function warm, such as that of a schedule, gets a 204 without a call of the API.
///
/// | event | where the path is from | identities |
/// |---|---|---|
/// | REST API, format 1.0 | the route's resource and its parameters | `cognito:CLAIM`, `lambda:KEY`, `lambda-principal` |
/// | HTTP API, format 2.0 | the route's key; with `$default`, the path without the stage | `jwt:CLAIM`, `lambda:KEY` |
/// | HTTP API, format 1.0 | the same | `cognito:CLAIM`, for the claims of its JWT authorizer; `lambda:KEY` |
/// | function URL, format 2.0 | the path | none: its only authorizer is IAM |
///
/// A clone serves the same notes, and clones may be called concurrently: Lambda Managed Instances run several
/// invocations in one process.
///
/// `O` is the choice of operations of the [`Api`].
pub struct Gateway<S, O = fn(Operation) -> bool> {
    api: Api<S, O>,
    identity: IdentitySource,
}

/// How long before the function's deadline the response is ready at the latest. It leaves time for the log line and
/// for the way to Lambda: after the deadline, the caller would get an error of the gateway.
const MARGIN: Duration = Duration::from_millis(250);

// Not derived: that would require `S: Clone`, which sharing does not need.
impl<S, O> Clone for Gateway<S, O> {
    fn clone(&self) -> Self {
        Self {
            api: self.api.clone(),
            identity: self.identity.clone(),
        }
    }
}

impl<S: fmt::Debug, O: Fn(Operation) -> bool> fmt::Debug for Gateway<S, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("api", &self.api)
            .field("identity", &self.identity)
            .finish()
    }
}

impl<S, O> Gateway<S, O>
where
    S: NoteStore + 'static,
    O: Fn(Operation) -> bool + Send + Sync + 'static,
{
    /// A gateway to this API, whose users come from this source.
    #[must_use]
    pub fn new(api: Api<S, O>, identity: IdentitySource) -> Self {
        Self { api, identity }
    }

    /// The response to an invocation, whatever the event is, even if handling it panics.
    ///
    /// The API catches panics of its handlers itself. This is for those in reading the event and the identity.
    pub(crate) async fn respond(
        &self,
        invocation: LambdaEvent<Value>,
    ) -> (GatewayResponse, Diagnostics) {
        // The method with which the API was called. While it is unset, nothing can have been written.
        let mut called_with = None;
        let responding = AssertUnwindSafe(self.respond_or_panic(invocation, &mut called_with));
        let Ok(responded) = responding.catch_unwind().await else {
            let problem = called_with.as_ref().map_or(Problem::Panic, panic_of);
            return with_diagnostics(problem.into_response(self.api.problem_base()));
        };
        responded
    }

    async fn respond_or_panic(
        &self,
        invocation: LambdaEvent<Value>,
        called_with: &mut Option<Method>,
    ) -> (GatewayResponse, Diagnostics) {
        let mut event = invocation.payload;
        if event::is_warm_up(&event) {
            return with_diagnostics(reply::empty(StatusCode::NO_CONTENT));
        }
        let Some(mut request) = event::request(&mut event) else {
            let mut response = Problem::BadEvent.into_response(self.api.problem_base());
            // The sender may be a web page, which can't read the 400 without CORS headers.
            self.api
                .expose(event::origin(&event).as_ref(), &mut response);
            return with_diagnostics(response);
        };
        let extensions = request.extensions_mut();
        extensions.insert(deadline(invocation.context.deadline));
        if let Some(user) = self.identity.user(&event) {
            extensions.insert(user);
        }
        if let Some(prefix) = event::prefix(&event) {
            extensions.insert(prefix);
        }
        *called_with = Some(request.method().clone());
        let Ok(response) = self.api.clone().call(request).await;
        with_diagnostics(response)
    }
}

impl<S, O> Service<LambdaEvent<Value>> for Gateway<S, O>
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

    fn call(&mut self, invocation: LambdaEvent<Value>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.respond(invocation).await.0) })
    }
}

/// A response in the form that API Gateway takes, and separately what it tells the operator.
fn with_diagnostics(mut response: Response) -> (GatewayResponse, Diagnostics) {
    let diagnostics = response.extensions_mut().remove().unwrap_or_default();
    (GatewayResponse::new(response), diagnostics)
}

/// The deadline of a request, from that of its invocation in milliseconds since the Unix epoch: earlier by the margin.
fn deadline(millis: u64) -> Deadline {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(millis) - MARGIN;
    let left = at.duration_since(SystemTime::now()).unwrap_or_default();
    Deadline(Instant::now() + left)
}
