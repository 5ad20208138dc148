//! Random scripts, weighted toward deep runs: a few scenes around whole exchanges, interleaved.

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

    fn scene(&mut self) -> Vec<Action> {
        match self.random.gen_range(0..100) {
            0..=33 => self.exchange(),
            34..=45 => self.changed_offer(),
            46..=52 => self.replay(),
            53..=58 => self.crossed(),
            59..=67 => self.forged_initiate(),
            68..=75 => self.forged_confirm(),
            76..=82 => self.tokens(),
            83..=88 => self.own_client(),
            89..=93 => self.own_node(),
            94..=96 => {
                let party = self.pick(&[label('n', 0), label('c', 0), label('c', 1)]);
                vec![Action::Restart { party }, self.compromise(None)]
            }
            _ => vec![self.publish(label('n', 0))],
        }
    }

    fn any_prekey(&mut self) -> Prekey {
        let (batch, _, count, _) = self.pick(&self.batches.clone());
        Prekey { batch, index: self.random.gen_range(0..count) }
    }

    fn any_call(&mut self) -> Call {
        let calls = self.calls.clone();
        self.pick(&calls)
    }

    fn offer_changes(&mut self) -> Vec<Change> {
        let prekey = self.any_prekey();
        match self.random.gen_range(0..10) {
            0 | 1 => vec![Change::Epoch(self.random.gen_range(0..4))],
            2 => vec![Change::Suite(self.pick(&[2, 3]))],
            3 => vec![Change::Index(self.random.gen_range(0..4))],
            4 => vec![Change::YOwn],
            5 => vec![Change::YOwn, Change::OwnTree],
            6 => vec![Change::YOwn, Change::OwnTree, Change::Sign],
            7 => vec![Change::Y(prekey)],
            8 => vec![Change::Path(prekey), Change::Index(prekey.index.into())],
            _ => vec![Change::Garble],
        }
    }

    fn initiate_changes(&mut self) -> Vec<Change> {
        let other = self.any_call().initiate;
        vec![match self.random.gen_range(0..8) {
            0 | 1 => Change::Flags(self.random.gen_range(0..2)),
            2 => Change::Epoch(self.random.gen_range(0..4)),
            3 => Change::Index(self.random.gen_range(0..3)),
            4 => Change::XOwn,
            5 => self.pick(&[Change::X(other), Change::Ct1(other), Change::Ct2(other)]),
            _ => Change::Garble,
        }]
    }

    fn confirm_changes(&mut self) -> Vec<Change> {
        let other = self.any_call().confirm;
        vec![match self.random.gen_range(0..6) {
            0 => Change::ZNone,
            1 => Change::ZOwn,
            2 => self.pick(&[Change::Z(other), Change::Ct3(other)]),
            3 => Change::Epoch(self.random.gen_range(0..4)),
            4 => Change::Index(self.random.gen_range(0..3)),
            _ => Change::Garble,
        }]
    }

    /// A call over a changed offer, delivered all the same.
    fn changed_offer(&mut self) -> Vec<Action> {
        let reveal = self.chance(25).then(|| Action::Reveal { secret: Secret::Of(label('n', 0)) });
        let changes = self.offer_changes();
        let (call, _, actions) = self.call(changes);
        let mut actions: Vec<Action> = reveal.into_iter().chain(actions).collect();
        actions.push(self.delivered(call));
        actions
    }

    fn delivered(&mut self, call: Call) -> Action {
        let Call { node, initiate, confirm, .. } = call;
        Action::Deliver { confirm, node, initiate, changes: Vec::new(), loss: None }
    }

    /// An earlier Initiate again, perhaps changed, to any node.
    fn replay(&mut self) -> Vec<Action> {
        let call = self.any_call();
        let changes = if self.chance(50) { self.initiate_changes() } else { Vec::new() };
        let node = self.pick(&[call.node, call.node, call.node, label('n', 1)]);
        let confirm = self.new_label('k');
        vec![
            Action::Deliver { confirm, node, initiate: call.initiate, changes, loss: None },
            Action::Finish { initiate: call.initiate, confirm, changes: Vec::new(), loss: None },
        ]
    }

    /// A Confirm for another exchange.
    fn crossed(&mut self) -> Vec<Action> {
        let (one, other) = (self.any_call(), self.any_call());
        let changes = if self.chance(50) { self.confirm_changes() } else { Vec::new() };
        vec![Action::Finish { initiate: one.initiate, confirm: other.confirm, changes, loss: None }]
    }

    fn forged_initiate(&mut self) -> Vec<Action> {
        let (node, prekey) = self.prekey();
        let identity = self.client(node);
        let mut actions = Vec::new();
        if self.chance(50) {
            let secret = self.pick(&[Secret::Of(identity), Secret::Prekey(prekey)]);
            actions.push(Action::Reveal { secret });
        }
        let call = Call { initiate: self.new_label('i'), node, prekey, confirm: self.new_label('k') };
        let refresh = self.chance(40);
        actions.push(Action::ForgeInitiate { initiate: call.initiate, identity, prekey, refresh });
        actions.push(self.delivered(call));
        actions
    }

    fn forged_confirm(&mut self) -> Vec<Action> {
        let (call, client, mut actions) = self.call(Vec::new());
        let mut secrets = vec![Secret::Prekey(call.prekey), Secret::Of(call.initiate), Secret::Of(client)];
        secrets.shuffle(&mut self.random);
        let count = self.random.gen_range(0..=2);
        actions.extend(secrets.into_iter().take(count).map(|secret| Action::Reveal { secret }));
        let (confirm, refresh) = (self.new_label('k'), self.chance(50));
        actions.push(Action::ForgeConfirm { confirm, initiate: call.initiate, refresh });
        actions.push(Action::Finish { initiate: call.initiate, confirm, changes: Vec::new(), loss: None });
        if self.chance(40) {
            actions.push(self.delivered(call));
        }
        actions
    }

    /// CWTs: for an honest client, or for one of the attacker's, issued, altered or made up.
    fn tokens(&mut self) -> Vec<Action> {
        let (node, prekey) = self.prekey();
        let token = self.new_label('t');
        let call = Call { initiate: self.new_label('i'), node, prekey, confirm: self.new_label('k') };
        if self.chance(35) {
            let client = label('c', 2);
            let refresh = self.chance(50);
            return vec![
                Action::Issue { token, client, node },
                Action::Take { client, token },
                Action::Initiate {
                    initiate: call.initiate,
                    client,
                    node,
                    prekey,
                    refresh,
                    changes: Vec::new(),
                    loss: None,
                },
                self.delivered(call),
                Action::Finish { initiate: call.initiate, confirm: call.confirm, changes: Vec::new(), loss: None },
            ];
        }
        let client = self.new_label('m');
        let mut actions = vec![Action::OwnClient { client, like: None }];
        let mut identity = token;
        match self.random.gen_range(0..4) {
            0 => actions.push(Action::Issue { token, client, node }),
            1 => {
                let other = label('n', 1 - node.number);
                identity = self.new_label('t');
                actions.push(Action::Issue { token, client, node: other });
                actions.push(Action::ForgeToken { token: identity, client, node, from: Some(token) });
            }
            with_key => {
                if with_key == 2 {
                    actions.push(Action::Reveal { secret: Secret::Of(label('a', 0)) });
                }
                actions.push(Action::ForgeToken { token, client, node, from: None });
            }
        }
        let refresh = self.chance(40);
        actions.push(Action::ForgeInitiate { initiate: call.initiate, identity, prekey, refresh });
        actions.push(self.delivered(call));
        actions
    }

    /// A client of the attacker's that a node pins: with a key of its own, or with that of an honest client.
    fn own_client(&mut self) -> Vec<Action> {
        let client = self.new_label('m');
        let (node, prekey) = self.prekey();
        let call = Call { initiate: self.new_label('i'), node, prekey, confirm: self.new_label('k') };
        let refresh = self.chance(40);
        let mut actions = Vec::new();
        if self.chance(50) {
            let other = if node.number == 0 { label('c', 2) } else { label('c', 1) };
            actions.push(Action::OwnClient { client, like: Some(other) });
            actions.push(Action::Pin { node, client });
            let (initiate, changes) = (call.initiate, Vec::new());
            actions.push(Action::Initiate { initiate, client: other, node, prekey, refresh, changes, loss: None });
        } else {
            actions.push(Action::OwnClient { client, like: None });
            actions.push(Action::Pin { node, client });
            actions.push(Action::ForgeInitiate { initiate: call.initiate, identity: client, prekey, refresh });
        }
        actions.push(self.delivered(call));
        actions
    }

    /// A node of the attacker's: with the public key of an honest node whose offers it passes on, or with offers of its own.
    fn own_node(&mut self) -> Vec<Action> {
        let node = self.new_label('e');
        let (honest, prekey) = self.prekey();
        let client = self.client(honest);
        let call = Call { initiate: self.new_label('i'), node: honest, prekey, confirm: self.new_label('k') };
        let (like, changes) = if self.chance(60) {
            (Some(honest), vec![Change::ToNode])
        } else {
            (None, vec![Change::ToNode, Change::YOwn, Change::OwnTree, Change::Sign])
        };
        let (initiate, refresh) = (call.initiate, self.chance(40));
        vec![
            Action::OwnNode { node, like },
            Action::Initiate { initiate, client, node, prekey, refresh, changes, loss: None },
            self.delivered(call),
        ]
    }
}
