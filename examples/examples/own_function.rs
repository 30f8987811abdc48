//! A Lambda function of your own, made from the parts of notes-lambda's functions.
//!
//! This one has its settings in the source, serves lists only, and reads with eventual consistency, for half the price.
//!
//! ```sh
//! cargo build --release --example own_function    # the file to upload as `bootstrap`
//! ```

use std::time::Duration;

use notes_core::Notes;
use notes_dynamo::{DynamoNoteStore, client_from_env};
use notes_lambda::{Api, Gateway, IdentitySource, Operation, StartError};
use tokio::time::timeout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let client = client_from_env()?;
    let store = DynamoNoteStore::new(client, "notes").with_eventually_consistent_reads();
    // Opens the connection during the start, when Lambda gives the function a full CPU. The limit is there because
    // Lambda restarts a function whose start takes longer than ten seconds.
    let _ = timeout(Duration::from_secs(2), store.warm_up()).await;
    let api = Api::new(Notes::new(store)).only(Operation::List);
    let user = IdentitySource::JwtClaim("sub".to_owned());
    Gateway::new(api, user).run().await
}
