//! A gateway that is asked for more than it can give: a medium that is full, floods from many addresses, garbage and halves of messages.
//! It refuses with proper codes, keeps what it acknowledged, holds a bounded amount of memory, and serves the honest meanwhile.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
#[path = "common/served.rs"]
mod served;

use common::Place;
use common::limit::eventually;
use rand_core::{OsRng, RngCore as _};
use serde_json::Value;
use served::Served;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

/// Memory that the gateway may hold, in kB: its page cache has 64 MB.
const MEMORY_MAX: u64 = 200_000;
/// Sources of a flood: so many addresses.
const SOURCES: u8 = 250;

fn place() -> Place {
    let place = Place::new();
    place.ok("keygen lamp --subject lamp-7");
    place.ok("keygen anna --subject anna");
    place.ok("node trust lamp --client anna/credential.cbor");
    place
}

fn coap_address(gateway: &Served) -> SocketAddr {
    gateway.coap.strip_prefix("coap://").unwrap().parse().unwrap()
}

/// A confirmable POST to the node's `offer`.
fn ask_offer(node: &str, id: u16) -> Vec<u8> {
    [&[0x40, 2], id.to_be_bytes().as_slice(), b"\xb3dke\x0d\x09", node.as_bytes(), b"\x05offer"].concat()
}

/// What a flood does now, and how many answers of each code it got.
#[derive(Default)]
struct Flood(AtomicU8, Mutex<BTreeMap<String, u64>>);

impl Flood {
    const FULL_RATE: u8 = 0;
    const AS_ANSWERED: u8 = 1;
    const OVER: u8 = 2;

    /// From now on a source waits for the answer to its last datagram, or a little: so the system's queue of datagrams is not always full, and whoever
    /// is honest gets through to the gateway. That is then as busy as can be.
    fn calm(&self) {
        self.0.store(Flood::AS_ANSWERED, Ordering::Relaxed);
    }

    fn is(&self, now: u8) -> bool {
        self.0.load(Ordering::Relaxed) == now
    }

    /// Waits for so many answers of each code.
    fn until(&self, answers: &[(&str, u64)]) {
        eventually("what a flood is answered", || {
            let seen = self.codes();
            answers.iter().all(|(code, least)| seen.get(*code).is_some_and(|count| count >= least)).then_some(())
        });
    }

    fn codes(&self) -> BTreeMap<String, u64> {
        self.1.lock().unwrap().clone()
    }
}

/// Ends a flood, also where a test fails.
struct Ending<'a>(&'a Flood);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.0.store(Flood::OVER, Ordering::Relaxed);
    }
}

/// Sends from all sources until told to stop; counts the codes of the answers. 5.03 and 4.29 must say when to come again.
fn flood(server: SocketAddr, network: u8, now: &Flood, mut datagram: impl FnMut(u16) -> Vec<u8>) {
    const MAX_AGE: u8 = 14;
    const PATIENCE: Duration = Duration::from_millis(200);
    let mut sources: Vec<(UdpSocket, Option<Instant>)> = (1..=SOURCES)
        .map(|host| {
            let socket = UdpSocket::bind((Ipv4Addr::new(127, 1, network, host), 0)).unwrap();
            socket.set_nonblocking(true).unwrap();
            (socket, None)
        })
        .collect();
    let (mut buffer, mut id) = ([0; 2048], 0_u16);
    while !now.is(Flood::OVER) {
        id = id.wrapping_add(1);
        for (source, asked) in &mut sources {
            while let Ok((length, _)) = source.recv_from(&mut buffer) {
                let code = format!("{}.{:02}", buffer[1] >> 5, buffer[1] & 31);
                if code == "5.03" || code == "4.29" {
                    assert!(
                        length > 5 && buffer[4] >> 4 == 13 && buffer[5] + 13 == MAX_AGE,
                        "{:x?}",
                        &buffer[..length]
                    );
                }
                *now.1.lock().unwrap().entry(code).or_default() += 1;
                *asked = None;
            }
            if now.is(Flood::FULL_RATE) || asked.is_none_or(|asked| asked.elapsed() > PATIENCE) {
                let _ = source.send_to(&datagram(id), server);
                *asked = Some(Instant::now());
            }
        }
        if now.is(Flood::AS_ANSWERED) {
            std::thread::yield_now();
        }
    }
}

/// An honest client's whole exchange.
fn exchange(place: &Place, gateway: &Served) {
    let call = format!("client call anna --node lamp/credential.cbor --gateway {} --wait 600 --data x", gateway.coap);
    let anna = place.command(&call).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let wake = format!("node run lamp --gateway {} --once", gateway.coap);
    eventually("the node answers", || (place.ok(&wake)["answered"] == 1).then_some(()));
    let output = anna.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_flood_of_requests_for_offers() {
    let place = place();
    let gateway = Served::start(&place, "--node lamp/credential.cbor --puzzle 8 --rate 20 --burst 80");
    place.ok(&format!("node run lamp --gateway {} --once", gateway.coap));
    let node = gateway.nodes()["list"][0]["id"].as_str().unwrap().to_string();
    let now = Flood::default();
    scope(|scope| {
        scope.spawn(|| flood(coap_address(&gateway), 1, &now, |id| ask_offer(&node, id)));
        let _ending = Ending(&now);
        now.until(&[("4.12", 1000), ("4.29", 1000)]);
        now.calm();
        // The puzzle keeps the prekeys for those who work for them.
        exchange(&place, &gateway);
    });
    let codes = now.codes();
    let state = gateway.nodes()["list"][0].clone();
    assert_eq!((&state["left"], &state["waiting"]), (&31.into(), &0.into()));
    let allowed = ["4.01", "4.12", "4.29", "5.03"];
    assert!(codes.keys().all(|code| allowed.contains(&code.as_str())), "{codes:?}");
    println!(
        "a flood for Offers from {SOURCES} addresses: {codes:?}; the gateway held at most {} kB",
        gateway.memory()
    );
    assert!(gateway.memory() < MEMORY_MAX);
}

#[test]
fn prekeys_that_a_flood_drained_come_back() {
    let place = place();
    let gateway = Served::start(&place, "--node lamp/credential.cbor --lease 1 --puzzle-max 0");
    place.ok(&format!("node run lamp --gateway {} --once --depth 6", gateway.coap));
    let node = gateway.nodes()["list"][0]["id"].as_str().unwrap().to_string();
    let now = Flood::default();
    scope(|scope| {
        scope.spawn(|| flood(coap_address(&gateway), 2, &now, |id| ask_offer(&node, id)));
        let _ending = Ending(&now);
        now.until(&[("2.04", 64), ("5.03", 1000)]);
    });
    let codes = now.codes();
    let allowed = ["2.04", "4.01", "4.29", "5.03"];
    assert!(codes.keys().all(|code| allowed.contains(&code.as_str())), "{codes:?}");
    // It was slower than its requests for a while: none of that holds it up for good.
    exchange(&place, &gateway);
    println!("without a puzzle: {codes:?}; the gateway held at most {} kB", gateway.memory());
    assert!(gateway.memory() < MEMORY_MAX);
}

#[test]
fn garbage_and_halves_of_messages() {
    let place = place();
    let gateway = Served::start(&place, "--node lamp/credential.cbor");
    place.ok(&format!("node run lamp --gateway {} --once", gateway.coap));
    let node = gateway.nodes()["list"][0]["id"].as_str().unwrap().to_string();
    let (now, sent) = (Flood::default(), AtomicU64::new(0));
    let garbage = |id: u16| {
        sent.fetch_add(1, Ordering::Relaxed);
        let mut random = vec![0; (OsRng.next_u32() % 200) as usize];
        OsRng.fill_bytes(&mut random);
        match OsRng.next_u32() % 5 {
            // No message at all; a good header before nonsense; half a request.
            0 => random,
            1 => [&[0x40, 2], id.to_be_bytes().as_slice(), &random].concat(),
            2 => ask_offer(&node, id)[..20].to_vec(),
            // The first block of a body that never goes on, and a later one of a body that never began.
            3 => blocks(&node, id, 0x0e),
            _ => blocks(&node, id, 0x5e),
        }
    };
    scope(|scope| {
        scope.spawn(|| flood(coap_address(&gateway), 3, &now, garbage));
        let connections = scope.spawn(|| half_connections(&gateway, &now));
        let ending = Ending(&now);
        now.until(&[("2.31", 100), ("4.08", 100)]);
        now.calm();
        exchange(&place, &gateway);
        assert_eq!(gateway.nodes()["nodes"], 1);
        drop(ending);
        println!(
            "garbage: {} datagrams, {} connections; answers {:?}; the gateway held at most {} kB",
            sent.load(Ordering::Relaxed),
            connections.join().unwrap(),
            now.codes(),
            gateway.memory()
        );
    });
    assert!(gateway.memory() < MEMORY_MAX);
    exchange(&place, &gateway);
}

/// A POST to `initiate` with this Block1 option and 1,024 bytes.
fn blocks(node: &str, id: u16, block_1: u8) -> Vec<u8> {
    let head = [&[0x40, 2], id.to_be_bytes().as_slice(), b"\xb3dke\x0d\x09", node.as_bytes(), b"\x08initiate"].concat();
    // Option 27 stands 16 behind Uri-Path.
    [head.as_slice(), &[0xd1, 3, block_1, 0xff], &[7; 1024]].concat()
}

/// Connections over HTTP that say half of a request, or nonsense, and stay.
fn half_connections(gateway: &Served, now: &Flood) -> usize {
    let address = gateway.http.strip_prefix("http://").unwrap();
    let mut open = Vec::new();
    while !now.is(Flood::OVER) && open.len() < 500 {
        let mut stream = TcpStream::connect(address).unwrap();
        let half: &[u8] = match open.len() % 3 {
            0 => b"GET /dke HT",
            1 => b"PUT /dke/x/credential HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
            _ => b"\x16\x03\x01\x02\x00 nonsense \r\n\r\n",
        };
        let _ = stream.write_all(half);
        open.push(stream);
    }
    open.len()
}

/// A medium of its own, which ends with the test.
struct Tmpfs(PathBuf);

impl Tmpfs {
    /// Mounts one, so that a gateway has 2 MB there besides what it keeps free. `None` where that is not allowed.
    fn mount(at: PathBuf) -> Option<Tmpfs> {
        std::fs::create_dir(&at).unwrap();
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", "size=18m", "tmpfs"]).arg(&at).output();
        done.is_ok_and(|done| done.status.success()).then(|| Tmpfs(at))
    }

    /// Somebody else takes what is left.
    fn fill(&self) {
        let mut filler = std::fs::File::create(self.0.join("filler")).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
    }

    fn mend(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
        let larger = Command::new("mount").args(["-o", "remount,size=64m"]).arg(&self.0).status();
        assert!(larger.unwrap().success());
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// A gateway that may write files of so many kilobytes: beyond that writing fails with an error, as on a full disk.
fn serve(place: &Place, kilobytes: &str) -> Served {
    let dke = place.command("").get_program().to_owned();
    let mut shell = Command::new("bash");
    shell
        .current_dir(place.0.path())
        .arg("-c")
        .arg(format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$@\""))
        .arg("bash")
        .arg(dke)
        .args("--json gateway serve --store medium/store --open --coap 127.0.0.1:0 --http 127.0.0.1:0".split(' '));
    Served::run(&mut shell)
}

/// Nodes publish until one is refused. Those whose Publications are acknowledged, and the refusal.
fn fill(place: &Place, gateway: &Served) -> (Vec<String>, String) {
    let mut acknowledged = Vec::new();
    loop {
        let name = format!("n{}", acknowledged.len());
        place.ok(&format!("keygen {name} --subject {name}"));
        let output = place.run(&format!("node run {name} --gateway {} --once --depth 8", gateway.coap));
        if !output.status.success() {
            let told: Value = serde_json::from_slice(&output.stderr).unwrap();
            return (acknowledged, told["sentence"].as_str().unwrap().to_string());
        }
        acknowledged.push(name);
        assert!(acknowledged.len() < 200, "it is never full");
    }
}

/// A full medium stops a gateway from taking in more; one that fails ends it, and nothing that it acknowledged is lost.
#[test]
fn a_medium_that_is_full() {
    const CALLS: usize = 16;
    let place = place();
    let medium = Tmpfs::mount(place.path("medium"));
    let gateway = match &medium {
        Some(_) => serve(&place, "unlimited"),
        None => {
            // Written past the harness, which would swallow it.
            let _ = std::io::stderr().write_all(
                b"!!! No tmpfs can be mounted here: a limit on the size of files stands in for a small medium\n",
            );
            drop(serve(&place, "unlimited"));
            let kilobytes = std::fs::metadata(place.path("medium/store")).unwrap().len() / 1024;
            serve(&place, &(kilobytes + 600).to_string())
        }
    };
    place.ok(&format!("node run lamp --gateway {} --once", gateway.coap));
    let call = format!("client call anna --node lamp/credential.cbor --gateway {} --wait 0 --data x", gateway.coap);
    for _ in 0..CALLS {
        place.run(&call);
    }
    assert_eq!(gateway.nodes()["list"][0]["waiting"], CALLS);
    let (acknowledged, refusal) = fill(&place, &gateway);
    assert!(!acknowledged.is_empty());
    if let Some(medium) = &medium {
        // It keeps room for changes to what is there; when somebody else takes that too, writing fails. A full store asks for an hour's patience.
        assert!(refusal.contains("nothing for now") && refusal.contains("3600 s"), "{refusal}");
        medium.fill();
        let mut answer = place.command(&format!("node run lamp --gateway {} --once --handler", gateway.coap));
        assert!(!answer.arg("head -c 1000 /dev/zero").status().unwrap().success(), "all of this had room");
    } else {
        assert!(refusal.contains("5.00"), "{refusal}");
    }
    let (code, told) = gateway.ended();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("The store failed") && told.contains("Start it again"), "{told}");
    if let Some(medium) = &medium {
        medium.mend();
    }
    // With room again, everything that was acknowledged is there, and who was refused is served.
    let mended = serve(&place, "unlimited");
    let list = mended.nodes()["list"].as_array().unwrap().clone();
    let epoch = |name: &String| list.iter().find(|node| node["subject"] == **name).map(|node| node["epoch"].clone());
    for name in &acknowledged {
        assert_eq!(epoch(name), Some(1.into()), "{name} is lost: {list:?}");
    }
    place.ok(&format!("node run n{} --gateway {} --once", acknowledged.len(), mended.coap));
    place.ok(&format!("node run lamp --gateway {} --once", mended.coap));
    let resume = format!("client resume anna --node lamp/credential.cbor --gateway {} --wait 600", mended.coap);
    let fingerprints = |list: &Value, name: &str| -> BTreeSet<String> {
        list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_string()).collect()
    };
    let sessions = fingerprints(&place.ok("node status lamp")["sessions"], "fingerprint");
    assert_eq!(fingerprints(&place.ok(&resume)["exchanges"], "session_fingerprint"), sessions);
    assert_eq!(sessions.len(), CALLS);
    println!("full after {} nodes with 256 prekeys: \"{refusal}\" Then: {told}", acknowledged.len());
}
