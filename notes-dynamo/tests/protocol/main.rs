//! The protocol of writes, as a model whose every state is visited: what the table holds, what is on
//! the way to it, and what callers know. Attempts are lost, late or doubled, clocks differ, time
//! passes, and TTL removes items.
//!
//! It is about one key, as no rule of the protocol is about two. A call stands for one request to the
//! service: it sends an attempt, sends it again when no response comes, and has its response in the end, as
//! `DynamoNoteStore` and `Notes` do it.
//!
//! Two things are assumed of the network, and tests show what happens without them: an attempt whose *refusal* arrived
//! is not executed once more; and no attempt is later, counted from the time by which its call judges expiry, than an
//! update that moves the expiry has to come before it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap fails the test; counts are printed"
)]

mod caller;
mod flaw;
mod model;
mod protocol;
mod request;
mod state;
mod table;
mod visit;

use std::collections::BTreeSet;

use flaw::Flaw;
use model::{DONE_ONCE, NAMED_STATE, ONE_NOTE, PURGED, RIVALS, STAYS_DELETED, TRUE_RESPONSES};
use protocol::Protocol;
use request::Request::{self, Create, Delete, DeleteIfNew, RemoveExpiry, Update, UpdateIfNew};
use stateright::HasDiscoveries;
use visit::Visit;

/// Calls that meet at one note, three at a time: with four there are millions of states.
const CALLS: [[Request; 3]; 6] = [
    [Create, Create, Delete],
    [Create, Create, Update],
    [Create, Update, UpdateIfNew],
    [Create, Update, Delete],
    [Create, UpdateIfNew, DeleteIfNew],
    [Create, Update, Update],
];

/// What is reached in any of these models, in none of which a property is broken.
fn sound(models: impl IntoIterator<Item = Protocol>) -> BTreeSet<&'static str> {
    let visit = |model: Protocol| {
        let told = format!("{:?} until {}", model.calls, model.horizon);
        let visit = Visit::of(model, HasDiscoveries::All);
        println!("{told}: {} states", visit.states);
        assert_eq!(visit.broken, BTreeSet::new(), "{told}");
        visit.reached
    };
    models.into_iter().flat_map(visit).collect()
}

#[test]
fn no_order_of_events_breaks_a_promise() {
    let reached = sound(CALLS.map(|calls| Protocol::new(&calls)));
    let all = ["done", "missing", "refused", "spent", "stale", "unknown"];
    assert!(reached.into_iter().eq(all));
}

#[test]
fn no_order_of_events_breaks_a_promise_while_notes_expire_and_are_purged() {
    let calls = [[Create, Create], [Create, Update], [Create, Delete]];
    let expiring = calls.map(|calls| Protocol::new(&calls).expiring());
    // A repetition that comes late is a retry, too.
    let deleted = Protocol::new(&[Create, Create, Delete]).without_retries();
    let reached = sound(expiring.into_iter().chain([deleted.aging()]));
    assert!(reached.contains(PURGED) && reached.contains("spent"));
}

#[test]
fn a_creation_that_comes_after_its_expiry_stores_nothing() {
    let model = Protocol::new(&[Create, Create]).expiring_at(2);
    assert!(sound([model]).contains("expired"));
}

/// Notes whose expiry is removed while attempts are late by up to two, counted from the time by which their call judges
/// expiry.
fn removed_expiry(margin: u8) -> [Protocol; 2] {
    let removed = Protocol::new(&[Create, RemoveExpiry]);
    let repeated = Protocol::new(&[Create, RemoveExpiry, Create]).without_retries();
    [removed, repeated].map(|model| model.with_lateness(2, margin).expiring_at(3))
}

#[test]
fn a_note_that_was_seen_expired_does_not_come_back_with_a_margin_that_no_attempt_outlasts() {
    for margin in [2, 3] {
        sound(removed_expiry(margin));
    }
}

#[test]
fn a_note_that_was_seen_expired_comes_back_with_a_margin_that_an_attempt_outlasts() {
    for margin in [0, 1] {
        let properties = BTreeSet::from([STAYS_DELETED]);
        for model in removed_expiry(margin) {
            let visit = Visit::of(model, HasDiscoveries::AllOf(properties.clone()));
            assert!(visit.broken.contains(STAYS_DELETED), "{margin}");
        }
    }
}

#[test]
#[ignore = "millions of states take minutes"]
fn no_order_of_events_of_more_calls_breaks_a_promise() {
    sound([
        Protocol::new(&[Create, Create, Update, Delete]),
        Protocol::new(&[Create, Update, UpdateIfNew, Delete]),
    ]);
}

/// Asserts that a flaw breaks these properties.
#[track_caller]
fn assert_breaks(flaw: Flaw, model: Protocol, properties: &[&'static str]) {
    let flaw = Some(flaw);
    let flawed = Protocol { flaw, ..model };
    let properties: BTreeSet<_> = properties.iter().copied().collect();
    let broken = Visit::of(flawed, HasDiscoveries::AllOf(properties.clone())).broken;
    assert!(broken.is_superset(&properties), "{flaw:?}: {broken:?}");
}

#[test]
fn a_deletion_that_removes_the_item_lets_it_come_back() {
    let model = Protocol::new(&[Create, Create, Delete]);
    assert_breaks(
        Flaw::DeleteRemovesTheItem,
        model,
        &[ONE_NOTE, STAYS_DELETED],
    );
}

#[test]
fn an_insert_that_replaces_the_expired_lets_it_come_back() {
    let model = Protocol::new(&[Create, Create]).expiring();
    assert_breaks(
        Flaw::InsertReplacesTheExpired,
        model,
        &[ONE_NOTE, STAYS_DELETED],
    );
}

#[test]
fn a_purge_before_the_window_ends_lets_it_come_back() {
    let deleted = Protocol::new(&[Create, Create, Delete]).without_retries();
    for model in [Protocol::new(&[Create, Create]).expiring(), deleted.aging()] {
        assert_breaks(
            Flaw::PurgeBeforeTheWindowEnds,
            model,
            &[ONE_NOTE, STAYS_DELETED],
        );
    }
}

#[test]
fn revisions_that_shrink_let_an_update_be_done_twice() {
    let model = Protocol::new(&[Create, Update, Update]);
    assert_breaks(Flaw::RevisionsMayShrink, model, &[DONE_ONCE]);
}

#[test]
fn an_expectation_that_is_ignored_replaces_what_it_does_not_name() {
    let model = Protocol::new(&[Create, Update, UpdateIfNew]);
    assert_breaks(Flaw::ExpectationIsIgnored, model, &[NAMED_STATE]);
}

#[test]
fn a_revision_for_each_attempt_lets_an_update_be_done_twice() {
    let model = Protocol::new(&[Create, Update]);
    assert_breaks(Flaw::RevisionPerAttempt, model, &[DONE_ONCE]);
}

#[test]
fn an_own_write_taken_for_a_rivals_is_a_conflict_without_one() {
    let model = Protocol::new(&[Create, UpdateIfNew]);
    assert_breaks(Flaw::OwnWriteIsForeign, model, &[TRUE_RESPONSES, RIVALS]);
}

#[test]
fn attempts_that_are_not_counted_let_what_was_done_be_refused() {
    let model = Protocol::new(&[Create, Update, Update]);
    assert_breaks(
        Flaw::AttemptsAreNotCounted,
        model,
        &[DONE_ONCE, TRUE_RESPONSES],
    );
}

#[test]
fn an_unknown_outcome_told_as_not_written_is_a_false_response() {
    let model = Protocol::new(&[Create, Update]);
    assert_breaks(Flaw::UnknownIsNotWritten, model, &[TRUE_RESPONSES]);
}

#[test]
fn a_refused_attempt_that_the_network_repeats_may_be_done_all_the_same() {
    let model = Protocol::new(&[Create, Update]);
    assert_breaks(Flaw::RefusedAttemptsAreDoubled, model, &[TRUE_RESPONSES]);
}
