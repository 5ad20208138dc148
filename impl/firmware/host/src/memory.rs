//! What an image takes: flash and static RAM from its program headers, the stack by paint.

use crate::board::{Board, Image, images};
use crate::mailbox::Mailbox;
use crate::parties::{NOT_AFTER, Parties};
use crate::{Answers, Ask, lakers, one, plan};
use dke::Mode;
use dke::params::DATA_MAX;
use dke_link::{Answer, Request};

/// Bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Code and constants, and the initial values of variables.
    pub flash: u32,
    /// Variables.
    pub ram: u32,
    /// By step: the highest stack.
    pub stack: Vec<(&'static str, u32)>,
}

impl Memory {
    /// The highest stack of all steps.
    pub fn peak(&self) -> u32 {
        self.stack.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0)
    }
}

/// The node in this image, which trusts authorities or not.
pub fn node(image: Image, authorities: bool) -> Memory {
    let mut parties = Parties::new(3);
    let board = Board::new(image, &parties.factory_page(false)).expect("a file");
    let mut mailbox = Mailbox::start(&board, image);
    let mut stack = vec![("start", peak(&mut mailbox))];
    ask(&mut mailbox, Request::Seed, &[7; 32]);
    let answers = ask(&mut mailbox, Request::Publish, &plan(2, 4, NOT_AFTER));
    let publication = one(&answers, Answer::Publication).to_vec();
    stack.push(("publish 16 prekeys", peak(&mut mailbox)));
    let data = [0x55; DATA_MAX];
    let mut index = 0;
    for (mode, step, vouched) in
        [(Mode::Basic, "accept basic", "accept basic, CWT"), (Mode::Refresh, "accept refresh", "accept refresh, CWT")]
    {
        let exchange = parties.initiate(&publication, index, mode, &data);
        one(&ask(&mut mailbox, Request::Initiate, &exchange.initiate), Answer::Session);
        stack.push((step, peak(&mut mailbox)));
        if authorities {
            let cwt = parties.cwt("door", 1);
            let exchange = parties.initiate_vouched(&cwt, &publication, index + 1, mode, &data);
            one(&ask(&mut mailbox, Request::Initiate, &exchange.initiate), Answer::Session);
            stack.push((vouched, peak(&mut mailbox)));
        }
        index += 2;
    }
    let (flash, ram) = sections(image);
    Memory { flash, ram, stack }
}

/// The responder of lakers.
pub fn responder() -> Memory {
    let parties = Parties::new(3);
    let board = Board::new("lakers", &parties.factory_page(false)).expect("a file");
    let mut mailbox = Mailbox::start(&board, "responder");
    let mut peaks = vec![peak(&mut mailbox)];
    lakers::exchange(&parties, &mut mailbox, |mailbox| peaks.push(peak(mailbox)));
    let (flash, ram) = sections("responder");
    Memory { flash, ram, stack: ["start", "message_1, message_2", "message_3"].into_iter().zip(peaks).collect() }
}

fn ask(mailbox: &mut Mailbox<'_>, request: Request, body: &[u8]) -> Answers {
    mailbox.ask(request, body).expect("no loss of power")
}

fn peak(mailbox: &mut Mailbox<'_>) -> u32 {
    let answers = ask(mailbox, Request::Stack, &[]);
    u32::from_be_bytes(one(&answers, Answer::Stack).try_into().expect("4 bytes"))
}

/// Flash and static RAM by the image's program headers (ELF, 32 bits, little-endian).
fn sections(image: Image) -> (u32, u32) {
    const LOAD: u32 = 1;
    const RAM: u32 = 0x2000_0000;
    let elf = std::fs::read(images().join(image)).expect("the image is built");
    let word = |at: usize| u32::from_le_bytes(elf[at..at + 4].try_into().expect("4 bytes"));
    let half = |at: usize| usize::from(u16::from_le_bytes([elf[at], elf[at + 1]]));
    let (begin, size, count) = (word(28) as usize, half(42), half(44));
    let headers = (0..count).map(|n| begin + n * size).filter(|at| word(*at) == LOAD);
    headers.fold((0, 0), |(flash, ram), at| {
        let (address, in_file, in_memory) = (word(at + 8), word(at + 16), word(at + 20));
        (flash + in_file, if address >= RAM { ram + in_memory } else { ram })
    })
}

/// The compiler that made this image, as its `.comment` section says.
pub fn compiler(image: Image) -> String {
    let elf = std::fs::read(images().join(image)).expect("the image is built");
    let words = elf.split(|byte| *byte == 0).filter_map(|word| std::str::from_utf8(word).ok());
    words
        .filter_map(|word| word.strip_prefix("rustc version "))
        .next()
        .map_or_else(String::new, |version| format!("rustc {version}"))
}
