//! How a note is stored as an item of the table. Only this folder knows the types of the attributes.

pub(crate) mod attributes;
pub(crate) mod change;
pub(crate) mod changed;
pub(crate) mod condition;
pub(crate) mod expression;
pub(crate) mod mapping;
pub(crate) mod sort_key;
