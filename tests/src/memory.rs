//! Memory as a place for what tests write: thousands of small files that are gone a
//! moment later.

use std::ffi::CStr;
use std::path::Path;

/// Where systems keep files that are only in memory.
const PLACE: &CStr = c"/dev/shm";

/// How much room there must be, in bytes: more than all tests of a program have at a
/// time.
const ROOM: u64 = 2 << 30;

/// Has environments and registries that are made from now on lie in memory, where there
/// is room. Elsewhere they lie where temporary files do, and take more time.
pub fn lie_in_memory() {
    if room() >= ROOM {
        let place = Path::new(PLACE.to_str().expect("it is ASCII"));
        // Not the first call.
        let _ = tempfile::env::override_temp_dir(place);
    }
}

#[expect(unsafe_code, reason = "the standard library does not tell free space")]
fn room() -> u64 {
    // SAFETY: the path ends with a zero, and what is filled is plain data, for which
    // zeros are valid.
    let system = unsafe {
        let mut system: libc::statvfs = std::mem::zeroed();
        if libc::statvfs(PLACE.as_ptr(), &raw mut system) != 0 {
            return 0;
        }
        system
    };
    system.f_bavail.saturating_mul(system.f_frsize)
}
