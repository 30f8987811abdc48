//! A JSON schema for each problem type, described by its section in the public documentation.

use serde_json::{Map, Value, json};

use super::naming::{reference, schema_name};
use crate::problem::problem_base::ProblemBase;
use crate::problem::problem_type::ALL;

/// The schemas of all problem types by their names.
pub(super) fn all() -> Map<String, Value> {
    ALL.iter()
        .map(|of_type| {
            let schema = json!({
                "title": of_type.title,
                "description": section(of_type.slug),
                "allOf": [reference("Problem")],
                "properties": {
                    "type": {"const": of_type.uri(&ProblemBase::default())},
                    "status": {"const": of_type.status.as_u16()},
                },
                "required": ["type", "status"],
            });
            (schema_name(of_type.slug), schema)
        })
        .collect()
}

/// The text of the section of `problems.rs` about the problem type with this slug.
fn section(slug: &str) -> String {
    let lines = include_str!("../problems.rs").lines();
    let text = lines.map(|line| line.trim_start_matches("//!").trim_start());
    text.skip_while(|line| line.strip_prefix("# ") != Some(slug))
        .skip(1)
        .take_while(|line| !line.starts_with("# "))
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
