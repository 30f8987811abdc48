use serde_json::{Map, Value, json};

use super::naming::{reference, schema_name};
use crate::problem::problem_type::ALL;

/// The schemas of all problem types by their names.
pub(super) fn all() -> Map<String, Value> {
    ALL.iter()
        .map(|it| {
            let schema = json!({
                "title": it.title,
                "description": section(it.slug),
                "allOf": [reference("Problem")],
                "properties": {
                    "type": {"const": it.uri()},
                    "status": {"const": it.status.as_u16()},
                },
                "required": ["type", "status"],
            });
            (schema_name(it.slug), schema)
        })
        .collect()
}

/// What the documentation says of the problem type with this slug.
fn section(slug: &str) -> String {
    let lines = include_str!("../problems.rs").lines();
    let text = lines.map(|it| it.trim_start_matches("//!").trim_start());
    text.skip_while(|it| it.strip_prefix("# ") != Some(slug))
        .skip(1)
        .take_while(|it| !it.starts_with("# "))
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
