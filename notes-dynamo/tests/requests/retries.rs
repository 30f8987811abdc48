//! What becomes of a call whose attempts meet different replies.

use std::fmt;

use notes_core::StoreErrorKind::{self, Denied, Other, OutcomeUnknown, Throttled, Unavailable};
use notes_core::{DeleteOutcome, Expires, InsertOutcome, Note, Occupant, UpdateOutcome};
use serde_json::{Value, json};

use crate::given::{
    FIRST, NEW, RIVAL, insertion, item, new_revision, note, rival_revision, tombstone, with,
};
use crate::operation::{Operation, READS, WRITES};
use crate::wire::{ATTEMPTS, Reply};

/// After which nothing is done, and the SDK tries again.
fn harmless() -> [Reply; 3] {
    [
        Reply::error(400, "ThrottlingException"),
        Reply::error(400, "ProvisionedThroughputExceededException"),
        Reply::Refused,
    ]
}

/// After which it may be done, and the SDK tries again.
fn doubtful() -> [Reply; 5] {
    [
        Reply::error(500, "InternalServerError"),
        Reply::Response(503, String::new()),
        Reply::Cut(200),
        Reply::Timeout,
        Reply::Reset,
    ]
}

#[tokio::test]
async fn a_response_after_other_attempts_is_the_response() {
    for operation in READS.into_iter().chain(WRITES) {
        let (undisturbed, attempts) = operation.meets([operation.success()]).await;
        assert_eq!(attempts, 1);
        let doubtful = match operation {
            // An attempt that comes late would remove what is created under the same ids.
            Operation::RemoveBatch => vec![],
            _ => doubtful().to_vec(),
        };
        for disturbance in harmless().into_iter().chain(doubtful) {
            for disturbed in 1..ATTEMPTS {
                let mut replies = vec![disturbance.clone(); disturbed];
                replies.push(operation.success());
                let course = operation.meets(replies).await;
                let expected = (undisturbed.clone(), disturbed + 1);
                assert_eq!(course, expected, "{operation:?}: {disturbance:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_purge_with_an_attempt_in_doubt_is_no_success() {
    let operation = Operation::RemoveBatch;
    for disturbance in doubtful() {
        for disturbed in 1..ATTEMPTS {
            let mut replies = vec![disturbance.clone(); disturbed];
            replies.push(operation.success());
            let course = operation.meets(replies).await;
            assert_eq!(
                course,
                (Err(OutcomeUnknown), disturbed + 1),
                "{disturbance:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_write_fails_as_its_last_attempt_only_if_none_before_it_is_in_doubt() {
    let throttled = || Reply::error(400, "ThrottlingException");
    let denied = || Reply::error(400, "AccessDeniedException");
    let failed = || Reply::error(500, "InternalServerError");
    for (replies, of_read, of_write) in [
        (vec![throttled(), denied()], Denied, Denied),
        (vec![Reply::Refused, denied()], Denied, Denied),
        (
            vec![Reply::Refused, throttled(), throttled()],
            Throttled,
            Throttled,
        ),
        (
            vec![throttled(), throttled(), Reply::Refused],
            Unavailable,
            Unavailable,
        ),
        (vec![failed(), denied()], Denied, OutcomeUnknown),
        (
            vec![throttled(), failed(), denied()],
            Denied,
            OutcomeUnknown,
        ),
        (
            vec![Reply::Timeout, throttled(), throttled()],
            Throttled,
            OutcomeUnknown,
        ),
        (
            vec![Reply::Reset, Reply::Refused, Reply::Refused],
            Unavailable,
            OutcomeUnknown,
        ),
        (vec![Reply::Cut(200), denied()], Denied, OutcomeUnknown),
        (
            vec![throttled(), Reply::Refused, Reply::Timeout],
            Unavailable,
            OutcomeUnknown,
        ),
    ] {
        let calls = READS.map(|read| (read, of_read)).into_iter();
        for (operation, kind) in calls.chain(WRITES.map(|write| (write, of_write))) {
            let course = operation.meets(replies.clone()).await;
            let expected = (Err(kind), replies.len());
            assert_eq!(course, expected, "{operation:?}: {replies:?}");
        }
    }
}

/// The item that a condition fails on; what that says to a call of which no other attempt may have
/// been executed, and what to one of which another may.
type Refusal<O> = (
    Option<Value>,
    Result<O, StoreErrorKind>,
    Result<O, StoreErrorKind>,
);

async fn refused<const N: usize, O>(operation: Operation, refusals: [Refusal<O>; N])
where
    O: fmt::Debug + Send,
{
    let failed = || Reply::error(500, "InternalServerError");
    for (item, undoubted, in_doubt) in refusals {
        let undoubted = undoubted.map(|outcome| format!("{outcome:?}"));
        let in_doubt = in_doubt.map(|outcome| format!("{outcome:?}"));
        let mut courses = vec![(vec![], &undoubted)];
        for before in harmless() {
            courses.push((vec![before.clone(), failed()], &in_doubt));
            courses.push((vec![failed(), before.clone()], &in_doubt));
            courses.push((vec![before], &undoubted));
        }
        courses.extend(doubtful().map(|before| (vec![before], &in_doubt)));
        for (mut replies, expected) in courses {
            replies.push(Reply::condition_failed(item.as_ref()));
            let course = operation.meets(replies.clone()).await;
            assert_eq!(course, (expected.clone(), replies.len()), "{replies:?}");
        }
    }
}

fn of_rival() -> Note {
    note().with_revision(rival_revision())
}

fn expired(revision: &str) -> Value {
    with(item(revision), json!({"expiresAt": {"N": "1766813700"}}))
}

fn unreadable() -> Value {
    with(item(RIVAL), json!({"title": {"S": ""}}))
}

#[tokio::test]
async fn a_refused_insert_says_what_is_there() {
    let live = |note| {
        let fingerprint = insertion().fingerprint;
        Ok(InsertOutcome::Taken(Occupant::Live { note, fingerprint }))
    };
    let spent = Ok(InsertOutcome::Taken(Occupant::Spent));
    let unread = Ok(InsertOutcome::Taken(Occupant::Unreadable));
    let refusals = [
        (Some(item(FIRST)), live(note()), live(note())),
        (Some(item(RIVAL)), live(of_rival()), live(of_rival())),
        (Some(expired(FIRST)), spent.clone(), spent.clone()),
        (Some(tombstone(RIVAL)), spent.clone(), spent),
        (Some(unreadable()), unread.clone(), unread),
        (None, Err(Other), Err(OutcomeUnknown)),
    ];
    refused(Operation::Insert, refusals).await;
}

#[tokio::test]
async fn a_refused_update_is_done_if_the_revision_is_its_own_and_unknown_if_another_may_hide_it() {
    let own = note().with_revision(new_revision());
    let expiry = 1_766_813_700.try_into().unwrap();
    let own_expired = own.clone().with_expires(Expires::Chosen(expiry));
    let updated = |note| Ok(UpdateOutcome::Updated(note));
    let stale = |note| Ok(UpdateOutcome::Stale(note));
    let missing = || Ok(UpdateOutcome::Missing);
    let refusals = [
        (Some(item(NEW)), updated(own.clone()), updated(own)),
        (
            Some(expired(NEW)),
            updated(own_expired.clone()),
            updated(own_expired),
        ),
        (Some(item(FIRST)), stale(Some(note())), Err(OutcomeUnknown)),
        (
            Some(item(RIVAL)),
            stale(Some(of_rival())),
            Err(OutcomeUnknown),
        ),
        (Some(unreadable()), stale(None), Err(OutcomeUnknown)),
        (Some(expired(RIVAL)), missing(), Err(OutcomeUnknown)),
        (Some(tombstone(RIVAL)), missing(), Err(OutcomeUnknown)),
        (None, missing(), Err(OutcomeUnknown)),
    ];
    refused(Operation::Update, refusals).await;
}

#[tokio::test]
async fn a_refused_delete_is_done_if_the_tombstone_is_its_own_and_unknown_if_another_may_hide_it() {
    let stale = |note| Ok(DeleteOutcome::Stale(note));
    let missing = || Ok(DeleteOutcome::Missing);
    let refusals = [
        (
            Some(tombstone(NEW)),
            Ok(DeleteOutcome::Deleted),
            Ok(DeleteOutcome::Deleted),
        ),
        (Some(tombstone(RIVAL)), missing(), Err(OutcomeUnknown)),
        (Some(item(FIRST)), stale(Some(note())), Err(OutcomeUnknown)),
        (
            Some(item(RIVAL)),
            stale(Some(of_rival())),
            Err(OutcomeUnknown),
        ),
        (Some(unreadable()), stale(None), Err(OutcomeUnknown)),
        (Some(expired(RIVAL)), missing(), Err(OutcomeUnknown)),
        (None, missing(), Err(OutcomeUnknown)),
    ];
    refused(Operation::Delete, refusals).await;
}

#[tokio::test]
async fn a_purge_that_has_removed_some_ends_well_unless_the_next_batch_is_in_doubt() {
    let keys: Vec<_> = (0..26)
        .map(|number| json!({"userId": {"S": "alice"}, "timestamp": {"N": number.to_string()}}))
        .collect();
    for (reply, expected) in [
        (
            Reply::error(400, "AccessDeniedException"),
            Ok("Purged { removed: 25, more: true }".to_owned()),
        ),
        (Reply::Response(200, "{".to_owned()), Err(OutcomeUnknown)),
    ] {
        let (outcome, attempts) = Operation::FindAll
            .meets([
                Reply::ok(&json!({"Items": keys})),
                Reply::ok(&json!({})),
                reply,
            ])
            .await;
        assert_eq!((outcome, attempts), (expected, 3));
    }
}
