//! Random scripts, weighted toward deep runs: a few scenes around whole exchanges, interleaved.

mod scenes;

use super::script::{Action, Change, Label, Prekey, Script, Secret};
use super::shrink::smaller;
use super::side::{AnswerLoss, Loss};
use quickcheck::{Arbitrary, Gen};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;

/// The script of this number.
pub fn script(seed: u64) -> Script {
    Author::new(seed).script()
}

impl Arbitrary for Script {
    fn arbitrary(g: &mut Gen) -> Self {
        script(u64::arbitrary(g))
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let all: Vec<Script> = smaller(self).collect();
        Box::new(all.into_iter())
    }
}

/// An exchange of the script.
#[derive(Clone, Copy)]
struct Call {
    initiate: Label,
    node: Label,
    prekey: Prekey,
    confirm: Label,
}

/// Who writes a script, and what is in it so far.
struct Author {
    random: StdRng,
    numbers: BTreeMap<char, u8>,
    /// Batches with the node, the number of prekeys and the next one that is unused.
    batches: Vec<(Label, Label, u8, u8)>,
    calls: Vec<Call>,
}

const fn label(kind: char, number: u8) -> Label {
    Label { kind, number }
}

impl Author {
    fn new(seed: u64) -> Self {
        Author { random: StdRng::seed_from_u64(seed), numbers: BTreeMap::new(), batches: Vec::new(), calls: Vec::new() }
    }

    fn script(mut self) -> Script {
        let mut actions = vec![self.publish(label('n', 0))];
        if self.chance(25) {
            actions.push(self.publish(label('n', 1)));
        }
        let mut scenes = vec![self.exchange()];
        for _ in 0..self.random.gen_range(1..=3) {
            let scene = self.scene();
            scenes.push(scene);
        }
        actions.extend(self.interleaved(scenes));
        Script(actions)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.gen_ratio(percent, 100)
    }

    fn new_label(&mut self, kind: char) -> Label {
        let number = self.numbers.entry(kind).or_default();
        *number += 1;
        label(kind, *number - 1)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        *from.choose(&mut self.random).expect("there is a choice")
    }

    /// The scenes, each in its order; mostly one after the other.
    fn interleaved(&mut self, scenes: Vec<Vec<Action>>) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut waiting: Vec<std::vec::IntoIter<Action>> = scenes.into_iter().map(Vec::into_iter).collect();
        let mix = self.chance(40);
        while !waiting.is_empty() {
            let place = if mix { self.random.gen_range(0..waiting.len()) } else { 0 };
            match waiting[place].next() {
                Some(action) => actions.push(action),
                None => drop(waiting.remove(place)),
            }
        }
        actions
    }

    fn publish(&mut self, node: Label) -> Action {
        let (batch, depth) = (self.new_label('b'), self.pick(&[0, 1, 1, 1, 2]));
        let suite = self.pick(&[2, 2, 3]);
        self.batches.push((batch, node, 1 << depth, 0));
        Action::Publish { batch, node, suite, depth }
    }

    /// A prekey, mostly unused, of the newest or of any batch.
    fn prekey(&mut self) -> (Label, Prekey) {
        let any = self.random.gen_range(0..self.batches.len());
        let place =
            if self.chance(70) { self.batches.iter().position(|batch| batch.3 < batch.2).unwrap_or(any) } else { any };
        let reuse = self.chance(8);
        let (batch, node, count, next) = &mut self.batches[place];
        let index = if reuse || *next >= *count { self.random.gen_range(0..*count) } else { *next };
        *next += 1;
        (*node, Prekey { batch: *batch, index })
    }

    /// Client for a node, one that it pins in most cases.
    fn client(&mut self, node: Label) -> Label {
        let number = if node.number == 0 { self.pick(&[0, 0, 0, 1, 1, 2]) } else { self.pick(&[0, 0, 0, 0, 1]) };
        label('c', number)
    }

    fn call(&mut self, changes: Vec<Change>) -> (Call, Label, Vec<Action>) {
        let (node, prekey) = self.prekey();
        let client = self.client(node);
        let call = Call { initiate: self.new_label('i'), node, prekey, confirm: self.new_label('k') };
        self.calls.push(call);
        let loss = self.chance(4).then(|| self.pick(&[Loss::Before, Loss::After]));
        let refresh = self.chance(45);
        (call, client, vec![Action::Initiate { initiate: call.initiate, client, node, prekey, refresh, changes, loss }])
    }

    /// A whole exchange, with losses of power and compromises here and there.
    fn exchange(&mut self) -> Vec<Action> {
        let before = self.chance(10).then(|| self.compromise(None));
        let (call, client, mut actions) = self.call(Vec::new());
        if let Some(before) = before {
            actions.insert(0, before);
        }
        if self.chance(30) {
            actions.push(self.compromise(Some((call, client))));
        }
        let losses = [
            AnswerLoss::Erasure(Loss::Before),
            AnswerLoss::Erasure(Loss::After),
            AnswerLoss::Confirm(Loss::Before),
            AnswerLoss::Confirm(Loss::After),
        ];
        let loss = self.chance(8).then(|| self.pick(&losses));
        let deliver = |confirm, loss, changes| Action::Deliver {
            confirm,
            node: call.node,
            initiate: call.initiate,
            changes,
            loss,
        };
        let changes = if self.chance(10) { self.initiate_changes() } else { Vec::new() };
        actions.push(deliver(call.confirm, loss, changes));
        if loss.is_some() || self.chance(8) {
            let confirm = self.new_label('k');
            actions.push(deliver(confirm, None, Vec::new()));
            actions.push(Action::Finish { initiate: call.initiate, confirm, changes: Vec::new(), loss: None });
        }
        if self.chance(25) {
            actions.push(self.compromise(Some((call, client))));
        }
        if self.chance(85) {
            let loss = self.chance(4).then(|| self.pick(&[Loss::Before, Loss::After]));
            let changes = if self.chance(8) { self.confirm_changes() } else { Vec::new() };
            let (initiate, confirm) = (call.initiate, call.confirm);
            actions.push(Action::Finish { initiate, confirm, changes, loss });
        }
        if self.chance(25) {
            actions.push(Action::Acknowledge { node: call.node, prekey: call.prekey });
            if self.chance(40) {
                let confirm = self.new_label('k');
                actions.push(deliver(confirm, None, Vec::new()));
            }
        }
        if self.chance(20) {
            actions.push(self.compromise(Some((call, client))));
        }
        actions
    }

    /// A secret is revealed, of an exchange if there is one.
    fn compromise(&mut self, call: Option<(Call, Label)>) -> Action {
        let secret = match call {
            Some((call, client)) => match self.random.gen_range(0..10) {
                0..=3 => Secret::Prekey(call.prekey),
                4 | 5 => Secret::Of(client),
                6 => Secret::Of(call.node),
                7 | 8 => Secret::Of(call.initiate),
                _ => Secret::Of(call.confirm),
            },
            None => Secret::Of(self.pick(&[label('n', 0), label('n', 1), label('c', 0), label('c', 1), label('a', 0)])),
        };
        Action::Reveal { secret }
    }
}
