use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

/// The [capacity][docs] that one request has consumed, in units, as DynamoDB's response says it.
///
/// One of the two is 0: a request either reads or writes. With on-demand billing, these units are what is charged; the
/// index of changes counts in them, too. [`with_capacity_observer`](crate::DynamoNoteStore::with_capacity_observer)
/// reports it.
///
/// [docs]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Capacity {
    /// Read units: per 4 KB (or part of it) half a unit with eventual consistency, and one with strong.
    pub read_units: f64,
    /// Write units: one per 1 KB (or part of it) written.
    pub write_units: f64,
}

/// The callback that is told what each request has consumed, if the user of the store has set one.
#[derive(Clone, Default)]
pub(crate) struct CapacityObserver(Option<Arc<dyn Fn(Capacity) + Send + Sync>>);

impl CapacityObserver {
    /// An observer that calls this function.
    pub(crate) fn new(observer: impl Fn(Capacity) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(observer)))
    }

    /// The value of `ReturnConsumedCapacity` in a request: without it, DynamoDB's response does not tell
    /// what the request has consumed.
    pub(crate) fn return_consumed_capacity(&self) -> Option<ReturnConsumedCapacity> {
        self.0.as_ref().map(|_| ReturnConsumedCapacity::Total)
    }

    /// Calls the callback with what a read has consumed, by its response.
    pub(crate) fn report_read(&self, consumed: Option<&ConsumedCapacity>) {
        self.report(consumed, |read_units| Capacity {
            read_units,
            ..Capacity::default()
        });
    }

    /// Calls the callback with what a write has consumed, by its response.
    pub(crate) fn report_write(&self, consumed: Option<&ConsumedCapacity>) {
        self.report(consumed, |write_units| Capacity {
            write_units,
            ..Capacity::default()
        });
    }

    /// Without a callback, or units in the response, there is nothing to report.
    fn report(&self, consumed: Option<&ConsumedCapacity>, capacity: fn(f64) -> Capacity) {
        let units = consumed.and_then(ConsumedCapacity::capacity_units);
        if let (Some(observer), Some(units)) = (&self.0, units) {
            observer(capacity(units));
        }
    }
}

impl fmt::Debug for CapacityObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some" } else { "None" })
    }
}
