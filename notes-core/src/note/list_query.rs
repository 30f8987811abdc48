use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::note::stored::Note;
use crate::value::category::Category;
use crate::value::note_id::NoteId;
use crate::value::timestamp::Timestamp;

/// Which of a user's notes to list, and from which position.
///
/// ```
/// use notes_core::{ListQuery, Order, PageLimit};
///
/// let query = ListQuery::default()
///     .with_limit(PageLimit::LARGEST)
///     .with_order(Order::Oldest);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListQuery {
    /// The most notes in a page.
    pub limit: PageLimit,
    /// Whether the newest or the oldest note comes first, by time of creation.
    pub order: Order,
    /// Only notes created later than this.
    pub created_after: Option<Timestamp>,
    /// Only notes created earlier than this.
    pub created_before: Option<Timestamp>,
    /// Only notes of this category.
    pub category: Option<Category>,
    /// The `next` of the page before: only notes that come after this position in `order`.
    pub position: Option<NoteId>,
}

/// The order of a list, by time of creation. Its text is `newest` or `oldest`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The newest note first.
    #[default]
    Newest,
    /// The oldest note first.
    Oldest,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
        })
    }
}

impl FromStr for Order {
    type Err = InvalidOrder;

    fn from_str(text: &str) -> Result<Self, InvalidOrder> {
        match text {
            "newest" => Ok(Self::Newest),
            "oldest" => Ok(Self::Oldest),
            _ => Err(InvalidOrder),
        }
    }
}

/// A text is not an [`Order`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order is newest or oldest")]
pub struct InvalidOrder;

impl ListQuery {
    /// Sets the most notes in a page.
    #[must_use]
    pub const fn with_limit(mut self, limit: PageLimit) -> Self {
        self.limit = limit;
        self
    }

    /// Sets which note comes first.
    #[must_use]
    pub const fn with_order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Lists only notes created later than this.
    #[must_use]
    pub const fn with_created_after(mut self, time: Timestamp) -> Self {
        self.created_after = Some(time);
        self
    }

    /// Lists only notes created earlier than this.
    #[must_use]
    pub const fn with_created_before(mut self, time: Timestamp) -> Self {
        self.created_before = Some(time);
        self
    }

    /// Lists only notes of this category.
    #[must_use]
    pub fn with_category(mut self, category: Category) -> Self {
        self.category = Some(category);
        self
    }

    /// Continues after this position, the `next` of the page before.
    #[must_use]
    pub const fn with_position(mut self, position: NoteId) -> Self {
        self.position = Some(position);
        self
    }

    /// Whether a note has the category that is asked for, or none is asked for: for stores that filter by themselves.
    #[must_use]
    pub fn matches_category(&self, note: &Note) -> bool {
        self.category.is_none() || self.category == note.category
    }

    /// The bounds of time and the position, combined into one inclusive range of ids; `None` if it is empty.
    ///
    /// A store never sees a range whose start is after its end: some engines return an error for it, others
    /// nothing.
    #[must_use]
    pub fn range(&self) -> Option<RangeInclusive<NoteId>> {
        let start_of = |millis: u64| u128::from(millis) << 74;
        let mut low = self
            .created_after
            .map_or(0, |after| start_of(after.as_millis() + 1));
        let mut high = match self.created_before {
            Some(before) => start_of(before.as_millis()).checked_sub(1)?,
            None => NoteId::LAST.ordinal(),
        };
        if let Some(position) = self.position {
            match self.order {
                Order::Newest => high = high.min(position.ordinal().checked_sub(1)?),
                Order::Oldest => low = low.max(position.ordinal() + 1),
            }
        }
        (low <= high)
            .then(|| Some(NoteId::from_ordinal(low)?..=NoteId::from_ordinal(high)?))
            .flatten()
    }
}

/// How many notes a page has at most: 1 to 100, by default 20. It is serialised as the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct PageLimit(u8);

impl PageLimit {
    /// The most notes in a page.
    pub const MAX: u8 = 100;

    /// The greatest limit.
    pub const LARGEST: Self = Self(Self::MAX);

    /// The limit as a number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(20)
    }
}

impl From<PageLimit> for u8 {
    fn from(limit: PageLimit) -> Self {
        limit.0
    }
}

impl TryFrom<u8> for PageLimit {
    type Error = InvalidPageLimit;

    fn try_from(limit: u8) -> Result<Self, InvalidPageLimit> {
        if !(1..=Self::MAX).contains(&limit) {
            return Err(InvalidPageLimit);
        }
        Ok(Self(limit))
    }
}

/// A number is not a [`PageLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a page has 1 to 100 notes")]
pub struct InvalidPageLimit;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn id(ordinal: u128) -> NoteId {
        NoteId::from_ordinal(ordinal).unwrap()
    }

    #[test]
    fn both_bounds_of_time_are_exclusive() {
        let query = ListQuery::default()
            .with_created_after(at(5))
            .with_created_before(at(7));
        assert_eq!(query.range(), Some(id(6 << 74)..=id((7 << 74) - 1)));
        let empty = query.with_created_before(at(6));
        assert_eq!(empty.range(), None);
    }

    #[test]
    fn a_position_cuts_what_was_consumed() {
        let at = |position, order| {
            let query = ListQuery::default().with_order(order);
            query.with_position(id(position))
        };
        let last = (1 << 122) - 1;
        assert_eq!(at(9, Order::Newest).range(), Some(id(0)..=id(8)));
        assert_eq!(at(9, Order::Oldest).range(), Some(id(10)..=id(last)));
        assert_eq!(at(0, Order::Newest).range(), None);
        assert_eq!(at(last, Order::Oldest).range(), None);
    }

    #[test]
    fn no_query_reaches_outside_all_ids() {
        let query = ListQuery::default().with_created_after(Timestamp::MAX);
        assert!(query.range().is_some());
        let query = ListQuery::default().with_created_before(at(0));
        assert_eq!(query.range(), None);
    }
}
