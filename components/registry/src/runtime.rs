//! What `std` would bring: memory, and what happens on a panic.
//!
//! The component does without `std`, which would import WASI 0.2 besides 0.3 and
//! make up a quarter of its size. A panic is a fault of ours: the instance traps,
//! and the host reports it. Nobody would see the message, and without it the
//! linker leaves out all that would format it.
#![expect(
    unsafe_code,
    reason = "the canonical ABI asks for memory through a C function"
)]

use alloc::alloc::{alloc, realloc};
use core::alloc::Layout;

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Through which the host puts lists and texts into this instance's memory (component
/// model, "Canonical ABI", `realloc`).
#[unsafe(export_name = "cabi_realloc")]
unsafe extern "C" fn cabi_realloc(
    old: *mut u8,
    old_length: usize,
    align: usize,
    new_length: usize,
) -> *mut u8 {
    if new_length == 0 {
        return core::ptr::without_provenance_mut(align);
    }
    // SAFETY: the host passes what an earlier call returned, with its length, or
    // nothing, and an alignment that is a power of two.
    let memory = unsafe {
        if old_length == 0 {
            alloc(Layout::from_size_align_unchecked(new_length, align))
        } else {
            let layout = Layout::from_size_align_unchecked(old_length, align);
            realloc(old, layout, new_length)
        }
    };
    if memory.is_null() {
        core::arch::wasm32::unreachable()
    }
    memory
}
