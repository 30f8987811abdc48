//! What the store says when the engine refuses, fails, or does not respond: a proxy in front of the
//! embedded engine does what a script says.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::VecDeque;
use std::error::Error;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use notes_core::{
    DeleteOutcome, Deletion, Expected, Fingerprint, InsertOutcome, Insertion, ListQuery, NewNote,
    Note, NoteId, NotePatch, NoteStore, Occupant, PurgeAt, Revision, StoreError, StoreErrorKind,
    Timestamp, Update, UpdateOutcome, UserId,
};
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_testing::{Engine, serve};

const ATTEMPTS: usize = 3;

/// How long after the time of its id a creation is accepted.
const WINDOW: Duration = Duration::from_mins(1);

/// What the proxy does with one request.
#[derive(Clone)]
enum Fault {
    /// Hands it on, and responds with a server's error.
    LoseReply,
    /// Hands it on, lets a rival write, and responds with a server's error.
    LoseReplyToRival(Update),
    /// Responds so, without handing it on.
    Response(u16, &'static str),
    /// Does not respond.
    Hang,
}

struct Faulty {
    store: DynamoNoteStore,
    /// Beside the proxy.
    direct: DynamoNoteStore,
    proxy: Arc<Proxy>,
    user: UserId,
    id: NoteId,
    now: Timestamp,
    engine: Engine,
}

struct Proxy {
    script: Mutex<VecDeque<Fault>>,
    seen: Mutex<Vec<String>>,
    http: reqwest::Client,
    engine: String,
    direct: DynamoNoteStore,
    key: (UserId, NoteId),
}

impl Faulty {
    async fn new(script: impl IntoIterator<Item = Fault>) -> Self {
        let engine = Engine::in_memory().unwrap();
        let client = engine.client();
        ensure_table(&client, "notes").await.unwrap();
        let direct = DynamoNoteStore::new(client.clone(), "notes");
        let now = Timestamp::now();
        let key: (UserId, _) = ("alice".parse().unwrap(), NoteId::generate(now));
        let proxy = Arc::new(Proxy {
            script: Mutex::new(script.into_iter().collect()),
            seen: Mutex::default(),
            http: reqwest::Client::new(),
            engine: engine.url(),
            direct: direct.clone(),
            key: key.clone(),
        });
        let app = Router::new()
            .fallback(handle)
            .with_state(Arc::clone(&proxy));
        let url = format!("http://{}", serve(app).await.unwrap());
        Self {
            store: DynamoNoteStore::new(impatient(&client, &url), "notes"),
            direct,
            proxy,
            user: key.0,
            id: key.1,
            now,
            engine,
        }
    }

    /// With the note there, and the script after it.
    async fn with_note(script: impl IntoIterator<Item = Fault>) -> Self {
        let faulty = Self::new(script).await;
        let inserted = faulty.direct.insert(&faulty.insertion(), faulty.now).await;
        assert_eq!(inserted.unwrap(), InsertOutcome::Inserted);
        faulty
    }

    fn insertion(&self) -> Insertion {
        let new = NewNote::new("Milk".parse().unwrap(), "2 litres".parse().unwrap());
        let fingerprint = Fingerprint::of(&new);
        let note = Note::new(self.user.clone(), self.id, new.title, new.content);
        Insertion::new(note, fingerprint, WINDOW)
    }

    fn deletion(&self) -> Deletion {
        let purge_at = PurgeAt::new(self.id, self.now.as_secs(), WINDOW);
        Deletion::new(Expected::Any, later(self.id.into()), purge_at)
    }

    async fn insert(&self) -> Result<InsertOutcome, StoreError> {
        self.store.insert(&self.insertion(), self.now).await
    }

    async fn update(&self, update: &Update) -> Result<UpdateOutcome, StoreError> {
        self.store
            .update(&self.user, self.id, update, self.now)
            .await
    }

    async fn delete(&self) -> Result<DeleteOutcome, StoreError> {
        let deletion = self.deletion();
        self.store
            .delete(&self.user, self.id, &deletion, self.now)
            .await
    }

    async fn stored(&self) -> Option<Note> {
        let stored = self.direct.get(&self.user, self.id, self.now).await;
        stored.unwrap()
    }

    fn requests(&self) -> usize {
        self.proxy.seen.lock().unwrap().len()
    }
}

/// A client that soon gives up, so that tests need not wait.
fn impatient(client: &Client, url: &str) -> Client {
    let attempts = u32::try_from(ATTEMPTS).unwrap();
    let config = client
        .config()
        .to_builder()
        .endpoint_url(url)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(attempts)
                .with_initial_backoff(Duration::from_millis(1)),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(Duration::from_secs(2))
                .build(),
        );
    Client::from_conf(config.build())
}

async fn handle(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let target = request.headers()["x-amz-target"].to_str().unwrap();
    proxy.seen.lock().unwrap().push(target.to_owned());
    let fault = proxy.script.lock().unwrap().pop_front();
    match fault {
        None => forward(&proxy, request).await,
        Some(Fault::LoseReply) => {
            forward(&proxy, request).await;
            error_response(500, "InternalServerError")
        }
        Some(Fault::LoseReplyToRival(rival)) => {
            forward(&proxy, request).await;
            let (user, id) = &proxy.key;
            let outcome = proxy
                .direct
                .update(user, *id, &rival, Timestamp::now())
                .await;
            assert!(matches!(outcome, Ok(UpdateOutcome::Updated(_))));
            error_response(500, "InternalServerError")
        }
        Some(Fault::Response(status, code)) => error_response(status, code),
        Some(Fault::Hang) => std::future::pending().await,
    }
}

async fn forward(proxy: &Proxy, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let sent = proxy
        .http
        .post(&proxy.engine)
        .headers(parts.headers)
        .body(body);
    let reply = sent.send().await.unwrap();
    let (status, headers) = (reply.status(), reply.headers().clone());
    let mut response = Response::new(Body::from(reply.bytes().await.unwrap()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn error_response(status: u16, code: &str) -> Response {
    let body = format!(r#"{{"__type": "com.amazonaws.dynamodb.v20120810#{code}"}}"#);
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

fn later(revision: Revision) -> Revision {
    revision.next(Timestamp::now()).unwrap()
}

fn retitled(title: &str, after: Revision) -> Update {
    let patch = NotePatch::default().with_title(title.parse().unwrap());
    Update::new(patch, Expected::Any, later(after), WINDOW)
}

fn kind<T: std::fmt::Debug>(result: Result<T, StoreError>) -> StoreErrorKind {
    result.unwrap_err().kind()
}

#[tokio::test]
async fn an_insert_whose_reply_was_lost_finds_its_own_note() {
    let faulty = Faulty::new([Fault::LoseReply]).await;
    let Insertion {
        note, fingerprint, ..
    } = faulty.insertion();
    let taken = InsertOutcome::Taken(Occupant::Live { note, fingerprint });
    assert_eq!(faulty.insert().await.unwrap(), taken);
    assert_eq!(faulty.requests(), 2);
}

#[tokio::test]
async fn an_update_whose_reply_was_lost_finds_its_own_revision() {
    let faulty = Faulty::with_note([Fault::LoseReply]).await;
    let update = retitled("Bread", faulty.id.into());
    let UpdateOutcome::Updated(note) = faulty.update(&update).await.unwrap() else {
        panic!("it was its own update");
    };
    assert_eq!(note.revision, update.revision);
    assert_eq!(faulty.requests(), 2);
}

#[tokio::test]
async fn a_delete_whose_reply_was_lost_finds_its_own_tombstone() {
    let faulty = Faulty::with_note([Fault::LoseReply]).await;
    assert_eq!(faulty.delete().await.unwrap(), DeleteOutcome::Deleted);
    assert_eq!(faulty.requests(), 2);
    assert_eq!(faulty.stored().await, None);
}

#[tokio::test]
async fn an_update_that_may_have_happened_before_a_rivals_is_neither_success_nor_conflict() {
    let faulty = Faulty::with_note([]).await;
    let update = retitled("Bread", faulty.id.into());
    let rival = retitled("Butter", update.revision);
    let fault = Fault::LoseReplyToRival(rival.clone());
    faulty.proxy.script.lock().unwrap().push_back(fault);
    assert_eq!(
        kind(faulty.update(&update).await),
        StoreErrorKind::OutcomeUnknown
    );
    assert_eq!(faulty.stored().await.unwrap().revision, rival.revision);
}

#[tokio::test]
async fn a_refusal_after_throttling_is_a_plain_conflict() {
    let throttled = Fault::Response(400, "ThrottlingException");
    let faulty = Faulty::with_note([throttled.clone(), throttled]).await;
    let mut update = retitled("Bread", faulty.id.into());
    update.expected = Revision::generate(faulty.now).into();
    let outcome = faulty.update(&update).await.unwrap();
    assert!(matches!(outcome, UpdateOutcome::Stale(Some(_))));
    assert_eq!(faulty.requests(), ATTEMPTS);
}

#[tokio::test]
async fn a_write_that_the_server_failed_has_an_unknown_outcome_and_a_read_none() {
    for fault in [
        Fault::Response(500, "InternalServerError"),
        Fault::Response(503, "ServiceUnavailable"),
        Fault::Hang,
    ] {
        let script = || vec![fault.clone(); ATTEMPTS];
        let faulty = Faulty::new(script()).await;
        assert_eq!(kind(faulty.insert().await), StoreErrorKind::OutcomeUnknown);
        assert_eq!(faulty.requests(), ATTEMPTS);

        faulty.proxy.script.lock().unwrap().extend(script());
        let read = faulty.store.get(&faulty.user, faulty.id, faulty.now).await;
        assert_eq!(kind(read), StoreErrorKind::Unavailable);

        let faulty = Faulty::with_note(script()).await;
        assert_eq!(kind(faulty.delete().await), StoreErrorKind::OutcomeUnknown);
        faulty.proxy.script.lock().unwrap().extend(script());
        let update = retitled("Bread", faulty.id.into());
        assert_eq!(
            kind(faulty.update(&update).await),
            StoreErrorKind::OutcomeUnknown
        );
    }
}

#[tokio::test]
async fn a_response_that_is_none_leaves_the_outcome_of_a_write_unknown() {
    let faulty = Faulty::new(vec![Fault::Response(200, "\"} not JSON"); ATTEMPTS]).await;
    // An empty response to PutItem is a success; one to be read is not.
    let update = retitled("Bread", faulty.id.into());
    assert_eq!(
        kind(faulty.update(&update).await),
        StoreErrorKind::OutcomeUnknown
    );
}

#[tokio::test]
async fn every_face_of_throttling_is_one_kind_and_nothing_was_written() {
    for code in [
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    ] {
        let faulty = Faulty::new(vec![Fault::Response(400, code); ATTEMPTS]).await;
        let error = faulty.insert().await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Throttled, "{code}");
        assert!(error.is_retryable());
        assert_eq!(faulty.requests(), ATTEMPTS, "{code}");
        assert_eq!(faulty.stored().await, None);
    }
}

#[tokio::test]
async fn a_refusal_for_good_is_not_repeated_and_keeps_its_cause() {
    for (code, expected) in [
        ("AccessDeniedException", StoreErrorKind::Denied),
        ("UnrecognizedClientException", StoreErrorKind::Denied),
        ("ResourceNotFoundException", StoreErrorKind::Other),
        ("ValidationException", StoreErrorKind::Other),
        ("SomethingNewException", StoreErrorKind::Other),
        (
            "ItemCollectionSizeLimitExceededException",
            StoreErrorKind::TooLarge,
        ),
    ] {
        let faulty = Faulty::new([Fault::Response(400, code)]).await;
        let error = faulty.insert().await.unwrap_err();
        assert_eq!(error.kind(), expected, "{code}");
        assert!(!error.is_retryable());
        assert_eq!(faulty.requests(), 1, "{code}");
        let chain = std::iter::successors(error.source(), |&error| error.source());
        let chain: Vec<_> = chain.map(|cause| format!("{cause:?}")).collect();
        assert!(chain.iter().any(|cause| cause.contains(code)), "{chain:?}");
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_has_written_nothing() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", port.local_addr().unwrap());
    drop(port);
    let faulty = Faulty::new([]).await;
    let store = DynamoNoteStore::new(impatient(&faulty.engine.client(), &url), "notes");
    let insert = store.insert(&faulty.insertion(), faulty.now).await;
    assert_eq!(kind(insert), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn a_connection_that_is_not_made_has_written_nothing() {
    let faulty = Faulty::with_note([]).await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for url in [
        // No name has a part of more than 63 characters.
        format!("http://{}.invalid", "a".repeat(64)),
        // TLS, where there is none.
        faulty.engine.url().replace("http:", "https:"),
        // TLS, to which nobody responds.
        format!("https://{}", silent.local_addr().unwrap()),
    ] {
        let client = impatient(&faulty.engine.client(), &url);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_millis(200))
            .operation_attempt_timeout(Duration::from_mins(1));
        let config = client.config().to_builder();
        let config = config.timeout_config(timeouts.build());
        let store = DynamoNoteStore::new(Client::from_conf(config.build()), "notes");
        let deletion = faulty.deletion();
        let delete = store.delete(&faulty.user, faulty.id, &deletion, faulty.now);
        let error = delete.await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    }
}

#[tokio::test]
async fn list_and_purge_report_their_failures() {
    let faulty =
        Faulty::with_note(vec![Fault::Response(500, "InternalServerError"); ATTEMPTS]).await;
    let list = faulty
        .store
        .list(&faulty.user, &ListQuery::default(), faulty.now)
        .await;
    assert_eq!(kind(list), StoreErrorKind::Unavailable);

    let denied = Fault::Response(400, "AccessDeniedException");
    faulty.proxy.script.lock().unwrap().push_back(denied);
    let purge = faulty.store.purge(&faulty.user, NonZeroU32::MIN).await;
    assert_eq!(kind(purge), StoreErrorKind::Denied);
    assert!(faulty.stored().await.is_some());
}
