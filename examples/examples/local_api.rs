//! The notes API on this machine, without any other installation: `cargo run --example local_api`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that a person starts"
)]

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::NonEmptyStringValueParser;
use notes_core::{ErrorChain, Notes, SyncSettings};
use notes_dynamo::{DynamoNoteStore, ensure_table_with_changes};
use notes_examples::LocalApi;
use notes_lambda::{CorsOrigins, InvalidCorsOrigins};
use notes_testing::{Engine, client};

/// Serves the notes API on loopback, for development: the bearer token's text is the user id.
#[derive(Parser)]
struct Options {
    /// The port to listen on; 0 for any that is free.
    #[arg(long, default_value_t = 3000)]
    port: u16,

    /// The file that keeps the notes.
    #[arg(long, value_name = "FILE", default_value = "notes.db")]
    data: PathBuf,

    /// Keep the notes in memory only.
    #[arg(long, conflicts_with = "data")]
    in_memory: bool,

    /// Keep the notes in this DynamoDB instead, in a table that is created when missing. Region and
    /// credentials are those of the AWS SDK's environment variables.
    #[arg(
        long, value_name = "URL", requires = "table", conflicts_with_all = ["data", "in_memory"],
        value_parser = NonEmptyStringValueParser::new(),
    )]
    endpoint: Option<String>,

    /// The table at the endpoint.
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    table: Option<String>,

    /// An origin such as `https://notes.example` whose pages may call the API from a browser, beside
    /// those of `http://localhost` and `http://127.0.0.1` at any port. Can be given more than once.
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    cors_origin: Vec<String>,
}

/// Checks an origin, so that a wrong one is refused before anything is started.
fn origin(text: &str) -> Result<String, InvalidCorsOrigins> {
    text.parse().map(|_: CorsOrigins| text.to_owned())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local_api: {}", ErrorChain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let api = LocalApi::bind(options.port)
        .await
        .map_err(|error| format!("port {} of 127.0.0.1: {error}", options.port))?
        .with_cors_origins(&options.cors_origin)?;

    let (engine, place) = match (&options.endpoint, options.in_memory) {
        (Some(url), _) => (None, url.clone()),
        (None, true) => {
            let place = "memory, until this program ends".to_owned();
            (Some(Engine::in_memory()?), place)
        }
        (None, false) => {
            let place = std::path::absolute(&options.data)?.display().to_string();
            let engine = Engine::in_file(&options.data);
            (
                Some(engine.map_err(|error| format!("{place}: {error}"))?),
                place,
            )
        }
    };
    let client = engine
        .as_ref()
        .map_or_else(|| client(&place), Engine::client);
    let table = options.table.as_deref().unwrap_or("notes");
    ensure_table_with_changes(&client, table)
        .await
        .map_err(|error| format!("{place}: {}", ErrorChain(&error)))?;
    // Another table, such as one that was deleted and made again, has another id: copies of the notes that were in the
    // old one begin anew.
    let described = client.describe_table().table_name(table).send().await?;
    let id = described.table.and_then(|table| table.table_id);
    let epoch = id.unwrap_or_else(|| "local".to_owned());
    let store = DynamoNoteStore::new(client, table).with_changes();
    let notes = Notes::new(store).with_sync(SyncSettings::new(epoch));

    // Before the greeting: whoever waits for it may send a signal at once.
    let stop = stop()?;
    greet(&api.url(), &place, &notes.new_id().to_string());
    api.serve(notes, stop).await?;
    Ok(())
}

/// Completes when the program is told to stop. Signals are caught from this call on, not only once it is awaited.
#[cfg(unix)]
fn stop() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Completes when the program is told to stop.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn stop() -> std::io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// Prints where the API is and how to try it.
fn greet(url: &str, place: &str, id: &str) {
    println!(
        r#"The notes API listens on {url}
Notes are kept in {place}
The notes app is {url}/
The page to try the API on is {url}/docs

For development: the bearer token's text is the user id, and nobody checks it. Try

curl -i {url}/notes -H 'Authorization: Bearer alice' -H 'Content-Type: application/json' -H 'Idempotency-Key: {id}' -d '{{"title": "Milk", "content": "2 litres"}}'
curl -i {url}/notes -H 'Authorization: Bearer alice'
curl -i {url}/notes/changes -H 'Authorization: Bearer alice'
curl -i {url}/notes/{id} -H 'Authorization: Bearer alice' -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{{"category": "shop"}}'

Ctrl-C stops it."#
    );
}
