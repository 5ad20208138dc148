//! All that is unsafe: the board's registers and its memory outside of Rust's.
//!
//! Each place belongs to one value, which its constructor gives out; `run` makes one of each.
#![allow(unsafe_code)]

use core::ptr::{read_volatile, write_volatile};
use cortex_m::peripheral::{NVIC, SCB};
use dke_flash::cut::RawFlash;
use dke_flash::{PAGE, PAGES};

/// PSRAM: a page that the factory wrote, then the store's pages.
const FLASH: usize = 0x2100_0000;
/// PSRAM: the mailbox of the images without a UART.
const MAILBOX: usize = 0x2180_0000;
/// CMSDK APB UART 0.
const UART: usize = 0x4000_4000;

/// The page that the factory wrote.
pub fn factory_page() -> &'static [u8] {
    // SAFETY: PSRAM is there, the page is initialised memory, and nothing here writes to it.
    unsafe { core::slice::from_raw_parts(FLASH as *const u8, PAGE) }
}

/// The store's pages.
pub struct Region(());

impl Region {
    pub(crate) const fn take() -> Self {
        Region(())
    }
}

const STORE: *mut u8 = (FLASH + PAGE) as *mut u8;

impl RawFlash for Region {
    fn bytes(&self) -> &[u8] {
        // SAFETY: PSRAM is there and initialised; only this value refers to these pages.
        unsafe { core::slice::from_raw_parts(STORE, PAGES * PAGE) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `self` is borrowed mutably.
        unsafe { core::slice::from_raw_parts_mut(STORE, PAGES * PAGE) }
    }
}

/// A 32-bit register or shared word.
#[derive(Clone, Copy)]
pub(crate) struct Register(usize);

impl Register {
    pub(crate) fn read(self) -> u32 {
        // SAFETY: the constants below are aligned addresses of this board's registers or PSRAM.
        unsafe { read_volatile(self.0 as *const u32) }
    }

    pub(crate) fn write(self, value: u32) {
        // SAFETY: as above.
        unsafe { write_volatile(self.0 as *mut u32, value) }
    }
}

pub(crate) const UART_DATA: Register = Register(UART);
pub(crate) const UART_STATE: Register = Register(UART + 4);
pub(crate) const UART_CONTROL: Register = Register(UART + 8);
pub(crate) const UART_INTERRUPT: Register = Register(UART + 12);
pub(crate) const UART_DIVIDER: Register = Register(UART + 16);
/// Number of UART 0's receive interrupt.
#[derive(Clone, Copy)]
struct UartReceives;

// SAFETY: it is interrupt 0 of this board.
unsafe impl cortex_m::interrupt::InterruptNumber for UartReceives {
    fn number(self) -> u16 {
        0
    }
}

/// The vector table behind the core's own exceptions: one interrupt is unmasked, and none is ever taken.
#[used]
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [unsafe extern "C" fn(); 1] = [masked];

unsafe extern "C" fn masked() {}

/// A byte on the UART ends `wfi` from now on, though no handler runs: interrupts stay masked.
pub(crate) fn wake_on_uart() {
    cortex_m::interrupt::disable();
    // SAFETY: masked as it is, the interrupt cannot break a critical section.
    unsafe { NVIC::unmask(UartReceives) }
}

/// Sleeps until the UART has received, if it has not yet.
pub(crate) fn sleep() {
    cortex_m::asm::wfi();
    NVIC::unpend(UartReceives);
}

/// Whose turn it is, the length of the request, the answers' end; then request and answers.
pub(crate) const MAIL_TURN: Register = Register(MAILBOX);
pub(crate) const MAIL_LENGTH: Register = Register(MAILBOX + 4);
pub(crate) const MAIL_END: Register = Register(MAILBOX + 8);
const MAIL_REQUEST: *const u8 = (MAILBOX + 0x1000) as *const u8;
const MAIL_ANSWERS: *mut u8 = (MAILBOX + 0x10000) as *mut u8;
const MAIL_ROOM: usize = 0x10000;

/// Copies the front of the request.
pub(crate) fn mail_read(buffer: &mut [u8]) {
    for (at, byte) in (0..MAIL_ROOM).zip(buffer) {
        // SAFETY: within the mailbox, which only this module touches, one access at a time.
        *byte = unsafe { read_volatile(MAIL_REQUEST.add(at)) };
    }
}

/// Writes behind the other answers. Returns their new end.
pub(crate) fn mail_write(end: usize, bytes: &[u8]) -> usize {
    for (at, byte) in (end..MAIL_ROOM).zip(bytes) {
        // SAFETY: as above.
        unsafe { write_volatile(MAIL_ANSWERS.add(at), *byte) };
    }
    end + bytes.len()
}

unsafe extern "C" {
    /// End of static memory, from cortex-m-rt's linker script: the stack's limit.
    static __sheap: u32;
    /// The stack's beginning, one word behind its first.
    static _stack_start: u32;
}

const PAINT: u32 = 0xa5a5_a5a5;
/// Words that `paint` itself may keep below the stack pointer that it reads.
const MARGIN: usize = 16;

/// Paints the stack's unused part.
#[inline(never)]
pub fn paint() {
    let mut word = &raw const __sheap as *mut u32;
    let here = (cortex_m::register::msp::read() as *mut u32).wrapping_sub(MARGIN);
    while word < here {
        // SAFETY: between static memory and the stack pointer nothing lives.
        unsafe {
            word.write_volatile(PAINT);
            word = word.add(1);
        }
    }
}

/// Bytes of the stack, from its beginning to the last one that is not painted.
#[inline(never)]
pub fn painted_off() -> u32 {
    let mut word = &raw const __sheap;
    let start = &raw const _stack_start;
    // SAFETY: all words up to the stack's beginning are RAM.
    while word < start && unsafe { word.read_volatile() } == PAINT {
        word = word.wrapping_add(1);
    }
    (start as usize - word as usize) as u32
}

/// Starts anew, as after a loss of power.
pub(crate) fn restart() -> ! {
    SCB::sys_reset()
}
