use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::ConnectorError;
use aws_smithy_types::body::SdkBody;
use dynoxide::Database;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use notes_core::{Timestamp, sync_bounds};
use notes_testing::{Call, Transport};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::engine;
use crate::fault::Fault;
use crate::sabotage::Sabotage;

/// The way between a store and its engine. What goes wrong on it is drawn from a seed.
#[derive(Clone)]
pub(crate) struct Network(Arc<State>);

struct State {
    database: Database,
    sabotage: Option<Sabotage>,
    random: Mutex<fastrand::Rng>,
    fault_percent: AtomicUsize,
    /// How late an attempt arrives at most, in milliseconds.
    most_late: AtomicU64,
    clock: Clock,
    /// How far the engine's clock is ahead of the slowest server's, in milliseconds, if it checks when attempts were
    /// signed.
    ahead: Mutex<Option<u64>>,
    faults: Mutex<BTreeMap<Fault, usize>>,
    /// What the last attempt of a call met.
    met: Mutex<HashMap<String, Option<Fault>>>,
    on_the_way: Mutex<JoinSet<()>>,
}

/// How late an attempt arrives at most. With the ten seconds that a call goes on sending attempts, and what clocks
/// differ, it is less than the margin before its expiry in which a note's expiry can't be moved.
const MOST_LATE_MILLIS: u64 = 16_000;

impl Network {
    /// A network that is calm until told otherwise, before an empty engine.
    pub(crate) fn new(seed: u64, sabotage: Option<Sabotage>, clock: Clock) -> Self {
        Self(Arc::new(State {
            database: Database::memory_with_clock(Arc::new(clock.clone())).unwrap(),
            clock,
            ahead: Mutex::default(),
            most_late: AtomicU64::new(MOST_LATE_MILLIS),
            sabotage,
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            fault_percent: AtomicUsize::new(0),
            faults: Mutex::default(),
            met: Mutex::default(),
            on_the_way: Mutex::default(),
        }))
    }

    /// A client as in production but for the network.
    pub(crate) fn client(&self) -> Client {
        let network = self.clone();
        let transport = Transport::new(move |call| network.clone().carry(call));
        Client::from_conf(Transport::config().http_client(transport).build())
    }

    /// From now on, so many of 100 attempts meet a fault.
    pub(crate) fn set_fault_percent(&self, percent: usize) {
        self.0.fault_percent.store(percent, Ordering::Relaxed);
    }

    /// From now on, an attempt may arrive so late.
    pub(crate) fn set_most_late(&self, most: Duration) {
        let millis = most.as_millis().try_into().unwrap();
        self.0.most_late.store(millis, Ordering::Relaxed);
    }

    /// From now on, the engine refuses attempts as AWS does, whose clock is so far ahead of the slowest server's.
    pub(crate) fn check_signatures(&self, ahead: Duration) {
        let millis = ahead.as_millis().try_into().unwrap();
        *self.0.ahead.lock().unwrap() = Some(millis);
    }

    /// How often which fault was met.
    pub(crate) fn faults(&self) -> BTreeMap<Fault, usize> {
        self.0.faults.lock().unwrap().clone()
    }

    /// Waits until all that is late has arrived.
    pub(crate) async fn settle(&self) {
        let on_the_way = std::mem::take(&mut *self.0.on_the_way.lock().unwrap());
        on_the_way.join_all().await;
    }

    /// Waits as long as the latest attempt takes to arrive.
    pub(crate) async fn rest(&self) {
        tokio::time::sleep(Duration::from_millis(
            self.0.most_late.load(Ordering::Relaxed),
        ))
        .await;
    }

    async fn carry(self, call: Call) -> Result<HttpResponse, ConnectorError> {
        let fault = self.draw_fault(&call);
        self.travel(1..=10).await;
        match fault {
            Some(Fault::Throttled) => return Ok(failure(400, "ThrottlingException")),
            Some(Fault::FailedBefore) => return Ok(failure(500, "InternalServerError")),
            Some(Fault::Refused) => return Err(broken(io::ErrorKind::ConnectionRefused)),
            Some(Fault::Lost) => return pending().await,
            Some(Fault::Late) => {
                self.deliver_later(call);
                return pending().await;
            }
            _ => {}
        }
        let (status, body) = if fault == Some(Fault::InPart) && call.operation == "BatchWriteItem" {
            self.execute_in_part(call)
        } else if fault == Some(Fault::InPart) && call.operation == "BatchGetItem" {
            self.read_in_part(call)
        } else {
            let response = self.execute(call.clone());
            // A batch has no condition that a repetition would fail on: nobody could tell, and none is assumed.
            let is_conditional = call.operation != "BatchWriteItem";
            if fault == Some(Fault::Doubled) && response.0 == 200 && is_conditional {
                self.deliver_later(call);
            }
            response
        };
        self.travel(1..=10).await;
        match fault {
            Some(Fault::ResponseFromBetween) => Ok(self.respond_between()),
            Some(Fault::FailedAfter) => Ok(failure(500, "InternalServerError")),
            Some(Fault::Reset) => Err(broken(io::ErrorKind::ConnectionReset)),
            Some(Fault::Silent) => pending().await,
            Some(Fault::Cut) => Ok(response(status, half_of(&body))),
            _ => Ok(response(status, body.into())),
        }
    }

    /// Often what the attempt before it met: a call's attempts come soon after one another.
    fn draw_fault(&self, call: &Call) -> Option<Fault> {
        let mut random = self.0.random.lock().unwrap();
        let percent = self.0.fault_percent.load(Ordering::Relaxed);
        let drawn = (random.usize(..100) < percent).then(|| random.choice(Fault::ALL).unwrap());
        let mut met = self.0.met.lock().unwrap();
        let fault = match met.get(&call.invocation) {
            Some(&before) if random.bool() => before,
            _ => drawn,
        };
        met.insert(call.invocation.clone(), fault);
        if let Some(fault) = fault {
            *self.0.faults.lock().unwrap().entry(fault).or_default() += 1;
        }
        fault
    }

    /// Whether the attempt was signed too long before or after it arrives.
    fn is_signed_at_another_time(&self, call: &Call) -> bool {
        let Some(ahead) = *self.0.ahead.lock().unwrap() else {
            return false;
        };
        let now = Timestamp::from_millis(self.0.clock.peek_millis() + ahead);
        let distance = now.as_millis().abs_diff(call.signed_at.as_millis());
        Duration::from_millis(distance) > sync_bounds::SIGNATURES
    }

    fn execute(&self, mut call: Call) -> (u16, String) {
        if self.is_signed_at_another_time(&call) {
            let code = "com.amazonaws.dynamodb.v20120810#InvalidSignatureException";
            return (
                400,
                json!({"__type": code, "message": "Signature expired"}).to_string(),
            );
        }
        let execute = |call: &Call| engine::execute(&self.0.database, &call.operation, &call.body);
        let Some(sabotage) = &self.0.sabotage else {
            return execute(&call);
        };
        sabotage.change(&mut call);
        let mut response = execute(&call);
        sabotage.follow(&call, &mut response, execute);
        response
    }

    /// Executes half of a batch, and says what was left.
    fn execute_in_part(&self, mut call: Call) -> (u16, String) {
        let mut request: Value = serde_json::from_str(&call.body).unwrap();
        let tables = request["RequestItems"].as_object_mut().unwrap();
        let mut left = tables.clone();
        for (table, items) in tables {
            let items = items.as_array_mut().unwrap();
            left[table] = items.split_off(items.len() / 2).into();
        }
        if request["RequestItems"]
            .as_object()
            .unwrap()
            .values()
            .any(|items| items != &json!([]))
        {
            call.body = request.to_string();
            self.execute(call);
        }
        (200, json!({"UnprocessedItems": left}).to_string())
    }

    /// Reads half of a batch, and says what was left.
    fn read_in_part(&self, mut call: Call) -> (u16, String) {
        let mut request: Value = serde_json::from_str(&call.body).unwrap();
        let mut left = json!({});
        for (table, wanted) in request["RequestItems"].as_object_mut().unwrap() {
            let keys = wanted["Keys"].as_array_mut().unwrap();
            let rest = keys.split_off(keys.len() / 2);
            left[table] = json!({"Keys": rest, "ConsistentRead": true});
            if keys.is_empty() {
                let none = json!({"Responses": {}, "UnprocessedKeys": left});
                return (200, none.to_string());
            }
        }
        call.body = request.to_string();
        let (status, body) = self.execute(call);
        let mut body: Value = serde_json::from_str(&body).unwrap();
        if status == 200 {
            body["UnprocessedKeys"] = left;
        }
        (status, body.to_string())
    }

    /// Like a proxy or a firewall, which knows nothing of the engine's errors.
    fn respond_between(&self) -> HttpResponse {
        if self.0.sabotage == Some(Sabotage::AnyClientErrorIsARefusal) {
            return failure(400, "ValidationException");
        }
        let status = self
            .0
            .random
            .lock()
            .unwrap()
            .choice([400, 408, 425, 429, 499]);
        response(status.unwrap(), "It can't be served.".into())
    }

    /// Removes what is over, as the engine does in the background.
    pub(crate) fn sweep(&self) -> usize {
        self.0.database.sweep_ttl().unwrap()
    }

    /// One half of these comes soon, the other after the SDK has sent its next attempt.
    fn deliver_later(&self, call: Call) {
        let is_soon = self.0.random.lock().unwrap().bool();
        let network = self.clone();
        let mut on_the_way = self.0.on_the_way.lock().unwrap();
        on_the_way.spawn(async move {
            let millis = if is_soon {
                10..=1_000
            } else {
                3_000..=network.0.most_late.load(Ordering::Relaxed)
            };
            network.travel(millis).await;
            network.execute(call);
        });
    }

    /// Takes its time, which is simulated.
    async fn travel(&self, millis: std::ops::RangeInclusive<u64>) {
        let millis = self.0.random.lock().unwrap().u64(millis);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

fn response(status: u16, body: SdkBody) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), body)
}

fn failure(status: u16, code: &str) -> HttpResponse {
    let body = format!(r#"{{"__type": "com.amazonaws.dynamodb.v20120810#{code}"}}"#);
    response(status, body.into())
}

fn broken(how: io::ErrorKind) -> ConnectorError {
    ConnectorError::io(io::Error::from(how).into())
}

fn half_of(body: &str) -> SdkBody {
    let half = body.as_bytes()[..body.len() / 2].to_vec();
    let closed = io::Error::from(io::ErrorKind::UnexpectedEof);
    let frames = [Ok(Frame::data(half.into())), Err(closed)];
    SdkBody::from_body_1_x(StreamBody::new(stream::iter(frames)))
}
