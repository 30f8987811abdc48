use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

/// The [capacity][docs] that one request has consumed, in units.
///
/// [docs]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Capacity {
    /// Read units: half a one for up to 4 KB read with eventual consistency, one with strong.
    pub read_units: f64,
    /// Write units: one for up to 1 KB written.
    pub write_units: f64,
}

/// Who wants to know.
#[derive(Clone, Default)]
pub(crate) struct Observer(Option<Arc<dyn Fn(Capacity) + Send + Sync>>);

impl Observer {
    pub(crate) fn new(observer: impl Fn(Capacity) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(observer)))
    }

    /// What to ask the engine for.
    pub(crate) fn asks(&self) -> Option<ReturnConsumedCapacity> {
        self.0.as_ref().map(|_| ReturnConsumedCapacity::Total)
    }

    pub(crate) fn read(&self, consumed: Option<&ConsumedCapacity>) {
        self.tell(consumed, |read_units| Capacity {
            read_units,
            ..Capacity::default()
        });
    }

    pub(crate) fn wrote(&self, consumed: Option<&ConsumedCapacity>) {
        self.tell(consumed, |write_units| Capacity {
            write_units,
            ..Capacity::default()
        });
    }

    fn tell(&self, consumed: Option<&ConsumedCapacity>, capacity: fn(f64) -> Capacity) {
        let units = consumed.and_then(ConsumedCapacity::capacity_units);
        if let (Some(observer), Some(units)) = (&self.0, units) {
            observer(capacity(units));
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some" } else { "None" })
    }
}
