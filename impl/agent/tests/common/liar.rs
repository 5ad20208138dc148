//! A gateway that says what its test wants, over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Status and body for a method, what stands behind the node's name in the path, and the request's body. Status 0: it never answers.
type Says = dyn Fn(&str, &str, &[u8]) -> (u16, Vec<u8>) + Send + Sync;

pub struct Liar {
    pub url: String,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Liar {
    pub async fn start(says: impl Fn(&str, &str, &[u8]) -> (u16, Vec<u8>) + Send + Sync + 'static) -> Liar {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
        let (counted, says): (_, Arc<Says>) = (asked.clone(), Arc::new(says));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, says.clone(), counted.clone()));
            }
        });
        Liar { url, asked }
    }

    /// How often something was asked, such as `PUT publication`.
    pub fn asked(&self, what: &str) -> usize {
        self.asked.lock().unwrap().get(what).copied().unwrap_or_default()
    }

    pub fn all(&self) -> usize {
        self.asked.lock().unwrap().values().sum()
    }
}

async fn answer(stream: TcpStream, says: Arc<Says>, asked: Arc<Mutex<BTreeMap<String, usize>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_string(), words.next()?.split('?').next()?.to_string());
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        }
    }
    let mut sent = vec![0; length];
    stream.read_exact(&mut sent).await.ok()?;
    let what = target.splitn(4, '/').nth(3)?.to_string();
    let first = what.split('/').next()?.to_string();
    *asked.lock().unwrap().entry(format!("{method} {first}")).or_default() += 1;
    let (status, body) = says(&method, &what, &sent);
    if status == 0 {
        std::future::pending::<()>().await;
    }
    let head = format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(&body).await.ok()?;
    stream.shutdown().await.ok()
}
