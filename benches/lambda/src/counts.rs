//! What is counted: the instructions and the system calls of a cold start and of a warm invocation. Unlike times, these
//! are nearly the same in each run and on each machine of one kind.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::contestant::Contestant;
use crate::events::Operation;
use crate::function::Function;
use crate::stub::Stub;

/// Over how many warm invocations the mean is taken.
const WARM: u64 = 20;

/// Of how many runs the one with the fewest instructions counts.
const RUNS: u32 = 2;

/// How often a run is repeated that opened more than one connection. A function is so slow under valgrind that on a
/// busy machine it may give up opening a connection, and open another one.
const REPETITIONS: u32 = 10;

/// What a function does, counted. Threads are counted together.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Count {
    pub(crate) contestant: String,
    pub(crate) operation: Operation,
    /// From the start to the response to the first event and the request for the second.
    pub(crate) cold: Counted,
    /// Of one more invocation.
    pub(crate) warm: Counted,
}

/// Instructions of user space, as valgrind executes them, and system calls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) instructions: u64,
    pub(crate) system_calls: u64,
}

/// Counts each function, or only those of one operation.
pub(crate) async fn count(
    contestants: &[Contestant],
    stub: &Stub,
    only: Option<Operation>,
    profiles: Option<&Path>,
) -> Result<Vec<Count>> {
    let mut counts = Vec::new();
    for contestant in contestants {
        for operation in contestant.operations(only) {
            let profile = |kind: &str| {
                let name = format!("{}-{operation}.{kind}", contestant.name);
                profiles.map(|directory| directory.join(name))
            };
            let binary = contestant.binary(operation);
            let cold = run(&binary, operation, stub, 1, profile("cold")).await?;
            let more = run(&binary, operation, stub, 1 + WARM, profile("warm")).await?;
            let per_invocation = |cold: u64, more: u64| more.saturating_sub(cold) / WARM;
            counts.push(Count {
                contestant: contestant.name.clone(),
                operation,
                cold,
                warm: Counted {
                    instructions: per_invocation(cold.instructions, more.instructions),
                    system_calls: per_invocation(cold.system_calls, more.system_calls),
                },
            });
        }
    }
    Ok(counts)
}

/// Counts a process from its start until it has handled so many events. What valgrind writes is kept in a file.
async fn run(
    binary: &Path,
    operation: Operation,
    stub: &Stub,
    events: u64,
    keep: Option<PathBuf>,
) -> Result<Counted> {
    let mut fewest = (u64::MAX, String::new());
    let mut runs = 0;
    for _ in 0..RUNS + REPETITIONS {
        let connections = stub.connections();
        let arguments = ["--quiet", "--tool=callgrind", "--callgrind-out-file="];
        let profile = observed(binary, "valgrind", &arguments, operation, stub, events).await?;
        if stub.connections() - connections > 1 {
            continue;
        }
        let total = profile
            .lines()
            .find_map(|line| line.strip_prefix("totals: "));
        let total = total.ok_or("no totals of valgrind")?.trim().parse()?;
        if total < fewest.0 {
            fewest = (total, profile);
        }
        runs += 1;
        if runs == RUNS {
            break;
        }
    }
    if runs == 0 {
        return Err(
            "this machine is too busy to count: a function opens several connections".into(),
        );
    }
    let (instructions, profile) = fewest;
    if let Some(file) = keep {
        fs::write(file, profile)?;
    }
    let arguments = ["-f", "-qq", "-e", "signal=none", "--output="];
    let calls = observed(binary, "strace", &arguments, operation, stub, events).await?;
    Ok(Counted {
        instructions,
        // A call that another thread interrupts in the log has a second line.
        system_calls: calls
            .lines()
            .filter(|line| !line.contains(" resumed>"))
            .count() as u64,
    })
}

/// Runs a function by an observer, and returns what the observer wrote to the file that its last argument names.
async fn observed(
    binary: &Path,
    observer: &str,
    arguments: &[&str],
    operation: Operation,
    stub: &Stub,
    events: u64,
) -> Result<String> {
    let directory = tempfile::tempdir()?;
    let output = directory.path().join("output");
    let mut observer: Vec<OsString> = vec![observer.into()];
    observer.extend(arguments.iter().map(Into::into));
    if let Some(last) = observer.last_mut() {
        last.push(&output);
    }
    let mut function = Function::start(binary, &observer, stub).await?;
    function.ready().await?;
    for _ in 0..events {
        function.respond(operation.event()).await?;
        function.ready().await?;
    }
    function.end().await?;
    Ok(fs::read_to_string(output)?)
}
