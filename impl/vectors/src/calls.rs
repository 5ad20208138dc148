//! What a node does with calls (PROTOCOL.md section 18.2), over several exchanges and batches.

use crate::Mismatch;
use crate::form::{Calls, Event};
use dke::RustCrypto;
use dke::call::{self, Judgement, Kept, Number, Outcome};
use dke::crypto::Hash;
use dke::params::DATA_MAX;

/// The numbers that a node keeps, in memory.
#[derive(Default)]
pub struct Table {
    entries: Vec<Entry>,
}

struct Entry {
    client: Hash,
    number: Number,
    digest: Hash,
    epoch: u64,
    answer: Option<Vec<u8>>,
}

/// What came of early data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Number and data that were given to the application; `None` if nothing was.
    pub carried_out: Option<(Number, Vec<u8>)>,
    /// What the client gets.
    pub answer_data: Vec<u8>,
}

impl Table {
    /// The batch of this epoch begins.
    pub fn begin_batch(&mut self, epoch: u64) {
        self.entries.retain(|one| call::is_kept(one.epoch, epoch));
    }

    /// Early data of an exchange of this epoch with this client, on a node with room for so many numbers. `answer`: what the application
    /// says if it is asked.
    pub fn serve(
        &mut self,
        room: usize,
        client: &Hash,
        epoch: u64,
        early_data: &[u8],
        answer: Option<&[u8]>,
    ) -> Served {
        if early_data.is_empty() {
            return Served { carried_out: None, answer_data: Vec::new() };
        }
        let kept = self.entries.iter().map(|one| Kept {
            client: &one.client,
            number: &one.number,
            digest: &one.digest,
            answer: one.answer.as_deref(),
        });
        match call::judge::<RustCrypto>(kept, room, client, early_data) {
            Judgement::Answer(outcome) => Served { carried_out: None, answer_data: written(&outcome) },
            Judgement::CarryOut(call, digest) => {
                let outcome = Outcome::of(answer);
                let answer = if let Outcome::Done(answer) = outcome { Some(answer.to_vec()) } else { None };
                self.entries.push(Entry { client: *client, number: *call.number, digest, epoch, answer });
                let carried_out = Some((*call.number, call.data.to_vec()));
                Served { carried_out, answer_data: written(&outcome) }
            }
        }
    }
}

fn written(outcome: &Outcome<'_>) -> Vec<u8> {
    let mut out = [0; DATA_MAX];
    let length = outcome.write(&mut out).unwrap_or_default();
    out.get(..length).unwrap_or_default().to_vec()
}

/// Checks what is given to the application and what the client gets, event by event. Gives how many values were compared.
pub fn check_calls(vector: &Calls) -> Result<usize, Mismatch> {
    let mut table = Table::default();
    let mut compared = 0;
    for event in &vector.events {
        compared += check(vector, event, &mut table)?;
    }
    Ok(compared)
}

fn check(vector: &Calls, event: &Event, table: &mut Table) -> Result<usize, Mismatch> {
    let name = || format!("{}: {}", vector.name, event.what);
    let form = |member| Mismatch::Form { vector: name(), member };
    let differs = |member, byte| Mismatch::Differs { vector: name(), member, byte };
    let bytes = |member, text: &str| hex::decode(text).map_err(|_| form(member));
    let Some(client) = &event.client else {
        table.begin_batch(event.epoch);
        return Ok(0);
    };
    let client: Hash = bytes("client", client)?.try_into().map_err(|_| form("client"))?;
    let room = usize::try_from(vector.room).map_err(|_| form("room"))?;
    let answer = event.answer.as_ref().map(|answer| bytes("answer", answer)).transpose()?;
    let early_data = bytes("early_data", &event.early_data)?;
    let served = table.serve(room, &client, event.epoch, &early_data, answer.as_deref());
    let expected = bytes("answer_data", &event.answer_data)?;
    if served.answer_data != expected {
        let same = served.answer_data.iter().zip(&expected).take_while(|(one, other)| one == other).count();
        return Err(differs("answer_data", same));
    }
    let number = event.number.as_ref().map(|number| bytes("number", number)).transpose()?;
    match (&served.carried_out, number) {
        (None, None) => {}
        (Some((number, data)), Some(expected)) if number.as_slice() == expected => {
            if *data != bytes("data", &event.data)? {
                return Err(differs("data", 0));
            }
        }
        _ => return Err(differs("number", 0)),
    }
    // What the client reads is what the node wrote.
    let read = Outcome::parse(&expected).map(|outcome| written(&outcome));
    if read.is_ok_and(|read| read != expected) {
        return Err(differs("answer_data", 0));
    }
    Ok(3)
}
