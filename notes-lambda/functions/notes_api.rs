//! One function for all routes.

mod function;

use notes_lambda::{Operation, StartError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    function::run(Operation::ALL.iter().copied()).await
}
