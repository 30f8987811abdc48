//! What the HTTP client makes of its connections, over TCP.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::SdkError;
use notes_core::StoreErrorKind::{self, OutcomeUnknown, Throttled, Unavailable};
use notes_core::{Fingerprint, Insertion, Note, NoteId, NoteStore, Timestamp};
use notes_dynamo::DynamoNoteStore;
use notes_testing::Transport;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::given::alice;
use crate::wire::ATTEMPTS;

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
enum Reaction {
    Response(u16, &'static str),
    /// A success, after which the connection is closed without a word about it.
    LastResponse,
    /// The end of the connection.
    End,
    /// The first part of a response, and the end of the connection.
    HalfAResponse,
    /// What is no HTTP.
    Noise,
    Silence,
}

/// An empty response is a success, of each operation that is tried here.
const SUCCESS: Reaction = Reaction::Response(200, "{}");
const FAILURE: Reaction = Reaction::Response(500, r#"{"__type": "x#InternalServerError"}"#);
const THROTTLED: Reaction = Reaction::Response(400, r#"{"__type": "x#ThrottlingException"}"#);

struct Server {
    address: SocketAddr,
    script: Arc<Script>,
}

#[derive(Default)]
struct Script {
    reactions: Mutex<VecDeque<Reaction>>,
    /// The connection of each request that has arrived: the first is 0.
    requests: Mutex<Vec<usize>>,
    closed: Notify,
}

impl Server {
    async fn new(reactions: impl IntoIterator<Item = Reaction>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Script {
            reactions: Mutex::new(reactions.into_iter().collect()),
            ..Script::default()
        });
        let shared = Arc::clone(&script);
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let script = Arc::clone(&shared);
                // A client that hangs up is no failure of the server.
                tokio::spawn(async move {
                    let served = script.serve(connection, stream).await;
                    script.closed.notify_one();
                    served
                });
            }
        });
        Self { address, script }
    }

    fn store(&self) -> DynamoNoteStore {
        self.store_with(|config| config)
    }

    fn store_with(&self, settings: impl FnOnce(Builder) -> Builder) -> DynamoNoteStore {
        let config = Transport::config().endpoint_url(format!("http://{}", self.address));
        DynamoNoteStore::new(Client::from_conf(settings(config).build()), "notes")
    }

    /// The connection of each request so far.
    fn requests(&self) -> Vec<usize> {
        self.script.requests.lock().unwrap().clone()
    }
}

impl Script {
    async fn serve(&self, connection: usize, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        while read_request(&mut stream).await? {
            self.requests.lock().unwrap().push(connection);
            let reaction = self.reactions.lock().unwrap().pop_front().unwrap();
            let response = match reaction {
                Reaction::Response(status, body) => response(status, body),
                Reaction::LastResponse => response(200, "{}"),
                Reaction::End => return Ok(()),
                Reaction::HalfAResponse => "HTTP/1.1 200 OK\r\ncontent-le".to_owned(),
                Reaction::Noise => "\u{1}\u{2}\r\n\r\n".to_owned(),
                Reaction::Silence => std::future::pending().await,
            };
            stream.write_all(response.as_bytes()).await?;
            if !matches!(reaction, Reaction::Response(..)) {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Whether there is one, before the end of the connection.
async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<bool> {
    let mut length = 0;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
        if name == "content-length" {
            length = value.parse().unwrap();
        }
        if line == "\r\n" {
            stream.read_exact(&mut vec![0; length]).await?;
            return Ok(true);
        }
        line.clear();
    }
    Ok(false)
}

fn response(status: u16, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n{body}")
}

async fn read(store: &DynamoNoteStore) -> Result<(), StoreErrorKind> {
    let now = Timestamp::now();
    let note = store.get(&alice(), NoteId::generate(now), now).await;
    note.map(|_| ()).map_err(|error| error.kind())
}

async fn write(store: &DynamoNoteStore) -> Result<(), StoreErrorKind> {
    let now = Timestamp::now();
    let (title, content) = ("Milk".parse().unwrap(), "2 litres".parse().unwrap());
    let note = Note::new(alice(), NoteId::generate(now), title, content);
    let insertion = Insertion::new(note, Fingerprint::from([0; 8]), Duration::from_mins(1));
    let outcome = store.insert(&insertion, now).await;
    outcome.map(|_| ()).map_err(|error| error.kind())
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = Server::new([SUCCESS; 3]).await;
    let store = server.store();
    read(&store).await.unwrap();
    write(&store).await.unwrap();
    read(&store).await.unwrap();
    assert_eq!(server.requests(), [0, 0, 0]);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_nothing_was_sent_is_replaced() {
    let server = Server::new([Reaction::LastResponse, SUCCESS]).await;
    // An attempt over the old connection would be the only one.
    let store = server.store_with(|config| config.retry_config(RetryConfig::disabled()));
    read(&store).await.unwrap();
    server.script.closed.notified().await;
    // So often that the client hears of it: tokio looks for events after each 61 tasks.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    write(&store).await.unwrap();
    assert_eq!(server.requests(), [0, 1]);
}

#[tokio::test]
async fn a_connection_that_is_not_made_in_time_is_tried_again_and_has_written_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(300))
        .operation_attempt_timeout(Duration::from_mins(1))
        .operation_timeout(Duration::from_mins(1));
    let config = Transport::config()
        // For a handshake to which nobody responds.
        .endpoint_url(format!("https://{address}"))
        .timeout_config(timeouts.build());
    let client = Client::from_conf(config.build());
    let error = client.list_tables().send().await.unwrap_err();
    assert!(
        matches!(&error, SdkError::DispatchFailure(failure) if failure.is_timeout()),
        "{error:?}"
    );
    assert!(format!("{error:?}").contains("connection"), "{error:?}");
    assert_eq!(
        write(&DynamoNoteStore::new(client, "notes")).await,
        Err(Unavailable)
    );
    for _ in 0..2 * ATTEMPTS {
        listener.accept().await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_whose_server_fails_is_not_used_again_and_one_that_throttles_is() {
    let server = Server::new([FAILURE, SUCCESS, THROTTLED, SUCCESS]).await;
    let store = server.store();
    read(&store).await.unwrap();
    read(&store).await.unwrap();
    assert_eq!(server.requests(), [0, 1, 1, 1]);
}

#[tokio::test]
async fn a_response_that_does_not_come_leaves_the_outcome_of_a_write_unknown() {
    for (reaction, attempts) in [
        (Reaction::End, ATTEMPTS),
        (Reaction::HalfAResponse, ATTEMPTS),
        // The SDK does not try again what it can't read.
        (Reaction::Noise, 1),
    ] {
        let server = Server::new([reaction; 2 * ATTEMPTS]).await;
        let store = server.store();
        assert_eq!(write(&store).await, Err(OutcomeUnknown), "{reaction:?}");
        assert_eq!(server.requests().len(), attempts, "{reaction:?}");
        assert_eq!(read(&store).await, Err(Unavailable), "{reaction:?}");
        assert_eq!(server.requests().len(), 2 * attempts, "{reaction:?}");
    }
}

#[tokio::test]
async fn a_write_that_was_refused_each_time_is_not_done() {
    let server = Server::new([THROTTLED; ATTEMPTS]).await;
    assert_eq!(write(&server.store()).await, Err(Throttled));
    assert_eq!(server.requests(), [0; ATTEMPTS]);
}

#[tokio::test]
async fn a_response_that_does_not_begin_in_time_leaves_the_outcome_of_a_write_unknown() {
    let server = Server::new([Reaction::Silence; 2 * ATTEMPTS]).await;
    let timeouts = TimeoutConfig::builder()
        .read_timeout(Duration::from_millis(500))
        .operation_attempt_timeout(Duration::from_mins(1))
        .operation_timeout(Duration::from_mins(1));
    let store = server.store_with(|config| config.timeout_config(timeouts.build()));
    assert_eq!(write(&store).await, Err(OutcomeUnknown));
    assert_eq!(read(&store).await, Err(Unavailable));
    assert_eq!(server.requests(), [0, 1, 2, 3, 4, 5]);
}
