//! Measures Lambda functions side by side: the notes functions, a function on the bare AWS SDK, and one that does
//! nothing. They take turns, so that whatever else the machine does falls on all of them, and the ratios hold where the
//! milliseconds do not.
//!
//! `bash benches/lambda/run` builds everything and calls this program.

mod bounds;
mod contestant;
mod counts;
mod events;
mod function;
mod measure;
mod report;
mod runtime_api;
mod shares;
mod statistics;
mod stub;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::contestant::Contestant;
use crate::counts::Count;
use crate::events::{CONTENT_BYTES, Operation};
use crate::report::Report;
use crate::shares::CpuGroup;
use crate::stub::Stub;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measures Lambda functions side by side, over TLS, with a stub in place of DynamoDB.
#[derive(Debug, Parser)]
struct Options {
    /// The directory with the functions `null` and `bare-sdk`, to compare with
    #[arg(long)]
    baselines: Option<PathBuf>,
    /// A directory with notes functions, and what to call them; several may be compared
    #[arg(long = "functions", value_name = "NAME=DIRECTORY", required = true)]
    functions: Vec<String>,
    /// The directory with the stub's certificates
    #[arg(long)]
    certificates: PathBuf,
    /// Cold starts of each function
    #[arg(long, default_value_t = 30)]
    cold: usize,
    /// Rounds of warm invocations of each function and operation, each in a new process
    #[arg(long, default_value_t = 5)]
    warm: usize,
    /// Counts instructions with valgrind and system calls with strace as well
    #[arg(long)]
    count: bool,
    /// The only operation whose sizes and counts are of interest
    #[arg(long, requires = "count")]
    operation: Option<Operation>,
    /// Keeps what valgrind writes in this directory, as FUNCTION-OPERATION.cold and .warm
    #[arg(long, requires = "count", value_name = "DIRECTORY")]
    profiles: Option<PathBuf>,
    /// A control group of Linux with the `cpu` controller, which nothing else uses: measures the notes functions with
    /// the shares of a CPU that Lambda gives to several memory sizes as well
    #[arg(long, value_name = "DIRECTORY")]
    shares: Option<PathBuf>,
    /// Writes all results to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Fails if a count or a size of the last functions exceeds its bound in this file
    #[arg(long, requires = "count")]
    bounds: Option<PathBuf>,
    /// Writes bounds for the last functions to this file: what they have, and a little room
    #[arg(long, requires = "count", conflicts_with = "operation")]
    write_bounds: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures, prints the tables, and returns whether all bounds are kept.
async fn run(options: &Options) -> Result<bool> {
    let stub = Stub::start(&options.certificates, CONTENT_BYTES).await?;
    let baselines = options.baselines.as_deref();
    let mut contestants = baselines.map_or_else(Vec::new, Contestant::baselines);
    let compared = contestants.len();
    for functions in &options.functions {
        let (name, directory) = functions
            .split_once('=')
            .ok_or("NAME=DIRECTORY is needed")?;
        contestants.push(Contestant::notes(name, directory.as_ref()));
    }
    let report = Report {
        sizes: measure::sizes(&contestants, options.operation)?,
        cold: measure::cold_starts(&contestants, &stub, options.cold).await?,
        warm: measure::warm_invocations(&contestants, &stub, options.warm).await?,
        counts: if options.count {
            counts::count(
                &contestants,
                &stub,
                options.operation,
                options.profiles.as_deref(),
            )
            .await?
        } else {
            Vec::new()
        },
        shares: match &options.shares {
            Some(group) => {
                let group = CpuGroup(group.clone());
                shares::shares(&contestants[compared..], &options.certificates, &group).await?
            }
            None => Vec::new(),
        },
    };
    let mut out = io::stdout();
    write!(out, "{report}")?;
    if let Some(file) = &options.json {
        fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    let last = contestants.last().ok_or("no functions are named")?;
    let of_last = |count: &&Count| count.contestant == last.name;
    let counts: Vec<_> = report.counts.iter().filter(of_last).cloned().collect();
    if let Some(file) = &options.write_bounds {
        let measured = bounds::measured(&last.directory, &counts)?.into_iter();
        let bounds: BTreeMap<_, _> = measured
            .map(|(function, numbers)| (function, numbers.with_room()))
            .collect();
        fs::write(file, serde_json::to_string_pretty(&bounds)? + "\n")?;
    }
    let exceeded = match &options.bounds {
        Some(file) => {
            let bounds = serde_json::from_slice(&fs::read(file)?)?;
            bounds::exceeded(&bounds, &bounds::measured(&last.directory, &counts)?)
        }
        None => Vec::new(),
    };
    for line in &exceeded {
        writeln!(out, "EXCEEDED: {line}")?;
    }
    Ok(exceeded.is_empty())
}
