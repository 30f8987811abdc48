use indicatif::{ProgressBar, ProgressStyle};

/// A bar for work of this size in bytes, on standard error. Nothing is shown where that is no terminal.
pub(crate) fn of_bytes(size: u64) -> ProgressBar {
    with_style(
        ProgressBar::new(size),
        "{bar:40} {bytes} of {total_bytes}, {eta} left  {msg}",
    )
}

/// A count of notes or items, where nobody knows how many there will be.
pub(crate) fn of_items() -> ProgressBar {
    with_style(
        ProgressBar::no_length(),
        "{spinner} {pos} in {elapsed}  {msg}",
    )
}

fn with_style(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        // The default one is good enough.
        Err(_) => bar,
    }
}
