//! The tower service: from a request, through routing, identity and deadline, to a handler and its response.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::ORIGIN;
use http::request::Parts;
use http::{HeaderValue, Method, Request};
use http_body::Body;
use notes_core::{NoteStore, Notes, UserId};
use tower_service::Service;

use crate::cors::CorsOrigins;
use crate::diagnostics::Diagnostics;
use crate::handler::{changes, create, delete, get, list, update};
use crate::operation::Operation;
use crate::problem::Problem;
use crate::problem::problem_base::ProblemBase;
use crate::problem::respond::respond;
use crate::request::body::RequestBody;
use crate::request::deadline::with_deadline;
use crate::request::route::Route;
use crate::response::body::ResponseBody;
use crate::response::reply::{self, Response};

/// The HTTP API of a [`Notes`] service, as a tower [`Service`].
///
/// It is always ready and its future never fails: every error becomes a response, described in
/// [problems](crate::problems). A clone serves the same notes.
///
/// Its paths are `/notes`, `/notes/{id}` and, if the service has sync, `/notes/changes`. A server that strips a prefix
/// from the path before it calls the API puts that prefix into the request's extensions, as a
/// [`PathPrefix`](crate::PathPrefix). The `Location` of a new note then starts with it.
///
/// ```
/// use http::{Request, StatusCode, header};
/// use notes_core::{MemoryNoteStore, Notes, UserId};
/// use notes_lambda::Api;
/// use tower_service::Service;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut api = Api::new(Notes::new(MemoryNoteStore::new()));
/// let user: UserId = "alice".parse()?;
///
/// let mut create = Request::post("/notes")
///     .header(header::CONTENT_TYPE, "application/json")
///     .body(r#"{"title": "Milk", "content": "2 litres"}"#.to_owned())?;
/// create.extensions_mut().insert(user.clone());
/// let created = api.call(create).await?;
/// let note = created.headers()[header::LOCATION].to_str()?.to_owned();
///
/// // A change on the condition that the note is in a state that it is not in.
/// let mut change = Request::patch(note)
///     .header(header::CONTENT_TYPE, "application/merge-patch+json")
///     .header(header::IF_MATCH, r#""019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d""#)
///     .body(r#"{"content": "3 litres"}"#.to_owned())?;
/// change.extensions_mut().insert(user);
/// let refused = api.call(change).await?;
/// assert_eq!(refused.status(), StatusCode::PRECONDITION_FAILED);
/// # Ok(())
/// # }
/// ```
///
/// # Limits
///
/// | | |
/// |---|---|
/// | a request's body | 2.5 MiB, then 413; JSON in UTF-8, without a `Content-Encoding` |
/// | a response's body | Lambda's 6 MB, as an escaped JSON string: a page is cut, and its cursor leads on |
/// | `limit` of a page | 1 to 100, by default 20; of changes by default 100 |
/// | `If-Match`, `If-None-Match` | 100 entity tags |
/// | errors that a 400 names | the first 100 |
/// | the date of an `Idempotency-Key` | 7 days ago ([`Notes::with_acceptance_window`]) to 5 minutes ahead |
///
/// # Who the user is
///
/// The user is the [`UserId`] in the request's [extensions](http::Request::extensions). Whatever verified the caller
/// puts it there, such as a middleware that checks a token. A request without one gets 401; no header is ever read as
/// an identity. An unknown path (404) and a method that the path does not have (405) are refused before the user is
/// looked at.
///
/// # What the operator learns
///
/// The body of a response contains nothing internal. Instead, each response has a [`Diagnostics`] in its extensions,
/// for a layer that logs. When the store failed, it holds the error with all its sources.
///
/// # Deadlines and panics
///
/// A [`Deadline`](crate::Deadline) in the request's extensions limits how long a response may take. A panic becomes a
/// 500 or, if the method writes, a 503 `outcome-unknown`, because the write may have happened before the panic. The
/// panic hook is called as usual.
///
/// `O` is the choice of operations that [`only`](Self::only) takes. By default it is all of them.
pub struct Api<S, O = fn(Operation) -> bool> {
    notes: Arc<Notes<S>>,
    /// Shared, as the notes are: each request clones the API.
    options: Arc<Options<O>>,
}

/// What an API is configured with.
#[derive(Clone)]
struct Options<O> {
    cors_origins: CorsOrigins,
    /// Whether to serve an operation.
    serves: O,
    problem_base: ProblemBase,
}

impl<O: Fn(Operation) -> bool> fmt::Debug for Options<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = Operation::ALL.iter().copied();
        let operations: Vec<_> = all.filter(|operation| (self.serves)(*operation)).collect();
        f.debug_struct("Options")
            .field("cors_origins", &self.cors_origins)
            .field("operations", &operations)
            .field("problem_base", &self.problem_base)
            .finish()
    }
}

impl<S: NoteStore> Api<S> {
    /// An API that serves these notes, with all operations and without CORS.
    pub fn new(notes: Notes<S>) -> Self {
        let options = Options {
            cors_origins: CorsOrigins::default(),
            serves: (|_| true) as fn(Operation) -> bool,
            problem_base: ProblemBase::default(),
        };
        Self {
            notes: Arc::new(notes),
            options: Arc::new(options),
        }
    }
}

impl<S: NoteStore, O: Clone> Api<S, O> {
    /// Lets pages of these origins call the API from a browser. Not needed where a gateway in front of it handles
    /// CORS already, as an HTTP API of API Gateway can.
    ///
    /// ```
    /// use notes_core::{MemoryNoteStore, Notes};
    /// use notes_lambda::Api;
    ///
    /// let api = Api::new(Notes::new(MemoryNoteStore::new()))
    ///     .with_cors_origins("https://notes.example, http://localhost:*".parse()?);
    /// # Ok::<(), notes_lambda::InvalidCorsOrigins>(())
    /// ```
    #[must_use]
    pub fn with_cors_origins(mut self, origins: CorsOrigins) -> Self {
        Arc::make_mut(&mut self.options).cors_origins = origins;
        self
    }

    /// Serves only the operations for which this function is true; requests for any other get 404 `unknown-path`. A
    /// later call replaces the choice of an earlier one.
    ///
    /// Where the compiler can tell that the function is false, the program does not contain the code of that operation,
    /// nor what only it needs of the store and of the AWS SDK.
    ///
    /// A choice of nothing is no mistake and no synonym for all: it serves nothing. So a choice that is read from
    /// somewhere never opens more than it names.
    ///
    /// ```
    /// use notes_core::{MemoryNoteStore, Notes};
    /// use notes_lambda::{Api, Operation};
    ///
    /// let api = Api::new(Notes::new(MemoryNoteStore::new()));
    /// let readers = api.clone().only(|operation| matches!(operation, Operation::Get | Operation::List));
    ///
    /// // A choice that is known only when the program runs.
    /// let chosen = vec!["get".parse::<Operation>()?, "list".parse()?];
    /// let readers = api.only(move |operation| chosen.contains(&operation));
    /// # Ok::<(), notes_lambda::InvalidOperation>(())
    /// ```
    #[must_use]
    pub fn only<C: Fn(Operation) -> bool>(self, choice: C) -> Api<S, C> {
        let options = Arc::unwrap_or_clone(self.options);
        let options = Options {
            cors_origins: options.cors_origins,
            serves: choice,
            problem_base: options.problem_base,
        };
        Api {
            notes: self.notes,
            options: Arc::new(options),
        }
    }

    /// Starts the `type` URI of every problem with this base, instead of the address of the documentation.
    ///
    /// The description that `openapi` returns always has the default URIs.
    ///
    /// ```
    /// use notes_core::{MemoryNoteStore, Notes};
    /// use notes_lambda::Api;
    ///
    /// // A note that is not there is then https://notes.example/problems/note-not-found.
    /// let api = Api::new(Notes::new(MemoryNoteStore::new()))
    ///     .with_problem_base("https://notes.example/problems/".parse()?);
    /// # Ok::<(), notes_lambda::InvalidProblemBase>(())
    /// ```
    #[must_use]
    pub fn with_problem_base(mut self, base: ProblemBase) -> Self {
        Arc::make_mut(&mut self.options).problem_base = base;
        self
    }
}

// Not derived: that would require `S: Clone`, which sharing does not need.
impl<S, O> Clone for Api<S, O> {
    fn clone(&self) -> Self {
        Self {
            notes: Arc::clone(&self.notes),
            options: Arc::clone(&self.options),
        }
    }
}

impl<S: fmt::Debug, O: Fn(Operation) -> bool> fmt::Debug for Api<S, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("notes", &self.notes)
            .field("options", &self.options)
            .finish()
    }
}

impl<S, O, B> Service<Request<B>> for Api<S, O>
where
    S: NoteStore + 'static,
    O: Fn(Operation) -> bool + Send + Sync + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = http::Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let base = this.problem_base();
            let (head, body) = request.into_parts();
            let route = Route::of(&head.method, head.uri.path());
            // Kept for the diagnostics, which name the operation even if its handler fails.
            let known = route.as_ref().ok().copied();
            // Browsers send a preflight request without credentials, so it is handled before the identity.
            let mut response = match this.options.cors_origins.preflight(&head) {
                Some(response) => response,
                None => respond(base, &head.method, this.dispatch(route, &head, body)).await,
            };
            this.expose(head.headers.get(ORIGIN), &mut response);
            let diagnostics: &mut Diagnostics = response.extensions_mut().get_or_insert_default();
            diagnostics.operation = known.map(Route::operation);
            diagnostics.note = known.and_then(Route::note);
            Ok(if head.method == Method::HEAD {
                reply::without_body(response)
            } else {
                response
            })
        })
    }
}

impl<S, O> Api<S, O> {
    /// Adds the headers that let a page of this origin read the response, if the origin is allowed.
    pub(crate) fn expose(&self, origin: Option<&HeaderValue>, response: &mut Response) {
        self.options.cors_origins.expose(origin, response);
    }

    pub(crate) fn problem_base(&self) -> &ProblemBase {
        &self.options.problem_base
    }
}

/// A call of a handler. It is boxed, so that the future of a request has no place for the handlers of other operations:
/// a place for one would keep its code in the program.
type Handling<'a> = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send + 'a>>;

impl<S: NoteStore, O: Fn(Operation) -> bool + Sync> Api<S, O> {
    /// Calls the handler of the route, if the request is allowed to reach it.
    async fn dispatch(
        &self,
        route: Result<Route, Problem>,
        head: &Parts,
        body: impl RequestBody,
    ) -> Result<Response, Problem> {
        // Without sync there is no such path, whatever the method.
        if head.uri.path() == Route::CHANGES && !self.notes.has_sync() {
            return Err(Problem::UnknownPath);
        }
        let notes = &self.notes;
        let base = self.problem_base();
        let serves = &self.options.serves;
        let user = || -> Result<&UserId, Problem> {
            head.extensions.get().ok_or(Problem::Unauthenticated)
        };
        let handler: Handling<'_> = match route? {
            // The creation applies the deadline itself, so that its 503 still carries the Idempotency-Key with
            // which the client can repeat the request safely.
            Route::Create if serves(Operation::Create) => {
                Box::pin(create::create(notes, base, user()?, head, body))
            }
            Route::List if serves(Operation::List) => {
                Box::pin(with_deadline(head, list::list(notes, user()?, head)))
            }
            Route::Get(id) if serves(Operation::Get) => {
                Box::pin(with_deadline(head, get::get(notes, user()?, id, head)))
            }
            Route::Update(id) if serves(Operation::Update) => {
                let update = update::update(notes, user()?, id, head, body);
                Box::pin(with_deadline(head, update))
            }
            Route::Delete(id) if serves(Operation::Delete) => Box::pin(with_deadline(
                head,
                delete::delete(notes, user()?, id, head),
            )),
            Route::Changes if serves(Operation::Changes) => {
                Box::pin(with_deadline(head, changes::changes(notes, user()?, head)))
            }
            _ => return Err(Problem::UnknownPath),
        };
        handler.await
    }
}
