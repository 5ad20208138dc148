//! A gateway that lies about Initiates: it stands before a real one, over HTTP and over CoAP, passes on what it gets, and tells the client something else.

use dke_coap::{Code, Endpoint, Method, Parameters, Request, Response, Service};
use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

/// What it says to the first Initiates, and to questions after their Confirms meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct Lie {
    /// An HTTP status: 404 or 409.
    pub(crate) status: u16,
    /// To so many Initiates.
    pub(crate) initiates: usize,
}

/// Lies for as long as the process lives.
pub(crate) struct Liar {
    pub(crate) coap: String,
    pub(crate) http: String,
    lies: Arc<Lies>,
}

struct Lies {
    /// HOST:PORT of the real gateway, over HTTP.
    real: String,
    lie: Lie,
    initiates: AtomicUsize,
}

impl Liar {
    pub(crate) fn start(real: &str, lie: Lie) -> Liar {
        let real = real.strip_prefix("http://").unwrap().to_string();
        let lies = Arc::new(Lies { real, lie, initiates: AtomicUsize::new(0) });
        Liar { coap: over_coap(lies.clone()), http: over_http(lies.clone()), lies }
    }

    /// How many Initiates came.
    pub(crate) fn initiates(&self) -> usize {
        self.lies.initiates.load(Ordering::SeqCst)
    }
}

impl Lies {
    /// The status and the body that the client gets.
    fn answer(&self, method: &str, target: &str, media_type: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let lies = || self.initiates.load(Ordering::SeqCst) <= self.lie.initiates;
        if target.contains("/confirm/") && lies() {
            return (404, Vec::new());
        }
        let truth = ask(&self.real, method, target, media_type, body);
        if !target.ends_with("/initiate") {
            return truth;
        }
        assert!([200, 201, 204].contains(&truth.0), "the real gateway refuses the Initiate: {}", truth.0);
        // The very same Initiate again is answered with 204.
        self.initiates.fetch_add(usize::from(truth.0 == 201), Ordering::SeqCst);
        if lies() { (self.lie.status, Vec::new()) } else { truth }
    }
}

fn over_http(lies: Arc<Lies>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let lies = lies.clone();
            thread::spawn(move || serve(stream.unwrap(), &lies));
        }
    });
    url
}

fn serve(mut stream: TcpStream, lies: &Lies) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (line, media_type, body) = read(&mut reader);
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (status, body) = lies.answer(method, target, &media_type, &body);
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // The client may be gone.
    let _ = stream.write_all(&[head.as_bytes(), &body].concat());
}

/// First line, Content-Type and body.
fn read(reader: &mut impl std::io::BufRead) -> (String, String, Vec<u8>) {
    let (mut line, mut length, mut media_type) = (String::new(), None, String::new());
    reader.read_line(&mut line).unwrap();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = Some(value.parse().unwrap()),
            "content-type" => media_type = value.to_string(),
            _ => {}
        }
    }
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    (line, media_type, body)
}

fn ask(real: &str, method: &str, target: &str, media_type: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(real).unwrap();
    let media_type = if body.is_empty() { String::new() } else { format!("Content-Type: {media_type}\r\n") };
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {real}\r\n{media_type}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let (line, _, body) = read(&mut BufReader::new(stream));
    (line.split(' ').nth(1).unwrap().parse().unwrap(), body)
}

struct Face(Arc<Lies>);

impl Service for Face {
    async fn call(&self, request: &Request) -> Response {
        let method = if request.method == Method::Get { "GET" } else { "POST" };
        let target = format!("/{}", request.path.join("/"));
        let (lies, body) = (self.0.clone(), request.body.clone());
        let answer = tokio::task::spawn_blocking(move || lies.answer(method, &target, "application/x.dke+cbor", &body));
        let (status, body) = answer.await.unwrap();
        let code = match status {
            200 if request.method == Method::Get => Code::CONTENT,
            200 | 204 => Code::CHANGED,
            201 => Code::CREATED,
            404 => Code::NOT_FOUND,
            409 => Code::CONFLICT,
            _ => Code::UNAVAILABLE,
        };
        Response { body, ..Response::new(code) }
    }

    fn body_max(&self) -> usize {
        4096
    }
}

fn over_coap(lies: Arc<Lies>) -> String {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let served = Endpoint::serve("127.0.0.1:0", Parameters::default(), Face(lies)).await;
            let (endpoint, serve) = served.unwrap();
            tell.send(endpoint.address().unwrap()).unwrap();
            serve.await;
        });
    });
    format!("coap://{}", told.recv().unwrap())
}
