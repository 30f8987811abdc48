use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::clock::MAX_SKEW_MILLIS;
use crate::history::{Action, Condition, Field, Record, Response, Sighting, seconds};

#[cfg(test)]
mod tests;

/// A promise that a history shows broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Violation {
    /// A response that no request should get.
    UnexpectedResponse,
    /// Something is there that nobody asked for.
    NobodyAskedFor,
    /// A write that was said not to be done was done.
    NotWrittenButDone,
    /// One creation made several notes.
    TwoNotes,
    /// A creation is told that its id is another's, and there may be no other.
    OtherContentsOfNobody,
    /// A note that was there is gone, and nobody may have deleted it, nor may it have expired.
    GoneWithoutDeletion,
    /// A creation is told that its note is gone, and nobody may have deleted it, nor may it have expired.
    SpentWithoutDeletion,
    /// A note is shown after its deletion was acknowledged.
    DeletedIsBack,
    /// A note is shown that has expired by every clock.
    ExpiredIsShown,
    /// A note was seen to have expired, and is shown with a later expiry.
    ExpiredIsBack,
    /// Two deletions of one note were acknowledged.
    DeletedTwice,
    /// An acknowledged write is not there later, and nobody may have replaced it.
    WriteLost,
    /// Two writes replaced the same state.
    TwoReplacedOneState,
    /// A write was done more often than it was asked for.
    DoneTwice,
    /// A replaced state is there again.
    ReplacedIsBack,
    /// One tag names two states.
    TwoStatesOfOneTag,
    /// A condition failed, and nobody may have replaced the state that it named.
    ConflictWithoutRival,
    /// A condition failed where there was none, or one that no state can fail at that time.
    ConflictWithoutCondition,
    /// A write replaced the state that its condition excludes.
    ExcludedIsReplaced,
}

/// A violation, and what shows it.
pub(crate) type Finding = (Violation, String);

/// What the checker has to know of the servers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings {
    /// How long after its last write a note expires whose author did not say when, in seconds.
    pub(crate) retention: Option<u64>,
    /// So long before its expiry a note counts as missing for a write that moves it, in seconds.
    pub(crate) expiry_margin: u64,
}

/// All that a history shows broken.
pub(crate) fn check(records: &[Record], settings: Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut notes: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut ids: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for record in records {
        let life = (&record.note, record.life);
        notes.entry(life).or_default().push(record);
        for (field, value) in record
            .sighting()
            .into_iter()
            .flat_map(|sighting| &sighting.fields)
        {
            if let (Field::Title | Field::Content | Field::Category, Some(text)) = (field, value) {
                ids.entry(text).or_default().insert(&record.note);
            }
        }
    }
    let twice = ids.iter().filter(|(_, ids)| ids.len() > 1);
    findings.extend(twice.map(|found| (Violation::TwoNotes, format!("{found:?}"))));
    for requests in notes.into_values() {
        let note = Note::of(&requests, settings);
        let found = note.violations();
        findings.extend(found.into_iter().map(|(violation, record)| {
            let all: Vec<_> = requests
                .iter()
                .map(|request| format!("{request:?}"))
                .collect();
            (violation, format!("{record:?}\nin\n{}", all.join("\n")))
        }));
    }
    findings
}

/// What happened to one note between two purges.
struct Note<'a> {
    requests: &'a [&'a Record],
    settings: Settings,
    /// The requests that showed it.
    shown: Vec<(&'a Record, &'a Sighting)>,
    /// The writes of content that may be done.
    writes: Vec<&'a Record>,
    /// The deletions that may be done.
    deletions: Vec<&'a Record>,
}

impl<'a> Note<'a> {
    fn of(requests: &'a [&'a Record], settings: Settings) -> Self {
        let may_be_done = || {
            requests
                .iter()
                .copied()
                .filter(|record| record.may_be_done())
        };
        Self {
            requests,
            settings,
            shown: requests
                .iter()
                .filter_map(|request| Some((*request, request.sighting()?)))
                .collect(),
            writes: may_be_done()
                .filter(|record| record.writes().is_some())
                .collect(),
            deletions: may_be_done().filter(|record| record.is_delete()).collect(),
        }
    }

    fn violations(&self) -> Vec<(Violation, &'a Record)> {
        let mut found = Vec::new();
        for &request in self.requests {
            let violation = match &request.response {
                Response::Note(sighting) => self.of_sighting(request, sighting),
                Response::Deleted => self.of_deleted(request),
                Response::Missing => self.of_missing(request),
                Response::Stale => self.of_stale(request),
                Response::Spent => {
                    let may_be_over =
                        self.may_be_deleted_by(request) || self.may_have_expired_by(request, 0);
                    (!may_be_over).then_some(Violation::SpentWithoutDeletion)
                }
                Response::OtherContents => self.of_other_contents(request),
                Response::NotWritten | Response::Unknown | Response::TooLate => None,
                Response::Failed | Response::Other(_) => Some(Violation::UnexpectedResponse),
            };
            found.extend(violation.map(|violation| (violation, request)));
        }
        found
    }

    fn of_sighting(&self, request: &Record, sighting: &Sighting) -> Option<Violation> {
        for (&field, value) in &sighting.fields {
            let sets = |record: &&Record| self.sets(record, field, value.as_deref());
            let by_then = |record: &&Record| record.begun < request.ended && sets(record);
            let mut setters = self.writes.iter().copied().filter(by_then).peekable();
            if setters.peek().is_none() {
                let refused = self.requests.iter().any(by_then);
                return Some(if refused {
                    Violation::NotWrittenButDone
                } else {
                    Violation::NobodyAskedFor
                });
            }
            if !setters.any(|record| self.may_hold(record, field, request)) {
                return Some(Violation::WriteLost);
            }
        }
        // Only a patch responds with what it wrote: a creation may be a replay.
        if let Action::Patch(fields, _) = &request.action
            && !fields
                .iter()
                .all(|(field, value)| sighting.fields[field] == *value)
        {
            return Some(Violation::WriteLost);
        }
        let is_deleted =
            |record: &&Record| record.response == Response::Deleted && record.ended < request.begun;
        if self.deletions.iter().any(is_deleted) {
            return Some(Violation::DeletedIsBack);
        }
        if sighting
            .expiry()
            .is_some_and(|expiry| expiry <= request.times.0 / 1_000)
        {
            return Some(Violation::ExpiredIsShown);
        }
        if self.is_back_after_expiry(request, sighting) {
            return Some(Violation::ExpiredIsBack);
        }
        if self.was_replaced_by(request, &sighting.tag) {
            return Some(Violation::ReplacedIsBack);
        }
        if self.is_done_twice(sighting) {
            return Some(Violation::DoneTwice);
        }
        let mut of_tag = self
            .shown
            .iter()
            .filter(|(_, shown)| shown.tag == sighting.tag);
        if of_tag.any(|(_, shown)| *shown != sighting) {
            return Some(Violation::TwoStatesOfOneTag);
        }
        self.of_acknowledged(request)
    }

    /// Whether a write puts this value into this field, by what it asks for or by the retention setting.
    fn sets(&self, write: &Record, field: Field, value: Option<&str>) -> bool {
        match write.writes().and_then(|fields| fields.get(&field)) {
            Some(set) => set.as_deref() == value,
            None if field == Field::Expiry => {
                let expiry = value.and_then(seconds);
                let renewed = self.expiries_by_retention(write);
                renewed.is_some_and(|range| expiry.is_some_and(|expiry| range.contains(&expiry)))
            }
            None => false,
        }
    }

    /// Which expiries, in seconds, the retention setting may give the note by this write.
    fn expiries_by_retention(&self, write: &Record) -> Option<RangeInclusive<u64>> {
        let retention = self.settings.retention.filter(|_| self.may_renew(write))?;
        let first = write.times.0 / 1_000 + retention;
        let last = (write.times.1 + MAX_SKEW_MILLIS) / 1_000 + retention;
        // Only a patch responds with what it wrote: a creation may be a replay.
        match write.sighting().filter(|_| write.is_patch()) {
            Some(sighting) => {
                let expiry = sighting.expiry()?;
                (first..=last).contains(&expiry).then_some(expiry..=expiry)
            }
            None => Some(first..=last),
        }
    }

    /// Whether the retention setting may move the expiry by this write: it does so for a creation that says nothing of
    /// the expiry, and for each such patch of that note, until a write says when the note expires, or that it never
    /// does.
    fn may_renew(&self, write: &Record) -> bool {
        let leaves_expiry = |record: &Record| {
            let fields = record.writes();
            fields.is_some_and(|fields| !fields.contains_key(&Field::Expiry))
        };
        // Of the creations with one id, only that which made the note is acknowledged.
        let decides = |record: &Record| {
            let is_before = record.is_create() || record.ended < write.begun;
            record.is_acknowledged() && is_before && !leaves_expiry(record)
        };
        if self.settings.retention.is_none()
            || !leaves_expiry(write)
            || self.writes.iter().any(|record| decides(record))
        {
            return false;
        }
        if write.is_create() {
            // Sent again, it changes nothing.
            return !self.was_there_before(write);
        }
        self.writes.iter().any(|record| {
            record.is_create() && leaves_expiry(record) && record.begun < write.done_by()
        })
    }

    /// Whether the value that a write gave a field may be there when this is asked for. It is not when a request that
    /// began after all that the write could do was shown another value.
    fn may_hold(&self, write: &Record, field: Field, request: &Record) -> bool {
        let done_by = if write.is_create() {
            // All else comes after it, whenever it is done.
            0
        } else {
            write.done_by()
        };
        let is_replaced = |(record, sighting): &(&Record, &Sighting)| {
            done_by < record.begun
                && record.ended < request.begun
                && !self.sets(write, field, sighting.fields[&field].as_deref())
        };
        !self.shown.iter().any(is_replaced)
    }

    /// The writes and deletions that certainly were done.
    fn done(&self) -> impl Iterator<Item = &&'a Record> {
        let is_shown = |write: &&&Record| {
            let stamps: Vec<_> = write.stamps().collect();
            let has_stamp = |(field, value): &(_, _)| {
                let mut shown = self.shown.iter();
                shown.any(|(_, sighting)| sighting.fields[*field].as_deref() == Some(*value))
            };
            stamps.iter().any(has_stamp)
        };
        let written = self.writes.iter().filter(is_shown);
        let deleted = self
            .deletions
            .iter()
            .filter(|record| record.is_acknowledged());
        written.chain(deleted)
    }

    /// Whether there are more states like this than requests that may have made it.
    fn is_done_twice(&self, sighting: &Sighting) -> bool {
        let same = self
            .shown
            .iter()
            .filter(|(_, shown)| shown.fields == sighting.fields);
        let tags: BTreeSet<_> = same.map(|(_, shown)| &shown.tag).collect();
        let fits = |record: &&&Record| {
            let mut fields = record.writes().into_iter().flatten();
            fields.all(|(field, value)| sighting.fields[field] == *value)
        };
        let fitting: Vec<_> = self.writes.iter().filter(fits).collect();
        // A patch that ended before the last patch of a text began made another state, which that one changed.
        let patches_text = |record: &&&&Record| {
            let mut stamps = record.stamps();
            record.is_patch() && stamps.any(|(field, _)| *field != Field::Expiry)
        };
        let last = fitting
            .iter()
            .filter(patches_text)
            .map(|record| record.begun)
            .max();
        let made = |record: &&&&Record| Some(record.done_by()) >= last;
        let (creations, patches): (Vec<&&Record>, Vec<&&Record>) = fitting
            .iter()
            .filter(made)
            .partition(|record| record.is_create());
        // A creation is done once, however often it was sent.
        tags.len() > creations.len().min(1) + patches.len()
    }

    /// Whether this state was shown before, and another one between then and this request.
    fn was_replaced_by(&self, request: &Record, tag: &str) -> bool {
        let same = self.shown.iter().filter(|(_, shown)| shown.tag == tag);
        let first = same.map(|(record, _)| record.ended).min();
        first.is_some()
            && self.shown.iter().any(|(record, other)| {
                other.tag != tag && first < Some(record.begun) && record.ended < request.begun
            })
    }

    /// Whether a read found that the note had expired, at a time when what is shown now had not.
    fn is_back_after_expiry(&self, request: &Record, sighting: &Sighting) -> bool {
        let is_later = |record: &Record| {
            let seen = (record.times.1 + MAX_SKEW_MILLIS) / 1_000;
            sighting.expiry().is_none_or(|expiry| expiry > seen)
        };
        self.requests.iter().any(|record| {
            record.action == Action::Read
                && record.response == Response::Missing
                && record.ended < request.begun
                && is_later(record)
                && self.was_there_before(record)
                && !self.may_be_deleted_by(record)
        })
    }

    fn of_deleted(&self, request: &Record) -> Option<Violation> {
        let is_other =
            |record: &&Record| record.response == Response::Deleted && *record != request;
        if self.deletions.iter().any(is_other) {
            return Some(Violation::DeletedTwice);
        }
        self.of_acknowledged(request)
    }

    /// What an acknowledged write has replaced.
    fn of_acknowledged(&self, request: &Record) -> Option<Violation> {
        match request.condition() {
            Condition::None => None,
            Condition::Is(tag) => {
                let others = self.done().filter(|record| record.if_match() == Some(tag));
                let mut others = others.filter(|record| record.writes() != request.writes());
                others.next().map(|_| Violation::TwoReplacedOneState)
            }
            Condition::IsNot(tag) => {
                let was_there = self.is_certainly_there(request, tag);
                was_there.then_some(Violation::ExcludedIsReplaced)
            }
        }
    }

    fn of_missing(&self, request: &Record) -> Option<Violation> {
        let moves_expiry = match &request.action {
            Action::Patch(fields, _) => {
                fields.contains_key(&Field::Expiry) || self.may_renew(request)
            }
            _ => false,
        };
        let margin = if moves_expiry {
            self.settings.expiry_margin
        } else {
            0
        };
        let gone = self.was_there_before(request)
            && !self.may_be_deleted_by(request)
            && !self.may_have_expired_by(request, margin);
        gone.then_some(Violation::GoneWithoutDeletion)
    }

    fn was_there_before(&self, request: &Record) -> bool {
        self.shown
            .iter()
            .any(|(record, _)| record.ended < request.begun)
    }

    fn may_be_deleted_by(&self, request: &Record) -> bool {
        let mut others = self.deletions.iter().filter(|record| **record != request);
        others.any(|record| record.begun < request.ended)
    }

    /// Whether the note may have an expiry that is less than so many seconds ahead of some clock.
    fn may_have_expired_by(&self, request: &Record, margin: u64) -> bool {
        let latest = (request.times.1 + MAX_SKEW_MILLIS) / 1_000 + margin;
        let mut writes = self
            .writes
            .iter()
            .filter(|record| record.begun < request.ended);
        writes.any(|write| {
            let set = write.writes().and_then(|fields| fields.get(&Field::Expiry));
            let expiry = if let Some(expiry) = set {
                expiry.as_deref().and_then(seconds)
            } else {
                let renewed = self.expiries_by_retention(write);
                renewed.map(|range| *range.start())
            };
            expiry.is_some_and(|expiry| expiry <= latest)
                && self.may_hold(write, Field::Expiry, request)
        })
    }

    fn of_stale(&self, request: &Record) -> Option<Violation> {
        match request.condition() {
            Condition::None => Some(Violation::ConflictWithoutCondition),
            Condition::Is(tag) => {
                let was_there = self.is_certainly_there(request, tag);
                was_there.then_some(Violation::ConflictWithoutRival)
            }
            Condition::IsNot(tag) => {
                let was_replaced = self.was_replaced_by(request, tag);
                was_replaced.then_some(Violation::ConflictWithoutCondition)
            }
        }
    }

    /// Whether this is the note's state all the while that a request takes: it was seen, and nobody may have replaced
    /// it since.
    fn is_certainly_there(&self, request: &Record, tag: &str) -> bool {
        let named = self.shown.iter().filter(|(_, shown)| shown.tag == tag);
        let named = named.filter(|(record, _)| *record != request);
        // It was the note's state at some time from then on.
        let Some((last, sighting)) = named.max_by_key(|(record, _)| record.begun) else {
            return false;
        };
        let writes = self.writes.iter().chain(&self.deletions);
        let may_replace = writes.filter(|record| {
            **record != request && record.begun < request.ended && record.done_by() >= last.begun
        });
        // One write like this made the state; any other one is a rival.
        let made = |record: &&&Record| {
            let mut fields = record.writes().into_iter().flatten().peekable();
            fields.peek().is_some() && fields.all(|(field, value)| sighting.fields[field] == *value)
        };
        let (made, others): (Vec<&&Record>, Vec<&&Record>) = may_replace.partition(made);
        others.is_empty() && made.len() < 2
    }

    fn of_other_contents(&self, request: &Record) -> Option<Violation> {
        let is_another = |record: &&&Record| {
            record.is_create()
                && record.begun < request.ended
                && record.writes() != request.writes()
        };
        let another = self.writes.iter().find(is_another);
        another
            .is_none()
            .then_some(Violation::OtherContentsOfNobody)
    }
}
