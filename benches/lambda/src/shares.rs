//! How long invocations take with the share of a CPU that Lambda gives to a memory size.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::time::sleep;

use crate::Result;
use crate::contestant::Contestant;
use crate::events::{CONTENT_BYTES, LARGEST_CONTENT_BYTES, Operation};
use crate::function::Function;
use crate::stub::Stub;

/// The memory size that has [one whole CPU](https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
const WHOLE_CPU_MB: u64 = 1_769;

/// The memory sizes that are compared.
const SIZES_MB: [u64; 4] = [128, 256, 512, WHOLE_CPU_MB];

/// After so much time, in microseconds, a process gets its share anew. Lambda has 20 ms as well.
const PERIOD: u64 = 20_000;

/// Until the share is whole again.
const RECOVERY: Duration = Duration::from_micros(2 * PERIOD);

/// How many processes are started for each request and memory size.
const ROUNDS: u32 = 5;

/// Invocations of each process after the first: so many after a pause, then so many one after the other.
const WARM: u32 = 10;

/// What an invocation waits for DynamoDB, of which the stub takes nothing: a busy environment pauses for so long.
const DYNAMODB: Duration = Duration::from_millis(5);

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

/// Invocations with one memory size. CPU time, and the time for which the function was kept from its CPU because its
/// share of the period was used up, in milliseconds of one invocation. Neither depends much on what else the machine
/// does.
#[derive(Debug, Serialize)]
pub(crate) struct Share {
    pub(crate) contestant: String,
    pub(crate) operation: Operation,
    pub(crate) content_bytes: usize,
    pub(crate) memory_mb: u64,
    /// The first, whose share is whole.
    pub(crate) first: Taken,
    /// Later ones, each with a whole share, as after a pause between two requests.
    pub(crate) idle: Taken,
    /// Those of an environment that gets one event after the other.
    pub(crate) busy: Taken,
    pub(crate) peak_mib: f64,
}

/// The mean of an invocation.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Taken {
    pub(crate) cpu: f64,
    pub(crate) throttled: f64,
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

    /// For how long its processes were kept from their CPU so far, in milliseconds.
    fn throttled(&self) -> Result<f64> {
        let stat = fs::read_to_string(self.0.join("cpu.stat"))?;
        let of = |name: &str| stat.lines().find_map(|line| line.strip_prefix(name));
        match (of("throttled_usec "), of("throttled_time ")) {
            (Some(micros), _) => Ok(micros.parse::<f64>()? / 1e3),
            (_, Some(nanos)) => Ok(nanos.parse::<f64>()? / 1e6),
            _ => Err("cpu.stat has no throttled time".into()),
        }
    }
}

/// Measures the notes functions with each memory size.
pub(crate) async fn shares(
    contestants: &[Contestant],
    certificates: &Path,
    group: &CpuGroup,
) -> Result<Vec<Share>> {
    let mut shares = Vec::new();
    for contestant in contestants {
        for (operation, content_bytes) in REQUESTS {
            let stub = Stub::start(certificates, content_bytes).await?;
            for memory_mb in SIZES_MB {
                let mut share = Share {
                    contestant: contestant.name.clone(),
                    operation,
                    content_bytes,
                    memory_mb,
                    first: Taken::default(),
                    idle: Taken::default(),
                    busy: Taken::default(),
                    peak_mib: 0.0,
                };
                for _ in 0..ROUNDS {
                    // Lambda gives a function a whole CPU until it asks for its first event.
                    group.limit(None)?;
                    let binary = contestant.binary(operation);
                    let mut function = Function::start(&binary, &[], &stub).await?;
                    fs::write(group.0.join("cgroup.procs"), function.id().to_string())?;
                    function.ready().await?;
                    group.limit(Some(memory_mb))?;
                    let event = operation.event_with(content_bytes);
                    for (taken, count, pause) in [
                        (&mut share.first, 1, RECOVERY),
                        (&mut share.idle, WARM, RECOVERY),
                        (&mut share.busy, WARM, DYNAMODB),
                    ] {
                        let more = invoke(&mut function, group, &event, count, pause).await?;
                        taken.cpu += more.cpu / f64::from(ROUNDS);
                        taken.throttled += more.throttled / f64::from(ROUNDS);
                    }
                    share.peak_mib = share.peak_mib.max(function.peak_mib()?);
                }
                shares.push(share);
            }
        }
    }
    Ok(shares)
}

/// Invokes a function so many times, with a pause before each.
async fn invoke(
    function: &mut Function,
    group: &CpuGroup,
    event: &[u8],
    count: u32,
    pause: Duration,
) -> Result<Taken> {
    sleep(RECOVERY).await;
    let (cpu, throttled) = (function.cpu()?, group.throttled()?);
    for _ in 0..count {
        sleep(pause).await;
        function.respond(event.to_vec()).await?;
        function.ready().await?;
    }
    // What it has used beyond its share keeps it waiting afterwards.
    sleep(RECOVERY).await;
    let cpu = function.cpu()?.saturating_sub(cpu).as_secs_f64() * 1_000.0;
    Ok(Taken {
        cpu: cpu / f64::from(count),
        throttled: (group.throttled()? - throttled) / f64::from(count),
    })
}
