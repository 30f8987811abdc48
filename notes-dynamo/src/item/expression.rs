use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

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
    pub(crate) fn require(&mut self, condition: String) {
        self.conditions.push(condition);
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

    pub(crate) fn name(&mut self, attribute: &str) -> String {
        let alias = format!("#{attribute}");
        self.names.insert(alias.clone(), attribute.to_owned());
        alias
    }

    pub(crate) fn value(&mut self, alias: &str, value: AttributeValue) -> String {
        let alias = format!(":{alias}");
        self.values.insert(alias.clone(), value);
        alias
    }
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
