//! The bytes that one request allocates, from the request that a server has read to the response that it sends:
//!
//! ```text
//! cargo test --workspace --bench allocations                # fails when `benches/allocations.md` is no longer true
//! cargo test --workspace --bench allocations -- --write     # writes its last three columns
//! cargo test --workspace --bench allocations -- --profile 'create, 350 KB, API, DynamoDB'
//! ```
//!
//! The last writes where that request allocates into a file, for
//! [DHAT's viewer](https://nnethercote.github.io/dh_view/dh_view.html).
#![allow(
    clippy::print_stdout,
    reason = "a program that shows what it has counted"
)]

mod engine;
mod requests;
mod table;

use std::error::Error;
use std::{env, fs};

use dhat::{HeapStats, Profiler};
use notes_core::Content;
use tokio::runtime::{Builder, Runtime};

use crate::requests::{Operation, Scene, Way};
use crate::table::Row;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The committed table.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/allocations.md");

/// How its rows begin.
const HEADER: &str = "\
| Request | Content | Through | Bytes before | × content | Allocations before | Bytes | × content | Allocations |
|---|---|---|--:|--:|--:|--:|--:|--:|
";

/// How often a request is counted when its counts differ. The SDK writes the attributes of an item in the order of a
/// hash map, which is random, and its buffers grow by other steps then. The least count is the same each time.
const REPETITIONS: usize = 64;

/// How often it is counted when the counts are the same.
const FIRST_REPETITIONS: usize = 5;

/// What a request has allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Count {
    /// All bytes that were asked for; memory that grows counts each time with its whole new size.
    bytes: u64,
    /// How often memory was asked for, or asked to grow.
    allocations: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    let mode = arguments.next();
    let runtime = Builder::new_current_thread().enable_time().build()?;
    match (mode.as_deref(), arguments.next()) {
        (None, None) => check(&runtime),
        (Some("--write"), None) => write(&runtime),
        (Some("--profile"), Some(name)) => profile(&runtime, &name),
        _ => Err("the arguments are none, --write, or --profile and the names of a row".into()),
    }
}

/// The sizes of the contents: one that is usual, and the greatest.
const SIZES: [(usize, &str); 2] = [(1_000, "1 KB"), (Content::MAX_BYTES, "350 KB")];

/// A row of the table as it is counted now.
struct Counted {
    names: [&'static str; 3],
    count: Count,
    /// How many bytes the contents in the response have.
    contents: u64,
}

/// Compares the counts with the table's.
///
/// # Errors
/// When one differs by more than half a content of the greatest size, so if a content is copied once more. Requests
/// that allocate little may differ by a tenth: that much may change with the version of Rust or of the SDK.
fn check(runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    let table = fs::read_to_string(TABLE)?;
    let tolerated = u64::try_from(Content::MAX_BYTES)? / 2;
    let mut wrong = 0;
    for Counted { names, count, .. } in count_all(runtime)? {
        let row = table::row(&table, names)
            .ok_or_else(|| format!("{TABLE} has no row {}", names.join(", ")))?;
        let expected = row.now.bytes;
        let is_wrong = count.bytes.abs_diff(expected) > tolerated.min(expected / 10);
        wrong += u32::from(is_wrong);
        let verdict = if is_wrong { "   <-- WRONG" } else { "" };
        println!(
            "{}: {} bytes, and {expected} in the table{verdict}",
            names.join(", "),
            count.bytes
        );
    }
    if wrong > 0 {
        return Err(format!(
            "{wrong} rows of {TABLE} are wrong. Where there are more bytes now, a content may be copied once more: \
             `--profile 'NAMES OF THE ROW'` shows where. If the change is meant, `--write` writes the table anew \
             (after `cargo test --workspace --bench allocations --`)."
        )
        .into());
    }
    Ok(())
}

/// Writes what is counted into the table. The columns of what was before stay as they are.
fn write(runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    let old = fs::read_to_string(TABLE)?;
    let (text, _) = old
        .split_once(HEADER)
        .ok_or_else(|| format!("{TABLE} has another header"))?;
    let mut new = text.to_owned() + HEADER;
    for counted in count_all(runtime)? {
        let now = counted.count;
        let before = table::row(&old, counted.names).map_or(now, |row| row.before);
        new += &table::line(counted.names, Row { before, now }, counted.contents);
    }
    fs::write(TABLE, new)?;
    Ok(())
}

/// Serves the request of one row under the profiler.
fn profile(runtime: &Runtime, name: &str) -> Result<(), Box<dyn Error>> {
    let mut is_found = false;
    for_all(runtime, |scene, names, operation, way| {
        if names.join(", ") == name {
            is_found = true;
            // A first request also fills caches.
            runtime.block_on(scene.call(operation, way)?.serve())?;
            let call = scene.call(operation, way)?;
            let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/dhat-heap.json");
            let profiler = Profiler::builder()
                .file_name(file)
                .trim_backtraces(Some(40));
            let _profiler = profiler.build();
            runtime.block_on(call.serve())?;
        }
        Ok(())
    })?;
    if is_found {
        Ok(())
    } else {
        Err(format!("the table has no row {name}").into())
    }
}

/// Counts every row.
fn count_all(runtime: &Runtime) -> Result<Vec<Counted>, Box<dyn Error>> {
    let profiler = Profiler::builder().testing().trim_backtraces(Some(4));
    let _profiler = profiler.build();
    let mut all = Vec::new();
    for_all(runtime, |scene, names, operation, way| {
        let (count, notes) = least(runtime, scene, operation, way)?;
        all.push(Counted {
            names,
            count,
            contents: notes * scene.content_bytes(),
        });
        Ok(())
    })?;
    Ok(all)
}

/// Calls this for each row of the table, in order.
fn for_all(
    runtime: &Runtime,
    mut visit: impl FnMut(&Scene, [&'static str; 3], Operation, Way) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    for (content_bytes, size) in SIZES {
        let scene = runtime.block_on(Scene::new(content_bytes))?;
        for operation in Operation::ALL {
            for way in Way::ALL {
                let names = [operation.name(), size, way.name()];
                visit(&scene, names, operation, way)?;
            }
        }
    }
    Ok(())
}

/// The least that a request allocates, and how many notes its response shows.
fn least(
    runtime: &Runtime,
    scene: &Scene,
    operation: Operation,
    way: Way,
) -> Result<(Count, u64), Box<dyn Error>> {
    let count = || {
        let call = scene.call(operation, way)?;
        let before = HeapStats::get();
        let response = runtime.block_on(call.serve())?;
        let after = HeapStats::get();
        let count = Count {
            bytes: after.total_bytes - before.total_bytes,
            allocations: after.total_blocks - before.total_blocks,
        };
        Ok::<_, Box<dyn Error>>((count, response))
    };
    // A first request also fills caches.
    let (_, response) = count()?;
    let notes = std::str::from_utf8(&response)?.matches("createdAt").count();
    if notes == 0 {
        return Err(format!("{operation:?} shows no note: {response:?}").into());
    }
    let (mut least, _) = count()?;
    let mut differ = false;
    for repetition in 1..REPETITIONS {
        if !differ && repetition == FIRST_REPETITIONS {
            break;
        }
        let (next, _) = count()?;
        differ |= next != least;
        least = least.min(next);
    }
    Ok((least, u64::try_from(notes)?))
}
