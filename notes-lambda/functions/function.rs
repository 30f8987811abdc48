//! What the binaries of this crate share: they join the store, the API and the gateway. Copy this to write a function
//! with another store, or with other parts around the API.

use std::panic::resume_unwind;
use std::time::Duration;

use notes_dynamo::{DynamoNoteStore, TableName, client_from_env};
use notes_lambda::{
    Gateway, Operation, Settings, StartError, log_capacity, optional_setting_from_env,
    required_setting_from_env,
};
use tokio::time::timeout;

/// The most time for opening the connection at the start. Lambda allows ten seconds for the whole start and restarts a
/// function that takes longer, so a table that does not respond must not use them up.
const WARM_UP: Duration = Duration::from_secs(2);

/// Serves the operations for which the choice is true, over the table that `NOTES_TABLE` names. A binary contains the
/// code of no other: the compiler knows the choice.
///
/// With `NOTES_CONSISTENT_READS` set to `false`, reads are eventually consistent, at half the price.
pub(crate) async fn run(
    choice: impl Fn(Operation) -> bool + Send + Sync + 'static,
) -> Result<(), StartError> {
    let settings = Settings::from_env()?;
    let table: TableName = required_setting_from_env("NOTES_TABLE")?;
    let consistent_reads = optional_setting_from_env("NOTES_CONSISTENT_READS")?.unwrap_or(true);
    let client = client_from_env().map_err(StartError::new)?;
    let mut store = DynamoNoteStore::new(client, table)
        .with_capacity_observer(|capacity| log_capacity(capacity.read_units, capacity.write_units));
    // The same setting turns on both: the service must not sync over a store that keeps no changes.
    if settings.sync.is_some() {
        store = store.with_changes();
    }
    if !consistent_reads {
        store = store.with_eventually_consistent_reads();
    }
    // During the start, Lambda gives the function a full CPU whatever its memory size. Opening the connection, its TLS
    // handshake and loading the code for both are faster here than in the first request. If it fails, the first request
    // tries again and reports the error.
    let _ = timeout(WARM_UP, store.warm_up()).await;
    let gateway = Gateway::new(settings.api(store).only(choice), settings.identity);
    // A task, as tokio asks the kernel for events each time the future that `main` blocks on is woken: three times in
    // an invocation.
    match tokio::spawn(gateway.run()).await {
        Ok(ended) => ended,
        Err(error) => resume_unwind(error.into_panic()),
    }
}
