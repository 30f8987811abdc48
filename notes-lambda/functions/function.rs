//! What the binaries of this crate share: they join the store, the API and the gateway. Copy this to write a function
//! with another store, or with other parts around the API.

use std::time::Duration;

use notes_dynamo::{DynamoNoteStore, client_from_env};
use notes_lambda::{Api, Gateway, Operation, Settings, StartError, log_capacity};
use tokio::time::timeout;

/// The most time for opening the connection at the start. Lambda allows ten seconds for the whole start and restarts a
/// function that takes longer, so a table that does not respond must not use them up.
const WARM_UP: Duration = Duration::from_secs(2);

/// Serves one operation, or all of them.
pub(crate) async fn run(operation: Option<Operation>) -> Result<(), StartError> {
    let settings = Settings::from_env()?;
    let mut store = DynamoNoteStore::new(client_from_env()?, &settings.table)
        .with_capacity_observer(|capacity| log_capacity(capacity.read_units, capacity.write_units));
    if !settings.consistent_reads {
        store = store.with_eventually_consistent_reads();
    }
    // During the start, Lambda gives the function a full CPU whatever its memory size. Opening the connection, its TLS
    // handshake and loading the code for both are faster here than in the first request. If it fails, the first request
    // tries again and reports the error.
    let _ = timeout(WARM_UP, store.warm_up()).await;
    let mut api = Api::new(settings.notes(store)).with_cors_origins(settings.cors_origins);
    if let Some(operation) = operation {
        api = api.only(operation);
    }
    Gateway::new(api, settings.identity).run().await
}
