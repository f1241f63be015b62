//! In which order programs take their turns.

/// The order of a run, counted from 1, in which each program goes once.
///
/// A program leaves the machine in some state to the next: over as many runs as there are
/// programs, or twice as many if their number is odd, each follows each other one equally
/// often (E. J. Williams, 1949, "Experimental designs balanced for the estimation of
/// residual effects of treatments").
pub(super) fn of_run<T: Copy>(programs: &[T], number: usize) -> Vec<T> {
    let count = programs.len();
    let zigzag = (0..count).map(|place| match place % 2 {
        0 => place / 2,
        _ => count - 1 - place / 2,
    });
    let mut order: Vec<T> = zigzag
        .map(|index| programs[(index + number - 1) % count])
        .collect();
    if count % 2 == 1 && number.is_multiple_of(2) {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn each_follows_each_other_equally_often() {
        for count in 1..=9 {
            let programs: Vec<usize> = (0..count).collect();
            let (runs, often) = match count % 2 {
                0 => (count, 1),
                _ => (2 * count, 2),
            };
            let mut following = HashMap::new();
            for number in 1..=runs {
                let order = of_run(&programs, number);
                for pair in order.windows(2) {
                    *following.entry((pair[0], pair[1])).or_insert(0) += 1;
                }
                let mut sorted = order;
                sorted.sort_unstable();
                assert_eq!(sorted, programs);
            }
            assert_eq!(following.len(), count * (count - 1), "of {count}");
            assert!(following.values().all(|times| *times == often), "{count}");
        }
    }
}
