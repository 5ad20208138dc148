//! What a process that holds secrets does for them, besides erasing them.

/// Bytes of the stack below this call that are overwritten.
const STACK: usize = 256 * 1024;

/// No core dump of this process is written, and no other process of the same user can read its memory (Linux). Commands that it starts are
/// not affected.
pub(crate) fn no_core_dumps() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Where the kernel refuses, everything works as well as before.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Overwrites what calls that have returned left on the stack: arithmetic on secrets leaves working values there.
#[inline(never)]
pub(crate) fn clear_stack() {
    let stack = zeroize::Zeroizing::new([0xff_u8; STACK]);
    std::hint::black_box(&stack);
}
