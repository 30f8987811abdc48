use std::collections::VecDeque;
use std::future::ready;
use std::io;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::config::{Builder, Config};
use aws_sdk_dynamodb::{Client, error::ConnectorError};
use aws_smithy_async::time::StaticTimeSource;
use aws_smithy_types::body::SdkBody;
use notes_dynamo::DynamoNoteStore;
use notes_testing::{Call, Transport};
use serde_json::{Value, json};

use crate::given::NOW;

/// How often a client sends a request at most.
pub(crate) const ATTEMPTS: usize = 3;

/// Stands for the network and the engine: keeps what is sent, and replies by a script.
#[derive(Clone, Debug)]
pub(crate) struct Wire(Arc<State>);

#[derive(Debug)]
struct State {
    script: Mutex<VecDeque<Reply>>,
    sent: Mutex<Vec<(String, Value)>>,
}

/// What comes back for one request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Response(u16, String),
    /// A response by a server with this clock, as its header `Date` says it.
    Dated(u16, String, &'static str),
    /// A response that ends before its body.
    Cut(u16),
    /// None in time.
    Timeout,
    /// The connection breaks.
    Reset,
    /// There is no connection.
    Refused,
}

impl Reply {
    pub(crate) fn ok(body: &Value) -> Self {
        Self::Response(200, body.to_string())
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        let code = format!("com.amazonaws.dynamodb.v20120810#{code}");
        Self::Response(status, json!({"__type": code, "message": "no"}).to_string())
    }

    /// The condition does not hold for this item, or for none.
    pub(crate) fn condition_failed(item: Option<&Value>) -> Self {
        let code = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
        let mut body = json!({"__type": code, "message": "no"});
        if let Some(item) = item {
            body["Item"] = item.clone();
        }
        Self::Response(400, body.to_string())
    }

    fn result(self) -> Result<HttpResponse, ConnectorError> {
        let response_of = |status: u16, body| HttpResponse::new(status.try_into().unwrap(), body);
        let broken = |how| ConnectorError::io(io::Error::from(how).into());
        match self {
            Self::Response(status, body) => Ok(response_of(status, body.into())),
            Self::Dated(status, body, date) => {
                let mut response = response_of(status, body.into());
                response.headers_mut().insert("date", date);
                Ok(response)
            }
            // To read from a body that was taken is an error.
            Self::Cut(status) => Ok(response_of(status, SdkBody::taken())),
            Self::Timeout => Err(ConnectorError::timeout("late".into())),
            Self::Reset => Err(broken(io::ErrorKind::ConnectionReset)),
            Self::Refused => Err(broken(io::ErrorKind::ConnectionRefused)),
        }
    }
}

impl Wire {
    /// A request for which the script has no reply fails the test.
    pub(crate) fn new(script: impl IntoIterator<Item = Reply>) -> Self {
        Self(Arc::new(State {
            script: Mutex::new(script.into_iter().collect()),
            sent: Mutex::default(),
        }))
    }

    /// A client as in production, but that it loses no time between attempts and has any number of
    /// them in stock.
    pub(crate) fn client(&self) -> Client {
        self.client_with(|config| config)
    }

    /// The same with some other settings.
    pub(crate) fn client_with(&self, settings: impl FnOnce(Builder) -> Builder) -> Client {
        static WITHOUT_DELAYS: LazyLock<Config> = LazyLock::new(|| {
            let production = Transport::config().build();
            let none = Duration::ZERO;
            let retries = production.retry_config().unwrap().clone();
            let retries = retries.with_initial_backoff(none).with_max_backoff(none);
            production.to_builder().retry_config(retries).build()
        });
        let wire = self.clone();
        let transport = Transport::new(move |call| ready(wire.reply(call)));
        let config = settings(WITHOUT_DELAYS.to_builder()).http_client(transport);
        Client::from_conf(config.build())
    }

    fn reply(&self, call: Call) -> Result<HttpResponse, ConnectorError> {
        let body = serde_json::from_str(&call.body).unwrap();
        self.0.sent.lock().unwrap().push((call.operation, body));
        let reply = self.0.script.lock().unwrap().pop_front();
        reply.expect("one request more than replies").result()
    }

    pub(crate) fn store(&self) -> DynamoNoteStore {
        DynamoNoteStore::new(self.client(), "notes")
    }

    /// A store that keeps track of changes, whose requests are signed at `NOW`.
    pub(crate) fn store_with_changes(&self) -> DynamoNoteStore {
        let clock = StaticTimeSource::from_secs(NOW.as_secs());
        let client = self.client_with(|config| config.time_source(clock));
        DynamoNoteStore::new(client, "notes").with_changes()
    }

    /// The operation and the body of each request.
    pub(crate) fn sent(&self) -> Vec<(String, Value)> {
        self.0.sent.lock().unwrap().clone()
    }

    /// The body of the only request, which is for this operation.
    pub(crate) fn only(&self, operation: &str) -> Value {
        let [(sent, body)] = <[_; 1]>::try_from(self.sent()).unwrap();
        assert_eq!(sent, operation);
        body
    }
}
