//! The conformance suite itself is tested: a store with any one of many faults fails the cases that
//! name the fault, every case catches some fault, and the same store without a fault passes.

mod fault;
mod store;

use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::thread;

use fault::Fault;
use notes_core::conformance::{self, Harness};
use store::FaultyStore;
use tokio::runtime::Builder;

notes_core::conformance!(mod conformance_without_fault, crate::FaultyStore::new(None));

// Would the first case run, it would fail.
notes_core::__conformance_tests! {
    ($)
    mod conformance_of_a_cache, crate::FaultyStore::new(Some(crate::Fault::GetIsCached));
    except { get::sees_every_acknowledged_write: "shows what `except` does: the reads are cached" }
    get { sees_every_acknowledged_write returns_nothing_for_an_id_never_used }
}

/// Whether threads meet is a matter of chance, and worse on a machine that has other things to do.
const TRIES: usize = 100;

/// The cases in which threads have to meet within a call, which they hardly ever do on one core.
const RACES: &[&str] = &[
    "insert::of_inserts_of_one_id_by_threads_exactly_one_wins",
    "insert::of_inserts_of_different_ids_by_threads_loses_none",
    "insert::repeated_while_the_note_changes_tells_whole_states_only",
    "get::never_goes_back_in_the_life_of_a_note",
    "get::of_a_note_that_changes_returns_whole_states_only",
    "list::of_notes_that_change_returns_whole_states_only",
    "update::of_updates_of_one_revision_by_threads_exactly_one_wins",
    "update::of_updates_by_threads_each_is_told_what_happened",
    "delete::of_writes_of_one_revision_by_threads_exactly_one_wins",
    "delete::of_a_note_that_threads_change_is_final",
    "delete::of_a_note_that_threads_create_again_is_final",
    "purge::by_a_thread_loses_no_note_of_another_user",
    "handles::of_inserts_of_one_id_exactly_one_wins",
    "handles::of_updates_of_one_revision_exactly_one_wins",
    "handles::of_updates_each_is_told_what_happened",
    "handles::of_writes_of_one_revision_exactly_one_wins",
];

type Case = fn(&dyn Harness);

macro_rules! cases {
    (($_:tt) $($of:ident { $($case:ident)* })*) => {
        /// All cases, by their names.
        const CASES: &[(&str, Case)] = &[
            $($((
                concat!(stringify!($of), "::", stringify!($case)),
                |harness| run(conformance::$of::$case(harness)),
            ),)*)*
        ];
    };
}

notes_core::__conformance_cases! { cases, }

fn run(case: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(case);
}

/// Whether a new store with this fault passes a case.
fn passes(fault: Option<Fault>, case: Case) -> bool {
    let store = FaultyStore::new(fault);
    panic::catch_unwind(AssertUnwindSafe(|| case(&store))).is_ok()
}

#[test]
#[allow(clippy::print_stdout, reason = "what is skipped is printed")]
fn each_fault_is_caught_by_the_cases_that_name_it() {
    let threads_meet = thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    // That the store passes without a fault is what `conformance_without_fault` says.
    let mut uncaught = Vec::new();
    for (fault, names) in Fault::ALL {
        for name in *names {
            let case = CASES.iter().find(|(of, _)| of == name);
            let (_, case) = case.unwrap_or_else(|| panic!("{name} is no case"));
            if !threads_meet && RACES.contains(name) {
                println!("on one core, not tested: {fault:?} fails {name}");
                continue;
            }
            if (0..TRIES).all(|_| passes(Some(*fault), *case)) {
                let fails = |(_, case): &&(_, Case)| !passes(Some(*fault), *case);
                let failed: Vec<_> = CASES.iter().filter(fails).map(|(of, _)| of).collect();
                uncaught.push(format!("{fault:?} passes {name}; it fails {failed:?}"));
            }
        }
    }
    assert!(uncaught.is_empty(), "{uncaught:#?}");
}

#[test]
fn a_store_without_changes_passes_if_it_says_so() {
    let about_changes =
        |name: &str| name.starts_with("changes::") || name.ends_with("_by_its_tokens");
    let cases = CASES.iter().filter(|(name, _)| about_changes(name));
    let mut count = 0;
    for (name, case) in cases {
        let store = FaultyStore::without_changes();
        let passes = panic::catch_unwind(AssertUnwindSafe(|| case(&store))).is_ok();
        assert!(passes, "{name}");
        count += 1;
    }
    assert_eq!(count, 14);
}

#[test]
fn every_race_is_a_case() {
    let is_case = |race: &&&str| CASES.iter().any(|(name, _)| name == *race);
    let others: Vec<_> = RACES.iter().filter(|race| !is_case(race)).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn every_case_catches_a_fault() {
    let catching: BTreeSet<_> = Fault::ALL.iter().flat_map(|(_, names)| *names).collect();
    let names = CASES.iter().map(|(name, _)| name);
    let idle: Vec<_> = names.filter(|name| !catching.contains(name)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}
