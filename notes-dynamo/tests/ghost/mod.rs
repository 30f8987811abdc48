use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{NoteId, Revision, UserId};
use notes_dynamo::sort_key;

/// Writes a ghost, as a PATCH that creates would leave it: a key, a revision, and the patched field.
pub(crate) async fn plant(client: &Client, table: &str, user: &UserId, id: NoteId) {
    let revision = Revision::from(id).into_bytes();
    client
        .put_item()
        .table_name(table)
        .item("userId", AttributeValue::S(user.as_str().to_owned()))
        .item("timestamp", AttributeValue::N(sort_key(id)))
        .item("revision", AttributeValue::B(revision.to_vec().into()))
        .item("title", AttributeValue::S("ghost".to_owned()))
        .send()
        .await
        .unwrap();
}
