//! What was measured, as people read it: Markdown, so that it can be kept.

use std::fmt::Write as _;

use super::report::{Figures, ProgramReport, RowReport};
use super::statistics::Quartiles;
use super::targets::{Target, Verdict};

const HEAD: [&str; 8] = [
    "",
    "wall",
    "cpu",
    "peak",
    "requests",
    "sent",
    "received",
    "Wharf ÷ it",
];

/// The rows, a line for each program; below, why some were not measured.
pub(super) fn rows(rows: &[RowReport]) -> String {
    let mut lines: Vec<[String; 8]> = vec![HEAD.map(str::to_owned)];
    let mut reasons = String::new();
    for row in rows {
        let mut title = [const { String::new() }; 8];
        title[0] = format!("**{}**: {}", row.name, row.title);
        lines.push(title);
        for program in &row.programs {
            lines.push(line(program));
            if let Some(why) = &program.not_measured {
                let _ = writeln!(
                    reasons,
                    "- {}, {}: not measured: {why}",
                    row.name, program.program
                );
            }
        }
    }
    let mut text = markdown(&lines, &[1, 2, 3, 4, 5, 6, 7]);
    if !reasons.is_empty() {
        let _ = write!(text, "\n{reasons}");
    }
    text
}

/// What the sandbox costs, in quartiles; none where it was not measured.
pub(super) fn sandbox(rows: &[RowReport]) -> Option<String> {
    let head = ["", "pairs", "wall", "cpu", "peak"].map(str::to_owned);
    let lines = rows.iter().filter_map(|row| {
        let sandbox = row.sandbox.as_ref()?;
        Some([
            row.name.clone(),
            sandbox.pairs.to_string(),
            quartiles(&sandbox.seconds_ratio, 3, " ×"),
            quartiles(&sandbox.cpu_seconds_ratio, 3, " ×"),
            quartiles(&sandbox.peak_difference_mib, 1, " MiB"),
        ])
    });
    let lines: Vec<[String; 5]> = std::iter::once(head).chain(lines).collect();
    (lines.len() > 1).then(|| {
        format!(
            "The sandbox: Wharf beside unsandboxed, as quartiles of the pairs; times divided, \
             memory subtracted:\n\n{}",
            markdown(&lines, &[1, 2, 3, 4])
        )
    })
}

fn quartiles(quartiles: &Quartiles, digits: usize, unit: &str) -> String {
    let Quartiles {
        lower,
        median,
        upper,
    } = quartiles;
    format!("{lower:.digits$} / {median:.digits$} / {upper:.digits$}{unit}")
}

/// The targets and whether they are met; of those that are, the number alone.
pub(super) fn targets(targets: &[Target]) -> String {
    let met = |target: &&Target| target.verdict == Verdict::Met;
    let mut text = format!(
        "{} of {} targets are met",
        targets.iter().filter(met).count(),
        targets.len()
    );
    let head = ["row", "target", "measured"].map(str::to_owned);
    let others = targets.iter().filter(|target| !met(target));
    let lines = others.map(|target| {
        let measured = match target.verdict {
            Verdict::NotMeasured => "not measured",
            Verdict::Met | Verdict::Missed => &target.measured,
        };
        [
            target.row.clone(),
            target.wanted.clone(),
            measured.to_owned(),
        ]
    });
    let lines: Vec<[String; 3]> = std::iter::once(head).chain(lines).collect();
    if lines.len() > 1 {
        text.push_str("; the others:\n\n");
        text.push_str(&markdown(&lines, &[]));
    } else {
        text.push_str(".\n");
    }
    text
}

fn line(program: &ProgramReport) -> [String; 8] {
    let mut line = [const { String::new() }; 8];
    program.program.clone_into(&mut line[0]);
    if let Some(figures) = &program.figures {
        fill(&mut line, figures);
    } else {
        "-".clone_into(&mut line[1]);
    }
    line
}

fn fill(line: &mut [String; 8], figures: &Figures) {
    line[1] = seconds(figures.seconds);
    line[2] = seconds(figures.cpu_seconds);
    line[3] = bytes(figures.peak_bytes);
    if let Some(traffic) = &figures.traffic {
        line[4] = traffic.requests.to_string();
        line[5] = bytes(traffic.bytes_sent);
        line[6] = bytes(traffic.bytes_received);
    }
    if let Some(ratio) = figures.wharf_ratio {
        line[7] = format!("{ratio:.2}");
    }
}

/// Three digits are as many as repeat.
fn seconds(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{seconds:.1} s")
    }
}

fn bytes(bytes: u64) -> String {
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..MIB => format!("{} KiB", bytes / KIB),
        _ => format!("{} MiB", bytes / MIB),
    }
}

/// A table with its first line as head; columns that stand in `right` are aligned there.
fn markdown<const N: usize>(lines: &[[String; N]], right: &[usize]) -> String {
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or_default().max(2)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
            // Writing to a string does not fail.
            let _ = if right.contains(&column) {
                write!(text, "| {cell:>width$} ")
            } else {
                write!(text, "| {cell:<width$} ")
            };
        }
        text.push_str("|\n");
        if number == 0 {
            for (column, width) in widths.into_iter().enumerate() {
                let end = if right.contains(&column) { ':' } else { '-' };
                let _ = write!(text, "|{:-<1$}{end}", "", width + 1);
            }
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::contender::Contender;
    use crate::bench::report::tests::row;
    use crate::bench::targets::judge;

    #[test]
    fn a_row_has_a_line_for_each_program() {
        let mut row = row(
            "pull-big",
            &[(Contender::Wharf, 1.5, 4), (Contender::Oras, 0.75, 5)],
        );
        row.programs[2].not_measured = Some("a|b".to_owned());
        row.programs.truncate(3);
        assert_eq!(
            rows(&[row]),
            "\
|                                                   |   wall |    cpu |   peak | requests | sent | received | Wharf ÷ it |
|---------------------------------------------------|-------:|-------:|-------:|---------:|-----:|---------:|-----------:|
| **pull-big**: 1 × 1 GiB: pull into an empty store |        |        |        |          |      |          |            |
| wharf                                             | 1.50 s | 750 ms | 50 MiB |        4 |  0 B |    3 MiB |            |
| oras                                              | 750 ms | 375 ms | 50 MiB |        5 |  0 B |    3 MiB |       2.00 |
| skopeo                                            |      - |        |        |          |      |          |            |

- pull-big, skopeo: not measured: a|b
"
        );
    }

    #[test]
    fn the_cost_of_the_sandbox_has_a_table_of_its_own() {
        use Contender::{Unsandboxed, Wharf};
        let taken = [(Wharf, 1.5, 4), (Unsandboxed, 1.0, 4)];
        let rows = [row("sandbox-pull-big", &taken), row("pull-big", &taken)];
        let text = sandbox(&rows).unwrap();
        assert!(
            text.ends_with(
                "\
|                  | pairs |                    wall |                     cpu |                peak |
|------------------|------:|------------------------:|------------------------:|--------------------:|
| sandbox-pull-big |     1 | 1.500 / 1.500 / 1.500 × | 1.500 / 1.500 / 1.500 × | 0.0 / 0.0 / 0.0 MiB |
"
            ),
            "{text}"
        );
        assert!(sandbox(&rows[1..]).is_none());
    }

    #[test]
    fn targets_that_are_met_are_only_counted() {
        let row = row(
            "pull-big-again",
            &[(Contender::Wharf, 1.5, 4), (Contender::Oras, 3.0, 5)],
        );
        let mut all = judge(&[row]);
        let text = targets(&all);
        assert!(text.starts_with("2 of 5 targets"), "{text}");
        assert!(
            text.contains("| requests: at most 1            | 4            |"),
            "{text}"
        );
        assert!(
            text.contains("| time at most 1.00 × skopeo     | not measured |"),
            "{text}"
        );
        all.retain(|target| target.verdict == Verdict::Met);
        assert!(!targets(&all).contains('|'));
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(seconds(0.0042), "4 ms");
        assert_eq!(seconds(2.345_67), "2.35 s");
        assert_eq!(seconds(23.456_7), "23.5 s");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1024), "1 KiB");
        assert_eq!(bytes(1 << 30), "1024 MiB");
    }
}
