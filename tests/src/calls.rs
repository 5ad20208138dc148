//! The vectors of calls (PROTOCOL.md section 18.2): what the specification does with them, over several exchanges and batches.

use crate::vectors::hex;
use dke_spec::bytes::{Bytes, bytes};
use dke_spec::call::{Call, Judgement, Kept, drop_numbers, encode_call, judge, settle};
use dke_spec::sha256::sha256;
use dke_vectors::form::{Calls, Event};

/// All.
pub fn calls() -> Vec<Calls> {
    vec![repeats(), stops(), epochs(), clients(), room(), forms()]
}

/// A node's table, by the specification.
struct Story {
    vector: Calls,
    table: Vec<Kept>,
    epoch: u64,
}

impl Story {
    fn new(name: &str, room: u64) -> Story {
        Story { vector: Calls { name: name.into(), room, events: Vec::new() }, table: Vec::new(), epoch: 1 }
    }

    fn batch(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.table = drop_numbers(&self.table, epoch);
        self.vector.events.push(Event {
            what: format!("the batch of epoch {epoch} begins"),
            client: None,
            epoch,
            early_data: String::new(),
            answer: None,
            number: None,
            data: String::new(),
            answer_data: String::new(),
        });
    }

    fn call(&mut self, what: &str, client: &str, number: u64, data: &str, answer: Option<&[u8]>) {
        self.over(self.epoch, what, client, number, data, answer);
    }

    fn over(&mut self, epoch: u64, what: &str, client: &str, number: u64, data: &str, answer: Option<&[u8]>) {
        let call = Call { number: bytes(&number.to_be_bytes()), data: bytes(data.as_bytes()) };
        self.early_data(epoch, what, client, &encode_call(&call).expect("short enough"), answer);
    }

    fn early_data(&mut self, epoch: u64, what: &str, client: &str, early_data: &Bytes, answer: Option<&[u8]>) {
        let room = usize::try_from(self.vector.room).expect("small");
        let client = sha256(&bytes(client.as_bytes()));
        let (carried_out, answer_data) = match judge(&self.table, room, &client, epoch, early_data) {
            Judgement::Answer(answer_data) => (None, answer_data),
            Judgement::CarryOut(call, table) => {
                let (table, answer_data) = settle(&table, &client, &call.number, &answer.map(bytes));
                self.table = table;
                (Some(call), answer_data)
            }
        };
        self.vector.events.push(Event {
            what: what.into(),
            client: Some(hex(&client)),
            epoch,
            early_data: hex(early_data),
            answer: answer.map(hex::encode),
            number: carried_out.as_ref().map(|call| hex(&call.number)),
            data: carried_out.map(|call| hex(&call.data)).unwrap_or_default(),
            answer_data: hex(&answer_data),
        });
    }
}

fn repeats() -> Calls {
    let mut story = Story::new("repeats", 16);
    story.batch(1);
    story.call("the first time", "anna", 7, "pay 5 euro", Some(b"paid"));
    story.call("again", "anna", 7, "pay 5 euro", Some(b"paid twice"));
    story.call("the same number, other data", "anna", 7, "pay 6 euro", Some(b"paid"));
    story.call("the same data, another number", "anna", 8, "pay 5 euro", Some(b"paid again"));
    story.call("no data", "anna", 9, "", Some(b""));
    story.call("no data, again", "anna", 9, "", None);
    story.vector
}

fn stops() -> Calls {
    let mut story = Story::new("no-answer", 16);
    story.batch(1);
    story.call("the application, or the node, stops", "anna", 7, "light on", None);
    story.call("again", "anna", 7, "light on", Some(b"on"));
    story.call("an answer that is too long", "anna", 8, "read", Some(&[b'x'; 1020]));
    story.call("again", "anna", 8, "read", Some(b"short"));
    story.call("the longest answer", "anna", 9, "read", Some(&[b'x'; 1019]));
    story.vector
}

fn epochs() -> Calls {
    let mut story = Story::new("epochs", 16);
    story.batch(1);
    story.call("over epoch 1", "anna", 7, "open", Some(b"opened"));
    story.batch(2);
    story.over(1, "again, over the previous batch", "anna", 7, "open", None);
    story.over(2, "again, over the next epoch", "anna", 7, "open", None);
    story.over(2, "another call, over epoch 2", "anna", 8, "close", Some(b"closed"));
    story.batch(3);
    story.over(2, "the first again: epoch 2 is now the previous batch", "anna", 7, "open", None);
    story.batch(4);
    story.over(4, "forgotten: no client repeats it over epoch 4", "anna", 7, "open", Some(b"opened"));
    story.over(3, "the other one is kept", "anna", 8, "close", None);
    story.batch(5);
    story.over(5, "and is forgotten", "anna", 8, "close", Some(b"closed"));
    story.vector
}

fn clients() -> Calls {
    let mut story = Story::new("clients", 16);
    story.batch(1);
    story.call("anna", "anna", 7, "open", Some(b"for anna"));
    story.call("the same number of another client", "ben", 7, "open", Some(b"for ben"));
    story.call("anna again", "anna", 7, "open", None);
    story.call("ben again", "ben", 7, "open", None);
    story.vector
}

fn room() -> Calls {
    let mut story = Story::new("room", 4);
    story.batch(1);
    story.call("1 of 4", "anna", 1, "a", Some(b"1"));
    story.call("2 of 4", "anna", 2, "a", Some(b"2"));
    story.call("anna has as many as there are left", "anna", 3, "a", Some(b"3"));
    story.call("another client: 3 of 4", "ben", 1, "b", Some(b"1"));
    story.call("as many as are left", "ben", 2, "b", Some(b"2"));
    story.call("a third client: 4 of 4", "cleo", 1, "c", Some(b"1"));
    story.call("no room at all", "dora", 1, "d", Some(b"1"));
    story.call("what is kept is answered", "anna", 1, "a", None);
    story.batch(4);
    story.call("there is room again", "anna", 3, "a", Some(b"3"));
    story.vector
}

fn forms() -> Calls {
    let mut story = Story::new("forms", 16);
    story.batch(1);
    let long = encode_call(&Call { number: bytes(&[1; 8]), data: bytes(&[b'x'; 1011]) }).expect("short enough");
    let number = "48 00 00 00 00 00 00 00 07".replace(' ', "");
    for (what, early_data) in [
        ("an exchange without a call", String::new()),
        ("the longest data", hex(&long)),
        ("text", hex::encode("unlock the door")),
        ("no data", format!("81{number}")),
        ("another item", format!("83{number}4100f6")),
        ("a number of 7 bytes", "8247000000000000074100".into()),
        ("a number of 9 bytes", "824900000000000000000741 00".replace(' ', "")),
        ("data as text", format!("82{number}6161")),
        ("a longer head than necessary", format!("82{number}580161")),
        ("an indefinite array", format!("9f{number}4161ff")),
        ("a byte follows", format!("82{number}416100")),
        ("it ends", format!("82{number}42 61").replace(' ', "")),
    ] {
        let early_data = bytes(&hex::decode(early_data).expect("hex"));
        story.early_data(1, what, "anna", &early_data, Some(b"done"));
    }
    story.vector
}
