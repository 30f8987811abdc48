//! A schedule: writers, devices, time, and what an operator does.

use std::time::Duration;

use notes_core::sync_bounds::AHEAD;
use notes_core::{
    Expected, Expiry, NewNote, NoteId, NotePatch, Notes, PageLimit, SyncSettings, Title,
};

use crate::device::Device;
use crate::network::{Event, Network, at_once, millis};

/// What is wrong in a schedule that has to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    NothingGuardsLateWrites,
    WriterHasNoSync,
    RestoreKeepsTheEpoch,
    HorizonChangesWithinAnEpoch,
    UserGoesOnAfterErasure,
    TokenIsSavedBeforeThePage,
    NotesAreDroppedByTheOwnClock,
    LatePagesAreApplied,
    LateResponsesAreApplied,
    GreaterRevisionWins,
    UnnamedNotesStay,
    GenerationIsKeptOverABrokenFullPass,
}

/// Times are short, so that schedules are, too.
const HORIZON_MINUTES: u64 = 150;
const WINDOW: Duration = Duration::from_secs(50 * 60);

pub(crate) struct World {
    pub(crate) net: Network,
    sabotage: Option<Sabotage>,
    epoch: u64,
    horizon_minutes: u64,
    backup: Option<Vec<Event>>,
    /// How often a backup of the store was restored.
    pub(crate) restores: u64,
}

impl World {
    fn new(seed: u64, sabotage: Option<Sabotage>) -> Self {
        Self {
            net: Network::new(seed, sabotage != Some(Sabotage::NothingGuardsLateWrites)),
            sabotage,
            epoch: 0,
            horizon_minutes: HORIZON_MINUTES,
            backup: None,
            restores: 0,
        }
    }

    pub(crate) fn has(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }

    /// The service as it is set up now.
    pub(crate) fn notes(&self) -> Notes<Network> {
        let horizon = Duration::from_secs(self.horizon_minutes * 60);
        let horizon = horizon.try_into().expect("a horizon");
        let settings = SyncSettings::new(self.epoch.to_string()).with_horizon(horizon);
        self.notes_without_sync().with_sync(settings)
    }

    fn notes_without_sync(&self) -> Notes<Network> {
        let net = self.net.clone();
        Notes::new(self.net.clone())
            .with_clock(move || net.reading())
            .with_acceptance_window(WINDOW)
    }

    pub(crate) fn new_title(&self) -> Title {
        let number = self.net.draw(|rng| rng.u32(..));
        number.to_string().parse().expect("a title")
    }

    /// An expiry so many minutes from now.
    fn expiry_in(&self, minutes: i64) -> Expiry {
        let at = self.net.clock().saturating_add_signed(minutes * 60_000);
        (at / 1_000).try_into().expect("an expiry")
    }

    /// A write by somebody.
    fn write(&self) {
        let notes = if self.has(Sabotage::WriterHasNoSync) {
            self.notes_without_sync()
        } else {
            self.notes()
        };
        let user = self.net.user();
        let ids = self.net.ids();
        let kind = self.net.draw(|rng| rng.u8(0..100));
        let Some(id) = self.net.draw(|rng| rng.choice(ids)).filter(|_| kind >= 35) else {
            let (window, ahead) = (millis(WINDOW), millis(AHEAD));
            let dated = self.net.draw(|rng| match rng.u8(0..4) {
                0 => -window.cast_signed(),
                1 => ahead.cast_signed(),
                2 => -rng.u64(0..window).cast_signed(),
                _ => 0,
            });
            let millis = self.net.clock().saturating_add_signed(dated);
            let rest = self.net.draw(|rng| rng.u128(0..1 << 74));
            let id = NoteId::from_ordinal(u128::from(millis) << 74 | rest).expect("an id");
            let mut new = NewNote::new(self.new_title(), "".parse().expect("a content"));
            if self.net.chance(30) {
                let minutes = self.net.draw(|rng| rng.i64(5..60));
                new = new.with_expiry(self.expiry_in(minutes));
            }
            // Whatever the outcome.
            let _ = at_once(notes.create(user, id, new));
            return;
        };
        let live = self.net.live_at(id, self.net.clock());
        let expected = match live {
            Some(note) if self.net.chance(40) => note.revision.into(),
            _ => Expected::Any,
        };
        if kind < 75 {
            let mut patch = NotePatch::default().with_title(self.new_title());
            if kind >= 60 {
                patch = match self.net.draw(|rng| rng.u8(0..5)) {
                    0 => patch.without_expiry(),
                    1 => patch.with_expiry(self.expiry_in(200)),
                    2 => patch.with_expiry(self.expiry_in(-15)),
                    3 => patch.with_expiry(0.try_into().expect("an expiry")),
                    _ => {
                        let minutes = self.net.draw(|rng| rng.i64(5..60));
                        patch.with_expiry(self.expiry_in(minutes))
                    }
                };
            }
            let _ = at_once(notes.update(user, id, patch, &expected));
        } else {
            let _ = at_once(notes.delete(user, id, &expected));
        }
    }

    /// What an operator does to the store.
    fn operate(&mut self) {
        match self.backup.take() {
            None => self.backup = Some(self.net.backup()),
            Some(backup) if self.net.chance(50) => {
                self.net.restore(&backup);
                self.restores += 1;
                if !self.has(Sabotage::RestoreKeepsTheEpoch) {
                    self.epoch += 1;
                }
            }
            kept => self.backup = kept,
        }
    }

    fn change_horizon(&mut self) {
        self.horizon_minutes = if self.horizon_minutes == HORIZON_MINUTES {
            HORIZON_MINUTES / 3
        } else {
            HORIZON_MINUTES
        };
        if !self.has(Sabotage::HorizonChangesWithinAnEpoch) {
            self.epoch += 1;
        }
    }

    /// Draws one of these.
    fn one_of<T: Copy>(&self, choices: &[T]) -> T {
        self.net.draw(|rng| choices[rng.usize(0..choices.len())])
    }
}

/// Runs the schedule of a seed. The error says what is wrong with a device's copy.
pub(crate) fn run(seed: u64, sabotage: Option<Sabotage>) -> Result<(), String> {
    run_in(&mut World::new(seed, sabotage))
}

/// What was asked of the store in the schedule of a seed, also if it ends early because a copy differs.
pub(crate) fn trace(seed: u64, sabotage: Option<Sabotage>) -> Vec<String> {
    let mut world = World::new(seed, sabotage);
    let _outcome = run_in(&mut world);
    world.net.trace()
}

fn run_in(world: &mut World) -> Result<(), String> {
    let sabotage = world.sabotage;
    let mut devices = [Device::new(world), Device::new(world)];
    let limit = PageLimit::try_from(world.one_of(&[1, 1, 2, 3])).expect("a limit");
    let busy = world.one_of(&[6, 15, 24]);
    let changes_horizon =
        sabotage == Some(Sabotage::HorizonChangesWithinAnEpoch) || world.net.chance(20);
    for _ in 0..70 {
        if changes_horizon && world.net.chance(6) {
            world.change_horizon();
        }
        let device = world.one_of(&[0, 1]);
        match world.net.draw(|rng| rng.u64(0..1_000)) {
            0..250 => world.net.tick(world.one_of(&[0, 5, 5, 10, 15, 35, 20])),
            250..280 => {
                let minutes = world.one_of(&[HORIZON_MINUTES - 15, HORIZON_MINUTES, 115, 75]);
                world.net.tick(minutes);
            }
            kind @ 280..800 if kind < 380 + busy * 10 => world.write(),
            280..800 => drop(devices[device].pull(world, limit)?),
            800..880 => devices[device].write(world)?,
            880..900 => devices[device].back_up_or_restore(world),
            900..930 => devices[device].get_late(world)?,
            930..935 => world.operate(),
            935..950 if sabotage == Some(Sabotage::UserGoesOnAfterErasure) => world.net.erase(),
            _ => {}
        }
    }
    // Then writes rest.
    world
        .net
        .tick(world.one_of(&[0, 5, HORIZON_MINUTES - 70, 18]));
    world.net.rest();
    for device in &mut devices {
        for _pass in 0..2 {
            let mut has_ended = false;
            for _page in 0..400 {
                if device.pull(world, limit)? {
                    has_ended = true;
                    break;
                }
                if world.net.chance(30) {
                    world.net.tick(1);
                }
            }
            if !has_ended {
                return Err("no pass ends".to_owned());
            }
        }
    }
    Ok(())
}
