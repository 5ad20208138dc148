//! A node's admission key in a file: 32 hexadecimal digits, for the node and all its clients.

use crate::fault::Fault;
use crate::files::{self, Out};
use dke::AdmissionKey;
use dke::params::ADMISSION_KEY;
use dke_agent::Gateway;
use rand_core::OsRng;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The gateway for a client that has the key of this file, if it has one.
pub(crate) fn with_key(gateway: Gateway, file: Option<&PathBuf>) -> Result<Gateway, Fault> {
    file.map_or(Ok(gateway.clone()), |path| Ok(gateway.admitting(read(path)?)))
}

/// The gateway for a node with the key of this file, which is made if it is not there.
pub(crate) fn with_own_key(gateway: Gateway, file: Option<&PathBuf>) -> Result<Gateway, Fault> {
    if let Some(path) = file.filter(|path| !path.exists()) {
        make(path)?;
    }
    with_key(gateway, file)
}

fn make(path: &Path) -> Result<(), Fault> {
    let key = AdmissionKey::draw(&mut OsRng).map_err(Fault::from)?;
    let text = Zeroizing::new(format!("{}\n", hex::encode(key.expose())));
    Out::reserve(path)?.write(text.as_bytes())
}

fn read(path: &Path) -> Result<AdmissionKey, Fault> {
    let text = Zeroizing::new(files::read(path)?);
    let mut key = Zeroizing::new([0; ADMISSION_KEY]);
    hex::decode_to_slice(text.trim_ascii(), key.as_mut_slice()).map_err(|_| Fault::Input {
        name: "File",
        sentence: format!("{} is no admission key; 32 hexadecimal digits are expected.", path.display()),
    })?;
    Ok(AdmissionKey::from_bytes(*key))
}
