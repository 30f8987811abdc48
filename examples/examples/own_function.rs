//! A Lambda function of your own, made from the parts of notes-lambda's functions.
//!
//! This one only reads: it serves lists and single notes, with eventual consistency, for half the price. Its table is
//! in the source; the rest is set by the variables of every function, of which `NOTES_IDENTITY` is required.
//!
//! ```sh
//! cargo build --release --example own_function    # the file to upload as `bootstrap`
//! ```

use std::time::Duration;

use notes_dynamo::{DynamoNoteStore, client_from_env};
use notes_lambda::{Gateway, Operation, Settings, StartError};
use tokio::time::timeout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let settings = Settings::from_env()?;
    let client = client_from_env().map_err(StartError::new)?;
    let store = DynamoNoteStore::new(client, "notes").with_eventually_consistent_reads();
    // Opens the connection during the start, when Lambda gives the function a full CPU. The limit is there because
    // Lambda restarts a function whose start takes longer than ten seconds.
    let _ = timeout(Duration::from_secs(2), store.warm_up()).await;
    let api = settings
        .api(store)
        .only(|operation| matches!(operation, Operation::List | Operation::Get));
    Gateway::new(api, settings.identity).run().await
}
