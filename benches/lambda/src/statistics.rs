//! Summaries of samples.

use serde::Serialize;

/// The median of some samples, and the least and the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Summary {
    pub(crate) fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let (Some(&min), Some(&max)) = (samples.first(), samples.last()) else {
            return Self::default();
        };
        let middle = samples.len() / 2;
        let median = if samples.len() % 2 == 1 {
            samples[middle]
        } else {
            samples[middle - 1].midpoint(samples[middle])
        };
        Self { median, min, max }
    }
}

/// A number with three digits that mean something.
pub(crate) fn digits(number: f64) -> String {
    let decimals = match number.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{number:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let summary = |median, min, max| Summary { median, min, max };
        assert_eq!(
            Summary::of(vec![4.0, 1.0, 3.0, 2.0]),
            summary(2.5, 1.0, 4.0)
        );
        assert_eq!(Summary::of(vec![3.0, 1.0, 2.0]), summary(2.0, 1.0, 3.0));
        assert_eq!(Summary::of(Vec::new()), Summary::default());
    }

    #[test]
    fn three_digits_are_shown() {
        let shown = [1234.5, 123.4, 12.34, 1.234, 0.1234].map(digits);
        assert_eq!(shown, ["1234", "123", "12.3", "1.23", "0.123"]);
    }
}
