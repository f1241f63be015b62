//! Files of the user's that are read whole, each up to a bound: what is larger is something
//! else than was meant.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The bytes of a file, which may have at most so many. An error says what is wrong with it,
/// to be put behind the name of the file.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("can't be read: {error}"))?;
    if bytes.len() as u64 > most {
        return Err(format!("has more than {most} bytes"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert_eq!(read(&path, 4).unwrap_err(), "has more than 4 bytes");
        let absent = read(&folder.path().join("absent"), 5).unwrap_err();
        assert!(absent.starts_with("can't be read: "), "{absent}");
        assert!(read(folder.path(), 5).is_err());
        // Whatever its size is said to be.
        let endless = read(Path::new("/dev/zero"), 5).unwrap_err();
        assert_eq!(endless, "has more than 5 bytes");
    }
}
