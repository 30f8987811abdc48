//! What the notes functions must not exceed, and what they have.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::counts::{Count, Counted};
use crate::events::Operation;
use crate::measure;

/// The functions that the bench measures by their size only.
const UNCOUNTED: [&str; 3] = ["list-changes", "note-events", "notes-api"];

/// The numbers of one function: measured ones, or the bounds for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Numbers {
    /// The bytes of the binary, and those as an archive holds it.
    bytes: u64,
    compressed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cold: Option<Counted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warm: Option<Counted>,
}

/// The numbers of all functions in this directory, by name.
pub(crate) fn measured(directory: &Path, counts: &[Count]) -> Result<BTreeMap<String, Numbers>> {
    let functions = Operation::ALL.map(Operation::function);
    let numbers = functions.into_iter().chain(UNCOUNTED).map(|function| {
        let (bytes, compressed) = measure::size(&directory.join(function))?;
        let of_function = |count: &&Count| count.operation.function() == function;
        let count = counts.iter().find(of_function);
        let numbers = Numbers {
            bytes,
            compressed,
            cold: count.map(|count| count.cold),
            warm: count.map(|count| count.warm),
        };
        Ok((function.to_owned(), numbers))
    });
    numbers.collect()
}

/// A line for each number that exceeds its bound, and for each function that only one of both has.
pub(crate) fn exceeded(
    bounds: &BTreeMap<String, Numbers>,
    measured: &BTreeMap<String, Numbers>,
) -> Vec<String> {
    let mut lines = Vec::new();
    let without_bounds = measured.keys().filter(|name| !bounds.contains_key(*name));
    lines.extend(without_bounds.map(|name| format!("{name} has no bounds")));
    for (name, bounds) in bounds {
        let Some(measured) = measured.get(name) else {
            lines.push(format!("{name} was not measured"));
            continue;
        };
        let pairs = bounds.each().into_iter().zip(measured.each());
        for ((what, bound), (_, value)) in pairs {
            match (bound, value) {
                (Some(bound), Some(value)) if value > bound => {
                    lines.push(format!("{name}, {what}: {value}, and the bound is {bound}"));
                }
                (Some(_), None) | (None, Some(_)) => {
                    lines.push(format!(
                        "{name}, {what}: only one of value and bound is there"
                    ));
                }
                _ => {}
            }
        }
    }
    lines
}

impl Numbers {
    /// Bounds for these numbers, with room for what differs between builds and machines of one kind.
    pub(crate) fn with_room(&self) -> Self {
        let percent = |number: u64, percent: u64| number + number * percent / 100;
        let room = |counted: Counted| Counted {
            instructions: percent(counted.instructions, 3),
            // A response that arrives in two parts takes more of them.
            system_calls: counted.system_calls + 8,
        };
        Self {
            bytes: percent(self.bytes, 1),
            compressed: percent(self.compressed, 1),
            cold: self.cold.map(room),
            warm: self.warm.map(room),
        }
    }

    fn each(&self) -> [(&'static str, Option<u64>); 6] {
        let instructions = |counted: Option<Counted>| Some(counted?.instructions);
        let system_calls = |counted: Option<Counted>| Some(counted?.system_calls);
        [
            ("bytes of the binary", Some(self.bytes)),
            ("bytes in an archive", Some(self.compressed)),
            ("instructions of a cold start", instructions(self.cold)),
            ("system calls of a cold start", system_calls(self.cold)),
            ("instructions of a warm invocation", instructions(self.warm)),
            ("system calls of a warm invocation", system_calls(self.warm)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: [u64; 6]) -> BTreeMap<String, Numbers> {
        let counted = |instructions, system_calls| Counted {
            instructions,
            system_calls,
        };
        let numbers = Numbers {
            bytes: values[0],
            compressed: values[1],
            cold: Some(counted(values[2], values[3])),
            warm: Some(counted(values[4], values[5])),
        };
        BTreeMap::from([("get-note".to_owned(), numbers)])
    }

    const VALUES: [u64; 6] = [1_000, 500, 2_000, 40, 300, 8];

    #[test]
    fn a_number_at_its_bound_is_kept_and_one_beyond_it_is_named() {
        let bounds = numbers(VALUES);
        assert_eq!(exceeded(&bounds, &bounds), Vec::<String>::new());
        for place in 0..VALUES.len() {
            let mut values = VALUES;
            values[place] += 1;
            let lines = exceeded(&bounds, &numbers(values));
            let (what, bound) = bounds["get-note"].each()[place];
            let bound = bound.unwrap();
            let value = bound + 1;
            let line = format!("get-note, {what}: {value}, and the bound is {bound}");
            assert_eq!(lines, [line]);
        }
    }

    #[test]
    fn nothing_is_left_out_of_the_comparison() {
        let bounds = numbers(VALUES);
        let mut uncounted = bounds.clone();
        uncounted.get_mut("get-note").unwrap().warm = None;
        let nothing = BTreeMap::new();
        assert_eq!(exceeded(&bounds, &uncounted).len(), 2);
        assert_eq!(exceeded(&uncounted, &bounds).len(), 2);
        assert_eq!(exceeded(&bounds, &nothing), ["get-note was not measured"]);
        assert_eq!(exceeded(&nothing, &bounds), ["get-note has no bounds"]);
    }

    #[test]
    fn there_is_little_room_above_what_is_measured() {
        let room = numbers([1_000, 500, 2_000, 48, 300, 16])["get-note"].with_room();
        assert_eq!(numbers([1_010, 505, 2_060, 56, 309, 24])["get-note"], room);
    }
}
