//! How a note lies in the table: the only place that knows the attributes' names and types.

pub(crate) mod attributes;
pub(crate) mod change;
pub(crate) mod condition;
pub(crate) mod expression;
pub(crate) mod mapping;
pub(crate) mod sort_key;
