//! `notes` looks after the notes in a DynamoDB table: `cargo run -p notes-tool -- --help`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that a person starts"
)]

mod check;
mod erase;
mod export;
mod import;
mod insert;
mod line;
mod migrate;
mod original;
mod progress;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use clap::{Parser, Subcommand};
use notes_core::{ErrorChain, Notes, UserId};
use notes_dynamo::{DynamoNoteStore, client_config, http_client};

/// An error for the person who has started the program.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// Looks after the notes in a DynamoDB table. Region and credentials are those of the AWS SDK: environment variables,
/// the profile of `AWS_PROFILE`, or the role of the machine.
#[derive(Parser)]
#[command(name = "notes")]
struct Options {
    /// The table's name or ARN.
    #[arg(long, value_name = "NAME")]
    table: String,

    /// Another endpoint than AWS's, such as `http://127.0.0.1:8000`.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,

    /// The table has sync on: what is written appears in the changes that clients ask for.
    #[arg(long)]
    sync: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes all live notes of a user into a file, a JSON object a line, the oldest first.
    ///
    /// Until it is complete, the file is FILE.part. If the export was interrupted, the same command continues it.
    Export {
        #[arg(long)]
        user: UserId,
        file: PathBuf,
    },
    /// Stores the notes of a file that `export` has written, with their ids and dates.
    ///
    /// What is there already stays as it is, and no deleted note comes back, so it can be repeated. If it was
    /// interrupted, the same command continues at the place that FILE.imported names.
    Import {
        /// The user who gets the notes; without it, it is the user of each line.
        #[arg(long)]
        user: Option<UserId>,
        file: PathBuf,
    },
    /// Removes everything that is stored of a user, for good. Do it when no request of the user can come any more.
    Erase {
        #[arg(long)]
        user: UserId,
        /// Really do it.
        #[arg(long, required = true)]
        yes: bool,
    },
    /// Checks the table's key, index, time to live, deletion protection and point-in-time recovery.
    Check {
        /// Look for items that can't be read, too. It reads the table twice.
        #[arg(long)]
        items: bool,
    },
    /// Copies the notes of the Node.js original's table into this one. It can be repeated: each note has one id.
    Migrate {
        /// The original's table.
        #[arg(long, value_name = "NAME")]
        from: String,
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
        /// The notes never expire, whatever their `expires`: the original has never hidden a note.
        #[arg(long)]
        ignore_expires: bool,
        /// Write what is left out into this file, a JSON object a line.
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("notes: {}", ErrorChain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<ExitCode, BoxError> {
    let client = client(options.endpoint).await;
    let mut store = DynamoNoteStore::new(client.clone(), &options.table);
    if options.sync {
        store = store.with_changes();
    }
    let notes = Notes::new(store);
    match options.command {
        Command::Export { user, file } => export::export(&notes, &user, &file).await?,
        Command::Import { user, file } => {
            import::import(&notes, &options.table, user.as_ref(), &file).await?;
        }
        Command::Erase { user, yes: _ } => erase::erase(&notes, &user).await?,
        Command::Check { items } => {
            if !check::check(&client, &notes, &options.table, items).await? {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Migrate {
            from,
            dry_run,
            ignore_expires,
            report,
        } => {
            let migration = migrate::Migration {
                from,
                dry_run,
                ignore_expires,
            };
            migration.run(&client, &notes, report.as_deref()).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The client of the README of notes-dynamo, with more patience: nobody waits for a response here.
async fn client(endpoint: Option<String>) -> Client {
    let aws = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client())
        .load()
        .await;
    let mut config = client_config()
        .region(aws.region().cloned())
        .retry_config(RetryConfig::standard().with_max_attempts(8))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(5))
                .operation_attempt_timeout(Duration::from_secs(20))
                .operation_timeout(Duration::from_mins(2))
                .build(),
        );
    config.set_credentials_provider(aws.credentials_provider());
    config.set_endpoint_url(endpoint.or_else(|| aws.endpoint_url().map(str::to_owned)));
    Client::from_conf(config.build())
}
