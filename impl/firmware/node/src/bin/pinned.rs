//! The node that trusts pinned clients only, for measuring.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use dke::params::INITIATE_MAX;
use dke_node::{Factory, Mailbox, run};

#[entry]
fn main() -> ! {
    static mut FRAME: [u8; 1 + INITIATE_MAX] = [0; 1 + INITIATE_MAX];
    run::<Mailbox, _>(FRAME, Factory::pinned)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    dke_node::panicked::<Mailbox>()
}
