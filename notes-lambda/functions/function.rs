//! What the functions of this crate share: how the parts are joined. A function of one's own is
//! this with another store, or with other parts around it.

use std::time::Duration;

use notes_dynamo::{DynamoNoteStore, client_from_env};
use notes_lambda::{Api, Gateway, Operation, Settings, StartError, log_capacity};
use tokio::time::timeout;

/// Lambda gives the whole start ten seconds, and begins again where it takes longer.
const WARM_UP: Duration = Duration::from_secs(2);

/// Serves one operation, or all.
pub(crate) async fn run(operation: Option<Operation>) -> Result<(), StartError> {
    let settings = Settings::from_env()?;
    let mut store = DynamoNoteStore::new(client_from_env()?, &settings.table)
        .with_capacity_observer(|it| log_capacity(it.read_units, it.write_units));
    if !settings.consistent_reads {
        store = store.with_eventually_consistent_reads();
    }
    // While the CPU is whole: the connection, its TLS, and the pages of the code.
    let _ = timeout(WARM_UP, store.warm_up()).await;
    let mut api = Api::new(settings.notes(store)).with_cors_origins(settings.cors_origins);
    if let Some(operation) = operation {
        api = api.only(operation);
    }
    Gateway::new(api, settings.identity).run().await
}
