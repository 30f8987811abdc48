//! How a call fails whose every attempt meets the same reply.

use notes_core::StoreErrorKind::{
    self, Contended, Corrupt, Denied, Other, OutcomeUnknown, Throttled, TooLarge, Unavailable,
};
use serde_json::json;

use crate::operation::{Operation, READS, WRITES};
use crate::wire::{ATTEMPTS, Reply};

async fn fails(operation: Operation, reply: &Reply, kind: StoreErrorKind, attempts: usize) {
    let course = operation.meets(vec![reply.clone(); attempts]).await;
    assert_eq!(course, (Err(kind), attempts), "{operation:?}: {reply:?}");
}

/// Status 400 with this code: how any call fails, and after how many attempts.
const REFUSALS: [(&str, StoreErrorKind, usize); 18] = [
    (
        "ProvisionedThroughputExceededException",
        Throttled,
        ATTEMPTS,
    ),
    ("RequestLimitExceeded", Throttled, ATTEMPTS),
    ("ThrottledException", Throttled, ATTEMPTS),
    ("Throttling", Throttled, ATTEMPTS),
    ("ThrottlingException", Throttled, ATTEMPTS),
    ("AccessDeniedException", Denied, 1),
    ("ExpiredTokenException", Denied, 1),
    ("IncompleteSignatureException", Denied, 1),
    ("InvalidSignatureException", Denied, 1),
    ("MissingAuthenticationTokenException", Denied, 1),
    ("UnrecognizedClientException", Denied, 1),
    ("ItemCollectionSizeLimitExceededException", TooLarge, 1),
    ("TransactionConflictException", Contended, 1),
    ("InvalidEndpointException", Other, 1),
    ("ResourceNotFoundException", Other, 1),
    ("SerializationException", Other, 1),
    ("SomethingNewException", Other, 1),
    ("ValidationException", Other, 1),
];

#[tokio::test]
async fn a_refusal_is_what_its_code_says_of_reads_and_writes_alike() {
    for (code, kind, attempts) in REFUSALS {
        for operation in READS.into_iter().chain(WRITES) {
            fails(operation, &Reply::error(400, code), kind, attempts).await;
        }
    }
}

#[tokio::test]
async fn a_write_in_conflict_with_a_replica_is_repeated() {
    for operation in WRITES {
        let reply = Reply::error(400, "ReplicatedWriteConflictException");
        fails(operation, &reply, Contended, ATTEMPTS).await;
    }
}

/// A proxy between the store and the engine responds so, also after the engine has executed the request.
#[tokio::test]
async fn an_error_without_a_code_of_the_engine_refuses_nothing() {
    for (status, body) in [
        (400, ""),
        (400, "{}"),
        (400, "Bad Request"),
        (400, r#"{"message": "Bad Request"}"#),
        (400, r#"{"code": "429"}"#),
        (403, "<html>"),
        (404, "gone"),
        (408, ""),
        (413, ""),
        (425, ""),
        (429, "{}"),
        (499, ""),
    ] {
        let reply = Reply::Response(status, body.to_owned());
        for operation in READS {
            fails(operation, &reply, Unavailable, 1).await;
        }
        for operation in WRITES {
            fails(operation, &reply, OutcomeUnknown, 1).await;
        }
    }
}

#[tokio::test]
async fn an_item_that_outgrows_the_engine_is_too_large() {
    for message in [
        "Item size has exceeded the maximum allowed size",
        "Item size to update has exceeded the maximum allowed size",
    ] {
        let body =
            json!({"__type": "com.amazon.coral.validate#ValidationException", "message": message});
        let reply = Reply::Response(400, body.to_string());
        for operation in WRITES {
            fails(operation, &reply, TooLarge, 1).await;
        }
    }
}

#[tokio::test]
async fn after_a_fault_a_read_has_no_response_and_a_write_no_known_outcome() {
    let response = |status, body: &str| Reply::Response(status, body.to_owned());
    for reply in [
        Reply::error(500, "InternalServerError"),
        Reply::error(500, "InternalFailure"),
        Reply::error(503, "ServiceUnavailable"),
        Reply::error(500, "SomethingNewException"),
        response(500, ""),
        response(500, "{}"),
        response(502, "<html>Bad gateway</html>"),
        response(503, "{\"mess"),
        response(504, ""),
        Reply::Cut(200),
        Reply::Cut(500),
        Reply::Timeout,
        Reply::Reset,
    ] {
        for operation in READS {
            fails(operation, &reply, Unavailable, ATTEMPTS).await;
        }
        for operation in WRITES {
            fails(operation, &reply, OutcomeUnknown, ATTEMPTS).await;
        }
    }
}

#[tokio::test]
async fn a_server_that_fails_by_throttling_has_promised_nothing_of_a_write() {
    let reply = Reply::error(503, "ThrottlingException");
    for operation in READS {
        fails(operation, &reply, Throttled, ATTEMPTS).await;
    }
    for operation in WRITES {
        fails(operation, &reply, OutcomeUnknown, ATTEMPTS).await;
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_written() {
    for operation in READS.into_iter().chain(WRITES) {
        fails(operation, &Reply::Refused, Unavailable, ATTEMPTS).await;
    }
}

#[tokio::test]
async fn a_success_that_is_no_json_fails_a_read_and_leaves_a_write_unknown() {
    for body in [
        "{",
        "<html>",
        "[]",
        r#"{"Item": 1, "Items": 1, "Attributes": 1, "UnprocessedItems": 1, "Responses": 1}"#,
    ] {
        let reply = Reply::Response(200, body.to_owned());
        for operation in READS {
            fails(operation, &reply, Other, 1).await;
        }
        for operation in WRITES {
            fails(operation, &reply, OutcomeUnknown, 1).await;
        }
    }
}

#[tokio::test]
async fn a_success_without_a_body_says_that_there_is_nothing() {
    for (operation, expected) in [
        (Operation::Insert, Ok("Inserted")),
        (Operation::Get, Ok("None")),
        (
            Operation::List,
            Ok("Page { notes: [], unreadable: [], next: None }"),
        ),
        (
            Operation::ListAll,
            Ok("ChangePage { changes: [], next: None }"),
        ),
        (
            Operation::FindChanged,
            Ok("ChangePage { changes: [], next: None }"),
        ),
        // Nothing at all is not the same as no such item, which a replica would remove.
        (Operation::ReadChanged, Err(Other)),
        (Operation::Update, Err(Corrupt)),
        (Operation::Delete, Ok("Deleted")),
        (Operation::FindAll, Ok("Purged { removed: 0, more: false }")),
        (
            Operation::RemoveBatch,
            Ok("Purged { removed: 1, more: false }"),
        ),
    ] {
        let course = operation.meets([Reply::Response(200, String::new())]).await;
        assert_eq!(course, (expected.map(str::to_owned), 1), "{operation:?}");
    }
}
