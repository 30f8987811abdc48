//! The committed table, as Markdown: read, compared with what was counted, and written.

use std::fmt::Write as _;

use crate::Count;

/// A row of the table, apart from the names in its first three columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// At the table's beginning.
    pub(crate) before: Count,
    /// When the table was last written.
    pub(crate) now: Count,
}

/// The row with these names, if the table has one that can be read.
pub(crate) fn row(table: &str, names: [&str; 3]) -> Option<Row> {
    let cells: Vec<_> = table
        .lines()
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
        .find(|cells| cells.get(1..4) == Some(&names))?;
    let number = |column: usize| cells.get(column)?.replace(',', "").parse().ok();
    let count = |column: usize| {
        Some(Count {
            bytes: number(column)?,
            allocations: number(column + 2)?,
        })
    };
    Some(Row {
        before: count(4)?,
        now: count(7)?,
    })
}

/// The line of a row. `contents` is how many bytes of contents the response shows.
pub(crate) fn line(names: [&str; 3], row: Row, contents: u64) -> String {
    let mut line = format!("| {} |", names.join(" | "));
    for Count { bytes, allocations } in [row.before, row.now] {
        let hundredths = bytes * 100 / contents;
        let _ = write!(
            line,
            " {} | {}.{:02} | {allocations} |",
            with_commas(bytes),
            hundredths / 100,
            hundredths % 100
        );
    }
    line + "\n"
}

/// A number with a comma after each thousand.
fn with_commas(number: u64) -> String {
    if number < 1_000 {
        return number.to_string();
    }
    format!("{},{:03}", with_commas(number / 1_000), number % 1_000)
}
