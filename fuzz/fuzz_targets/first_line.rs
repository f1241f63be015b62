//! Input that is a line of text, which may be empty, and then bytes.

/// The first line, none when it is empty or no text, and what follows.
pub fn of(input: &[u8]) -> (Option<&str>, &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n');
    let (line, rest) = match end {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (&[][..], input),
    };
    let line = std::str::from_utf8(line).ok();
    (line.filter(|line| !line.is_empty()), rest)
}
