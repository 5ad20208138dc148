//! What a caller makes durable: PROTOCOL.md section 18.2, "The client".

use crate::caller::{Begun, Called};
use dke::call::{Number, may_repeat};
use dke::crypto::Hash;
use dke::store::{ClientStore, Pending};
use std::convert::Infallible;

/// The client's durable memory: highest epochs, calls, and their pending exchanges. What a method changed is durable when it returns `Ok`.
pub trait CallStore {
    /// Why the medium failed.
    type Error: std::fmt::Debug + std::fmt::Display;

    /// Highest epoch seen of this node; 0 for none.
    fn highest_epoch(&self, node: &Hash) -> Result<u64, Self::Error>;

    /// Stores the call, if it is new, this pending exchange as one of it, and its epoch as the highest seen: all in one.
    fn begin(&mut self, call: &Begun, pending: &Pending<'_>) -> Result<(), Self::Error>;

    /// An exchange has a Confirm: it is erased, and its session is kept. With `call` that call has ended, and goes with all its
    /// other exchanges, unless a request under the early keys of one still awaits a response: all in one.
    fn finish(&mut self, exchange: &Hash, called: &Called, call: Option<&Number>) -> Result<(), Self::Error>;

    /// These exchanges are over without a Confirm: erases them; with `call` also that call.
    fn give_up(&mut self, exchanges: &[Hash], call: Option<&Number>) -> Result<(), Self::Error>;
}

/// Why an exchange of a call was not begun.
pub(super) enum Unbegun<E> {
    Store(E),
    /// The call is not repeated over a batch of this epoch, which the node has signed.
    Epoch(u64),
}

/// C1 for one more exchange of a call: the Offer has been verified when this is asked.
pub(super) struct Beginning<'s, S> {
    pub(super) store: &'s mut S,
    pub(super) call: &'s mut Begun,
    /// Exchanges of this call that are pending.
    pub(super) exchanges: usize,
}

impl<S: CallStore> ClientStore for Beginning<'_, S> {
    type Error = Unbegun<S::Error>;

    fn highest_epoch(&self, node: &Hash) -> Result<u64, Self::Error> {
        self.store.highest_epoch(node).map_err(Unbegun::Store)
    }

    fn begin(&mut self, pending: &Pending<'_>) -> Result<(), Self::Error> {
        let first = *self.call.first.get_or_insert(pending.epoch);
        if !may_repeat(first, self.exchanges, pending.epoch) {
            return Err(Unbegun::Epoch(pending.epoch));
        }
        self.store.begin(self.call, pending).map_err(Unbegun::Store)
    }

    fn end(&mut self, _: &Hash) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// C2: the end of the exchange becomes durable in one with its session, by [`CallStore::finish`].
pub(super) struct Finishing;

impl ClientStore for Finishing {
    type Error = Infallible;

    fn highest_epoch(&self, _: &Hash) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn begin(&mut self, _: &Pending<'_>) -> Result<(), Infallible> {
        Ok(())
    }

    fn end(&mut self, _: &Hash) -> Result<(), Infallible> {
        Ok(())
    }
}
