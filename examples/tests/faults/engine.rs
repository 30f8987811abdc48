use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The embedded engine's answer to a request: its status and its body.
///
/// It is asked by a function call. A socket would give each run another order of events.
pub(crate) fn answer(database: &Database, operation: &str, body: &str) -> (u16, String) {
    let answer = match operation {
        "CreateTable" => run(body, |it| database.create_table(it)),
        "DescribeTable" => run(body, |it| database.describe_table(it)),
        "UpdateTimeToLive" => run(body, |it| database.update_time_to_live(it)),
        "PutItem" => run(body, |it| database.put_item(it)),
        "GetItem" => run(body, |it| database.get_item(it)),
        "UpdateItem" => run(body, |it| database.update_item(it)),
        "DeleteItem" => run(body, |it| database.delete_item(it)),
        "Query" => run(body, |it| database.query(it)),
        _ => panic!("{operation} is not sent by the store"),
    };
    match answer {
        Ok(body) => (200, body),
        Err(error) => (error.status_code(), error.to_json()),
    }
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &str,
    operation: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> Result<String, DynoxideError> {
    let request = serde_json::from_str(body).unwrap();
    Ok(serde_json::to_string(&operation(request)?).unwrap())
}
