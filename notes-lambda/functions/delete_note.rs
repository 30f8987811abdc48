//! The function of `DELETE /notes/{id}`.

mod function;

use notes_lambda::{Init, Operation};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Init> {
    function::run(Some(Operation::Delete)).await
}
