//! A message that must be rejected, and what comes after it.

use crate::Mismatch;
use crate::form::{Exchange, Rejection, State, Step};
use crate::parties::{Parties, Store};
use dke::Crypto;

/// Checks that a bad message is rejected by the name that the vector gives, on the backend `C`, and that node and client then do
/// with the base's own message what they would have done before. `base` is the exchange that the vector names.
pub fn check_rejection<C: Crypto>(base: &Exchange, rejection: &Rejection) -> Result<(), Mismatch> {
    let vector = || rejection.name.clone();
    let message =
        hex::decode(&rejection.message).map_err(|_| Mismatch::Form { vector: vector(), member: "message" })?;
    let receiver = Receiver { base, parties: Parties::new(base)? };
    let Judgement { found, unchanged } = match rejection.step {
        Step::G1 => Judgement::stateless(receiver.parties.verify::<C>(&message).err().map(|error| error.name())),
        Step::C1 => Judgement::stateless(receiver.parties.initiate::<C>(&message).err().map(|error| error.name())),
        Step::N2 => receiver.node::<C>(rejection.state, &message)?,
        Step::C2 => receiver.client::<C>(&message)?,
    };
    if found != Some(rejection.reject.as_str()) {
        return Err(Mismatch::Judged { vector: vector(), expected: rejection.reject.clone(), found });
    }
    if unchanged { Ok(()) } else { Err(Mismatch::Changed { vector: vector() }) }
}

/// How the implementation judges a message.
struct Judgement {
    /// The name of the rejection; `None` if it accepts.
    found: Option<&'static str>,
    /// Afterwards the base's own message leads to what it always leads to.
    unchanged: bool,
}

impl Judgement {
    const fn stateless(found: Option<&'static str>) -> Self {
        Judgement { found, unchanged: true }
    }
}

struct Receiver<'a> {
    base: &'a Exchange,
    parties: Parties,
}

impl Receiver<'_> {
    /// N2.
    fn node<C: Crypto>(&self, state: State, message: &[u8]) -> Result<Judgement, Mismatch> {
        let initiate = self.message("messages.initiate", &self.base.messages.initiate)?;
        let confirm = self.message("messages.confirm", &self.base.messages.confirm)?;
        let mut store = self.store::<C>(state, &initiate)?;
        let found = self.parties.answer::<C>(&mut store, message).err().map(|error| error.name());
        let answer = self.parties.answer::<C>(&mut store, &initiate);
        let unchanged = match state {
            State::Before => answer.is_ok_and(|answered| answered.confirm == confirm),
            State::Erased => answer.is_err(),
        };
        Ok(Judgement { found, unchanged })
    }

    /// C2.
    fn client<C: Crypto>(&self, message: &[u8]) -> Result<Judgement, Mismatch> {
        let offer = self.message("messages.offer", &self.base.messages.offer)?;
        let confirm = self.message("messages.confirm", &self.base.messages.confirm)?;
        let (_, awaiting) = self.parties.initiate::<C>(&offer).map_err(|error| self.refused("C1", error.name()))?;
        Ok(match self.parties.finish(awaiting, message) {
            Ok(_) => Judgement { found: None, unchanged: false },
            Err(failed) => {
                let found = Some(failed.error.name());
                Judgement { found, unchanged: self.parties.finish(failed.state, &confirm).is_ok() }
            }
        })
    }

    /// The node's memory when the message arrives.
    fn store<C: Crypto>(&self, state: State, initiate: &[u8]) -> Result<Store, Mismatch> {
        let mut store = self.parties.store().map_err(|_| self.refused("N1", "Storage"))?;
        self.parties.publish::<C>(&mut store).map_err(|error| self.refused("N1", error.name()))?;
        if state == State::Erased {
            self.parties.answer::<C>(&mut store, initiate).map_err(|error| self.refused("N2", error.name()))?;
            self.parties.acknowledged(&mut store).map_err(|error| self.refused("N4", error.name()))?;
        }
        Ok(store)
    }

    fn message(&self, member: &'static str, text: &str) -> Result<Vec<u8>, Mismatch> {
        hex::decode(text).map_err(|_| Mismatch::Form { vector: self.base.name.clone(), member })
    }

    fn refused(&self, step: &'static str, name: &'static str) -> Mismatch {
        Mismatch::Refused { vector: self.base.name.clone(), step, name }
    }
}
