//! Clauses on the renewal of notes under the retention setting
//! ([`Update::renewal`](crate::Update::renewal)).

use super::Harness;
use super::account::{
    Account, RETAINED_SECS, assert_stale, assert_updates, foreign, insertion, only, renewal,
    retitle, taken_by, until, update_of, value, without_expiry,
};
use super::report::assert_same;
use crate::note::stored::Note;
use crate::store::update::{Expected, Update};
use crate::value::expires::Expires;
use crate::value::purge_at::PurgeAt;

/// A renewal moves the expiry of a note that is retained, and leaves it retained.
pub async fn moves_the_expiry_of_a_retained_note(harness: &dyn Harness) {
    let account = Account::open(harness);
    let mut note = account.new_retained_note();
    account.put(&note).await;
    for secs in [3_600, 7_200] {
        let mut renewal = renewal(&note, account.expiry_in(secs));
        renewal.patch.title = Some(value("Renewed"));
        note = assert_updates(&account, &note, &renewal).await;
        assert!(note.expires.is_retained());
    }
    let foreign = Update {
        expected: only(foreign()),
        ..renewal(&note, account.expiry_in(9_000))
    };
    assert_stale(&account, &note, &foreign).await;
}

/// A renewal is refused for a note whose author has chosen an expiry, or none.
pub async fn is_refused_for_a_note_that_is_not_retained(harness: &dyn Harness) {
    let account = Account::open(harness);
    for note in [account.new_note(), account.new_note_expiring_in(60)] {
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

/// When its author sets or removes the expiry, a note is no longer retained.
pub async fn stops_when_the_author_sets_or_removes_the_expiry(harness: &dyn Harness) {
    for patch in [
        until(Account::open(harness).expiry_in(86_400)),
        without_expiry(),
    ] {
        let account = Account::open(harness);
        let note = account.new_retained_note();
        account.put(&note).await;
        let note = assert_updates(&account, &note, &update_of(&note, patch)).await;
        assert!(!note.expires.is_retained());
        assert_stale(&account, &note, &renewal(&note, account.expiry_in(86_400))).await;
    }
}

/// A change of other fields leaves a note retained.
pub async fn continues_after_a_change_of_other_fields(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_retained_note();
    account.put(&note).await;
    let note = assert_updates(&account, &note, &update_of(&note, retitle("Changed"))).await;
    assert!(note.expires.is_retained());
}

/// A renewal can also move the expiry to an earlier time, as the retention setting may have been shortened.
pub async fn moves_the_expiry_to_an_earlier_time(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = Note {
        expires: Expires::Retained(account.expiry_in(90_000)),
        ..account.new_note()
    };
    account.put(&note).await;
    let renewal = renewal(&note, account.expiry_in(300));
    let note = assert_updates(&account, &note, &renewal).await;
    let expiry = (account.now.as_secs() + 300) * 1_000;
    assert_same!(
        account.at_millis(expiry - 1).get(note.id).await,
        Some(note.clone())
    );
    assert_same!(account.at_millis(expiry).get(note.id).await, None);
}

/// When its author sets the same expiry that retention has given it, a note is no longer retained either.
pub async fn stops_when_the_author_sets_the_same_expiry(harness: &dyn Harness) {
    let account = Account::open(harness);
    let note = account.new_retained_note();
    account.put(&note).await;
    let same = until(account.expiry_in(RETAINED_SECS));
    let note = assert_updates(&account, &note, &update_of(&note, same)).await;
    assert!(!note.expires.is_retained());
    assert_stale(&account, &note, &renewal(&note, account.expiry_in(86_400))).await;
}

/// A repeated creation still finds a note that has been renewed.
pub async fn keeps_how_the_note_was_created(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.new_retained_note();
    account.put(&created).await;
    let note = assert_updates(
        &account,
        &created,
        &renewal(&created, account.expiry_in(90_000)),
    )
    .await;
    let again = account.insert(&insertion(&created)).await;
    assert_same!(again, taken_by(&note, &created));
}

/// A renewed note is there until its new expiry, even long after its old one, when the item might have been
/// removed.
pub async fn keeps_a_note_that_might_have_been_removed_at_its_old_expiry(harness: &dyn Harness) {
    let account = Account::open(harness);
    let created = account.new_retained_note();
    account.put(&created).await;
    let expiry = account.expiry_in(90 * 24 * 60 * 60);
    let note = assert_updates(&account, &created, &renewal(&created, expiry)).await;
    let old = insertion(&created).purge_at().map_or(0, PurgeAt::as_secs);
    for millis in [
        old * 1_000,
        (old + 86_400) * 1_000,
        expiry.as_secs() * 1_000 - 1,
    ] {
        account.at_millis(millis).assert_is(&note).await;
    }
}
