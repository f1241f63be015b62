//! What is made of several runs.

use serde::Serialize;

/// The one in the middle, or the mean of the two there; none of none.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(values[middle - 1], upper))
}

/// What a quarter, half and three quarters of some values are at most.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Quartiles {
    pub(super) lower: f64,
    pub(super) median: f64,
    pub(super) upper: f64,
}

impl Quartiles {
    /// Of these values, between which it goes on in straight lines; none of none.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        // So many quarters of the way from the first to the last.
        let at = |quarters: usize| {
            let (place, rest) = (last * quarters / 4, last * quarters % 4);
            let (below, above) = (values[place], values[(place + 1).min(last)]);
            // What is left of a step is 0 to 3 quarters of it.
            let share = [0.0, 0.25, 0.5, 0.75][rest];
            below + (above - below) * share
        };
        Some(Self {
            lower: at(1),
            median: at(2),
            upper: at(3),
        })
    }
}

/// The median of the quotients of what was measured in the same run: so what disturbs a
/// whole run disturbs both sides of its quotient.
pub(super) fn ratio(ours: &[f64], theirs: &[f64]) -> Option<f64> {
    let pairs = ours.iter().zip(theirs);
    median(
        pairs
            .filter(|(_, theirs)| **theirs > 0.0)
            .map(|(ours, theirs)| ours / theirs),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0]), Some(3.0));
        assert_eq!(median([9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 100.0, 2.0]), Some(3.0));
    }

    #[test]
    fn quartiles_divide_the_values() {
        let of = |values: &[f64]| {
            let quartiles = Quartiles::of(values.iter().copied())?;
            Some([quartiles.lower, quartiles.median, quartiles.upper])
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[3.0]), Some([3.0, 3.0, 3.0]));
        assert_eq!(of(&[4.0, 2.0]), Some([2.5, 3.0, 3.5]));
        assert_eq!(of(&[5.0, 1.0, 4.0, 2.0, 3.0]), Some([2.0, 3.0, 4.0]));
        assert_eq!(of(&[1.0, 8.0, 2.0, 4.0]), Some([1.75, 3.0, 5.0]));
        let fifteen = (1..=15).map(f64::from);
        let quartiles = Quartiles::of(fifteen.clone()).unwrap();
        assert_eq!(Some(quartiles.median), median(fifteen));
        assert_eq!((quartiles.lower, quartiles.upper), (4.5, 11.5));
    }

    #[test]
    fn the_ratio_compares_within_a_run() {
        // The second run was disturbed, on both sides.
        assert_eq!(ratio(&[1.0, 10.0, 1.0], &[2.0, 20.0, 4.0]), Some(0.5));
        assert_eq!(ratio(&[1.0], &[]), None);
        assert_eq!(ratio(&[1.0], &[0.0]), None);
    }
}
