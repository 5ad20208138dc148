//! The node, on a UART.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use dke::params::INITIATE_MAX;
use dke_node::{Factory, Uart, run};

#[entry]
fn main() -> ! {
    static mut FRAME: [u8; 1 + INITIATE_MAX] = [0; 1 + INITIATE_MAX];
    run::<Uart, _>(FRAME, Factory::vouched)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    dke_node::panicked::<Uart>()
}
