//! The conformance suite itself is tested: a store with any one of many faults fails the cases that
//! name the fault, every case catches some fault, and the same store without a fault passes.

mod fault;
mod store;

use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};

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
    get { sees_every_acknowledged_write gives_nothing_for_an_id_never_used }
}

/// Whether threads meet is a matter of chance, and worse on a machine that has other things to do.
const TRIES: usize = 10;

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
fn each_fault_is_caught_by_the_cases_that_name_it() {
    // That the store passes without a fault is what `conformance_without_fault` says.
    let mut uncaught = Vec::new();
    for (fault, names) in Fault::ALL {
        for name in *names {
            let case = CASES.iter().find(|(it, _)| it == name);
            let (_, case) = case.unwrap_or_else(|| panic!("{name} is no case"));
            if (0..TRIES).all(|_| passes(Some(*fault), *case)) {
                let fails = |(_, case): &&(_, Case)| !passes(Some(*fault), *case);
                let failed: Vec<_> = CASES.iter().filter(fails).map(|(it, _)| it).collect();
                uncaught.push(format!("{fault:?} passes {name}; it fails {failed:?}"));
            }
        }
    }
    assert!(uncaught.is_empty(), "{uncaught:#?}");
}

#[test]
fn every_case_catches_a_fault() {
    let catching: BTreeSet<_> = Fault::ALL.iter().flat_map(|(_, names)| *names).collect();
    let names = CASES.iter().map(|(name, _)| name);
    let idle: Vec<_> = names.filter(|name| !catching.contains(name)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}
