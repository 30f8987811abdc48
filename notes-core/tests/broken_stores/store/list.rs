use std::ops::RangeInclusive;

use notes_core::{ListQuery, NoteId, Order, Page, StoreError, StoreErrorKind, Timestamp, UserId};

use super::{FaultyStore, Item, Items, Key, LAST_ID, Spoiled};
use crate::fault::Fault;

impl FaultyStore {
    pub(super) fn serve_list(
        &self,
        user: &UserId,
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        let unlisted = self.unlisted().clone();
        let mut items = self.items().clone();
        if self.has(Fault::PagesAreASnapshot) {
            if query.position.is_none() {
                self.earlier().clone_from(&items);
            }
            items.clone_from(&self.earlier());
        }
        let bounds = query.created_after.zip(query.created_before);
        if self.has(Fault::ReversedBoundsFail) && bounds.is_some_and(|(low, high)| low >= high) {
            return Err(StoreErrorKind::Other.into());
        }
        let Some(range) = self.range(query, &items, user) else {
            return self.page(&[], query, now);
        };
        let owner = self.owner(user);
        let is_of_user = |of: &str| match self.fault {
            Some(Fault::ListsUsersByPrefix) => of.starts_with(&owner),
            _ => of == owner,
        };
        let is_covered = |((of, id), item): &(&Key, &Item)| {
            is_of_user(of)
                && range.contains(id)
                && item.is_kept(now)
                && self.covers_category(query, item)
                && !unlisted.contains(&(of.clone(), *id))
        };
        let mut covered: Vec<_> = items
            .iter()
            .filter(is_covered)
            .map(|((of, id), item)| {
                let id_of_key = NoteId::from_ordinal(*id).expect("a key is an id");
                let shared = (of.clone(), *id);
                match (item, self.find(&items, &shared, now)) {
                    (Item::Note(_), Some(Item::Unreadable(_))) => {
                        (id_of_key, &Item::Unreadable(Spoiled::NoNote))
                    }
                    _ => (id_of_key, item),
                }
            })
            .collect();
        if self.has(Fault::OrdersByLastChange) {
            covered.sort_by_key(|(_, item)| match item {
                Item::Note(stored) => Some(stored.note.revision),
                Item::Tombstone { .. } | Item::Unreadable(_) => None,
            });
        }
        let is_newest_first = match self.fault {
            Some(Fault::NewestFirst) => true,
            Some(Fault::OldestFirst) => false,
            _ => query.order == Order::Newest,
        };
        if is_newest_first {
            covered.reverse();
        }
        self.page(&covered, query, now)
    }

    fn covers_category(&self, query: &ListQuery, item: &Item) -> bool {
        let (Some(category), Item::Note(stored)) = (&query.category, item) else {
            return true;
        };
        let Some(of_note) = &stored.note.category else {
            return self.has(Fault::IgnoresTheCategory);
        };
        match self.fault {
            Some(Fault::IgnoresTheCategory) => true,
            Some(Fault::CategoryIgnoresCase) => {
                of_note.as_str().eq_ignore_ascii_case(category.as_str())
            }
            _ => of_note == category,
        }
    }

    /// The ids that a query covers.
    fn range(
        &self,
        query: &ListQuery,
        items: &Items,
        user: &UserId,
    ) -> Option<RangeInclusive<u128>> {
        let mut query = query.clone();
        let moved = |at: Option<Timestamp>, by: i64| {
            at.map(|at| Timestamp::from_millis(at.as_millis().saturating_add_signed(by)))
        };
        let in_secs =
            |at: Option<Timestamp>| at.map(|at| Timestamp::from_millis(at.as_secs() * 1_000));
        let before_1970 = Some(Timestamp::from_millis(0));
        let edge = match query.order {
            Order::Newest => 0,
            Order::Oldest => LAST_ID,
        };
        match (self.fault, query.position) {
            (Some(Fault::IncludesTheStart), _) => {
                query.created_after = moved(query.created_after, -1);
            }
            (Some(Fault::IncludesTheEnd), _) => {
                query.created_before = moved(query.created_before, 1);
            }
            (Some(Fault::BoundsAreSeconds), _) => {
                query.created_after = in_secs(query.created_after);
                query.created_before = in_secs(query.created_before);
            }
            (Some(Fault::BoundsWrap), _) if query.created_before == before_1970 => {
                query.created_before = None;
            }
            (Some(Fault::PositionReplacesBounds), Some(_)) => {
                (query.created_after, query.created_before) = (None, None);
            }
            (Some(Fault::PositionIsANote), Some(position)) => {
                let key = self.key(user, position);
                if !matches!(items.get(&key), Some(Item::Note(_) | Item::Unreadable(_))) {
                    return None;
                }
            }
            (Some(Fault::PositionIsIncluded), Some(position)) => {
                query.position = match query.order {
                    Order::Newest => NoteId::from_ordinal(position.ordinal() + 1),
                    Order::Oldest => position
                        .ordinal()
                        .checked_sub(1)
                        .and_then(NoteId::from_ordinal),
                };
            }
            (Some(Fault::PositionWraps), Some(position)) if position.ordinal() == edge => {
                query.position = None;
            }
            _ => {}
        }
        let range = query.range()?;
        Some(range.start().ordinal()..=range.end().ordinal())
    }

    /// A page of the items that a query covers, in their order.
    fn page(
        &self,
        items: &[(NoteId, &Item)],
        query: &ListQuery,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        let limit = match self.fault {
            Some(Fault::IgnoresTheLimit) => usize::MAX,
            Some(Fault::GivesOneMore) => query.limit.get() + 1,
            _ => query.limit.get(),
        };
        let items = match self.fault {
            Some(Fault::EndsAfterAHundred) => &items[..items.len().min(100)],
            _ => items,
        };
        let mut page = Page::default();
        let (mut consumed, mut bytes, mut hidden) = (query.position, 0, 0);
        for (index, (id, item)) in items.iter().enumerate() {
            if page.notes.len() + page.unreadable.len() == limit {
                page.next = match self.fault {
                    Some(Fault::DropsANoteAtEachPage) => Some(*id),
                    Some(Fault::NextIsTheLastRead) => {
                        Some(items[(2 * limit).min(items.len()) - 1].0)
                    }
                    _ => consumed,
                };
                return Ok(page);
            }
            if self.has(Fault::ShortPageIsTheEnd) && index == limit
                || self.has(Fault::EndsAfterAMegabyte) && bytes > 1 << 20
                || self.has(Fault::EndsAfterSixteenMegabytes) && bytes > 16 << 20
                || self.has(Fault::EndsAfterFiveHundredHiddenItems) && hidden > 500
            {
                return Ok(page);
            }
            match item {
                Item::Note(stored)
                    if self.shows(&stored.note, now, Fault::ListShowsExpiredNotes) =>
                {
                    bytes += stored.note.content.as_str().len();
                    page.notes.push(stored.note.clone());
                }
                Item::Tombstone { of, .. } if self.has(Fault::ListShowsDeletedNotes) => {
                    page.notes.push(of.note.clone());
                }
                Item::Note(_) | Item::Tombstone { .. } => hidden += 1,
                Item::Unreadable(Spoiled::Type) if self.has(Fault::ListSkipsWrongTypes) => {}
                Item::Unreadable(_) => match self.fault {
                    Some(Fault::UnreadableItemFailsTheList) => {
                        return Err(StoreErrorKind::Corrupt.into());
                    }
                    Some(Fault::UnreadableItemEndsTheList) => return Ok(page),
                    Some(Fault::UnreadableItemIsNeverPassed) => {
                        page.next = consumed.or(Some(*id));
                        return Ok(page);
                    }
                    Some(Fault::UnreadableItemIsSkipped) => {}
                    Some(Fault::NewestNamesTheItemBefore) if query.order == Order::Newest => {
                        page.unreadable
                            .push(items[index.saturating_sub(1)].0.to_string());
                    }
                    _ => page.unreadable.push(id.to_string()),
                },
            }
            consumed = Some(*id);
        }
        if self.has(Fault::NeverEnds) {
            page.next = consumed.or(NoteId::from_ordinal(0));
        }
        Ok(page)
    }
}
