//! The function of `POST /notes`.

mod function;

use notes_lambda::{Init, Operation};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Init> {
    function::run(Some(Operation::Create)).await
}
