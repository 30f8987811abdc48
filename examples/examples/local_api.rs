//! The notes API on this machine, with nothing else installed: `cargo run --example local_api`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that a person starts"
)]

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use notes_core::Notes;
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_examples::{Engine, LocalApi, client};
use tokio::signal::unix::{SignalKind, signal};

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
    #[arg(long, value_name = "URL", requires = "table", conflicts_with_all = ["data", "in_memory"])]
    endpoint: Option<String>,

    /// The table at the endpoint.
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    table: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local_api: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let api = LocalApi::bind(options.port)
        .await
        .map_err(|error| format!("port {} of 127.0.0.1: {error}", options.port))?;

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
    ensure_table(&client, table)
        .await
        .map_err(|error| format!("{place}: {}", with_causes(&error)))?;
    let notes = Notes::new(DynamoNoteStore::new(client, table));

    greet(&api.url(), &place, &notes.new_id().to_string());

    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    api.serve(notes, stop).await?;
    Ok(())
}

fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn greet(url: &str, place: &str, id: &str) {
    println!(
        r#"The notes API listens on {url}
Notes are kept in {place}
The page to try it on is {url}/docs

For development: the bearer token's text is the user id, and nobody checks it. Try

curl -i {url}/notes -H 'Authorization: Bearer alice' -H 'Content-Type: application/json' -H 'Idempotency-Key: {id}' -d '{{"title": "Milk", "content": "2 litres"}}'
curl -i {url}/notes -H 'Authorization: Bearer alice'
curl -i {url}/notes/{id} -H 'Authorization: Bearer alice' -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{{"category": "shop"}}'

Ctrl-C stops it."#
    );
}
