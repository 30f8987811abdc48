//! What is counted: the instructions and the system calls of a cold start and of a warm invocation. Unlike times, these
//! are nearly the same in each run and on each machine of one kind.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::Result;
use crate::contestant::Contestant;
use crate::events::Operation;
use crate::function::Function;
use crate::stub::Stub;

/// Over how many warm invocations the mean is taken.
const WARM: u64 = 20;

/// Of how many cold starts the one with the fewest instructions counts. Under valgrind, a function is so slow that on a
/// busy machine its start may give up opening the connection, and open another one in the first invocation.
const COLD: u64 = 3;

/// What a function does, counted. Threads are counted together.
#[derive(Debug, Serialize)]
pub(crate) struct Count {
    pub(crate) contestant: String,
    pub(crate) operation: Operation,
    /// From the start to the response to the first event and the request for the second.
    pub(crate) cold: Counted,
    /// Of one more invocation.
    pub(crate) warm: Counted,
}

/// Instructions of user space, as valgrind executes them, and system calls.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Counted {
    pub(crate) instructions: u64,
    pub(crate) system_calls: u64,
}

pub(crate) async fn count(contestants: &[Contestant], stub: &Stub) -> Result<Vec<Count>> {
    let mut counts = Vec::new();
    for contestant in contestants {
        for operation in contestant.operations() {
            let binary = contestant.binary(operation);
            let mut cold = run(&binary, operation, stub, 1).await?;
            for _ in 1..COLD {
                let again = run(&binary, operation, stub, 1).await?;
                cold.instructions = cold.instructions.min(again.instructions);
                cold.system_calls = cold.system_calls.min(again.system_calls);
            }
            let more = run(&binary, operation, stub, 1 + WARM).await?;
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

/// Counts a process from its start until it has handled so many events.
async fn run(binary: &Path, operation: Operation, stub: &Stub, events: u64) -> Result<Counted> {
    let directory = tempfile::tempdir()?;
    let output = directory.path().join("output");
    let observer = |program: &str, arguments: &[&str], file: &str| {
        let mut observer: Vec<OsString> = vec![program.into()];
        observer.extend(arguments.iter().map(Into::into));
        let mut file = OsString::from(file);
        file.push(&output);
        observer.push(file);
        observer
    };
    let arguments = ["--quiet", "--tool=callgrind"];
    let valgrind = observer("valgrind", &arguments, "--callgrind-out-file=");
    let profile = observed(binary, &valgrind, operation, stub, events, &output).await?;
    let strace = observer("strace", &["-f", "-qq", "-e", "signal=none"], "--output=");
    let calls = observed(binary, &strace, operation, stub, events, &output).await?;
    let total = profile
        .lines()
        .find_map(|line| line.strip_prefix("totals: "));
    Ok(Counted {
        instructions: total.ok_or("no totals of valgrind")?.trim().parse()?,
        // A call that another thread interrupts in the log has a second line.
        system_calls: calls
            .lines()
            .filter(|line| !line.contains(" resumed>"))
            .count() as u64,
    })
}

/// Runs a function by an observer, and returns what the observer wrote.
async fn observed(
    binary: &Path,
    observer: &[OsString],
    operation: Operation,
    stub: &Stub,
    events: u64,
    output: &Path,
) -> Result<String> {
    let mut function = Function::start(binary, observer, stub).await?;
    function.ready().await?;
    for _ in 0..events {
        function.respond(operation.event()).await?;
        function.ready().await?;
    }
    function.end().await?;
    Ok(fs::read_to_string(output)?)
}
