//! The function of `DELETE /notes/{id}`.

mod function;

use notes_lambda::{Operation, StartError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    function::run(|operation| operation == Operation::Delete).await
}
