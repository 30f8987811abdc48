//! What is measured by clocks, and the sizes.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;

use crate::Result;
use crate::contestant::Contestant;
use crate::events::Operation;
use crate::function::Function;
use crate::statistics::Summary;
use crate::stub::Stub;

/// The operation of a cold start, and of the sizes.
pub(crate) const COLD: Operation = Operation::Get;

/// Invocations of a round before those that are measured, and the measured ones.
const WARM_UP: u32 = 100;
const WARM: u32 = 300;

/// How large a function is.
#[derive(Debug, Serialize)]
pub(crate) struct Size {
    pub(crate) contestant: String,
    pub(crate) operation: Operation,
    /// The bytes of the binary.
    pub(crate) bytes: u32,
    /// The bytes of the binary as an archive holds it.
    pub(crate) compressed: u32,
}

/// Cold starts of a function. Times in milliseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Cold {
    pub(crate) contestant: String,
    /// CPU time from the start to the response to the first event.
    pub(crate) cpu: Summary,
    /// CPU time from the start to the request for the first event.
    pub(crate) init_cpu: Summary,
    /// CPU time of the first invocation.
    pub(crate) first_cpu: Summary,
    /// Time on the clock, from the start to the response.
    pub(crate) wall: Summary,
    pub(crate) peak_mib: Summary,
}

/// Warm invocations of a function. CPU time in milliseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Warm {
    pub(crate) contestant: String,
    pub(crate) operation: Operation,
    /// Per invocation, of each round.
    pub(crate) cpu: Summary,
}

pub(crate) fn sizes(contestants: &[Contestant], only: Option<Operation>) -> Result<Vec<Size>> {
    let mut sizes = Vec::new();
    for contestant in contestants {
        for operation in contestant.operations(only) {
            let (bytes, compressed) = size(&contestant.binary(operation))?;
            sizes.push(Size {
                contestant: contestant.name.clone(),
                operation,
                bytes: bytes.try_into()?,
                compressed: compressed.try_into()?,
            });
        }
    }
    Ok(sizes)
}

/// The bytes of a binary, and those as an archive holds it.
pub(crate) fn size(path: &Path) -> Result<(u64, u64)> {
    let binary = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut archive = DeflateEncoder::new(Vec::new(), Compression::best());
    archive.write_all(&binary)?;
    Ok((binary.len() as u64, archive.finish()?.len() as u64))
}

pub(crate) async fn cold_starts(
    contestants: &[Contestant],
    stub: &Stub,
    rounds: usize,
) -> Result<Vec<Cold>> {
    if rounds == 0 {
        return Ok(Vec::new());
    }
    let copies = tempfile::tempdir()?;
    let mut binaries = Vec::new();
    for (number, contestant) in contestants.iter().enumerate() {
        let copy = copies.path().join(number.to_string());
        copy_at_once(&contestant.binary(COLD), &copy)?;
        binaries.push(copy);
    }
    let mut samples = vec![Vec::new(); contestants.len()];
    // The first round is not counted: all that a first start has to load is in the page cache after it.
    for round in 0..=rounds {
        for ((contestant, binary), samples) in contestants.iter().zip(&binaries).zip(&mut samples) {
            let sample = cold_start(binary, stub).await;
            let sample = sample.map_err(|error| format!("{}: {error}", contestant.name))?;
            if round > 0 {
                samples.push(sample);
            }
        }
    }
    let colds = contestants.iter().zip(samples);
    Ok(colds
        .map(|(contestant, samples)| {
            let summary =
                |part: fn(&ColdStart) -> f64| Summary::of(samples.iter().map(part).collect());
            Cold {
                contestant: contestant.name.clone(),
                cpu: summary(|sample| milliseconds(sample.init + sample.first)),
                init_cpu: summary(|sample| milliseconds(sample.init)),
                first_cpu: summary(|sample| milliseconds(sample.first)),
                wall: summary(|sample| milliseconds(sample.wall)),
                peak_mib: summary(|sample| sample.peak_mib),
            }
        })
        .collect())
}

#[derive(Clone)]
struct ColdStart {
    init: Duration,
    first: Duration,
    wall: Duration,
    peak_mib: f64,
}

/// Copies a binary by one write. How large the pieces of a file are in the page cache depends on how it was written, by
/// a linker or by a copy, and a start with small pieces takes up to a tenth more CPU time.
fn copy_at_once(from: &Path, to: &Path) -> Result<()> {
    let binary = fs::read(from).map_err(|error| format!("{}: {error}", from.display()))?;
    fs::write(to, binary)?;
    Ok(fs::set_permissions(to, fs::metadata(from)?.permissions())?)
}

async fn cold_start(binary: &Path, stub: &Stub) -> Result<ColdStart> {
    let mut function = Function::start(binary, &[], stub).await?;
    function.ready().await?;
    let init = function.cpu()?;
    let responded = function.respond(COLD.event()).await?;
    Ok(ColdStart {
        init,
        first: function.cpu()?.saturating_sub(init),
        wall: responded - function.started,
        peak_mib: function.peak_mib()?,
    })
}

pub(crate) async fn warm_invocations(
    contestants: &[Contestant],
    stub: &Stub,
    rounds: usize,
) -> Result<Vec<Warm>> {
    let mut warm = Vec::new();
    if rounds == 0 {
        return Ok(warm);
    }
    for operation in Operation::ALL {
        let mut samples = vec![Vec::new(); contestants.len()];
        for _ in 0..rounds {
            for (contestant, samples) in contestants.iter().zip(&mut samples) {
                let cpu = warm_round(contestant, operation, stub).await;
                let name = &contestant.name;
                samples.push(cpu.map_err(|error| format!("{name}, {operation}: {error}"))?);
            }
        }
        for (contestant, samples) in contestants.iter().zip(samples) {
            warm.push(Warm {
                contestant: contestant.name.clone(),
                operation,
                cpu: Summary::of(samples),
            });
        }
    }
    Ok(warm)
}

/// The CPU time of an invocation in milliseconds: the mean of one process.
async fn warm_round(contestant: &Contestant, operation: Operation, stub: &Stub) -> Result<f64> {
    let mut function = Function::start(&contestant.binary(operation), &[], stub).await?;
    let mut before = Duration::ZERO;
    for number in 0..WARM_UP + WARM {
        function.ready().await?;
        if number == WARM_UP {
            before = function.cpu()?;
        }
        function.respond(operation.event()).await?;
    }
    function.ready().await?;
    let taken = function.cpu()?.saturating_sub(before);
    Ok(milliseconds(taken) / f64::from(WARM))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
