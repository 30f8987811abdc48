//! How the public types may be used: across threads, in logs, as errors.

use std::error::Error;
use std::fmt::Debug;

use aws_sdk_dynamodb::Client;
use notes_dynamo::{
    Capacity, DynamoNoteStore, EnvironmentError, InvalidTableName, TableName, client_config,
    ensure_table,
};

const fn is_shared<T: Debug + Clone + Send + Sync + Unpin + 'static>() {}
const fn is_error<T: Error + Send + Sync + 'static>() {}

const _: () = {
    is_shared::<Capacity>();
    is_shared::<DynamoNoteStore>();
    is_shared::<TableName>();
    is_error::<InvalidTableName>();
    is_error::<EnvironmentError>();
};

/// A spawned task may also await what is not in the port. The futures are not polled, so nothing is sent.
#[test]
fn a_task_may_await_each_function() {
    fn is_send<T: Send>(_: T) {}
    let client = Client::from_conf(client_config().build());
    is_send(ensure_table(&client, "notes"));
    is_send(DynamoNoteStore::new(client.clone(), "notes").warm_up());
}
