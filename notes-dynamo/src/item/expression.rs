use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// The expressions of one request, with the names and values that they use.
///
/// Every attribute name is replaced by an alias (`#name`): several, such as `timestamp`, are
/// [reserved words][words], which DynamoDB rejects in an expression. Values are always parameters (`:alias`).
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
    /// Adds a part to the condition. One that contains `OR` needs parentheses, as parts are joined by `AND`.
    pub(crate) fn require(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    /// Sets an attribute. The value's alias is the attribute's name, so a condition can compare with it.
    pub(crate) fn set(&mut self, attribute: &str, value: AttributeValue) {
        let set = format!(
            "{} = {}",
            self.name(attribute),
            self.value(attribute, value)
        );
        self.set.push(set);
    }

    /// Removes attributes. To remove one that the item does not have is no error.
    pub(crate) fn remove(&mut self, attributes: &[&str]) {
        for attribute in attributes {
            let name = self.name(attribute);
            self.remove.push(name);
        }
    }

    /// All required parts, as one condition or filter expression.
    pub(crate) fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    /// All attributes that are set and removed, as one update expression.
    pub(crate) fn update(&self) -> String {
        let mut update = format!("SET {}", self.set.join(", "));
        if !self.remove.is_empty() {
            update += " REMOVE ";
            update += &self.remove.join(", ");
        }
        update
    }

    /// The alias of an attribute. DynamoDB rejects a request with an alias that no expression uses.
    pub(crate) fn name(&mut self, attribute: &str) -> String {
        let alias = format!("#{attribute}");
        self.names.insert(alias.clone(), attribute.to_owned());
        alias
    }

    /// Adds a value under this alias, which is the placeholder that an expression uses. The same alias again
    /// replaces the value.
    pub(crate) fn value(&mut self, alias: &str, value: AttributeValue) -> String {
        let alias = format!(":{alias}");
        self.values.insert(alias.clone(), value);
        alias
    }
}

/// A value of the type N (number), which DynamoDB takes as text.
pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A value of the type B (binary), which DynamoDB compares byte by byte as unsigned numbers.
pub(crate) fn binary(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(bytes.into().into())
}

/// A value of the type S (string).
pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
