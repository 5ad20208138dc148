//! What else happens beside whole exchanges.

use super::{Author, Call, label};
use crate::adversary::script::{Action, Change, Prekey, Secret};
use rand::Rng;
use rand::seq::SliceRandom as _;

impl Author {
    pub(super) fn scene(&mut self) -> Vec<Action> {
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

    pub(super) fn initiate_changes(&mut self) -> Vec<Change> {
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

    pub(super) fn confirm_changes(&mut self) -> Vec<Change> {
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
