//! The promises to users, kept while a fifth of all attempts fails: many users, several servers and one network that
//! loses, cuts, delays, repeats and refuses, before the embedded engine. Notes expire, by their authors' wish or by the
//! retention setting, the engine removes what is over, and accounts are erased, whose ids are then used again.
//!
//! Time is simulated and all runs on one thread, so a seed says all that happens. Runs are the same each time
//! unless `NOTES_TEST_SEED` gives them another seed; `NOTES_TEST_OPERATIONS` says how long they are.
//!
//! What is assumed of the network: it does not execute once more what it has refused, nor a batch that it
//! has executed with success; and an attempt arrives within the margin before its expiry in which the expiry of a note
//! can't be moved. What is asked of users: when an erasure was in doubt, their ids rest until nothing is under way.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap fails the test; seeds and counts are printed"
)]

mod checker;
mod client;
mod clock;
mod copies;
mod engine;
mod fault;
mod history;
mod linearizability;
mod network;
mod replica;
mod sabotage;
mod simulation;
mod unsteady;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use checker::{Violation, check};
use client::Habits;
use fault::Fault;
use history::Record;
use linearizability::is_linearizable;
use sabotage::Sabotage;
use simulation::{Outcome, Simulation};

const SEED_VARIABLE: &str = "NOTES_TEST_SEED";
const OPERATIONS_VARIABLE: &str = "NOTES_TEST_OPERATIONS";

/// In so many requests every fault and every response is met, whatever the seed.
const ENOUGH_FOR_ALL: u64 = 10_000;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap())
}

fn seed() -> u64 {
    let seed = number(SEED_VARIABLE).unwrap_or(1);
    println!("{SEED_VARIABLE}={seed}");
    seed
}

/// Most notes that expire do so soon, and what is over is kept for an hour after the time in which its id is accepted.
const PAUSES: [Duration; 6] = [
    Duration::ZERO,
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_secs(20),
    Duration::from_mins(3),
    Duration::from_hours(2),
];

fn many_users(seed: u64, requests: usize) -> Simulation {
    // Every other simulation.
    let retention = seed.is_multiple_of(2).then(|| Duration::from_secs(100));
    Simulation {
        seed,
        requests,
        phases: 10,
        pauses: &PAUSES,
        fault_percent: 20,
        users: requests.div_ceil(200),
        clients_of_user: 3,
        habits: Habits {
            create: 20,
            create_again: 10,
            create_other: 2,
            read: 25,
            list: 2,
            patch: 30,
            delete: 6,
            creations_with_expiry_percent: 25,
            patches_with_expiry_percent: 25,
            expires_within: &[10, 20, 50, 100, 500, 1_000],
            leaves_expiry: retention.is_some(),
            repeat_percent: 70,
        },
        // Not so long that the engine would have nothing to remove.
        acceptance_window: Duration::from_mins(10),
        retention,
        erased_percent: 20,
        one_note: false,
        sabotage: None,
    }
}

/// The same without pauses and erasures, so that more happens to each note.
fn steady(seed: u64, requests: usize) -> Simulation {
    Simulation {
        phases: 1,
        pauses: &[Duration::ZERO],
        erased_percent: 0,
        ..many_users(seed, requests)
    }
}

/// Runs a simulation, and says what happened.
fn run(simulation: &Simulation) -> Outcome {
    let started = Instant::now();
    let outcome = simulation.run();
    println!(
        "seed {}: {} requests in {:?}: {:?}, {:?}, {} erasures, {} items swept",
        simulation.seed,
        outcome.requests,
        started.elapsed(),
        outcome.responses(),
        outcome.faults,
        outcome.erasures,
        outcome.swept,
    );
    outcome
}

/// Runs a simulation, and asserts that no promise is broken in it.
fn holds(simulation: &Simulation) -> Outcome {
    let outcome = run(simulation);
    let findings = check(&outcome.records, outcome.settings);
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for (violation, told) in &findings {
        let count = counts.entry(violation).or_default();
        *count += 1;
        if *count == 1 {
            println!("{violation:?}: {told}");
        }
    }
    assert!(findings.is_empty(), "seed {}: {counts:?}", simulation.seed);
    outcome
}

#[test]
fn no_promise_is_broken_by_any_fault() {
    let requests = number(OPERATIONS_VARIABLE).unwrap_or(20_000);
    let half = usize::try_from(requests / 2).unwrap();
    let seed = seed();
    let holds = |seed| {
        let outcome = holds(&many_users(seed, half));
        if requests >= ENOUGH_FOR_ALL {
            let (responses, faults) = (outcome.responses(), &outcome.faults);
            let all_happened = faults.len() == Fault::ALL.len()
                && responses.len() == 9
                && outcome.erasures > 0
                && outcome.swept > 0;
            let (erasures, swept) = (outcome.erasures, outcome.swept);
            assert!(
                all_happened,
                "seed {seed}: {responses:?}, {faults:?}, {erasures} erasures, {swept} items swept"
            );
        }
    };
    // One with the retention setting and one without, and none that another seed would repeat. Each keeps a core busy.
    std::thread::scope(|scope| {
        scope.spawn(|| holds(2 * seed));
        holds(2 * seed + 1);
    });
}

/// Accounts that are erased again and again, and whose ids are used again each time.
fn many_erasures(seed: u64, erasures: usize) -> Simulation {
    let users = 10;
    Simulation {
        phases: erasures / users,
        fault_percent: 40,
        users,
        habits: Habits {
            create_again: 0,
            create_other: 0,
            patch: 0,
            delete: 0,
            list: 0,
            creations_with_expiry_percent: 0,
            patches_with_expiry_percent: 0,
            leaves_expiry: false,
            ..many_users(seed, 0).habits
        },
        acceptance_window: Duration::from_hours(24),
        retention: None,
        erased_percent: 100,
        ..steady(seed, erasures)
    }
}

#[test]
fn no_erasure_removes_a_note_that_is_acknowledged_after_it() {
    holds(&many_erasures(seed(), 500));
}

/// Notes that expire after so many seconds at most, whose expiry is moved again and again, up to the last moment.
fn many_expiries(seed: u64, requests: usize, expires_within: &'static [u64]) -> Simulation {
    Simulation {
        // The fewer there are of them and of their notes, the more happens to a note before it expires.
        users: 2,
        habits: Habits {
            create: 2,
            create_again: 0,
            create_other: 0,
            delete: 0,
            list: 0,
            creations_with_expiry_percent: 100,
            patches_with_expiry_percent: 10,
            expires_within,
            ..many_users(seed, 0).habits
        },
        ..steady(seed, requests)
    }
}

#[test]
fn no_note_that_was_seen_expired_comes_back() {
    holds(&many_expiries(seed(), 3_000, &[40]));
}

/// Four clients at each note, and about 14 requests to it.
fn many_at_one_note(seed: u64, notes: usize) -> Simulation {
    Simulation {
        users: notes,
        clients_of_user: 4,
        phases: 1,
        retention: None,
        erased_percent: 0,
        habits: Habits {
            create: 0,
            create_again: 15,
            create_other: 3,
            read: 35,
            list: 0,
            patch: 45,
            delete: 5,
            creations_with_expiry_percent: 0,
            patches_with_expiry_percent: 0,
            expires_within: &[10],
            leaves_expiry: false,
            // A change that is sent twice would be two writes of the same.
            repeat_percent: 0,
        },
        one_note: true,
        ..many_users(seed, notes * 14)
    }
}

/// How many notes' histories are linearizable, until the first that is not.
fn count_linearizable(records: &[Record]) -> Result<usize, String> {
    let mut notes: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for record in records {
        notes.entry(&record.note).or_default().push(record);
    }
    let first = notes.values().find(|records| !is_linearizable(records));
    first.map_or(Ok(notes.len()), |records| Err(format!("{records:#?}")))
}

#[test]
fn each_notes_history_is_linearizable() {
    let outcome = run(&many_at_one_note(seed(), 150));
    assert_eq!(count_linearizable(&outcome.records), Ok(150));
}

#[test]
fn a_history_that_is_not_linearizable_is_found() {
    for sabotage in [
        Sabotage::InsertOverwrites,
        Sabotage::DeleteFreesTheId,
        Sabotage::RevisionsMayShrink,
        Sabotage::IfMatchIsIgnored,
        Sabotage::ReadsAreOld,
        Sabotage::UnknownIsNotWritten,
    ] {
        let sabotaged = Simulation {
            sabotage: Some(sabotage),
            ..many_at_one_note(1, 50)
        };
        let outcome = sabotaged.run();
        assert!(
            count_linearizable(&outcome.records).is_err(),
            "{sabotage:?}"
        );
    }
}

#[test]
fn a_seed_says_all_that_happens() {
    let [one, other] = [1, 1].map(|seed| many_users(seed, 600).run());
    assert_eq!(one.faults, other.faults);
    let told = |outcome: Outcome| {
        outcome
            .records
            .into_iter()
            .map(|record| (record.client, record.begun, record.ended))
    };
    assert!(told(one).eq(told(other)));
}

/// What the checker finds in a simulation when the protocol is broken in one place.
fn findings(simulation: &Simulation, sabotage: Sabotage) -> BTreeSet<Violation> {
    let sabotaged = Simulation {
        sabotage: Some(sabotage),
        ..simulation.clone()
    };
    let outcome = sabotaged.run();
    let found = check(&outcome.records, outcome.settings);
    let found = found.into_iter().map(|(violation, _)| violation).collect();
    println!("{sabotage:?}: {found:?}");
    found
}

macro_rules! broken_protocols_are_found {
    ($($name:ident: $sabotage:ident of $simulation:expr, is found as $($violation:ident),+;)*) => {
        $(#[test]
        fn $name() {
            let found = findings(&$simulation, Sabotage::$sabotage);
            $(assert!(found.contains(&Violation::$violation), "{found:?}");)+
        })*
    };
}

broken_protocols_are_found! {
    an_insert_that_overwrites:
        InsertOverwrites of steady(1, 1_500), is found as WriteLost, DeletedIsBack;
    a_deletion_that_frees_the_id:
        DeleteFreesTheId of steady(1, 3_000), is found as DeletedIsBack, DeletedTwice;
    revisions_that_shrink:
        RevisionsMayShrink of many_at_one_note(1, 100), is found as WriteLost;
    an_expectation_that_is_ignored:
        IfMatchIsIgnored of steady(1, 1_500), is found as TwoReplacedOneState;
    an_exclusion_that_is_ignored:
        IfNoneMatchIsIgnored of steady(1, 1_500), is found as ExcludedIsReplaced;
    reads_that_are_old:
        ReadsAreOld of steady(1, 1_500), is found as WriteLost, ReplacedIsBack, DeletedIsBack;
    a_creation_repeated_under_another_id:
        CreationsAreRenamed of steady(1, 1_500), is found as TwoNotes, NobodyAskedFor;
    an_update_repeated_as_another:
        UpdatesAreRepeated of steady(1, 1_500), is found as DoneTwice;
    an_unknown_outcome_told_as_not_written:
        UnknownIsNotWritten of steady(1, 1_500), is found as NotWrittenButDone;
    a_client_error_taken_for_a_refusal:
        AnyClientErrorIsARefusal of steady(1, 1_500), is found as NotWrittenButDone;
    an_erasure_that_forgets_what_is_in_doubt:
        PurgeIsNeverInDoubt of many_erasures(1, 300), is found as GoneWithoutDeletion;
    an_expiry_moved_without_a_margin:
        ExpiryHasNoMargin of many_expiries(3, 5_000, &[8]), is found as ExpiredIsBack;
    an_expiry_of_the_authors_moved_by_the_retention_setting:
        EveryNoteIsRenewed of steady(2, 1_500), is found as NobodyAskedFor;
}
