//! notes-lambda
