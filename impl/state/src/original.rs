//! States that know their directory: the original, and in the role that it has.

use crate::error::Error;
use crate::files::Locked;
use crate::identity::{Identity, Instance, Role};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The state of one role.
pub(crate) trait State: Default + Serialize + DeserializeOwned {
    const FILE: &'static str;
    const FORMAT: &'static str;
    const ROLE: Role;
    fn instance(&mut self) -> &mut Instance;

    /// Nothing has happened yet.
    fn empty(instance: &Instance) -> Self {
        let mut state = Self::default();
        *state.instance() = instance.clone();
        state
    }
}

/// Reads the state of a directory that is the original. One that was not used yet has an empty one.
pub(crate) fn open<S: State>(locked: &Locked) -> Result<(Identity, S), Error> {
    let identity = Identity::load_as(locked, S::ROLE)?;
    let Some(mut loaded) = locked.load_stamped::<S>(S::FILE, S::FORMAT)? else {
        return if identity.is_decided() {
            Err(Error::StateMissing(locked.path(S::FILE), S::ROLE, locked.dir()))
        } else {
            let state = S::empty(identity.instance());
            Ok((identity, state))
        };
    };
    if !loaded.original || loaded.state.instance() != identity.instance() {
        return Err(Error::Copied(locked.path(S::FILE), S::ROLE, locked.dir()));
    }
    Ok((identity, loaded.state))
}

/// Makes a state durable; the first one decides the directory's role.
pub(crate) fn save<S: State>(locked: &Locked, identity: &mut Identity, state: &S) -> Result<(), Error> {
    locked.save(S::FILE, S::FORMAT, state)?;
    identity.decide(locked, S::ROLE)
}
