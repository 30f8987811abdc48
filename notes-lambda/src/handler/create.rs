use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use notes_core::{
    Category, Change, Content, CreateOutcome, NewNote, Note, NoteId, NoteStore, Notes, Timestamp,
    Title, UserId,
};

use crate::problem::Problem;
use crate::problem::respond::respond;
use crate::request::body::{self, RequestBody};
use crate::request::deadline::with_deadline;
use crate::request::idempotency_key::{self, IDEMPOTENCY_KEY};
use crate::request::members::{self, Members};
use crate::request::path_prefix::PathPrefix;
use crate::request::preconditions;
use crate::response::reply::{self, Response};

/// What it takes.
pub(crate) const MEDIA_TYPE: &str = "application/json";

/// `POST /notes`.
///
/// The id is known before anything else is checked, and every answer from there on carries it, also
/// one to a panic: whoever gets an answer can repeat the request safely.
pub(crate) async fn create<S: NoteStore>(
    notes: &Notes<S>,
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
    let mut response = respond(&head.method, attempt).await;
    reply::set(&mut response, IDEMPOTENCY_KEY, creation.id);
    Ok(response)
}

#[derive(Clone, Copy)]
struct Creation {
    id: NoteId,
    /// Whether the client chose the id.
    chosen: bool,
}

impl Creation {
    fn check_date<S>(self, notes: &Notes<S>) -> Result<(), Problem> {
        if self.chosen {
            notes.check_date(self.id).map_err(Problem::Date)?;
        }
        Ok(())
    }

    /// When the first attempt may have come. A repetition is judged as that was, also when the note has
    /// expired since. That it is one, the service sees: it stores no note that has expired.
    fn earliest_attempt<S>(self, notes: &Notes<S>) -> Timestamp {
        if !self.chosen {
            return notes.now();
        }
        let ahead = u64::try_from(Notes::<S>::MAX_AHEAD.as_millis()).unwrap_or(u64::MAX);
        let dated = self.id.created_at().as_millis();
        notes
            .now()
            .min(Timestamp::from_millis(dated.saturating_sub(ahead)))
    }

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
        // Conditions decide only where nothing else that the headers tell does (RFC 9110 §13.2.1).
        body::check_headers(&head.headers)?;
        preconditions::of_list(head)?;
        let body = body::read(&head.headers, body).await?;
        // The body may have taken longer than the key was still acceptable.
        self.check_date(notes)?;
        let new = new_note(&body, self.earliest_attempt(notes))?;
        let (note, replayed) = match notes.create(user, self.id, new).await? {
            CreateOutcome::Created(note) => (note, false),
            // Nobody else knows an id that we chose: it is there through our own retry.
            CreateOutcome::Replayed(note) => (note, self.chosen),
            CreateOutcome::OtherContents => return Err(Problem::IdReused),
            CreateOutcome::Spent => return Err(Problem::IdSpent),
            CreateOutcome::Expired => return Err(members::expired()),
        };
        created(head.extensions.get(), &note, replayed)
    }
}

/// The answer to a creation, below the prefix that was taken away from its path.
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

pub(crate) fn new_note(body: &[u8], now: Timestamp) -> Result<NewNote, Problem> {
    let mut members = Members::parse(body)?;
    let title = members.required("title", Title::try_from);
    let content = members.required("content", Content::try_from);
    let category = match members.optional("category", Category::try_from) {
        Change::Set(category) => Some(category),
        Change::Keep | Change::Clear => None,
    };
    let expiry = members.expiry(now);
    members.finish(title.zip(content).map(|(title, content)| NewNote {
        title,
        content,
        category,
        expiry,
    }))
}
