//! Requests over many connections at once, to the server of the example `local_api` in a process of its own: over the
//! embedded engine, as `local_api` is, and over the memory store. They read and change notes that are there, so that
//! what is stored does not grow, and nor should the memory of the server.
//! `bash benches/run load` prints a table; `cargo test --workspace --bench load` sends a few requests.
#![allow(
    clippy::print_stdout,
    reason = "a program that shows what it has measured"
)]

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Read};
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use notes_core::{MemoryNoteStore, Notes};
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_examples::LocalApi;
use notes_testing::Engine;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Users, and the notes of each.
const USERS: usize = 100;
const NOTES: usize = 20;

/// The content of each note.
const CONTENT_BYTES: usize = 1_000;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Debug, Serialize)]
struct Row {
    /// The store.
    group: &'static str,
    name: String,
    requests_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Of the server, engine included.
    cpu_ms: f64,
    /// Of the server, after the requests.
    rss_mib: f64,
}

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    if has("serve-engine") {
        return runtime.block_on(serve_engine());
    }
    if has("serve-memory") {
        return runtime.block_on(serve(Notes::new(MemoryNoteStore::new())));
    }
    // What `cargo bench` passes, and `cargo test` does not.
    let (connections, time) = if has("--bench") {
        // Twice, because memory that grows with the requests would be more the second time.
        (&[1, 8, 64, 256, 1, 8, 64, 256][..], Duration::from_secs(10))
    } else {
        (&[1, 8][..], Duration::from_millis(100))
    };
    let mut rows = Vec::new();
    for store in ["memory", "engine"] {
        rows.extend(runtime.block_on(measure(store, connections, time))?);
    }
    println!("{}", serde_json::to_string(&rows)?);
    Ok(())
}

async fn serve_engine() -> Result<()> {
    let engine = Engine::in_memory().map_err(|error| error.to_string())?;
    let client = engine.client();
    ensure_table(&client, "notes").await?;
    serve(Notes::new(DynamoNoteStore::new(client, "notes"))).await
}

/// Serves until the standard input ends.
async fn serve<S: notes_core::NoteStore + 'static>(notes: Notes<S>) -> Result<()> {
    let api = LocalApi::bind(0).await?;
    println!("{}", api.url());
    let end = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    api.serve(notes, async {
        let _ = end.await;
    })
    .await?;
    Ok(())
}

/// The server's process. It ends with this value.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    async fn start(store: &str) -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .arg(format!("serve-{store}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = process.stdout.take().ok_or("no standard output")?;
        let url = BufReader::new(output).lines().next_line().await?;
        let url = url.ok_or("the server has ended")?;
        let address = url.strip_prefix("http://").ok_or("no URL")?.to_owned();
        Ok(Self { process, address })
    }

    fn proc(&self, file: &str) -> Result<String> {
        let id = self.process.id().ok_or("the server has ended")?;
        Ok(fs::read_to_string(format!("/proc/{id}/{file}"))?)
    }

    /// Its CPU time in milliseconds, of the user and of the system: `utime` and `stime`, in hundredths of a second.
    fn cpu(&self) -> Result<f64> {
        let stat = self.proc("stat")?;
        let (_, fields) = stat.rsplit_once(") ").ok_or("no fields")?;
        let fields = fields.split(' ').skip(11).take(2);
        let ticks = fields
            .map(str::parse::<f64>)
            .sum::<std::result::Result<f64, _>>()?;
        Ok(ticks * 10.0)
    }

    fn rss_mib(&self) -> Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.ok_or("no VmRSS")?.trim().trim_end_matches(" kB");
        Ok(kib.parse::<f64>()? / 1024.0)
    }
}

/// One connection, and the requests that it has sent.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    sent: usize,
}

impl Connection {
    /// Where its requests begin, so that the connections don't ask for the same at the same time.
    async fn open(address: &str, start: usize) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self {
            sender,
            sent: start,
        })
    }

    async fn send(
        &mut self,
        address: &str,
        method: Method,
        path: &str,
        user: usize,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", address)
            .header("authorization", format!("Bearer user-{user}"))
            .header("content-type", "application/json")
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }

    /// Of ten requests, six get a note, two list twenty, and two change one.
    async fn send_next(
        &mut self,
        address: &str,
        paths: &[Vec<String>],
        body: &Bytes,
    ) -> Result<()> {
        self.sent += 1;
        // A prime, so that one after the other has all users and notes.
        let number = self.sent.wrapping_mul(7919);
        let user = number % USERS;
        let note = &*paths[user][number / USERS % NOTES];
        // The same kind for all users in turn, so that no user gets requests of one kind only.
        let (method, path, body) = match self.sent / USERS % 10 {
            0..6 => (Method::GET, note, Bytes::new()),
            6..8 => (Method::GET, "/notes?limit=20", Bytes::new()),
            _ => (Method::PATCH, note, body.clone()),
        };
        let (status, body) = self.send(address, method, path, user, body).await?;
        if status != StatusCode::OK {
            return Err(format!("{status}: {body:?}").into());
        }
        Ok(())
    }
}

/// Creates the notes, and returns the paths of each user's.
async fn fill(server: &Server, body: &Bytes) -> Result<Vec<Vec<String>>> {
    let address = &server.address;
    let mut connection = Connection::open(address, 0).await?;
    let mut all = Vec::new();
    for user in 0..USERS {
        let mut paths = Vec::new();
        for _ in 0..NOTES {
            let (status, note) = connection
                .send(address, Method::POST, "/notes", user, body.clone())
                .await?;
            let note: Value = serde_json::from_slice(&note)?;
            let id = note["id"].as_str();
            paths.push(format!("/notes/{}", id.ok_or(format!("{status}: {note}"))?));
        }
        all.push(paths);
    }
    Ok(all)
}

async fn measure(store: &'static str, connections: &[usize], time: Duration) -> Result<Vec<Row>> {
    let server = Server::start(store).await?;
    let content = "n".repeat(CONTENT_BYTES);
    let body = json!({"title": "Milk", "content": content}).to_string();
    let body = Bytes::from(body);
    let paths = fill(&server, &body).await?;
    let mut rows = Vec::new();
    for (number, count) in connections.iter().enumerate() {
        let is_repeated = connections[..number].contains(count);
        let again = if is_repeated { ", again" } else { "" };
        let mut opened = Vec::new();
        for number in 0..*count {
            opened.push(Connection::open(&server.address, number * 977).await?);
        }
        let cpu = server.cpu()?;
        let started = Instant::now();
        let tasks: Vec<_> = opened
            .into_iter()
            .map(|connection| {
                let (paths, body, address) = (paths.clone(), body.clone(), server.address.clone());
                tokio::spawn(async move { run(connection, &address, &paths, &body, time).await })
            })
            .collect();
        let mut latencies = Vec::new();
        for task in tasks {
            latencies.append(&mut task.await??);
        }
        let taken = started.elapsed();
        latencies.sort_unstable();
        let quantile = |percent: usize| {
            let latency: Duration = latencies[(latencies.len() - 1) * percent / 100];
            latency.as_secs_f64() * 1_000.0
        };
        let requests = f64::from(u32::try_from(latencies.len())?);
        rows.push(Row {
            group: store,
            name: format!("{count} connections{again}"),
            requests_per_second: requests / taken.as_secs_f64(),
            p50_ms: quantile(50),
            p99_ms: quantile(99),
            cpu_ms: (server.cpu()? - cpu) / requests,
            rss_mib: server.rss_mib()?,
        });
    }
    Ok(rows)
}

/// Sends one request after the other for this long, and returns how long each took.
async fn run(
    mut connection: Connection,
    address: &str,
    paths: &[Vec<String>],
    body: &Bytes,
    time: Duration,
) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let started = Instant::now();
    while started.elapsed() < time {
        let sent = Instant::now();
        connection.send_next(address, paths, body).await?;
        latencies.push(sent.elapsed());
    }
    Ok(latencies)
}
