//! Valgrind's client requests, as valgrind.h, memcheck.h and callgrind.h of Valgrind 3.19 have them for x86-64: rotations without effect,
//! which Valgrind recognises. Without it each request does nothing. The only unsafe code: it is inline assembly.
#![allow(unsafe_code)]

use std::arch::asm;
use std::ffi::CStr;

const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
const MEMCHECK: usize = tool(b'M', b'C');
const MAKE_MEM_UNDEFINED: usize = MEMCHECK + 1;
const MAKE_MEM_DEFINED: usize = MEMCHECK + 2;
const CALLGRIND: usize = tool(b'C', b'T');
const ZERO_STATS: usize = CALLGRIND + 1;
const TOGGLE_COLLECT: usize = CALLGRIND + 2;
const DUMP_STATS_AT: usize = CALLGRIND + 3;

const fn tool(a: u8, b: u8) -> usize {
    (a as usize) << 24 | (b as usize) << 16
}

/// Does this run under Valgrind?
pub fn running() -> bool {
    request(RUNNING_ON_VALGRIND, [0; 2]) != 0
}

/// Reports so far, without those that an exception names.
pub fn errors() -> usize {
    request(COUNT_ERRORS, [0; 2])
}

/// Memcheck: a branch or an address that depends on these bytes is to be reported.
pub fn secret<T: ?Sized>(value: &mut T) {
    request(MAKE_MEM_UNDEFINED, [(&raw mut *value).cast::<u8>() as usize, size_of_val(value)]);
}

/// Memcheck: these bytes are known to everybody from here on.
pub fn public<T: ?Sized>(value: &mut T) {
    request(MAKE_MEM_DEFINED, [(&raw mut *value).cast::<u8>() as usize, size_of_val(value)]);
}

/// Callgrind: counts what `run` does, and writes it under this name.
pub fn count<R>(name: &CStr, run: impl FnOnce() -> R) -> R {
    request(ZERO_STATS, [0; 2]);
    request(TOGGLE_COLLECT, [0; 2]);
    let result = run();
    request(TOGGLE_COLLECT, [0; 2]);
    request(DUMP_STATS_AT, [name.as_ptr() as usize, 0]);
    result
}

fn request(code: usize, [first, second]: [usize; 2]) -> usize {
    let block = [code, first, second, 0, 0, 0];
    let result;
    // SAFETY: 3 + 13 + 61 + 51 = 128, so `rdi` is as it was, and `xchg rbx, rbx` changes nothing. Valgrind reads the block, and marks or
    // reads what it points to, which the callers borrow.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") block.as_ptr(),
            inout("rdx") 0_usize => result,
            options(nostack),
        );
    }
    result
}
