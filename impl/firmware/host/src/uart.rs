//! A board's UART.

use crate::board::{Board, Image, Machine};
use crate::{Answers, Ask};
use dke::params::PUBLICATION_MAX;
use dke_link::{Answer, Request, slip};
use std::io::{Read, Write};
use std::process::ChildStdout;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Longer than anything that a board does, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running board and its UART.
pub struct Uart {
    machine: Machine,
    frames: Receiver<Vec<u8>>,
    /// What came before the board last started anew instead of finishing.
    pub cut_off: Answers,
}

impl Uart {
    /// Switches the board on and waits until it is ready.
    pub fn start(board: &Board, image: Image) -> Uart {
        let mut machine = board.start(image);
        let stdout = machine.0.stdout.take().expect("piped");
        let (sender, frames) = channel();
        std::thread::spawn(move || collect(stdout, &sender));
        let mut uart = Uart { machine, frames, cut_off: Answers::new() };
        assert_eq!(uart.frame().0, Answer::Ready);
        uart
    }

    /// Bytes as they are.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        let stdin = self.machine.0.stdin.as_mut().expect("piped");
        stdin.write_all(bytes).and_then(|()| stdin.flush()).expect("the board runs");
    }

    /// The answers to what was sent; `None` if the board has started anew.
    pub fn answers(&mut self) -> Option<Answers> {
        let mut answers = Answers::new();
        loop {
            match self.frame() {
                (Answer::Done, _) => return Some(answers),
                (Answer::Ready, _) => {
                    self.cut_off = answers;
                    return None;
                }
                (Answer::Panicked, _) => panic!("the board panicked"),
                answer => answers.push(answer),
            }
        }
    }

    fn frame(&mut self) -> (Answer, Vec<u8>) {
        let frame = self.frames.recv_timeout(PATIENCE).expect("the board answers");
        (Answer::from_code(frame[0]).expect("a kind of answer"), frame[1..].to_vec())
    }
}

impl Ask for Uart {
    fn ask(&mut self, request: Request, body: &[u8]) -> Option<Answers> {
        let mut bytes = Vec::new();
        slip::send(&[&[request.code()], body], |byte| bytes.push(byte));
        self.send_raw(&bytes);
        self.answers()
    }
}

fn collect(mut stdout: ChildStdout, frames: &Sender<Vec<u8>>) {
    let mut receiver = slip::Receiver::default();
    let (mut frame, mut bytes) = ([0; 1 + PUBLICATION_MAX], [0; 1024]);
    while let Ok(n @ 1..) = stdout.read(&mut bytes) {
        for byte in &bytes[..n] {
            if let Some(received) = receiver.push(*byte, &mut frame) {
                let _ = frames.send(frame[..received.expect("frames of the board are whole")].to_vec());
            }
        }
    }
}
