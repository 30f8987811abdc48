//! The bounds of time that sync relies on.
//!
//! A client that follows its tokens misses nothing, as long as a write takes effect within [`LAG`] of its `now`
//! and no `now` is more than [`AHEAD`] ahead of the store's clock. A store that keeps changes has to refuse a
//! write outside of these bounds ([`NoteStore::changes`](crate::NoteStore::changes)).
//!
//! [`LAG`] and [`AHEAD`] are the sums of three bounds of the way to a store that checks signatures, as DynamoDB
//! does. A store within the same process keeps them, unless the process is suspended between
//! taking `now` and the write.

use std::time::Duration;

/// How far the date of a request's signature may be from the `now` that the request was made for, on either side.
///
/// The store's client has to see to it, and not send a request that is further off. Two things would otherwise
/// break it: a process that is suspended between taking `now` and signing; and an SDK that corrects its clock by
/// the server's, and so signs with another clock than the one that `now` is from.
pub const CLOCKS: Duration = Duration::from_secs(60);

/// How far the date of a signature may be from the clock of the service that accepts it, on either side.
///
/// AWS sees to it. DynamoDB names 5 minutes in its errors and other services 15; the greater one counts.
pub const SIGNATURES: Duration = Duration::from_secs(15 * 60);

/// How long after its acceptance a request takes effect, at most. This is an assumption about the store.
pub const EXECUTION: Duration = Duration::from_secs(60);

/// How long after its `now` a write takes effect, at most: [`SIGNATURES`], [`CLOCKS`] and [`EXECUTION`].
pub const LAG: Duration =
    Duration::from_secs(SIGNATURES.as_secs() + CLOCKS.as_secs() + EXECUTION.as_secs());

/// How far a `now` may be ahead of the store's clock, at most: [`SIGNATURES`] and [`CLOCKS`].
pub const AHEAD: Duration = Duration::from_secs(SIGNATURES.as_secs() + CLOCKS.as_secs());

/// How far before the start of the pass before it a pass begins to read.
///
/// A write that took effect after that pass had read its place has a `now` later than the start of that pass less
/// [`AHEAD`] and [`LAG`]. The overlap is longer than both together, because the dates of signatures have whole
/// seconds.
pub const OVERLAP: Duration = Duration::from_secs(35 * 60);

/// How long tokens are accepted by default, and how long deleted and expired notes are kept for them: 90 days.
pub const DEFAULT_HORIZON: Duration = Duration::from_secs(90 * 24 * 60 * 60);

const _: () = {
    assert!(OVERLAP.as_secs() > LAG.as_secs() + AHEAD.as_secs());
    // An item is removed at the earliest when the last token that needs it is too old by every clock.
    assert!(crate::value::purge_at::MARGIN_SECS > LAG.as_secs() + 2 * AHEAD.as_secs());
};
