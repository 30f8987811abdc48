//! How long invocations take with the share of a CPU that Lambda gives to a memory size.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::Result;
use crate::contestant::Contestant;
use crate::events::{CONTENT_BYTES, LARGEST_CONTENT_BYTES, Operation};
use crate::function::Function;
use crate::statistics::Summary;
use crate::stub::Stub;

/// The memory size that has [one whole CPU](https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
const WHOLE_CPU_MB: u64 = 1_769;

/// The memory sizes that are compared.
const SIZES_MB: [u64; 4] = [128, 256, 512, WHOLE_CPU_MB];

/// After so much time, in microseconds, a process gets its share anew. Lambda has 20 ms as well.
const PERIOD: u64 = 20_000;

/// How many processes are started for each request and memory size.
const ROUNDS: usize = 10;

/// Invocations of each process after the first.
const WARM: usize = 10;

/// What is invoked: the usual size, and the greatest. DynamoDB gives only 2 notes of 350 KB at once, so there is no
/// list of them.
const REQUESTS: [(Operation, usize); 6] = [
    (Operation::Get, CONTENT_BYTES),
    (Operation::List, CONTENT_BYTES),
    (Operation::Create, CONTENT_BYTES),
    (Operation::Update, CONTENT_BYTES),
    (Operation::Get, LARGEST_CONTENT_BYTES),
    (Operation::Create, LARGEST_CONTENT_BYTES),
];

/// Invocations with one memory size. Times on the clock, in milliseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Share {
    pub(crate) contestant: String,
    pub(crate) operation: Operation,
    pub(crate) content_bytes: usize,
    pub(crate) memory_mb: u64,
    /// From the first event to its response.
    pub(crate) first: Summary,
    /// The same of the later ones.
    pub(crate) warm: Summary,
    pub(crate) peak_mib: Summary,
}

/// A control group of Linux, of one's own, with the `cpu` controller of version 1 or 2.
#[derive(Debug)]
pub(crate) struct CpuGroup(pub(crate) PathBuf);

impl CpuGroup {
    /// Limits the group to the share of a memory size, or not at all.
    fn limit(&self, memory_mb: Option<u64>) -> Result<()> {
        let quota = memory_mb.map(|size| PERIOD * size / WHOLE_CPU_MB);
        let version_2 = self.0.join("cpu.max");
        if version_2.exists() {
            let quota = quota.map_or("max".to_owned(), |quota| quota.to_string());
            fs::write(version_2, format!("{quota} {PERIOD}"))?;
        } else {
            let quota = quota.map_or("-1".to_owned(), |quota| quota.to_string());
            fs::write(self.0.join("cpu.cfs_period_us"), PERIOD.to_string())?;
            fs::write(self.0.join("cpu.cfs_quota_us"), quota)?;
        }
        Ok(())
    }
}

/// Measures the notes functions with each memory size. They take turns, so that whatever else the machine does falls on
/// all of them.
pub(crate) async fn shares(
    contestants: &[Contestant],
    certificates: &Path,
    group: &CpuGroup,
) -> Result<Vec<Share>> {
    let mut shares = Vec::new();
    for contestant in contestants {
        for (operation, content_bytes) in REQUESTS {
            let stub = Stub::start(certificates, content_bytes).await?;
            let event = operation.event_with(content_bytes);
            let binary = contestant.binary(operation);
            let mut samples = vec![(Vec::new(), Vec::new(), Vec::new()); SIZES_MB.len()];
            for _ in 0..ROUNDS {
                for (memory_mb, (first, warm, peak)) in SIZES_MB.into_iter().zip(&mut samples) {
                    // Lambda gives a function a whole CPU until it asks for its first event.
                    group.limit(None)?;
                    let mut function = Function::start(&binary, &[], &stub).await?;
                    fs::write(group.0.join("cgroup.procs"), function.id().to_string())?;
                    function.ready().await?;
                    group.limit(Some(memory_mb))?;
                    for number in 0..=WARM {
                        // Until the share of the period is whole again, as after a pause between two requests.
                        sleep(Duration::from_micros(2 * PERIOD)).await;
                        let sent = Instant::now();
                        let responded = function.respond(event.clone()).await?;
                        let taken = (responded - sent).as_secs_f64() * 1_000.0;
                        if number == 0 {
                            first.push(taken);
                        } else {
                            warm.push(taken);
                        }
                        function.ready().await?;
                    }
                    peak.push(function.peak_mib()?);
                }
            }
            for (memory_mb, (first, warm, peak)) in SIZES_MB.into_iter().zip(samples) {
                shares.push(Share {
                    contestant: contestant.name.clone(),
                    operation,
                    content_bytes,
                    memory_mb,
                    first: Summary::of(first),
                    warm: Summary::of(warm),
                    peak_mib: Summary::of(peak),
                });
            }
        }
    }
    Ok(shares)
}
