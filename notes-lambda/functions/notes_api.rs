//! One function for all routes.

mod function;

use notes_lambda::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    function::run(|_| true).await
}
