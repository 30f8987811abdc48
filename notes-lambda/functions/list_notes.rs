//! The function of `GET /notes`.

mod function;

use notes_lambda::{Init, Operation};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Init> {
    function::run(Some(Operation::List)).await
}
