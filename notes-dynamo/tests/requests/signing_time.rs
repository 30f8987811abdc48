//! A store that keeps track of changes sends no request that is signed more than a minute before or after the `now`
//! of its call.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_async::time::TimeSource;
use notes_core::StoreErrorKind::{self, OutcomeUnknown, Unavailable};
use notes_dynamo::DynamoNoteStore;
use serde_json::json;

use crate::given::{NOW, entry};
use crate::operation::Operation;
use crate::wire::{ATTEMPTS, Reply, Wire};

/// The operations that are given a `now`: those that only read, and those that write.
const READS: [Operation; 5] = [
    Operation::Get,
    Operation::List,
    Operation::Ask,
    Operation::ListAll,
    Operation::FindChanged,
];
const WRITES: [Operation; 3] = [Operation::Insert, Operation::Update, Operation::Delete];

fn timed() -> impl Iterator<Item = Operation> {
    READS.into_iter().chain(WRITES)
}

/// The clock that requests are signed by: so many milliseconds after `NOW` for the first request, for the second
/// and so on. The last reading stays.
#[derive(Debug)]
struct Clock(Wire, Vec<i64>);

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        let Self(wire, readings) = self;
        let reading = readings[wire.sent().len().min(readings.len() - 1)];
        let millis = NOW.as_millis().checked_add_signed(reading).unwrap();
        SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
    }
}

/// A store that keeps track of changes, on a client with this clock.
fn store(wire: &Wire, clock: &[i64]) -> DynamoNoteStore {
    let clock = Clock(wire.clone(), clock.to_vec());
    let client = wire.client_with(|config| config.time_source(clock));
    DynamoNoteStore::new(client, "notes").with_changes()
}

/// The result of a call of an operation by this clock, and how many requests were sent.
async fn by_clock(
    operation: Operation,
    clock: &[i64],
    replies: Vec<Reply>,
) -> (Result<String, StoreErrorKind>, usize) {
    let wire = Wire::new(replies);
    let result = operation.call(&store(&wire, clock)).await;
    (result, wire.sent().len())
}

#[tokio::test]
async fn a_clock_that_steps_between_now_and_the_signature_sends_nothing() {
    // The time of a signature has whole seconds, rounded down, and `NOW` is at 123 ms.
    for near in [0, 60_876, -59_123] {
        for operation in timed() {
            let (result, sent) = by_clock(operation, &[near], vec![operation.success()]).await;
            assert!(result.is_ok(), "{operation:?} at {near}: {result:?}");
            assert_eq!(sent, 1);
        }
    }
    let year = 365 * 24 * 3_600_000;
    for far in [60_877, -59_124, year, -year] {
        for operation in timed() {
            let result = by_clock(operation, &[far], vec![]).await;
            assert_eq!(result, (Err(Unavailable), 0), "{operation:?} at {far}");
        }
    }
}

#[tokio::test]
async fn each_attempt_is_checked_and_one_that_is_not_sent_is_never_in_doubt() {
    let failed = || Reply::error(500, "InternalServerError");
    let throttled = || Reply::error(400, "ThrottlingException");
    for operation in timed() {
        let suspended = by_clock(operation, &[0, 90_000], vec![throttled()]).await;
        assert_eq!(suspended, (Err(Unavailable), 1), "{operation:?}");
    }
    // The attempt that was sent before is in doubt.
    for operation in WRITES {
        let suspended = by_clock(operation, &[0, -90_000], vec![failed()]).await;
        assert_eq!(suspended, (Err(OutcomeUnknown), 1), "{operation:?}");
    }
    for operation in READS {
        let suspended = by_clock(operation, &[0, -90_000], vec![failed()]).await;
        assert_eq!(suspended, (Err(Unavailable), 1), "{operation:?}");
        let exhausted = by_clock(operation, &[0], vec![failed(); ATTEMPTS]).await;
        assert_eq!(exhausted, (Err(Unavailable), ATTEMPTS), "{operation:?}");
    }
}

/// The SDK can correct the time that it signs with by the server's, as it does unless it is told not to.
#[tokio::test]
async fn a_signature_by_the_clock_of_the_server_is_not_sent() {
    let in_a_year = || Reply::Dated(200, json!({}).to_string(), "Sun, 27 Dec 2026 05:35:00 GMT");
    for operation in timed() {
        for (corrects, checks, sent) in [
            (true, true, 1),
            // What it is that the check prevents.
            (true, false, 2),
            (false, true, 2),
        ] {
            if !checks && matches!(operation, Operation::ListAll | Operation::FindChanged) {
                continue; // There are no changes to ask for.
            }
            let wire = Wire::new([in_a_year(), operation.success()]);
            let clock = Clock(wire.clone(), vec![0]);
            let client = wire.client_with(|config| {
                let config = config.time_source(clock);
                if corrects {
                    config.disable_clock_skew_correction(false)
                } else {
                    config
                }
            });
            let store = DynamoNoteStore::new(client, "notes");
            let store = if checks { store.with_changes() } else { store };
            assert_eq!(Operation::Get.call(&store).await, Ok("None".to_owned()));
            let result = operation.call(&store).await;
            assert_eq!(wire.sent().len(), sent, "{operation:?}");
            if sent == 1 {
                assert_eq!(result, Err(Unavailable), "{operation:?}");
            } else {
                assert!(result.is_ok(), "{operation:?}: {result:?}");
            }
        }
    }
}

/// Takes the time out of a signed request.
#[derive(Debug)]
struct WithoutDate;

impl Intercept for WithoutDate {
    fn name(&self) -> &'static str {
        "WithoutDate"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().headers_mut().remove("x-amz-date");
        Ok(())
    }
}

#[tokio::test]
async fn a_request_without_the_time_of_its_signature_is_not_sent() {
    for operation in timed() {
        let wire = Wire::new([]);
        let clock = Clock(wire.clone(), vec![0]);
        let client = wire.client_with(|config| config.time_source(clock).interceptor(WithoutDate));
        let store = DynamoNoteStore::new(client, "notes").with_changes();
        assert_eq!(operation.call(&store).await, Err(Unavailable));
        assert_eq!(wire.sent(), [], "{operation:?}");
    }
}

/// A page of changes is read by several requests, each of which is checked.
#[tokio::test]
async fn the_items_that_have_changed_are_read_by_the_same_clock() {
    let found = || Reply::ok(&json!({"Items": [entry()]}));
    let suspended = by_clock(Operation::ReadChanged, &[0, 90_000], vec![found()]).await;
    assert_eq!(suspended, (Err(Unavailable), 1));
    let replies = vec![found(), Operation::ReadChanged.success()];
    let (result, sent) = by_clock(Operation::ReadChanged, &[0], replies).await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(sent, 2);
}

/// A purge has no `now` and writes no time.
#[tokio::test]
async fn without_a_time_of_its_own_a_purge_is_not_checked() {
    for operation in [Operation::FindAll, Operation::RemoveBatch] {
        let (result, sent) = by_clock(operation, &[-1 << 40], vec![Reply::ok(&json!({}))]).await;
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(sent, 1);
    }
}
