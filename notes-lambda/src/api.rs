use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::ORIGIN;
use http::request::Parts;
use http::{HeaderValue, Method, Request};
use http_body::Body;
use http_body_util::Full;
use notes_core::{NoteStore, Notes, UserId};
use tower_service::Service;

use crate::cors::CorsOrigins;
use crate::diagnostics::Diagnostics;
use crate::handler::{create, delete, get, list, update};
use crate::operation::Operation;
use crate::problem::Problem;
use crate::problem::respond::respond;
use crate::request::body::RequestBody;
use crate::request::deadline::with_deadline;
use crate::request::route::Route;
use crate::response::reply::{self, Response};

/// The HTTP API of a [`Notes`] service, as a tower [`Service`].
///
/// It is always ready and never fails: whatever goes wrong is a response
/// ([problems](crate::problems)). A clone serves the same notes.
///
/// Its paths are `/notes` and `/notes/{id}`. Where a server takes a prefix away from the path, the
/// `Location` of a new note has it again if it is in the request's extensions, as a
/// [`PathPrefix`](crate::PathPrefix).
///
/// # Who the user is
///
/// The user is the [`UserId`] in the request's
/// [extensions](http::Request::extensions): whatever verified the caller puts it there, such as a
/// middleware that checks a token. A request without one is answered 401, and no header is ever
/// read as an identity. An unknown path (404) and a method that the path does not have (405) are
/// answered before that.
///
/// # What the operator learns
///
/// Responses say nothing internal. A [`Diagnostics`] is in the extensions of each, for a layer that logs:
/// when the store failed, it has the error with all its sources. A request that has to be answered
/// by some time has a [`Deadline`](crate::Deadline) in its extensions. A panic is answered with 500
/// or, where the method writes and the write may have happened before it, with 503 and
/// `outcome-unknown`; it goes to the panic hook as always.
pub struct Api<S> {
    notes: Arc<Notes<S>>,
    cors_origins: Arc<CorsOrigins>,
    only: Option<Operation>,
}

impl<S: NoteStore> Api<S> {
    /// The API of these notes.
    pub fn new(notes: Notes<S>) -> Self {
        Self {
            notes: Arc::new(notes),
            cors_origins: Arc::default(),
            only: None,
        }
    }

    /// Lets pages of these origins call it from a browser. For servers that have no part in front of
    /// them that does so, as an HTTP API has.
    #[must_use]
    pub fn with_cors_origins(mut self, origins: CorsOrigins) -> Self {
        self.cors_origins = Arc::new(origins);
        self
    }

    /// Serves one operation; all others are not found.
    #[must_use]
    pub fn only(mut self, operation: Operation) -> Self {
        self.only = Some(operation);
        self
    }
}

impl<S> Clone for Api<S> {
    fn clone(&self) -> Self {
        Self {
            notes: Arc::clone(&self.notes),
            cors_origins: Arc::clone(&self.cors_origins),
            only: self.only,
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Api<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("notes", &self.notes)
            .field("cors_origins", &self.cors_origins)
            .field("only", &self.only)
            .finish()
    }
}

impl<S, B> Service<Request<B>> for Api<S>
where
    S: NoteStore + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let route = Route::of(&head.method, head.uri.path());
            let known = route.as_ref().ok().copied();
            let mut response = match this.cors_origins.preflight(&head) {
                Some(response) => response,
                None => respond(&head.method, this.dispatch(route, &head, body)).await,
            };
            this.expose(head.headers.get(ORIGIN), &mut response);
            let report: &mut Diagnostics = response.extensions_mut().get_or_insert_default();
            report.operation = known.map(Route::operation);
            report.note = known.and_then(Route::note);
            Ok(if head.method == Method::HEAD {
                reply::without_body(response)
            } else {
                response
            })
        })
    }
}

impl<S> Api<S> {
    /// Lets the page of this origin see the response, if it may.
    pub(crate) fn expose(&self, origin: Option<&HeaderValue>, response: &mut Response) {
        self.cors_origins.expose(origin, response);
    }
}

impl<S: NoteStore> Api<S> {
    async fn dispatch(
        &self,
        route: Result<Route, Problem>,
        head: &Parts,
        body: impl RequestBody,
    ) -> Result<Response, Problem> {
        let route = route?;
        if self.only.is_some_and(|it| it != route.operation()) {
            return Err(Problem::UnknownPath);
        }
        let user: &UserId = head.extensions.get().ok_or(Problem::Unauthenticated)?;
        let notes = &self.notes;
        match route {
            // It keeps the deadline itself, as its answer then still has the key.
            Route::Create => create::create(notes, user, head, body).await,
            Route::List => with_deadline(head, list::list(notes, user, head)).await,
            Route::Get(id) => with_deadline(head, get::get(notes, user, id, head)).await,
            Route::Update(id) => {
                with_deadline(head, update::update(notes, user, id, head, body)).await
            }
            Route::Delete(id) => with_deadline(head, delete::delete(notes, user, id, head)).await,
        }
    }
}
