//! Clauses on the renewal of notes under the retention setting
//! ([`Update::renewal`](crate::Update::renewal)).

use super::Harness;
use super::account::{
    Account, assert_stale, assert_updates, foreign, only, renewal, retitle, until, update_of,
    value, without_expiry,
};
use crate::{Expected, Update};

/// A renewal moves the end of a note that is retained, and leaves it retained.
pub async fn moves_the_end_of_a_retained_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut note = account.new_retained_note();
    account.put(&note).await;
    for secs in [3_600, 7_200] {
        let mut renewal = renewal(&note, account.expiry_in(secs));
        renewal.patch.title = Some(value("Renewed"));
        note = assert_updates(&account, &note, &renewal).await;
        assert!(note.retained);
    }
    let foreign = Update {
        expected: only(foreign()),
        ..renewal(&note, account.expiry_in(9_000))
    };
    assert_stale(&account, &note, &foreign).await;
}

/// A renewal is not for a note whose author said when it ends, or that it does not.
pub async fn is_refused_for_a_note_that_is_not_retained(harness: &dyn Harness) {
    let account = Account::open(harness);
    for note in [account.new_note(), account.new_note_ending_in(60)] {
        account.put(&note).await;
        for expected in [only(note.revision), Expected::Any] {
            let renewal = Update {
                expected,
                ..renewal(&note, account.expiry_in(86_400))
            };
            assert_stale(&account, &note, &renewal).await;
        }
    }
}

/// With an end that its author sets or removes, a note is retained no longer.
pub async fn is_over_when_the_author_sets_or_removes_the_end(harness: &dyn Harness) {
    for patch in [
        until(Account::open(harness).expiry_in(86_400)),
        without_expiry(),
    ] {
        let account = Account::open(harness);
        let note = account.new_retained_note();
        account.put(&note).await;
        let note = assert_updates(&account, &note, &update_of(&note, patch)).await;
        assert!(!note.retained);
        assert_stale(&account, &note, &renewal(&note, account.expiry_in(86_400))).await;
    }
}

/// A change of other fields leaves a note retained.
pub async fn goes_on_after_a_change_of_other_fields(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_retained_note();
    account.put(&note).await;
    let note = assert_updates(&account, &note, &update_of(&note, retitle("Changed"))).await;
    assert!(note.retained);
}
