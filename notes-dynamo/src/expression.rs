use std::collections::HashMap;
use std::ops::RangeInclusive;

use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{Expected, NoteId, Revision, Timestamp, UserId};

use crate::item::{
    CATEGORY, CONTENT, CREATION, DELETED, EXPIRES_AT, RETAINED, REVISION, TIMESTAMP, TITLE, USER_ID,
};
use crate::sort_key::sort_key;

/// So many values are in one `IN`. The limit is documented as [100 operands][operators], and by some accounts
/// the left one counts.
///
/// [operators]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
const MAX_IN: usize = 50;

/// The expressions of one request, with the names and values that they use. Every name is aliased:
/// several are [reserved words][words].
///
/// [words]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
#[derive(Default)]
pub(crate) struct Expression {
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: HashMap<String, AttributeValue>,
    conditions: Vec<String>,
    set: Vec<String>,
    remove: Vec<String>,
}

impl Expression {
    pub(crate) fn is_absent(&mut self, attribute: &str) {
        let condition = format!("attribute_not_exists({})", self.name(attribute));
        self.conditions.push(condition);
    }

    pub(crate) fn exists(&mut self, attribute: &str) {
        let condition = format!("attribute_exists({})", self.name(attribute));
        self.conditions.push(condition);
    }

    /// The item is neither deleted nor expired, and its expiry is one that a note can have.
    pub(crate) fn is_live(&mut self, now: Timestamp) {
        self.is_absent(DELETED);
        let expires_at = self.name(EXPIRES_AT);
        let now = self.value("now", number(now.as_secs()));
        let last = self.value("lastExpiry", number(Timestamp::MAX.as_secs()));
        self.conditions.push(format!(
            "(attribute_not_exists({expires_at}) OR ({expires_at} > {now} AND {expires_at} <= {last}))"
        ));
    }

    /// The item is not known to be deleted or expired. One whose attribute for that is of another type,
    /// with which no comparison holds, can't be read, and a list has to name it.
    pub(crate) fn is_not_known_to_be_over(&mut self, now: Timestamp) {
        let deleted = self.name(DELETED);
        let yes = self.value("true", AttributeValue::Bool(true));
        let expires_at = self.name(EXPIRES_AT);
        let now = self.value("now", number(now.as_secs()));
        self.conditions.push(format!(
            "(attribute_not_exists({deleted}) OR NOT {deleted} = {yes})"
        ));
        self.conditions.push(format!(
            "(attribute_not_exists({expires_at}) OR NOT {expires_at} <= {now})"
        ));
    }

    pub(crate) fn is_true(&mut self, attribute: &str) {
        let condition = format!(
            "{} = {}",
            self.name(attribute),
            self.value("true", AttributeValue::Bool(true))
        );
        self.conditions.push(condition);
    }

    /// The update gives a live note a new revision, and the one that it has is expected and smaller.
    /// An item that is missing has no revision to compare.
    pub(crate) fn replaces(&mut self, expected: &Expected, new: Revision, live_at: Timestamp) {
        self.set(REVISION, binary(new));
        let revision = self.name(REVISION);
        self.conditions.push(format!("{revision} < :{REVISION}"));
        self.has_types_of_note();
        self.is_live(live_at);
        let (not, revisions) = match expected {
            Expected::Any => return,
            Expected::OneOf(revisions) if revisions.is_empty() => {
                self.is_absent(REVISION);
                return;
            }
            Expected::NoneOf(revisions) if revisions.is_empty() => return,
            Expected::OneOf(revisions) => ("", revisions),
            Expected::NoneOf(revisions) => ("NOT ", revisions),
        };
        let values: Vec<_> = revisions
            .iter()
            .enumerate()
            .map(|(i, revision)| self.value(&format!("expected{i}"), binary(*revision)))
            .collect();
        let lists: Vec<_> = values
            .chunks(MAX_IN)
            .map(|values| format!("{revision} IN ({})", values.join(", ")))
            .collect();
        self.conditions
            .push(format!("{not}({})", lists.join(" OR ")));
    }

    /// What the item has can be read as a note, as far as types and sizes tell: what nobody can read is
    /// not to be written.
    fn has_types_of_note(&mut self) {
        for attribute in [TITLE, CONTENT] {
            let has_type = self.has_type(attribute, "S");
            self.conditions.push(has_type);
        }
        for (attribute, size) in [(REVISION, "16"), (CREATION, "8")] {
            let has_type = self.has_type(attribute, "B");
            let name = self.name(attribute);
            let size = self.value(&format!("size{size}"), AttributeValue::N(size.to_owned()));
            self.conditions.push(has_type);
            self.conditions.push(format!("size({name}) = {size}"));
        }
        for (attribute, of_type) in [(CATEGORY, "S"), (RETAINED, "BOOL")] {
            let name = self.name(attribute);
            let has_type = self.has_type(attribute, of_type);
            self.conditions
                .push(format!("(attribute_not_exists({name}) OR {has_type})"));
        }
    }

    fn has_type(&mut self, attribute: &str, of_type: &str) -> String {
        format!(
            "attribute_type({}, {})",
            self.name(attribute),
            self.value(
                &format!("type{of_type}"),
                AttributeValue::S(of_type.to_owned())
            )
        )
    }

    /// The items of a user, as a key condition.
    pub(crate) fn of_user(&mut self, user: &UserId) -> String {
        let user = AttributeValue::S(user.as_str().to_owned());
        format!("{} = {}", self.name(USER_ID), self.value(USER_ID, user))
    }

    /// The items of a user with ids in a range, as a key condition. Where the range has no bound, neither
    /// has the condition: then it also finds an item whose key is below or above those of all ids.
    pub(crate) fn of_user_between(
        &mut self,
        user: &UserId,
        ids: &RangeInclusive<NoteId>,
    ) -> String {
        let of_user = self.of_user(user);
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

    /// The attributes of the key, as a projection.
    pub(crate) fn key(&mut self) -> String {
        format!("{}, {}", self.name(USER_ID), self.name(TIMESTAMP))
    }

    pub(crate) fn set(&mut self, attribute: &str, value: AttributeValue) {
        let set = format!(
            "{} = {}",
            self.name(attribute),
            self.value(attribute, value)
        );
        self.set.push(set);
    }

    pub(crate) fn remove(&mut self, attributes: &[&str]) {
        for attribute in attributes {
            let name = self.name(attribute);
            self.remove.push(name);
        }
    }

    /// All that was said to hold, as one condition or filter expression.
    pub(crate) fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    /// All that was said to be set and removed, as one update expression.
    pub(crate) fn update(&self) -> String {
        let mut update = format!("SET {}", self.set.join(", "));
        if !self.remove.is_empty() {
            update += " REMOVE ";
            update += &self.remove.join(", ");
        }
        update
    }

    fn name(&mut self, attribute: &str) -> String {
        let alias = format!("#{attribute}");
        self.names.insert(alias.clone(), attribute.to_owned());
        alias
    }

    fn value(&mut self, alias: &str, value: AttributeValue) -> String {
        let alias = format!(":{alias}");
        self.values.insert(alias.clone(), value);
        alias
    }
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn binary(revision: Revision) -> AttributeValue {
    AttributeValue::B(revision.into_bytes().to_vec().into())
}
