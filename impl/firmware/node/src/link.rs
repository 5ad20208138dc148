//! How frames come and go.

use crate::hardware as hw;
use dke_link::{Answer, Garbled, slip};

/// A way to the host.
pub trait Link {
    /// Makes it ready.
    fn open() -> Self;

    /// Sleeps until a frame comes; returns its length in `buffer`.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Garbled>;

    /// Sends an answer, its body in parts.
    fn send(&mut self, answer: Answer, head: &[u8], body: &[u8]);
}

/// Frames by SLIP over the UART.
pub struct Uart(());

impl Link for Uart {
    fn open() -> Self {
        const ENABLE: u32 = 0b1011; // transmitter, receiver, receive interrupt
        hw::UART_DIVIDER.write(16);
        hw::UART_CONTROL.write(ENABLE);
        hw::wake_on_uart();
        Uart(())
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Garbled> {
        const RECEIVED: u32 = 0b10;
        let mut receiver = slip::Receiver::default();
        loop {
            while hw::UART_STATE.read() & RECEIVED == 0 {
                hw::sleep();
            }
            hw::UART_INTERRUPT.write(RECEIVED);
            let [byte, ..] = hw::UART_DATA.read().to_le_bytes();
            if let Some(frame) = receiver.push(byte, buffer) {
                return frame;
            }
        }
    }

    fn send(&mut self, answer: Answer, head: &[u8], body: &[u8]) {
        const FULL: u32 = 0b1;
        slip::send(&[&[answer.code()], head, body], |byte| {
            while hw::UART_STATE.read() & FULL != 0 {}
            hw::UART_DATA.write(byte.into());
        });
    }
}

/// Frames in memory, which the host reads and writes: no driver, so that the node alone is measured.
pub struct Mailbox {
    end: usize,
}

/// The board waits for a request.
const WAITS: u32 = 1;
/// The host has put a request.
const ASKED: u32 = 2;

impl Link for Mailbox {
    fn open() -> Self {
        Mailbox { end: 0 }
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Garbled> {
        hw::MAIL_END.write(u32::try_from(self.end).unwrap_or(0));
        hw::MAIL_TURN.write(WAITS);
        while hw::MAIL_TURN.read() != ASKED {}
        self.end = 0;
        let length = usize::try_from(hw::MAIL_LENGTH.read()).unwrap_or(usize::MAX);
        hw::mail_read(buffer.get_mut(..length).ok_or(Garbled::TooLong)?);
        Ok(length)
    }

    fn send(&mut self, answer: Answer, head: &[u8], body: &[u8]) {
        let length = u32::try_from(1 + head.len() + body.len()).unwrap_or(0);
        for part in [&length.to_be_bytes(), [answer.code()].as_slice(), head, body] {
            self.end = hw::mail_write(self.end, part);
        }
    }
}
