//! Output that cannot be written: nothing that was received is lost, and nothing panics. PROTOCOL.md section 18.6.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
#![cfg(target_os = "linux")]

mod common;
#[path = "common/served.rs"]
mod served;
#[path = "common/talking.rs"]
mod talking;

use common::Place;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Command, Output, Stdio};
use talking::Talking;

/// Runs `dke ...` in a shell, with this said about its output.
fn shell(place: &Place, words: &str, output: &str) -> Output {
    let line = format!("'{}' {words} {output}", env!("CARGO_BIN_EXE_dke"));
    Command::new("bash").args(["-c", &line]).current_dir(place.0.path()).output().unwrap()
}

/// It fails in a sentence, whatever is wrong with its output.
fn fails(place: &Place, words: &str, output: &str) {
    let done = shell(place, words, output);
    let told = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "dke {words} {output}: {told}");
    assert!(told.lines().count() == 1 && !told.contains("panicked"), "dke {words} {output}: {told}");
}

/// A full device, and a closed output.
const BAD: [&str; 2] = [">/dev/full", ">&-"];

#[test]
fn what_cannot_be_written_is_given_again() {
    let place = Place::with_node(2);
    place.initiate("a", "--data early");
    for output in BAD {
        fails(&place, "node accept lamp initiate-a.cbor --data answer --out confirm-a.cbor", output);
    }
    let told = place.ok("node accept lamp initiate-a.cbor --data answer --out confirm-a.cbor");
    assert_eq!(told["early_data"]["text"], "early");
    for output in BAD {
        fails(&place, "client finish anna confirm-a.cbor", output);
    }
    assert_eq!(place.ok("client finish anna confirm-a.cbor")["answer"]["text"], "answer");
    assert_eq!(place.refused("client finish anna confirm-a.cbor").0, "WrongExchange");

    fs::write(place.path("content"), "content").unwrap();
    for format in ["cose", "jwe", "jws", "mac0"] {
        place.ok(&format!("seal anna content --as {format} --out object"));
        for json in ["", "--json"] {
            for output in BAD {
                fails(&place, &format!("{json} open lamp object --as {format}"), output);
            }
        }
        // A file that cannot be written.
        let out = place.refused_with_changes(&format!("open lamp object --as {format} --out nowhere/content"));
        assert_eq!(out.0, "File");
        assert_eq!(place.ok(&format!("open lamp object --as {format}"))["content"]["text"], "content");
        assert_eq!(place.refused(&format!("open lamp object --as {format}")).0, "Replayed");
    }
    // Without the object.
    place.ok("seal anna content --as cose --out object");
    fails(&place, "open lamp object --as cose", BAD[0]);
    fs::remove_file(place.path("object")).unwrap();
    fails(&place, "deliver lamp", BAD[0]);
    let received = place.ok("deliver lamp")["received"].clone();
    assert_eq!((received.as_array().unwrap().len(), &received[0]["content"]["text"]), (1, &"content".into()));
    assert!(place.ok("deliver lamp")["received"].as_array().unwrap().is_empty());
}

#[test]
fn what_waits_is_bounded_and_nothing_of_it_is_dropped() {
    let place = Place::with_node(1);
    place.initiate("a", "");
    place.ok("node accept lamp initiate-a.cbor --out confirm-a.cbor");
    place.ok("client finish anna confirm-a.cbor");
    for number in 0..17 {
        fs::write(place.path("content"), number.to_string()).unwrap();
        place.ok(&format!("seal anna content --as cose --out object-{number}"));
        if number < 16 {
            fails(&place, &format!("open lamp object-{number} --as cose"), BAD[0]);
        }
    }
    let (name, sentence) = place.refused("open lamp object-16 --as cose");
    assert!(name == "Usage" && sentence.contains("dke deliver"), "{sentence}");
    assert_eq!(place.ok("deliver lamp")["received"].as_array().unwrap().len(), 16);
    assert_eq!(place.ok("open lamp object-16 --as cose")["content"]["text"], "16");
}

#[test]
fn no_command_panics_because_of_its_output() {
    let place = Place::with_node(1);
    place.initiate("a", "");
    for words in [
        "client status anna",
        "--json node status lamp",
        "export anna application 16",
        "credential show anna/credential.cbor",
        "inspect publication.cbor",
        "gateway status gate",
        "seal anna content --as cose",
        "keygen ben --subject ben",
    ] {
        fs::write(place.path("content"), "content").unwrap();
        fails(&place, words, ">/dev/full");
        let closed = shell(&place, words, ">/dev/full 2>&-");
        assert!(matches!(closed.status.code(), Some(1 | 2)), "{words}");
    }
    // A reader that has enough is no error.
    let head = shell(&place, "inspect publication.cbor", "| head -c 1; echo; exit ${PIPESTATUS[0]}");
    assert_eq!(head.status.code(), Some(0), "{}", String::from_utf8_lossy(&head.stderr));
}

#[test]
fn responses_and_representations_over_the_network() {
    let talking = Talking::with_session("anna");
    let place = &talking.place;
    let (gateway, id) = (talking.gateway.coap.clone(), talking.id.clone());
    place.ok(&format!("node leave lamp note --gateway {gateway} --data secret --as cose"));
    let read = format!("client read anna note --node lamp/credential.cbor --gateway {gateway}");
    fails(place, &read, ">/dev/full");
    assert_eq!(place.ok(&read)["content"]["text"], "secret");
    assert_eq!(place.refused(&read).0, "Replayed");

    let url = format!("{gateway}/nodes/{id}/light");
    assert_eq!(place.refused_with_changes(&format!("request anna {url} --as oscore --wait 0")).0, "Pending");
    talking.wake();
    fails(place, &format!("request anna {url} --again"), ">/dev/full");
    let told = place.ok(&format!("request anna {url} --again"));
    let responses = told["responses"].as_array().unwrap();
    assert_eq!((responses.len(), &responses[0]["code"]), (1, &"2.05".into()), "{told}");
    assert!(place.ok(&format!("request anna {url} --again"))["responses"].as_array().unwrap().is_empty());
}

#[test]
fn the_answer_to_a_call() {
    let talking = Talking::new();
    let place = &talking.place;
    let line = format!(
        "'{}' client call anna --node lamp/credential.cbor --gateway {} --data on --wait 600 >/dev/full",
        env!("CARGO_BIN_EXE_dke"),
        talking.gateway.coap
    );
    let call = Command::new("bash").args(["-c", &line]).current_dir(place.0.path()).spawn().unwrap();
    common::limit::eventually("an Initiate comes", || (talking.gateway.waiting("waiting") > 0).then_some(()));
    let mut run = place.command(&format!("node run lamp --gateway {} --once --handler", talking.gateway.coap));
    assert!(run.arg("printf lit").output().unwrap().status.success());
    assert_eq!(call.wait_with_output().unwrap().status.code(), Some(1));
    let resume = format!("client resume anna --node lamp/credential.cbor --gateway {} --wait 5", talking.gateway.coap);
    fails(place, &resume, ">/dev/full");
    let told = place.ok(&resume);
    let exchanges = told["exchanges"].as_array().unwrap();
    assert_eq!((exchanges.len(), &exchanges[0]["answer"]["text"]), (1, &"lit".into()), "{told}");
    assert!(place.ok(&resume)["exchanges"].as_array().unwrap().is_empty());
}

#[test]
fn a_planted_link_is_not_followed_and_rights_are_not_widened() {
    let place = Place::with_node(1);
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    for name in ["node.json.new", "node.json.old"] {
        fs::write(place.path("victim"), "victim").unwrap();
        symlink(place.path("victim"), place.path(&format!("lamp/{name}"))).unwrap();
        place.refused_or_broken("node publish lamp --out again.cbor");
        assert_eq!(fs::read_to_string(place.path("victim")).unwrap(), "victim", "{name}");
        fs::remove_file(place.path(&format!("lamp/{name}"))).unwrap();
        place.ok("node publish lamp --out again.cbor");
    }
    // Restored with the rights of another file.
    for name in ["node.json", "identity.json"] {
        fs::set_permissions(place.path(&format!("lamp/{name}")), fs::Permissions::from_mode(0o644)).unwrap();
        let (name_of_error, sentence) = place.refused("node publish lamp --out again.cbor");
        assert!(name_of_error == "File" && sentence.contains("chmod 600"), "{sentence}");
        fs::set_permissions(place.path(&format!("lamp/{name}")), fs::Permissions::from_mode(0o600)).unwrap();
        place.ok("node publish lamp --out again.cbor");
        assert_eq!(mode(&format!("lamp/{name}")), 0o600);
    }
    // Nor is a link in the place of a state.
    fs::rename(place.path("lamp/node.json"), place.path("elsewhere")).unwrap();
    symlink(place.path("elsewhere"), place.path("lamp/node.json")).unwrap();
    place.refused("node publish lamp --out again.cbor");
}

/// A command that is killed in the middle of its output has delivered nothing.
#[test]
fn a_kill_in_the_middle_of_the_output() {
    let place = Place::with_node(1);
    place.initiate("a", "");
    place.ok("node accept lamp initiate-a.cbor --out confirm-a.cbor");
    place.ok("client finish anna confirm-a.cbor");
    let content = "content ".repeat(100_000);
    fs::write(place.path("content"), &content).unwrap();
    for json in [false, true] {
        place.ok("seal anna content --as jwe --out object");
        let mut command = Command::new(env!("CARGO_BIN_EXE_dke"));
        command.args(json.then_some("--json")).args(["open", "lamp", "object", "--as", "jwe"]);
        let mut open = command.current_dir(place.0.path()).stdout(Stdio::piped()).spawn().unwrap();
        // It has begun, and does not get on: nobody reads more than this.
        open.stdout.as_mut().unwrap().read_exact(&mut [0; 1]).unwrap();
        open.kill().unwrap();
        open.wait().unwrap();
        assert_eq!(place.ok("open lamp object --as jwe")["content"]["text"], content.as_str());
        assert_eq!(place.refused("open lamp object --as jwe").0, "Replayed");
    }
}

/// `--out` on a file system without room for all of it: nothing is left there, and the content can be had again.
#[test]
fn a_file_system_that_is_full() {
    let place = Place::with_node(1);
    place.initiate("a", "");
    place.ok("node accept lamp initiate-a.cbor --out confirm-a.cbor");
    place.ok("client finish anna confirm-a.cbor");
    fs::write(place.path("content"), "content ".repeat(20_000)).unwrap();
    place.ok("seal anna content --as jwe --out object");
    fs::create_dir(place.path("full")).unwrap();
    // A file system of the test's own, in a name space of its own.
    let mounted = |line: &str| {
        let line = format!("mount -t tmpfs -o size=64k tmpfs full && {line}");
        Command::new("unshare").args(["-rm", "bash", "-c", &line]).current_dir(place.0.path()).output().unwrap()
    };
    if !mounted("true").status.success() {
        println!("!!! This system allows no file system of the test's own: not tested");
        return;
    }
    let dke = env!("CARGO_BIN_EXE_dke");
    let open = format!("'{dke}' open lamp object --as jwe --out full/content; echo $?; ls full");
    let done = mounted(&open);
    let told = String::from_utf8_lossy(&done.stderr);
    assert_eq!(String::from_utf8_lossy(&done.stdout), "1\n", "an error, and no half of a file: {told}");
    assert!(told.contains("full/content") && told.lines().count() == 1 && !told.contains("panicked"), "{told}");
    place.ok("open lamp object --as jwe --out whole");
    assert_eq!(fs::read(place.path("whole")).unwrap(), fs::read(place.path("content")).unwrap());
    assert_eq!(place.refused("open lamp object --as jwe --out again").0, "Replayed");
}
