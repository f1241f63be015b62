//! A clock that a guest need not be given.
//!
//! `sigstore-verify` asks for the time, in a guest of `wasi:clocks` by way of the C library.
//! Here the answer is far away, so that only the time that the caller gives decides: `judge`
//! refuses what lies after it, and `root` leaves out what begins later.

/// In seconds since 1970-01-01T00:00:00Z. The last year that `jiff` knows is 9999.
const FAR: i64 = 253_000_000_000;

/// `struct timespec` of wasm32-wasip2.
#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i32,
}

/// Stands in for the C library's, of all clocks.
#[expect(unsafe_code, reason = "the C library's name and its signature")]
#[unsafe(no_mangle)]
extern "C" fn clock_gettime(_clock: *const core::ffi::c_void, time: *mut Timespec) -> i32 {
    let far = Timespec {
        seconds: FAR,
        nanoseconds: 0,
    };
    // SAFETY: whoever asks says where the answer goes (POSIX, `clock_gettime`).
    unsafe { time.write(far) };
    0
}
