use std::collections::HashMap;
use std::ops::RangeInclusive;

use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{Expected, NoteId, Revision, Timestamp, UserId};

use crate::item::{CONTENT, CREATION, DELETED, EXPIRES_AT, REVISION, TIMESTAMP, TITLE, USER_ID};
use crate::sort_key::sort_key;

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

    /// The item is neither deleted nor expired.
    pub(crate) fn is_live(&mut self, now: Timestamp) {
        self.is_absent(DELETED);
        let expires_at = self.name(EXPIRES_AT);
        let now = self.value("now", AttributeValue::N(now.as_secs().to_string()));
        self.conditions.push(format!(
            "(attribute_not_exists({expires_at}) OR {expires_at} > {now})"
        ));
    }

    /// The item is not known to be deleted or expired. One whose attribute for that is of another type,
    /// with which no comparison holds, can't be read, and a list has to name it.
    pub(crate) fn is_not_known_to_be_over(&mut self, now: Timestamp) {
        let deleted = self.name(DELETED);
        let yes = self.value("true", AttributeValue::Bool(true));
        let expires_at = self.name(EXPIRES_AT);
        let now = self.value("now", AttributeValue::N(now.as_secs().to_string()));
        self.conditions.push(format!(
            "(attribute_not_exists({deleted}) OR NOT {deleted} = {yes})"
        ));
        self.conditions.push(format!(
            "(attribute_not_exists({expires_at}) OR NOT {expires_at} <= {now})"
        ));
    }

    /// The update gives a live note a new revision, and the one that it has is expected and smaller.
    /// An item that is missing has no revision to compare; one that lacks what every note has is not
    /// to be written.
    pub(crate) fn replaces(&mut self, expected: &Expected, new: Revision, now: Timestamp) {
        self.set(REVISION, binary(new));
        let revision = self.name(REVISION);
        self.conditions.push(format!("{revision} < :{REVISION}"));
        for attribute in [TITLE, CONTENT, CREATION] {
            self.exists(attribute);
        }
        self.is_live(now);
        if let Expected::OneOf(revisions) = expected {
            if revisions.is_empty() {
                self.is_absent(REVISION);
                return;
            }
            let values: Vec<_> = revisions
                .iter()
                .enumerate()
                .map(|(i, it)| self.value(&format!("expected{i}"), binary(*it)))
                .collect();
            self.conditions
                .push(format!("{revision} IN ({})", values.join(", ")));
        }
    }

    /// The items of a user, as a key condition.
    pub(crate) fn of_user(&mut self, user: &UserId) -> String {
        let user = AttributeValue::S(user.as_str().to_owned());
        format!("{} = {}", self.name(USER_ID), self.value(USER_ID, user))
    }

    /// The items of a user with ids in a range, as a key condition.
    pub(crate) fn of_user_between(
        &mut self,
        user: &UserId,
        ids: &RangeInclusive<NoteId>,
    ) -> String {
        format!(
            "{} AND {} BETWEEN {} AND {}",
            self.of_user(user),
            self.name(TIMESTAMP),
            self.value("low", AttributeValue::N(sort_key(*ids.start()))),
            self.value("high", AttributeValue::N(sort_key(*ids.end()))),
        )
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

fn binary(revision: Revision) -> AttributeValue {
    AttributeValue::B(revision.into_bytes().to_vec().into())
}
