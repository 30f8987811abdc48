//! Conditions and filters, as the expressions of DynamoDB that they are.
//!
//! A comparison with an attribute that is missing, or of another type, does not hold. That is what keeps a write away
//! from items that are no notes; and it is why a filter that must not hide them is written with `NOT`.

use std::ops::RangeInclusive;

use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{Category, Expected, NoteId, Revision, Timestamp, UserId};

use crate::item::attributes::{
    CATEGORY, CHANGED, CONTENT, CREATION, DELETED, EXPIRES_AT, RETAINED, REVISION, TIMESTAMP,
    TITLE, USER_ID,
};
use crate::item::expression::{Expression, binary, number, text};
use crate::item::sort_key::sort_key;

/// The most values in one `IN` list. DynamoDB's limit is [100 operands][operators], and whether the left
/// operand counts is not documented: lists of half that size are safe either way.
///
/// [operators]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
const MAX_IN: usize = 50;

/// The item is a live note, with a smaller revision than the new one.
///
/// DynamoDB compares binary values byte by byte, as unsigned numbers, which is the order of revisions. An item that is
/// missing has none, so the comparison fails, and `UpdateItem` does not create an item.
///
/// The attributes have the types and sizes of a note's, and the expiry is not later than any that a note can have: an
/// item that can't be read must not be changed, since another program or a later version may have written it.
const IS_LIVE_NOTE: &str = "#revision < :revision \
    AND attribute_type(#title, :typeS) AND attribute_type(#content, :typeS) \
    AND attribute_type(#revision, :typeB) AND size(#revision) = :size16 \
    AND attribute_type(#creation, :typeB) AND size(#creation) = :size8 \
    AND (attribute_not_exists(#category) OR attribute_type(#category, :typeS)) \
    AND (attribute_not_exists(#retained) OR attribute_type(#retained, :typeBOOL)) \
    AND attribute_not_exists(#deleted) \
    AND (attribute_not_exists(#expiresAt) OR (#expiresAt > :now AND #expiresAt <= :lastExpiry))";

/// The parts of a condition or filter expression. Each `require_…` method adds one part, and all parts have to
/// hold.
impl Expression {
    /// The item has no such attribute. For an attribute of the key: there is no item.
    pub(crate) fn require_absent(&mut self, attribute: &str) {
        let condition = format!("attribute_not_exists({})", self.name(attribute));
        self.require(condition);
    }

    /// The item has this attribute. For an attribute of the key: there is an item.
    pub(crate) fn require_present(&mut self, attribute: &str) {
        let condition = format!("attribute_exists({})", self.name(attribute));
        self.require(condition);
    }

    /// The item is not certain to be deleted or expired. The filter of a list is wider than
    /// the condition of a write: an item whose expiry or mark of deletion has the wrong type can't be
    /// read, and a list has to name it. No comparison with a value of another type holds, hence the `NOT`s.
    pub(crate) fn require_maybe_live(&mut self, now: Timestamp) {
        let deleted = self.name(DELETED);
        let yes = self.value("true", AttributeValue::Bool(true));
        let expires_at = self.name(EXPIRES_AT);
        let now = self.value("now", number(now.as_secs()));
        self.require(format!(
            "(attribute_not_exists({deleted}) OR NOT {deleted} = {yes})"
        ));
        self.require(format!(
            "(attribute_not_exists({expires_at}) OR NOT {expires_at} <= {now})"
        ));
    }

    /// The item has this category. An item that can't be read is left out if it has none, another one, or one of
    /// another type.
    pub(crate) fn require_category(&mut self, category: &Category) {
        let value = AttributeValue::S(category.as_str().to_owned());
        let condition = format!("{} = {}", self.name(CATEGORY), self.value(CATEGORY, value));
        self.require(condition);
    }

    /// The attribute is the boolean true.
    pub(crate) fn require_true(&mut self, attribute: &str) {
        let condition = format!(
            "{} = {}",
            self.name(attribute),
            self.value("true", AttributeValue::Bool(true))
        );
        self.require(condition);
    }

    /// Sets a new revision, and requires a note that is live at this time and whose current revision is expected and
    /// smaller than the new one. Both updates and deletions have to do this.
    pub(crate) fn replace_revision(
        &mut self,
        expected: &Expected,
        new: Revision,
        live_at: Timestamp,
    ) {
        self.set(REVISION, binary(new.into_bytes()));
        self.require(IS_LIVE_NOTE.to_owned());
        for attribute in [
            TITLE, CONTENT, CREATION, CATEGORY, RETAINED, DELETED, EXPIRES_AT,
        ] {
            self.name(attribute);
        }
        for (alias, of_type) in [("typeS", "S"), ("typeB", "B"), ("typeBOOL", "BOOL")] {
            self.value(alias, text(of_type));
        }
        for (alias, value) in [
            ("size16", 16),
            ("size8", 8),
            ("now", live_at.as_secs()),
            ("lastExpiry", Timestamp::MAX.as_secs()),
        ] {
            self.value(alias, number(value));
        }
        let (not, revisions) = match expected {
            Expected::Any => return,
            // No revision is allowed, so the condition must never hold. It contradicts the comparison of revisions,
            // which needs the attribute; the syntax has no constant that is false.
            Expected::OneOf(revisions) if revisions.is_empty() => {
                self.require_absent(REVISION);
                return;
            }
            Expected::NoneOf(revisions) if revisions.is_empty() => return,
            Expected::OneOf(revisions) => ("", revisions),
            Expected::NoneOf(revisions) => ("NOT ", revisions),
        };
        let values: Vec<_> = revisions
            .as_slice()
            .iter()
            .enumerate()
            .map(|(index, revision)| {
                self.value(&format!("expected{index}"), binary(revision.into_bytes()))
            })
            .collect();
        let lists: Vec<_> = values
            .chunks(MAX_IN)
            .map(|values| format!("#{REVISION} IN ({})", values.join(", ")))
            .collect();
        self.require(format!("{not}({})", lists.join(" OR ")));
    }

    /// The items of a user, as a key condition.
    pub(crate) fn key_of_user(&mut self, user: &UserId) -> String {
        let user = AttributeValue::S(user.as_str().to_owned());
        format!("{} = {}", self.name(USER_ID), self.value(USER_ID, user))
    }

    /// The items of a user with ids in a range, as a key condition. Where the range begins with the first id, or
    /// ends with the last, the condition has no such bound: then it also matches items with a sort key below or
    /// above those of all ids, which no note has, and which a list has to report as unreadable.
    pub(crate) fn key_of_user_between(
        &mut self,
        user: &UserId,
        ids: &RangeInclusive<NoteId>,
    ) -> String {
        let of_user = self.key_of_user(user);
        let bound =
            |id: NoteId, limit: NoteId| (id != limit).then(|| AttributeValue::N(sort_key(id)));
        let low = bound(*ids.start(), NoteId::FIRST);
        let high = bound(*ids.end(), NoteId::LAST);
        if low.is_none() && high.is_none() {
            return of_user;
        }
        let key = self.name(TIMESTAMP);
        let mut value = |alias, value| self.value(alias, value);
        match (low, high) {
            (None, None) => of_user,
            (Some(low), None) => format!("{of_user} AND {key} >= {}", value("low", low)),
            (None, Some(high)) => format!("{of_user} AND {key} <= {}", value("high", high)),
            (Some(low), Some(high)) => format!(
                "{of_user} AND {key} BETWEEN {} AND {}",
                value("low", low),
                value("high", high)
            ),
        }
    }

    /// The entries of the index of changes of a user behind this key, as a key condition. The first bytes of a key
    /// are before all keys that begin with them.
    pub(crate) fn key_of_user_changed_after(&mut self, user: &UserId, after: Vec<u8>) -> String {
        format!(
            "{} AND {} > {}",
            self.key_of_user(user),
            self.name(CHANGED),
            self.value("after", binary(after))
        )
    }

    /// The attributes of the key, as a projection: all that a purge needs of an item.
    pub(crate) fn key_projection(&mut self) -> String {
        format!("{}, {}", self.name(USER_ID), self.name(TIMESTAMP))
    }
}
