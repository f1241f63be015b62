//! What was measured, as people read it: Markdown, so that it can be kept.

use std::fmt::Write as _;

use super::report::{Figures, ProgramReport, RowReport};
use super::targets::{Target, Verdict};

const HEAD: [&str; 9] = [
    "",
    "wall",
    "cpu",
    "peak",
    "requests",
    "sent",
    "received",
    "Wharf ÷ it",
    "",
];

/// The rows, a line for each program.
pub(super) fn rows(rows: &[RowReport]) -> String {
    let mut lines: Vec<[String; 9]> = vec![HEAD.map(str::to_owned)];
    for row in rows {
        let mut title = [const { String::new() }; 9];
        title[0] = format!("**{}**", row.title);
        title[8].clone_from(&row.name);
        lines.push(title);
        lines.extend(row.programs.iter().map(line));
    }
    markdown(&lines, &[1, 2, 3, 4, 5, 6, 7])
}

/// The targets and whether they are met.
pub(super) fn targets(targets: &[Target]) -> String {
    let head = ["", "target", "measured"].map(str::to_owned);
    let lines = targets.iter().map(|target| {
        let verdict = match target.verdict {
            Verdict::Met => "met",
            Verdict::Missed => "MISSED",
            Verdict::NotMeasured => "not measured",
        };
        [
            verdict.to_owned(),
            target.wanted.clone(),
            target.measured.clone(),
        ]
    });
    let lines: Vec<[String; 3]> = std::iter::once(head).chain(lines).collect();
    markdown(&lines, &[])
}

fn line(program: &ProgramReport) -> [String; 9] {
    let mut line = [const { String::new() }; 9];
    program.program.clone_into(&mut line[0]);
    if let Some(figures) = &program.figures {
        fill(&mut line, figures);
    }
    if let Some(why) = &program.not_measured {
        line[8] = format!("not measured: {}", why.replace('|', "/"));
    }
    line
}

fn fill(line: &mut [String; 9], figures: &Figures) {
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
|                                         |   wall |    cpu |   peak | requests | sent | received | Wharf ÷ it |                   |
|-----------------------------------------|-------:|-------:|-------:|---------:|-----:|---------:|-----------:|-------------------|
| **1 × 1 GiB: pull into an empty store** |        |        |        |          |      |          |            | pull-big          |
| wharf                                   | 1.50 s | 750 ms | 50 MiB |        4 |  0 B |    3 MiB |            |                   |
| oras                                    | 750 ms | 375 ms | 50 MiB |        5 |  0 B |    3 MiB |       2.00 |                   |
| skopeo                                  |        |        |        |          |      |          |            | not measured: a/b |
"
        );
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(seconds(0.0042), "4 ms");
        assert_eq!(seconds(3.14159), "3.14 s");
        assert_eq!(seconds(31.4159), "31.4 s");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1024), "1 KiB");
        assert_eq!(bytes(1 << 30), "1024 MiB");
    }
}
