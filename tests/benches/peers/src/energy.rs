//! What an exchange takes from a node's battery: a model, not a measurement.
//!
//! ```text
//! E = V · (I_cpu · t_cpu + I_tx · t_tx + I_rx · t_rx)
//! t_cpu = CPU here / scalar multiplication here · instructions · cycles per instruction / f
//! t_tx, t_rx = 8 · bytes on air / bit rate
//! ```

use crate::exchange::{BATCH, Flight};
use crate::measure::Measured;

// nRF52840 Product Specification, "Current consumption", "Electrical specification", DC/DC regulator: IRADIO_TX5 and IRADIO_RX2
// (250 kbit/s IEEE 802.15.4, 0 dBm), IS1 − IRADIO_RX0 (CoreMark from flash beside a receiving radio: 8.60 − 6.26).
pub(crate) const VOLT: f64 = 3.0;
pub(crate) const TX_MA: f64 = 6.40;
pub(crate) const RX_MA: f64 = 6.53;
pub(crate) const CPU_MA: f64 = 2.34;
pub(crate) const CPU_MHZ: f64 = 64.0;

/// Instructions of p256 0.13's ECDH on a Cortex-M4 (QEMU), in millions.
pub(crate) const MULTIPLICATION_M: f64 = 4.59;
/// Of its signing and verification, likewise.
const SIGN_VERIFY_M: f64 = 5.58 + 9.57;
/// Cycles of the same two on a Cortex-M4 (STM32WLE5), in millions: README of the crate p256-cm4, row "RustCrypto".
const SIGN_VERIFY_CYCLES_M: f64 = 7.856_436 + 14.303_277;

const BITS_PER_S: f64 = 250_000.0;
/// IEEE 802.15.4: preamble 4, start of frame 1, length 1.
const PHY: usize = 6;
/// Frame control 2, sequence number 1, PAN 2, short addresses 4, check sequence 2.
const MAC: usize = 11;
const MPDU_MAX: usize = 127;
/// An acknowledgement has frame control, sequence number and check sequence.
const ACK: usize = PHY + 5;
/// With this command the node asks for what waits for it, once a wake-up.
const DATA_REQUEST: usize = PHY + MAC + 1;

/// µs of air time.
#[derive(Default)]
struct Air {
    tx: f64,
    rx: f64,
}

/// mJ.
#[derive(Clone, Copy)]
pub(crate) struct Energy {
    /// `None` for other curves than P-256: their speed here says nothing about that on a Cortex-M4.
    pub(crate) computing: Option<f64>,
    pub(crate) radio: f64,
}

impl Air {
    fn send(&mut self, bytes: usize, share: f64) {
        self.tx += bytes as f64 * 8e6 / BITS_PER_S * share;
    }

    fn receive(&mut self, bytes: usize, share: f64) {
        self.rx += bytes as f64 * 8e6 / BITS_PER_S * share;
    }

    /// A message in as few frames as possible, each of which is acknowledged. What lies between frame and message is the same for
    /// all peers, and left out.
    fn message(&mut self, flight: Flight, share: f64) {
        let frames = flight.bytes().div_ceil(MPDU_MAX - MAC);
        let (data, acks) = (flight.bytes() + frames * (PHY + MAC), frames * ACK);
        match flight {
            Flight::In(_) => (self.receive(data, share), self.send(acks, share)),
            Flight::Out(_) => (self.send(data, share), self.receive(acks, share)),
        };
    }

    fn poll(&mut self) {
        self.send(DATA_REQUEST, 1.0);
        self.receive(ACK, 1.0);
    }

    fn mj(&self) -> f64 {
        VOLT * (TX_MA * self.tx + RX_MA * self.rx) * 1e-6
    }
}

pub(crate) fn cycles_per_instruction() -> f64 {
    SIGN_VERIFY_CYCLES_M / SIGN_VERIFY_M
}

/// One scalar multiplication on the node, ms.
pub(crate) fn multiplication_ms() -> f64 {
    MULTIPLICATION_M * cycles_per_instruction() / CPU_MHZ * 1e3
}

/// To listen for so long, mJ.
pub(crate) fn listening(ms: f64) -> f64 {
    VOLT * RX_MA * ms * 1e-3
}

pub(crate) fn of(peer: &Measured, multiplication: f64) -> Energy {
    let mut air = Air::default();
    for wake in &peer.wakes {
        air.poll();
        wake.iter().for_each(|flight| air.message(*flight, 1.0));
    }
    air.message(Flight::Out(peer.publication), 1.0 / BATCH as f64);
    let multiplications = (peer.node + peer.published) / multiplication;
    let computing = VOLT * CPU_MA * multiplications * multiplication_ms() * 1e-3;
    Energy { computing: peer.on_p256().then_some(computing), radio: air.mj() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_takes_frames_and_acknowledgements() {
        let mut air = Air::default();
        air.message(Flight::Out(117), 1.0);
        assert_eq!((air.tx, air.rx), (f64::from((117 + 2 * 17) * 32), f64::from(2 * 11 * 32)));
        let mut air = Air::default();
        air.message(Flight::In(116), 0.5);
        assert_eq!((air.tx, air.rx), (f64::from(11 * 16), f64::from((116 + 17) * 16)));
    }

    #[test]
    fn currents_times_seconds_times_volts() {
        assert!((listening(100.0) - 1.959).abs() < 1e-9);
        let air = Air { tx: 1e6, rx: 0.0 };
        assert!((air.mj() - 19.2).abs() < 1e-9);
    }
}
