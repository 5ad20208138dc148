//! A directory knows that it is the original, through kills and losses of power at every operation. PROTOCOL.md section 18.6.

use dke::params::PUBLICATION_MAX;
use dke::{Depth, Suite, node::Node, node::Plan};
use dke_state::{
    ClientDir, Disk, EPOCH_GAP, Epochs, Error, Hex, Identity, Locked, MemoryDisk, NodeDir, RealDisk, Role,
    recover_client, recover_node,
};
use rand_core::OsRng;
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn disk(role: Option<Role>) -> MemoryDisk {
    let disk = MemoryDisk::new();
    keygen(&disk, role).unwrap();
    disk
}

fn keygen(disk: &MemoryDisk, role: Option<Role>) -> Result<(), Error> {
    Identity::draw(role, "lamp-7", b"lamp", &mut OsRng)?.store(&lock(disk)?)
}

fn lock(disk: &MemoryDisk) -> Result<Locked, Error> {
    Locked::on(Arc::new(disk.clone()))
}

fn publish(disk: &MemoryDisk) -> Result<u64, Error> {
    let locked = lock(disk)?;
    let identity = Identity::load(&locked)?;
    let mut dir = NodeDir::open(locked)?;
    let node: Node<'_> = Node::new(identity.credential()?, &identity.key, false);
    let plan = Plan { suite: Suite::AesCcm8, depth: Depth::new(1).unwrap(), not_after: u64::MAX };
    match node.publish(&mut dir, &plan, &mut OsRng, &mut vec![0; PUBLICATION_MAX]) {
        Ok(_) => Ok(dir.state.last_epoch),
        Err(dke::Error::Storage(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

fn epoch(disk: &MemoryDisk) -> Result<u64, Error> {
    Ok(NodeDir::open(lock(disk)?)?.state.last_epoch)
}

fn copied<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Copied(..)))
}

#[test]
fn a_copy_is_refused_and_the_original_goes_on() {
    let original = disk(Some(Role::Node));
    publish(&original).unwrap();
    let copy = original.copy();
    assert!(copied(epoch(&copy)));
    assert!(copied(publish(&copy)));
    assert_eq!(publish(&original).unwrap(), 2);
    // Even one that was made before the first use.
    let unused = disk(None);
    assert!(copied(epoch(&unused.copy())));
    assert!(copied(ClientDir::open(lock(&unused.copy()).unwrap())));
}

#[test]
fn a_cut_at_any_operation_leaves_an_original() {
    // Each is cut off at each of its operations, by a kill or by a loss of power that keeps some of the changes of names.
    let first = disk(Some(Role::Node));
    publish(&first).unwrap();
    for at in 0.. {
        let mut ended = false;
        for kept in [None, Some(0), Some(1), Some(2), Some(3), Some(usize::MAX)] {
            let cut = first.image();
            let start = cut.operations();
            cut.fail_at(Some(start + at));
            ended = publish(&cut).is_ok();
            cut.fail_at(None);
            match kept {
                None => cut.kill(),
                Some(kept) => cut.lose_power(kept),
            }
            let epoch = epoch(&cut).unwrap_or_else(|error| panic!("cut off at {at}, {kept:?} kept: {error}"));
            assert!(epoch == 1 || epoch == 2, "cut off at {at}");
            assert!(!ended || epoch == 2, "what was acknowledged is lost at {at}, {kept:?} kept");
            assert_eq!(publish(&cut).unwrap(), epoch + 1);
        }
        if ended {
            return;
        }
    }
}

#[test]
fn what_was_replaced_is_overwritten_wherever_a_kill_comes() {
    let first = disk(Some(Role::Node));
    publish(&first).unwrap();
    let secret = serde_json::from_slice::<serde_json::Value>(&first.bytes("node.json").unwrap()).unwrap();
    let y = secret["state"]["batches"]["1"]["prekeys"][0]["y"].as_str().unwrap().to_string();
    for at in 0.. {
        let cut = first.image();
        cut.fail_at(Some(cut.operations() + at));
        let locked = lock(&cut).unwrap();
        let mut dir = NodeDir::open(locked).unwrap();
        let erased = dke::store::NodeStore::erase_prekey(&mut dir, 1, 0).is_ok();
        drop(dir);
        cut.fail_at(None);
        cut.kill();
        // The next process mends it, and erases if that is still to be done.
        let mut dir = NodeDir::open(lock(&cut).unwrap()).unwrap();
        dke::store::NodeStore::erase_prekey(&mut dir, 1, 0).unwrap();
        assert!(!cut.holds(y.as_bytes()), "cut off at {at}: the erased secret is still on the medium");
        if erased {
            return;
        }
    }
}

#[test]
fn keygen_and_recover_can_be_repeated_wherever_they_were_cut_off() {
    for at in 0.. {
        let cut = MemoryDisk::new();
        cut.fail_at(Some(at));
        let ended = keygen(&cut, Some(Role::Node)).is_ok();
        cut.fail_at(None);
        cut.lose_power(usize::MAX);
        if ended {
            break;
        }
        keygen(&cut, Some(Role::Node))
            .or_else(|error| match error {
                Error::IdentityExists(_) => Ok(()),
                error => Err(error),
            })
            .unwrap();
        assert_eq!(publish(&cut).unwrap(), 1);
    }
    let original = disk(Some(Role::Node));
    publish(&original).unwrap();
    for at in 0.. {
        let cut = original.copy();
        cut.fail_at(Some(cut.operations() + at));
        let recover = || recover_node(&lock(&cut)?, Epochs::default(), &mut OsRng);
        let ended = recover().is_ok();
        cut.fail_at(None);
        cut.lose_power(usize::MAX);
        // Cut off, it is still a copy, or it has begun anew: never the old state.
        match epoch(&cut) {
            Ok(epoch) => assert!(epoch > EPOCH_GAP),
            Err(error) => assert!(copied::<()>(Err(error))),
        }
        recover().unwrap();
        assert!(publish(&cut).unwrap() > 1 + EPOCH_GAP);
        if ended {
            return;
        }
    }
}

#[test]
fn a_node_begins_anew_with_a_higher_epoch_and_nothing_else_but_its_pins() {
    let original = disk(Some(Role::Node));
    publish(&original).unwrap();
    let pin = Identity::draw(None, "anna", b"anna", &mut OsRng).unwrap();
    let mut dir = NodeDir::open(lock(&original).unwrap()).unwrap();
    dir.state.clients.push(Hex(dke_state_credential(&pin)));
    dir.save().unwrap();
    drop(dir);
    let copy = original.copy();
    let recovered = recover_node(&lock(&copy).unwrap(), Epochs::default(), &mut OsRng).unwrap();
    assert!(recovered.epoch > EPOCH_GAP);
    assert_eq!((recovered.open, recovered.readable), (2, true));
    let dir = NodeDir::open(lock(&copy).unwrap()).unwrap();
    assert!(dir.state.batches.is_empty() && dir.state.sessions.is_empty() && dir.state.clients.len() == 1);
    drop(dir);
    assert_eq!(publish(&copy).unwrap(), recovered.epoch + 1);
    // What the gateway shows with the node's signature, and what the owner says.
    for (epochs, last) in [
        (Epochs { last: Some(7), signed: None }, 8),
        (Epochs { last: Some(7), signed: Some(9) }, 10),
        (Epochs { last: Some(0), signed: None }, 2),
    ] {
        let copy = original.copy();
        assert_eq!(recover_node(&lock(&copy).unwrap(), epochs, &mut OsRng).unwrap().epoch, last);
    }
}

/// Two operators, or one who does it twice, begin anew from the same backup, and no gateway knows what was used since.
#[test]
fn whoever_begins_anew_twice_from_one_backup_uses_other_epochs() {
    let original = disk(Some(Role::Node));
    publish(&original).unwrap();
    let signed = Epochs { last: None, signed: Some(9) };
    let mut begun: Vec<u64> =
        (0..8).map(|_| recover_node(&lock(&original.copy()).unwrap(), signed, &mut OsRng).unwrap().epoch).collect();
    begun.sort_unstable();
    assert!(begun[0] >= 9 + EPOCH_GAP);
    // Two of the eight draw the same with a probability of 28 in 32,768; not so four times.
    let apart = begun.windows(2).filter(|pair| pair[1] - pair[0] >= EPOCH_GAP).count();
    assert!(apart >= 4, "{begun:?}");
}

fn dke_state_credential(identity: &Identity) -> Vec<u8> {
    let disk = MemoryDisk::new();
    identity.store(&lock(&disk).unwrap()).unwrap();
    disk.bytes(dke_state::CREDENTIAL_FILE).unwrap()
}

#[test]
fn a_state_that_is_gone_is_an_error() {
    let node = disk(None);
    publish(&node).unwrap();
    node.remove("node.json").unwrap();
    assert!(matches!(publish(&node), Err(Error::StateMissing(..))));
    let none = recover_node(&lock(&node).unwrap(), Epochs::default(), &mut OsRng);
    assert!(matches!(none, Err(Error::EpochUnknown)));
    recover_node(&lock(&node).unwrap(), Epochs { last: Some(1), signed: None }, &mut OsRng).unwrap();
    assert_eq!(publish(&node).unwrap(), 3);

    let client = disk(Some(Role::Client));
    client.remove("client.json").unwrap();
    assert!(matches!(ClientDir::open(lock(&client).unwrap()), Err(Error::StateMissing(..))));
    assert!(!recover_client(&lock(&client).unwrap(), &mut OsRng).unwrap().readable);
    ClientDir::open(lock(&client).unwrap()).unwrap();
}

#[test]
fn a_directory_has_one_role() {
    let node = disk(None);
    publish(&node).unwrap();
    for as_client in
        [ClientDir::open(lock(&node).unwrap()).err(), recover_client(&lock(&node).unwrap(), &mut OsRng).err()]
    {
        assert!(matches!(as_client, Some(Error::WrongRole(_, Role::Node, Role::Client))));
    }
    let as_authority = Identity::load_as(&lock(&node).unwrap(), Role::Authority);
    assert!(matches!(as_authority.err(), Some(Error::WrongRole(_, Role::Node, Role::Authority))));
    // Looking at it decides nothing.
    let unused = disk(None);
    drop(ClientDir::open(lock(&unused).unwrap()).unwrap());
    assert_eq!(publish(&unused).unwrap(), 1);
}

fn real(dir: &Path) -> Locked {
    Locked::on(Arc::new(RealDisk::open(dir).unwrap())).unwrap()
}

#[test]
fn files_that_were_copied_moved_and_restored() {
    let root = tempfile::tempdir().unwrap();
    let (dir, moved) = (root.path().join("anna"), root.path().join("moved"));
    fs::create_dir(&dir).unwrap();
    Identity::draw(Some(Role::Client), "anna", b"anna", &mut OsRng).unwrap().store(&real(&dir)).unwrap();
    let save = |dir: &Path| -> Result<(), Error> { ClientDir::open(Locked::open(dir)?)?.save() };
    save(&dir).unwrap();
    let backup = root.path().join("backup");
    fs::create_dir(&backup).unwrap();
    let names = ["identity.json", "client.json", "credential.cbor", "lock"];
    let copy = |from: &Path, to: &Path, names: &[&str]| {
        for name in names {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    };
    copy(&dir, &backup, &names);
    assert!(copied(save(&backup)), "cp -r");
    // Within a file system a directory may be moved.
    save(&dir).unwrap();
    fs::rename(&dir, &moved).unwrap();
    save(&moved).unwrap();
    // Restored in place: the files are those of now, what is in them is not.
    copy(&backup, &moved, &["client.json"]);
    assert!(copied(save(&moved)), "one file restored in place");
    copy(&backup, &moved, &names);
    assert!(copied(save(&moved)), "all files restored in place");
    recover_client(&real(&moved), &mut OsRng).unwrap();
    save(&moved).unwrap();
    // A file that was put aside before, and is put back.
    fs::rename(moved.join("client.json"), root.path().join("aside")).unwrap();
    assert!(matches!(save(&moved), Err(Error::StateMissing(..))));
    recover_client(&real(&moved), &mut OsRng).unwrap();
    fs::rename(root.path().join("aside"), moved.join("client.json")).unwrap();
    assert!(copied(save(&moved)), "put back after beginning anew");
}
