//! One function for all routes.

mod function;

use notes_lambda::Init;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Init> {
    function::run(None).await
}
