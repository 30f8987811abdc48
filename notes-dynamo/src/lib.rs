//! notes-dynamo
