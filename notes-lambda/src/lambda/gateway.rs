use std::convert::Infallible;
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
use crate::problem::Problem;
use crate::problem::respond::panic_of;
use crate::request::deadline::Deadline;
use crate::response::reply::{self, Response};

/// The API behind API Gateway or a function URL: a service of Lambda events, REST API (payload
/// format 1.0), HTTP API and function URL (2.0).
///
/// It takes the user from what the authorizer verified, as its [`IdentitySource`] says, and from nothing
/// else. An event that only keeps the function warm, such as that of a schedule, is answered at once.
/// A clone serves the same notes, also at the same time: Lambda Managed Instances run several
/// invocations in one process.
#[derive(Debug)]
pub struct Gateway<S> {
    api: Api<S>,
    identity: IdentitySource,
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
    pub fn new(api: Api<S>, identity: IdentitySource) -> Self {
        Self { api, identity }
    }
}

impl<S: NoteStore + 'static> Gateway<S> {
    /// The answer to an invocation, whatever it is, and also where that panics.
    pub(crate) async fn answer(
        &self,
        invocation: LambdaEvent<Value>,
    ) -> (GatewayResponse, Diagnostics) {
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
    ) -> (GatewayResponse, Diagnostics) {
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
    type Response = GatewayResponse;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<GatewayResponse, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: LambdaEvent<Value>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(invocation).await.0) })
    }
}

/// A response as the gateway takes it, and what it says to the operator.
async fn reported(mut response: Response) -> (GatewayResponse, Diagnostics) {
    let report = response.extensions_mut().remove().unwrap_or_default();
    (GatewayResponse::new(response).await, report)
}

/// From milliseconds since the Unix epoch, less the margin.
fn deadline(millis: u64) -> Deadline {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(millis) - MARGIN;
    let left = at.duration_since(SystemTime::now()).unwrap_or_default();
    Deadline(Instant::now() + left)
}
