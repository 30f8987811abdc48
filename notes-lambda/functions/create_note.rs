//! The function of `POST /notes`.

mod function;

use notes_lambda::{Operation, StartError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    function::run(|operation| operation == Operation::Create).await
}
