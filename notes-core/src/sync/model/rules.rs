//! What the store, the service and the client do in the model.

use std::time::Duration;

use super::{
    Fate, Item, Mine, Place, Run, Sabotage, State, Stored, Token, TokenPhase, Write, Wrong,
};
use crate::sync::pass::{Phase, Progress, Step};
use crate::sync::position::ChangePosition;
use crate::sync::token::SyncToken;
use crate::value::timestamp::Timestamp;

/// The window of the present, counted from 1970.
const PRESENT: i64 = 1_000_000;
const TICK_MILLIS: i64 = 1_000;
const CHECK: [u8; 4] = [1, 2, 3, 4];

fn ticks(count: i64) -> Duration {
    Duration::from_millis(u64::try_from(count * TICK_MILLIS).unwrap())
}

impl Run {
    /// The instant at this distance from the present.
    pub(super) fn instant(&self, state: &State, distance: i64) -> Timestamp {
        let ticks = PRESENT * self.bucket + state.tick + distance;
        Timestamp::from_millis(u64::try_from(ticks * TICK_MILLIS).unwrap())
    }

    /// The distance of an instant from the present, clamped to what matters.
    fn distance(&self, state: &State, instant: Timestamp) -> i64 {
        let ticks = i64::try_from(instant.as_millis()).unwrap() / TICK_MILLIS;
        (ticks - PRESENT * self.bucket - state.tick).max(self.far())
    }

    /// The window at this distance from the present, relative to the present one.
    pub(super) fn window(&self, state: &State, distance: i64) -> i64 {
        let window = (state.tick + distance).div_euclid(self.bucket);
        window.max(self.lowest())
    }

    fn position(place: Place) -> ChangePosition {
        let mut bytes = (PRESENT + place.window).to_be_bytes().to_vec();
        bytes.push(u8::from(place.is_behind));
        bytes.as_slice().try_into().unwrap()
    }

    fn place(position: &ChangePosition) -> Place {
        let (window, is_behind) = position.as_bytes().split_first_chunk().unwrap();
        Place {
            window: i64::from_be_bytes(*window) - PRESENT,
            is_behind: is_behind == [1],
        }
    }

    /// What the client's token says, with instants.
    pub(super) fn progress(&self, state: &State, token: Token) -> Progress {
        let last = self.instant(state, token.last);
        let phase = match token.phase {
            TokenPhase::Idle => Phase::Idle,
            TokenPhase::Listing { place } => Phase::Listing {
                position: Self::position(place),
            },
            TokenPhase::Running { start, place } => Phase::Running {
                start: self.instant(state, start),
                position: Self::position(place),
            },
        };
        Progress { last, phase }
    }

    /// What the service reads in the text of the client's token.
    pub(super) fn read_progress(&self, state: &State, token: Token) -> Progress {
        let text = SyncToken::new(CHECK, self.progress(state, token)).to_string();
        let token: SyncToken = text.parse().unwrap();
        token.progress(CHECK).unwrap().clone()
    }

    /// The client's token for what the service says.
    fn token(&self, state: &State, progress: &Progress) -> Token {
        let phase = match &progress.phase {
            Phase::Idle => TokenPhase::Idle,
            Phase::Listing { position } => TokenPhase::Listing {
                place: Self::place(position),
            },
            Phase::Running { start, position } => TokenPhase::Running {
                start: self.distance(state, *start),
                place: Self::place(position),
            },
        };
        Token {
            last: self.distance(state, progress.last),
            phase,
        }
    }

    /// The page that the service reads for this token; `None` if it says that the client has to begin again.
    pub(super) fn step(&self, state: &State, token: Option<Token>, now: Timestamp) -> Option<Step> {
        let Some(token) = token else {
            return Some(Step::first(now));
        };
        let mut progress = self.progress(state, token);
        let mut horizon = ticks(self.accepted());
        match (self.sabotage, &mut progress.phase) {
            (Some(Sabotage::StartIsTakenAnewOnEachPage), Phase::Running { start, .. }) => {
                *start = now;
            }
            (
                Some(Sabotage::AgeIsCheckedOnTheFirstPageOnly),
                Phase::Running { .. } | Phase::Listing { .. },
            ) => horizon = Duration::MAX,
            (Some(Sabotage::AgeCountsFromTheStartOfThisPass), Phase::Running { start, .. }) => {
                let this_pass = Progress {
                    last: *start,
                    phase: Phase::Idle,
                };
                Step::after(this_pass, now, horizon)?;
                horizon = Duration::MAX;
            }
            _ => {}
        }
        Step::after(progress, now, horizon)
    }

    /// Where the store begins to read: after the position, or at the floor of the pass or the listing.
    pub(super) fn begin(&self, step: &Step) -> Place {
        if let Some(position) = step.position() {
            return Self::place(position);
        }
        let since = step.since(ticks(self.overlap()));
        Place {
            window: since.map_or(0, |since| {
                let instant = i64::try_from(since.as_millis()).unwrap() / TICK_MILLIS;
                (instant.div_euclid(self.bucket) - PRESENT).max(self.lowest())
            }),
            is_behind: false,
        }
    }

    pub(super) fn page(&self, state: &State, by: i64, end: Option<Place>, fate: Fate) -> State {
        let now = self.instant(state, by);
        let mut new = *state;
        let keeps_generation = self.has(Sabotage::ClientKeepsItsGenerationInALaterListing);
        if state.token.is_none() && !keeps_generation {
            new.is_unnamed = state.mine != Mine::Nothing;
        }
        let Some(step) = self.step(state, state.token, now) else {
            new.is_unnamed = state.mine != Mine::Nothing;
            new.token = None;
            return new;
        };
        // The store.
        let since = step.since(ticks(self.overlap()));
        let place_of_note = Place {
            window: if since.is_some() {
                state.item.changed
            } else {
                0
            },
            is_behind: true,
        };
        let begin = self.begin(&step);
        let is_read = place_of_note > begin && end.is_none_or(|end| place_of_note <= end);
        if since.is_some() && step.position().is_none() {
            new.is_written = false;
        }
        let position = end.map(Self::position);
        let mut progress = step.progress_at(position.clone());
        let mut has_more = step.has_more_at(position.as_ref());
        if self.has(Sabotage::ListingIsAlone) && since.is_none() && end.is_none() {
            (progress.last, has_more) = (now, false);
            new.is_written = true;
        }
        // The client.
        if is_read && fate != Fate::CrashBehindTheToken {
            if state.item.is_live(by) {
                (new.mine, new.mine_ends_in) = (Mine::Current, state.item.ends_in);
                new.is_unnamed = false;
            } else if since.is_some()
                && state.item.what != Stored::Nothing
                && (state.item.what == Stored::Deleted
                    || !self.has(Sabotage::ExpiredNotesAreNotGiven))
            {
                (new.mine, new.mine_ends_in, new.is_unnamed) = (Mine::Nothing, None, false);
            }
        }
        match fate {
            Fate::CrashBeforeTheToken => return new,
            Fate::CrashBehindTheToken => {
                new.token = Some(self.token(state, &progress));
                new.is_unnamed &= has_more;
                return new;
            }
            Fate::Applied => new.token = Some(self.token(state, &progress)),
        }
        if !has_more {
            let drops_expired = !self.has(Sabotage::ClientKeepsExpiredNotes);
            if new.is_unnamed || drops_expired && new.mine_ends_in.is_some_and(|end| end <= by) {
                (new.mine, new.mine_ends_in) = (Mine::Nothing, None);
            }
            new.is_unnamed = false;
            if !new.is_written {
                new.wrong = self.wrong(&new);
            }
        }
        new
    }

    /// What is wrong with the copy, by every clock, if the note was not written while the pass ran.
    fn wrong(&self, state: &State) -> Option<Wrong> {
        if state.item.is_live(self.ahead) && state.mine != Mine::Current {
            return Some(Wrong::Missed);
        }
        if !state.item.is_live(-self.ahead) && state.mine != Mine::Nothing {
            return Some(Wrong::Zombie);
        }
        None
    }

    pub(super) fn write(&self, state: &State, by: i64, write: Write) -> Option<State> {
        let mut new = *state;
        let changed = self.window(state, by);
        let is_there = state.item.is_live(by);
        let end_of = |ends_in: i64| (by + ends_in).max(self.over());
        let kept = |end: i64| {
            let kept = if self.has(Sabotage::RemovalCountsFromTheEnd) {
                end + self.horizon
            } else {
                end.max(by + self.horizon)
            };
            (kept + self.margin()).max(0)
        };
        new.item.changed = changed;
        match write {
            Write::Create { ends_in } => {
                if state.item.what != Stored::Nothing || state.mine != Mine::Nothing {
                    return None;
                }
                new.item.what = Stored::Live;
                new.item.ends_in = ends_in.map(end_of);
                // No client can have a state of it that ends later.
                new.item.purge_in = ends_in.map(|end| (by + end + self.margin()).max(0));
            }
            Write::Change if is_there => {}
            Write::SetExpiry { ends_in } if is_there => {
                new.item.ends_in = ends_in.map(end_of);
                new.item.purge_in = ends_in.map(|end| kept(by + end));
            }
            Write::Delete if is_there => {
                new.item.what = Stored::Deleted;
                new.item.ends_in = None;
                new.item.purge_in = Some(kept(by));
            }
            Write::Change | Write::SetExpiry { .. } | Write::Delete => return None,
        }
        new.is_written = true;
        if new.mine == Mine::Current {
            new.mine = Mine::Old;
        }
        Some(new)
    }

    pub(super) fn remove(&self, state: &State) -> Option<State> {
        let mut new = *state;
        new.item = self.nothing();
        if new.mine == Mine::Current {
            new.mine = Mine::Old;
        }
        (state.item.purge_in == Some(0)).then_some(new)
    }

    pub(super) fn nothing(&self) -> Item {
        Item {
            what: Stored::Nothing,
            changed: self.lowest(),
            purge_in: None,
            ends_in: None,
        }
    }

    pub(super) fn tick(&self, state: &State) -> State {
        let mut new = *state;
        new.tick += 1;
        let shift = new.tick / self.bucket;
        new.tick %= self.bucket;
        let sooner = |end: Option<i64>| end.map(|end| (end - 1).max(self.over()));
        let earlier = |time: i64| (time - 1).max(self.far());
        new.item.ends_in = sooner(state.item.ends_in);
        new.mine_ends_in = sooner(state.mine_ends_in);
        new.item.changed = (state.item.changed - shift).max(self.lowest());
        new.item.purge_in = state.item.purge_in.map(|left| (left - 1).max(0));
        if let Some(token) = &mut new.token {
            token.last = earlier(token.last);
            if let TokenPhase::Running { start, place } = &mut token.phase {
                *start = earlier(*start);
                place.window = (place.window - shift).max(self.lowest());
            }
        }
        new
    }
}
