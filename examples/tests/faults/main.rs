//! The two hard promises, kept while a fifth of all attempts fails: many users, several servers and one
//! network that loses, cuts, delays, repeats and refuses, before the embedded engine.
//!
//! Time is simulated and all runs on one thread, so a seed says all that happens. Runs are the same each time
//! unless `NOTES_TEST_SEED` gives them another seed; `NOTES_TEST_OPERATIONS` says how long they are.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap fails the test; seeds and counts are printed"
)]

mod checker;
mod client;
mod engine;
mod fault;
mod history;
mod linearizability;
mod network;
mod sabotage;
mod simulation;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use checker::{Violation, check};
use client::Habits;
use fault::Fault;
use history::Record;
use linearizability::is_linearizable;
use sabotage::Sabotage;
use simulation::{Outcome, Simulation};

const SEED_VARIABLE: &str = "NOTES_TEST_SEED";
const OPERATIONS_VARIABLE: &str = "NOTES_TEST_OPERATIONS";

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap())
}

fn seed() -> u64 {
    let seed = number(SEED_VARIABLE).unwrap_or(1);
    println!("{SEED_VARIABLE}={seed}");
    seed
}

fn many_users(seed: u64, requests: usize) -> Simulation {
    Simulation {
        seed,
        requests,
        fault_percent: 20,
        users: requests.div_ceil(200),
        clients_of_user: 3,
        habits: Habits {
            create: 20,
            create_again: 10,
            read: 25,
            list: 2,
            patch: 30,
            delete: 8,
            repeat_percent: 70,
        },
        one_note: false,
        sabotage: None,
    }
}

/// Runs a simulation, and says what happened.
fn run(simulation: &Simulation) -> Outcome {
    let started = Instant::now();
    let outcome = simulation.run();
    println!(
        "seed {}: {} requests in {:?}: {:?}, {:?}",
        simulation.seed,
        outcome.requests,
        started.elapsed(),
        outcome.answers(),
        outcome.faults,
    );
    outcome
}

#[test]
fn no_promise_is_broken_by_any_fault() {
    let requests = number(OPERATIONS_VARIABLE).unwrap_or(20_000);
    let half = usize::try_from(requests / 2).unwrap();
    let seed = seed();
    let holds = |seed| {
        let outcome = run(&many_users(seed, half));
        let findings = check(&outcome.records);
        for (violation, told) in findings.iter().take(3) {
            println!("{violation:?}: {told}");
        }
        assert!(findings.is_empty(), "{} findings", findings.len());
        // Otherwise not all of it happened.
        assert_eq!(outcome.faults.len(), Fault::ALL.len());
        assert_eq!(outcome.answers().len(), 7);
    };
    // A simulation keeps one core busy.
    std::thread::scope(|scope| {
        scope.spawn(|| holds(seed));
        holds(seed + 1);
    });
}

/// Four clients at each note, and about 14 requests to it.
fn many_at_one_note(seed: u64, notes: usize) -> Simulation {
    Simulation {
        users: notes,
        clients_of_user: 4,
        habits: Habits {
            create: 0,
            create_again: 15,
            read: 35,
            list: 0,
            patch: 45,
            delete: 5,
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
    let first = notes.values().find(|it| !is_linearizable(it));
    first.map_or(Ok(notes.len()), |it| Err(format!("{it:#?}")))
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
    let told = |it: Outcome| {
        it.records
            .into_iter()
            .map(|it| (it.client, it.begun, it.ended))
    };
    assert!(told(one).eq(told(other)));
}

/// What the checker finds when the protocol is broken in one place.
fn findings(sabotage: Sabotage) -> BTreeSet<Violation> {
    let sabotaged = Simulation {
        sabotage: Some(sabotage),
        ..many_users(1, 1_500)
    };
    let found = check(&sabotaged.run().records);
    let found = found.into_iter().map(|(violation, _)| violation).collect();
    println!("{sabotage:?}: {found:?}");
    found
}

macro_rules! broken_protocols_are_found {
    ($($name:ident: $sabotage:ident is found as $($violation:ident),+;)*) => {
        $(#[test]
        fn $name() {
            let found = findings(Sabotage::$sabotage);
            $(assert!(found.contains(&Violation::$violation), "{found:?}");)+
        })*
    };
}

broken_protocols_are_found! {
    an_insert_that_overwrites: InsertOverwrites is found as WriteLost, DeletedIsBack;
    a_deletion_that_frees_the_id: DeleteFreesTheId is found as DeletedIsBack, DeletedTwice;
    revisions_that_shrink: RevisionsMayShrink is found as WriteLost;
    an_expectation_that_is_ignored: IfMatchIsIgnored is found as TwoReplacedOneState;
    reads_that_are_old: ReadsAreOld is found as WriteLost, ReplacedIsBack, DeletedIsBack;
    a_creation_repeated_under_another_id: CreationsAreRenamed is found as TwoNotes, NobodyAskedFor;
    an_update_repeated_as_another: UpdatesAreRepeated is found as DoneTwice;
    an_unknown_outcome_told_as_not_written: UnknownIsNotWritten is found as NotWrittenButDone;
}
