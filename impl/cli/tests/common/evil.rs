//! A gateway that does what its test tells it to.

use dke_coap::names::{ENCRYPT0, ENCRYPT0_TYPE, JOSE, JOSE_TYPE, OSCORE_TYPE};
use dke_coap::options::{CONTENT_FORMAT, OSCORE};
use dke_coap::{Bare, Code};
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

/// What it holds.
#[derive(Default)]
pub(crate) struct Held {
    /// Requests as clients made them, each once.
    pub(crate) asked: Vec<Bare>,
    /// What the node is given, until it has answered.
    pub(crate) queue: Vec<(u64, Bare)>,
    /// What the node answered, by number.
    pub(crate) answered: HashMap<u64, Bare>,
    /// What a client is given for a request, by the request's bytes.
    pub(crate) given: HashMap<Vec<u8>, Bare>,
}

/// Listens on HTTP for as long as the process lives.
pub(crate) struct Evil {
    pub(crate) url: String,
    held: Arc<Mutex<Held>>,
}

impl Evil {
    pub(crate) fn start() -> Evil {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let held: Arc<Mutex<Held>> = Arc::default();
        let shared = held.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &mut shared.lock().unwrap());
            }
        });
        Evil { url, held }
    }

    pub(crate) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }
}

fn serve(mut stream: TcpStream, held: &mut Held) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap().split('?').next().unwrap());
    let mut headers = HashMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_string());
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let segments: Vec<&str> = target.split('/').skip(1).collect();
    let (status, more, body) = match (method, segments.as_slice()) {
        ("POST", ["nodes", ..]) => ask(held, &headers, body),
        ("GET", ["dke", _, "requests"]) => ("200 OK", String::new(), waiting(held)),
        ("PUT", ["dke", _, "requests", number]) => {
            let number = number.parse().unwrap();
            held.answered.insert(number, Bare::parse(&body).unwrap());
            held.queue.retain(|(one, _)| *one != number);
            ("201 Created", String::new(), Vec::new())
        }
        // Epoch 1, 4 prekeys, 30 days: nothing is to be mended.
        ("GET", ["dke", _, "left"]) => ("200 OK", String::new(), vec![0x83, 1, 4, 0x1a, 0x00, 0x27, 0x8d, 0x00]),
        // Publications and Confirms are taken, and no mail waits.
        ("PUT" | "POST", _) => ("201 Created", String::new(), Vec::new()),
        _ => ("200 OK", String::new(), Vec::new()),
    };
    let head = format!("HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
}

fn ask(held: &mut Held, headers: &HashMap<String, String>, payload: Vec<u8>) -> (&'static str, String, Vec<u8>) {
    let options = match headers["content-type"].as_str() {
        OSCORE_TYPE => vec![(OSCORE, dke_app::oscore::http::option(&headers["oscore"]).unwrap())],
        ENCRYPT0_TYPE => vec![(CONTENT_FORMAT, vec![16])],
        other => {
            assert_eq!(other, JOSE_TYPE);
            vec![(CONTENT_FORMAT, JOSE.to_be_bytes().to_vec())]
        }
    };
    let request = Bare { code: Code(2), options, payload };
    if !held.asked.contains(&request) {
        held.asked.push(request.clone());
    }
    let Some(given) = held.given.get(&request.encode()) else {
        return ("202 Accepted", "Retry-After: 1\r\n".into(), Vec::new());
    };
    let mut more = String::new();
    if let Some(option) = given.option(OSCORE) {
        let header = dke_app::oscore::http::header(option);
        more = format!("OSCORE: {header}\r\nContent-Type: {OSCORE_TYPE}\r\n");
    } else if let Some(format) = given.uint(CONTENT_FORMAT) {
        let name = if format == u32::from(ENCRYPT0) { ENCRYPT0_TYPE } else { JOSE_TYPE };
        more = format!("Content-Type: {name}\r\n");
    }
    let status = match given.code.class() {
        2 => "200 OK",
        _ if given.code == Code::UNAUTHORIZED => "403 Forbidden",
        _ => "400 Bad Request",
    };
    (status, more, given.payload.clone())
}

fn waiting(held: &Held) -> Vec<u8> {
    let mut encoder = minicbor::Encoder::new(Vec::new());
    for (number, request) in &held.queue {
        encoder.array(2).unwrap().u64(*number).unwrap().bytes(&request.encode()).unwrap();
    }
    encoder.into_writer()
}
