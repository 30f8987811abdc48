//! The tables.

use std::fmt;

use serde::Serialize;

use crate::counts::Count;
use crate::measure::{Cold, Size, Warm};
use crate::shares::Share;
use crate::statistics::digits;

/// All results. The tables show ratios to the function on the bare SDK.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) sizes: Vec<Size>,
    pub(crate) cold: Vec<Cold>,
    pub(crate) warm: Vec<Warm>,
    pub(crate) counts: Vec<Count>,
    pub(crate) shares: Vec<Share>,
}

const BASELINE: &str = "bare-sdk";

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cold_table(f)?;
        self.warm_table(f)?;
        self.count_table(f)?;
        self.share_table(f)
    }
}

impl Report {
    fn cold_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cold.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "Cold starts (get). CPU time in ms: median (least to greatest). Size of the binary and of its archive.\n\n\
             | function | whole CPU | ratio to bare-sdk | start | first invocation | peak RSS MiB | MB | zip MB |\n\
             |---|---|---|---|---|---|---|---|"
        )?;
        let base = self.cold.iter().find(|cold| cold.contestant == BASELINE);
        for cold in &self.cold {
            let sizes = self.sizes.iter();
            let size = sizes
                .filter(|size| size.contestant == cold.contestant)
                .find(|size| size.operation == crate::measure::COLD);
            let megabytes = |bytes: Option<u32>| digits(f64::from(bytes.unwrap_or_default()) / 1e6);
            writeln!(
                f,
                "| {} | {} ({} to {}) | {} | {} | {} | {} | {} | {} |",
                cold.contestant,
                digits(cold.cpu.median),
                digits(cold.cpu.min),
                digits(cold.cpu.max),
                digits(cold.cpu.median / base.map_or(f64::NAN, |base| base.cpu.median)),
                digits(cold.init_cpu.median),
                digits(cold.first_cpu.median),
                digits(cold.peak_mib.median),
                megabytes(size.map(|size| size.bytes)),
                megabytes(size.map(|size| size.compressed)),
            )?;
        }
        writeln!(f)
    }

    fn warm_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.warm.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "Warm invocations. CPU time in ms: median of the rounds (least to greatest).\n\n\
             | operation | function | CPU | ratio to bare-sdk |\n|---|---|---|---|"
        )?;
        for warm in &self.warm {
            let base = self
                .warm
                .iter()
                .find(|base| base.contestant == BASELINE && base.operation == warm.operation);
            writeln!(
                f,
                "| {} | {} | {} ({} to {}) | {} |",
                warm.operation,
                warm.contestant,
                digits(warm.cpu.median),
                digits(warm.cpu.min),
                digits(warm.cpu.max),
                digits(warm.cpu.median / base.map_or(f64::NAN, |base| base.cpu.median)),
            )?;
        }
        writeln!(f)
    }

    fn count_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.counts.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "Counted: instructions in thousands, and system calls.\n\n\
             | operation | function | cold instructions | cold calls | warm instructions | warm calls | binary bytes |\n\
             |---|---|---|---|---|---|---|"
        )?;
        for count in &self.counts {
            let size = self.sizes.iter().find(|size| {
                size.contestant == count.contestant && size.operation == count.operation
            });
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} |",
                count.operation,
                count.contestant,
                count.cold.instructions / 1_000,
                count.cold.system_calls,
                count.warm.instructions / 1_000,
                count.warm.system_calls,
                size.map_or(0, |size| size.bytes),
            )?;
        }
        writeln!(f)
    }

    fn share_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.shares.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "With the share of a CPU of a memory size: ms of an invocation, CPU time and for how long it was kept from its \
             CPU.\n\n\
             | operation | content | MB | first | kept | after a pause | kept | one after the other | kept | peak RSS MiB |\n\
             |---|---|---|---|---|---|---|---|---|---|"
        )?;
        for share in &self.shares {
            write!(
                f,
                "| {} | {} | {} |",
                share.operation, share.content_bytes, share.memory_mb
            )?;
            for taken in [share.first, share.idle, share.busy] {
                write!(f, " {} | {} |", digits(taken.cpu), digits(taken.throttled))?;
            }
            writeln!(f, " {} |", digits(share.peak_mib))?;
        }
        writeln!(f)
    }
}
