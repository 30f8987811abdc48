//! `POST /notes`.

use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use notes_core::{
    Category, Change, Content, CreateOutcome, ExpiryChoice, NewNote, Note, NoteId, NoteStore,
    Notes, Timestamp, Title, UserId,
};

use crate::problem::Problem;
use crate::problem::problem_base::ProblemBase;
use crate::problem::respond::respond;
use crate::request::body::{self, RequestBody};
use crate::request::deadline::with_deadline;
use crate::request::idempotency_key::{self, IDEMPOTENCY_KEY};
use crate::request::members::{self, Members};
use crate::request::path_prefix::PathPrefix;
use crate::request::preconditions::Preconditions;
use crate::response::reply::{self, Response};

/// The media type of a creation's body.
pub(crate) const MEDIA_TYPE: &str = "application/json";

/// Creates a note.
///
/// The id is determined before anything else is checked, and every response from then on carries it as
/// `Idempotency-Key`, even the response to a panic. So a client that sent no key of its own can still repeat the
/// request safely.
pub(crate) async fn create<S: NoteStore>(
    notes: &Notes<S>,
    base: &ProblemBase,
    user: &UserId,
    head: &Parts,
    body: impl RequestBody,
) -> Result<Response, Problem> {
    let creation = match idempotency_key::read(&head.headers)? {
        Some(id) => Creation { id, chosen: true },
        None => Creation {
            id: notes.new_id(),
            chosen: false,
        },
    };
    let attempt = with_deadline(head, creation.attempt(notes, user, head, body));
    let mut response = respond(base, &head.method, attempt).await;
    reply::set(&mut response, IDEMPOTENCY_KEY, creation.id);
    Ok(response)
}

/// The note to create, by its id.
#[derive(Clone, Copy)]
struct Creation {
    id: NoteId,
    /// Whether the client chose the id. If not, this request made it and no earlier attempt can exist.
    chosen: bool,
}

impl Creation {
    /// Refuses an id of the client's that is dated too far in the past or in the future.
    fn check_date<S>(self, notes: &Notes<S>) -> Result<(), Problem> {
        if self.chosen {
            notes
                .check_id_date(self.id)
                .map_err(Problem::IdempotencyKeyDate)?;
        }
        Ok(())
    }

    /// The earliest time at which the first attempt of this creation can have arrived.
    ///
    /// Its `expiresAt` has to be later than that. Compared with the present time, a repetition would be refused as
    /// invalid once the note has expired, although the creation succeeded. A first attempt whose expiry has passed
    /// is still refused: the service never stores an expired note (`CreateOutcome::Expired`).
    fn earliest_attempt<S>(self, notes: &Notes<S>) -> Timestamp {
        if !self.chosen {
            return notes.now();
        }
        let dated = self.id.created_at();
        notes.now().min(dated.saturating_sub(Notes::<S>::MAX_AHEAD))
    }

    /// Validates the request and creates the note.
    async fn attempt<S: NoteStore>(
        self,
        notes: &Notes<S>,
        user: &UserId,
        head: &Parts,
        body: impl RequestBody,
    ) -> Result<Response, Problem> {
        self.check_date(notes)?;
        if !body::has_type(&head.headers, &[MEDIA_TYPE]) {
            return Err(Problem::MediaType(MEDIA_TYPE));
        }
        let preconditions = Preconditions::read(&head.headers)?;
        let body = body::read(&head.headers, body).await?;
        // Again, because the key may have become too old while the body arrived.
        self.check_date(notes)?;
        let new = new_note(&body, self.earliest_attempt(notes))?;
        // Only now: a precondition counts for what would be a success without it (RFC 9110, section 13.2.1).
        preconditions.evaluate_list(&head.method)?;
        let (note, replayed) = match notes.create(user, self.id, new).await? {
            CreateOutcome::Created(note) => (note, false),
            // An id that this request made is known to nobody else. If its note exists, a retry of the store's client
            // met its own first attempt, and for the caller the note is new.
            CreateOutcome::Replayed(note) => (note, self.chosen),
            CreateOutcome::IdReused => return Err(Problem::IdReused),
            CreateOutcome::Spent => return Err(Problem::IdSpent),
            CreateOutcome::Expired => return Err(members::expired()),
        };
        created(head.extensions.get(), &note, replayed)
    }
}

/// The response to a creation. Its `Location` starts with the prefix that was stripped from the request's path.
///
/// Separate from [`create`] because the `OpenAPI` description makes its examples with it.
pub(crate) fn created(
    prefix: Option<&PathPrefix>,
    note: &Note,
    replayed: bool,
) -> Result<Response, Problem> {
    let mut response = reply::note(StatusCode::CREATED, note)?;
    let prefix = prefix.map_or("", PathPrefix::as_str);
    reply::set(
        &mut response,
        LOCATION,
        format!("{prefix}/notes/{}", note.id),
    );
    if replayed {
        let name = HeaderName::from_static("idempotent-replayed");
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert(name, yes);
    }
    Ok(response)
}

/// Reads the body of a creation; `expiresAt` has to be later than `now`.
pub(crate) fn new_note(body: &[u8], now: Timestamp) -> Result<NewNote, Problem> {
    let mut members = Members::parse(body)?;
    let title = members.required("title", Title::try_from);
    let content = members.required("content", Content::try_from);
    let category = match members.optional("category", Category::try_from) {
        Change::Set(category) => Some(category),
        Change::Keep | Change::Clear => None,
    };
    let expiry = match members.expiry(now) {
        Change::Keep => ExpiryChoice::Retention,
        Change::Clear => ExpiryChoice::Never,
        Change::Set(expiry) => ExpiryChoice::At(expiry),
    };
    members.finish(title.zip(content).map(|(title, content)| {
        let mut new = NewNote::new(title, content);
        (new.category, new.expiry) = (category, expiry);
        new
    }))
}
