//! The mailbox in PSRAM, over which the images without a UART are asked.

use crate::board::{Board, Image, Machine};
use crate::{Answers, Ask};
use dke_link::{Answer, Request};
use std::time::{Duration, Instant};

const TURN: u64 = 8 << 20;
const LENGTH: u64 = TURN + 4;
const END: u64 = TURN + 8;
const REQUEST: u64 = TURN + 0x1000;
const ANSWERS: u64 = TURN + 0x1_0000;
/// The board waits for a request.
const WAITS: u32 = 1;
/// The host has put a request.
const ASKED: u32 = 2;
const PATIENCE: Duration = Duration::from_secs(120);

/// A running board and its mailbox.
pub struct Mailbox<'b> {
    board: &'b Board,
    _machine: Machine,
}

impl<'b> Mailbox<'b> {
    /// Switches the board on and waits until it is ready.
    pub fn start(board: &'b Board, image: Image) -> Self {
        board.write(TURN, &[0; 12]).expect("PSRAM");
        let mailbox = Mailbox { board, _machine: board.start(image) };
        mailbox.wait();
        mailbox
    }

    /// A request of these bytes, and the answers as they are.
    pub fn ask_raw(&mut self, request: &[u8]) -> Vec<Vec<u8>> {
        self.board.write(REQUEST, request).expect("PSRAM");
        self.put(LENGTH, u32::try_from(request.len()).expect("short"));
        self.put(TURN, ASKED);
        self.wait();
        let mut bytes = vec![0; self.get(END) as usize];
        self.board.read(ANSWERS, &mut bytes).expect("PSRAM");
        let mut answers = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((length, after)) = rest.split_first_chunk() {
            let (answer, after) = after.split_at(u32::from_be_bytes(*length) as usize);
            answers.push(answer.to_vec());
            rest = after;
        }
        answers
    }

    fn wait(&self) {
        let begun = Instant::now();
        while self.get(TURN) != WAITS {
            assert!(begun.elapsed() < PATIENCE, "the board does not answer");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn get(&self, at: u64) -> u32 {
        let mut word = [0; 4];
        self.board.read(at, &mut word).expect("PSRAM");
        u32::from_le_bytes(word)
    }

    fn put(&self, at: u64, word: u32) {
        self.board.write(at, &word.to_le_bytes()).expect("PSRAM");
    }
}

impl Ask for Mailbox<'_> {
    fn ask(&mut self, request: Request, body: &[u8]) -> Option<Answers> {
        let answers = self.ask_raw(&[&[request.code()], body].concat());
        let kind = |answer: &Vec<u8>| Answer::from_code(answer[0]).expect("a kind of answer");
        assert!(answers.iter().all(|answer| kind(answer) != Answer::Panicked), "the board panicked");
        let answers = answers.iter().map(|answer| (kind(answer), answer[1..].to_vec()));
        Some(answers.filter(|(kind, _)| *kind != Answer::Done).collect())
    }
}
