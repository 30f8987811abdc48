//! Random schedules of writers and devices, with the real service and the store in memory: clocks that differ, writes
//! that take effect late, lost responses, crashes, restored backups. After each pass, the device has exactly the notes.
//!
//! A schedule is made from a number. `NOTES_TEST_SEED` chooses the numbers, and `NOTES_TEST_SCHEDULES` how many there
//! are.

mod device;
mod network;
mod world;

use std::env;

use world::{Sabotage, run, trace};

/// How many schedules a sabotage has until it must be caught.
const MOST: u64 = 20_000;

fn setting(name: &str, default: u64) -> u64 {
    let value = env::var(name).ok();
    value.map_or(default, |value| value.parse().expect("a number"))
}

#[test]
fn a_device_has_exactly_the_notes_after_each_pass() {
    let first = setting("NOTES_TEST_SEED", 0).wrapping_mul(1_000_000);
    for schedule in 0..setting("NOTES_TEST_SCHEDULES", 1_500) {
        let seed = first.wrapping_add(schedule);
        if let Err(wrong) = run(seed, None) {
            panic!("schedule {seed}: {wrong}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_schedule() {
    let sabotage = Some(Sabotage::NothingGuardsLateWrites);
    for seed in 0..200 {
        let events = trace(seed, sabotage);
        assert!(!events.is_empty());
        assert_eq!(events, trace(seed, sabotage));
    }
}

macro_rules! sabotages {
    ($($name:ident: $sabotage:ident,)*) => {
        $(#[test]
        fn $name() {
            let sabotage = Some(Sabotage::$sabotage);
            let caught = (0..MOST).find(|seed| run(*seed, sabotage).is_err());
            assert!(caught.is_some(), "not caught");
        })*
    };
}

sabotages! {
    a_write_later_than_the_bound_is_missed: NothingGuardsLateWrites,
    a_writer_without_sync_removes_ends_too_early: WriterHasNoSync,
    a_restored_backup_needs_a_new_epoch: RestoreKeepsTheEpoch,
    another_horizon_needs_a_new_epoch: HorizonChangesWithinAnEpoch,
    an_erased_user_can_not_go_on_with_an_old_device: UserGoesOnAfterErasure,
    a_device_has_to_save_the_page_before_the_token: TokenIsSavedBeforeThePage,
    a_device_has_to_drop_notes_by_the_time_of_the_page: NotesAreDroppedByTheOwnClock,
    a_device_has_to_ignore_pages_it_has_given_up: LatePagesAreApplied,
    a_device_has_to_ignore_responses_it_has_given_up: LateResponsesAreApplied,
    a_full_pass_replaces_greater_revisions: GreaterRevisionWins,
    a_full_pass_removes_what_it_does_not_name: UnnamedNotesStay,
    each_full_pass_is_a_generation_of_its_own: GenerationIsKeptOverABrokenFullPass,
}
