//! A device that keeps a copy of the notes.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use notes_core::sync_bounds::AHEAD;
use notes_core::{
    ChangedState, Changes, ChangesOutcome, DeleteOutcome, Expected, Note, NoteId, NotePatch,
    PageLimit, SyncToken, Timestamp, UpdateOutcome,
};

use crate::network::{at_once, millis};
use crate::world::{Sabotage, World};

/// What the device keeps on its disk.
#[derive(Clone, Debug, Default)]
struct Disk {
    copy: BTreeMap<NoteId, Kept>,
    token: Option<SyncToken>,
    generation: u64,
    /// When the running pass began, by the store's clock.
    began: u64,
    /// Notes of which it knows in this generation that they are deleted.
    deleted: BTreeSet<NoteId>,
    /// How often the store had been restored when this generation began.
    restores: u64,
}

#[derive(Clone, Debug)]
struct Kept {
    note: Note,
    generation: u64,
}

#[derive(Debug)]
enum Response {
    Is(Note),
    Gone,
}

#[derive(Debug)]
pub(crate) struct Device {
    disk: Disk,
    backup: Option<Disk>,
    /// Pages and responses that it no longer waits for, with the generation in which they were asked for.
    late_pages: Vec<(u64, Changes, u64)>,
    late_responses: Vec<(u64, NoteId, Response)>,
    /// How far its clock is ahead of the store's, in minutes.
    clock_ahead: i64,
}

impl Device {
    pub(crate) fn new(world: &World) -> Self {
        Self {
            disk: Disk::default(),
            backup: None,
            late_pages: Vec::new(),
            late_responses: Vec::new(),
            clock_ahead: world
                .net
                .draw(|rng| *rng.choice(&[0, 0, -240, 240]).expect("one")),
        }
    }

    /// Asks for one page. True when a pass has ended.
    pub(crate) fn pull(&mut self, world: &World, limit: PageLimit) -> Result<bool, String> {
        let begins = self.disk.token.is_none();
        if begins && !world.has(Sabotage::GenerationIsKeptOverABrokenFullPass) {
            self.begin_generation(world);
        }
        let begins_pass = begins || self.is_idle();
        let clock = world.net.clock();
        let notes = world.notes();
        let outcome = at_once(notes.changes(world.net.user(), self.disk.token.as_ref(), limit));
        let mut changes = match outcome.expect("changes never fail here") {
            ChangesOutcome::Page(changes) => changes,
            ChangesOutcome::Restart => {
                self.begin_generation(world);
                self.disk.token = None;
                return Ok(false);
            }
        };
        if begins_pass {
            self.disk.began = clock;
        }
        if world.net.chance(30) {
            changes.cut(NonZeroUsize::MIN);
        }
        if world.net.chance(8) {
            // It gives up, and will ask with the same token again.
            self.late_pages.push((self.disk.generation, changes, clock));
            return Ok(false);
        }
        let more = changes.more;
        self.apply(world, changes, clock, false)?;
        Ok(!more)
    }

    /// Whether the next page is the first one of a pass. A device does not know that, but the check has to: a token
    /// between passes has no position, and so 12 bytes.
    fn is_idle(&self) -> bool {
        let text = self.disk.token.as_ref().map(ToString::to_string);
        text.is_none_or(|text| text.len() == 16)
    }

    fn begin_generation(&mut self, world: &World) {
        self.disk.generation += 1;
        self.disk.deleted.clear();
        self.disk.restores = world.restores;
    }

    fn apply(
        &mut self,
        world: &World,
        changes: Changes,
        clock: u64,
        is_late: bool,
    ) -> Result<(), String> {
        let token = Some(changes.token);
        if world.has(Sabotage::TokenIsSavedBeforeThePage) {
            self.disk.token.clone_from(&token);
            if world.net.chance(10) {
                return Ok(());
            }
        }
        for changed in changes.changes {
            match changed.state {
                ChangedState::Live(note) => self.put(world, note)?,
                ChangedState::Gone(id) => {
                    self.disk.copy.remove(&id);
                    if world.net.is_deleted(id) {
                        self.disk.deleted.insert(id);
                    }
                }
                ChangedState::Unreadable(id) => return Err(format!("{id} can't be read")),
            }
        }
        if world.net.chance(10) {
            return Ok(());
        }
        self.disk.token = token;
        if changes.more || is_late {
            return Ok(());
        }
        let now = if world.has(Sabotage::NotesAreDroppedByTheOwnClock) {
            let own = world
                .net
                .clock()
                .saturating_add_signed(self.clock_ahead * 60_000);
            Timestamp::from_millis(own)
        } else {
            changes.as_of
        };
        let generation = self.disk.generation;
        let keeps_unnamed = world.has(Sabotage::UnnamedNotesStay);
        self.disk.copy.retain(|_, kept| {
            (keeps_unnamed || kept.generation == generation) && kept.note.is_live(now)
        });
        self.check(world, clock)
    }

    /// Stores a state of a note.
    fn put(&mut self, world: &World, note: Note) -> Result<(), String> {
        let generation = self.disk.generation;
        let id = note.id;
        if let Some(old) = self.disk.copy.get_mut(&id)
            && old.note.revision > note.revision
        {
            if world.has(Sabotage::GreaterRevisionWins) {
                old.generation = generation;
                return Ok(());
            }
            if old.generation == generation && self.disk.restores == world.restores {
                return Err(format!("{id}: an older state replaces a newer one"));
            }
        }
        if self.disk.deleted.contains(&id) && self.disk.restores == world.restores {
            return Err(format!("{id}: a deleted note has returned"));
        }
        self.disk.copy.insert(id, Kept { note, generation });
        Ok(())
    }

    /// Compares the copy with the store, but for what was written since the pass began. `clock` is the store's clock at
    /// the last page.
    fn check(&self, world: &World, clock: u64) -> Result<(), String> {
        let ids: BTreeSet<_> = world
            .net
            .ids()
            .into_iter()
            .chain(self.disk.copy.keys().copied())
            .collect();
        for id in ids {
            if world.net.written_at(id) >= self.disk.began {
                continue;
            }
            let mine = self.disk.copy.get(&id).map(|kept| &kept.note);
            let latest = world.net.live_at(id, world.net.clock() + millis(AHEAD));
            if let Some(note) = latest {
                if mine != Some(&note) {
                    return Err(format!(
                        "{id} is missed: {note:?}, and the device has {mine:?}"
                    ));
                }
            } else if world.net.live_at(id, clock - millis(AHEAD)).is_none() && mine.is_some() {
                return Err(format!("{id} is a zombie: the device has {mine:?}"));
            }
        }
        Ok(())
    }

    /// Changes or deletes a note that it has, as it has it.
    pub(crate) fn write(&mut self, world: &World) -> Result<(), String> {
        let ids: Vec<_> = self.disk.copy.keys().copied().collect();
        let Some(id) = world.net.draw(|rng| rng.choice(ids)) else {
            return Ok(());
        };
        let expected = Expected::from(self.disk.copy[&id].note.revision);
        let (notes, user) = (world.notes(), world.net.user());
        let response = if world.net.chance(66) {
            let patch = NotePatch::default().with_title(world.new_title());
            match at_once(notes.update(user, id, patch, &expected)) {
                Ok(UpdateOutcome::Updated(note) | UpdateOutcome::Stale(Some(note))) => {
                    Response::Is(note)
                }
                Ok(UpdateOutcome::Missing) => Response::Gone,
                Ok(UpdateOutcome::Stale(None)) | Err(_) => return Ok(()),
            }
        } else {
            match at_once(notes.delete(user, id, &expected)) {
                Ok(DeleteOutcome::Stale(Some(note))) => Response::Is(note),
                Ok(DeleteOutcome::Deleted | DeleteOutcome::Missing) => Response::Gone,
                Ok(DeleteOutcome::Stale(None)) | Err(_) => return Ok(()),
            }
        };
        if world.net.chance(20) {
            self.late_responses
                .push((self.disk.generation, id, response));
            return Ok(());
        }
        self.respond(world, id, response)
    }

    fn respond(&mut self, world: &World, id: NoteId, response: Response) -> Result<(), String> {
        match response {
            Response::Is(note) => self.put(world, note),
            Response::Gone => {
                self.disk.copy.remove(&id);
                Ok(())
            }
        }
    }

    /// What comes although the device no longer waits for it.
    pub(crate) fn get_late(&mut self, world: &World) -> Result<(), String> {
        if let Some((generation, page, clock)) = self.late_pages.pop()
            && world.has(Sabotage::LatePagesAreApplied)
            && generation == self.disk.generation
        {
            self.apply(world, page, clock, true)?;
        }
        if let Some((generation, id, response)) = self.late_responses.pop()
            && world.has(Sabotage::LateResponsesAreApplied)
            && generation == self.disk.generation
        {
            self.respond(world, id, response)?;
        }
        Ok(())
    }

    /// Makes a backup of the device, or restores it.
    pub(crate) fn back_up_or_restore(&mut self, world: &World) {
        match &self.backup {
            Some(backup) if world.net.chance(30) => {
                self.disk = backup.clone();
                self.late_pages.clear();
                self.late_responses.clear();
            }
            _ => self.backup = Some(self.disk.clone()),
        }
    }
}
