//! Requests to a node that sleeps, over both faces (PROTOCOL.md section 16).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::Lamp;
use common::faces::{Faces, hex};
use dke_coap::names::{ENCRYPT0, ENCRYPT0_TYPE, JOSE, JOSE_TYPE, node_host};
use dke_coap::options::{CONTENT_FORMAT, MAX_AGE, OSCORE, URI_HOST, URI_PATH, URI_QUERY};
use dke_coap::{Bare, Code, Method};
use dke_gateway::Policy;
use dke_gateway::resource::node_name;
use std::time::Duration;
use tokio::net::UdpSocket;

const POST: Code = Method::Post.code();

/// A message with these options.
fn bare(code: Code, options: &[(u16, &[u8])], payload: &[u8]) -> Bare {
    let options = options.iter().map(|(number, value)| (*number, value.to_vec())).collect();
    Bare { code, options, payload: payload.to_vec() }
}

/// A node that is registered and has published.
async fn lamp_of(faces: &Faces) -> Lamp {
    let mut lamp = Lamp::new("lamp");
    faces.gateway.register(&lamp.identity.credential).await.unwrap();
    faces.gateway.publish(&lamp.id(), &lamp.publish(0)).await.unwrap();
    lamp
}

/// The node's side, over CoAP.
struct Awake<'a> {
    faces: &'a Faces,
    root: String,
    token: String,
}

impl Awake<'_> {
    fn new<'a>(faces: &'a Faces, lamp: &Lamp) -> Awake<'a> {
        Awake {
            faces,
            root: format!("dke/{}/requests", node_name(&lamp.id())),
            token: format!("token={}", hex(&lamp.token())),
        }
    }

    /// What waits.
    async fn requests(&self) -> Vec<(u64, Bare)> {
        let reply = self.faces.coap(Method::Get, &self.root, &[&self.token], &[]).await;
        assert_eq!((reply.code, reply.format, reply.max_age), (Code::CONTENT, Some(65_002), Some(0)));
        let mut decoder = minicbor::Decoder::new(&reply.body);
        let mut all = Vec::new();
        while decoder.position() < reply.body.len() {
            assert_eq!(decoder.array().unwrap(), Some(2));
            all.push((decoder.u64().unwrap(), Bare::parse(decoder.bytes().unwrap()).unwrap()));
        }
        all
    }

    async fn put(&self, number: u64, response: &[u8]) -> Code {
        self.faces.coap(Method::Put, &format!("{}/{number}", self.root), &[&self.token], response).await.code
    }

    /// Waits for one request, and answers it.
    async fn answer_one(&self, response: &Bare) -> Bare {
        loop {
            if let Some((number, request)) = self.requests().await.into_iter().next() {
                assert_eq!(self.put(number, &response.encode()).await, Code::CREATED);
                return request;
            }
            // Less often than an address may ask.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A policy under which nobody waits.
fn at_once() -> Policy {
    Policy { hold: 0, retry_after: 77, ..Policy::default() }
}

#[tokio::test]
async fn requests_are_served_in_one_wake_up_in_order() {
    let faces = Faces::new(at_once()).await;
    let lamp = lamp_of(&faces).await;
    let host = node_host(&lamp.id());
    let ask = |n: u8| bare(POST, &[(URI_HOST, host.as_bytes()), (OSCORE, &[9, n])], &[n; 20]);
    for n in 0..5 {
        let waits = faces.coap.send(&ask(n)).await.unwrap();
        assert_eq!(waits, bare(Code::UNAVAILABLE, &[(MAX_AGE, &[77])], &[]));
    }
    let awake = Awake::new(&faces, &lamp);
    let waiting = awake.requests().await;
    assert_eq!(waiting.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    for (number, request) in waiting {
        let n = u8::try_from(number).unwrap();
        assert_eq!(request, bare(POST, &[(OSCORE, &[9, n])], &[n; 20]), "no Uri-Host");
        let response = bare(Code::CHANGED, &[(OSCORE, &[])], &[n, n]).encode();
        assert_eq!(awake.put(number, &response).await, Code::CREATED);
        assert_eq!(awake.put(number, &response).await, Code::CHANGED, "the very same again");
        assert_eq!(awake.put(number, &bare(Code::CHANGED, &[], b"x").encode()).await, Code::CONFLICT);
    }
    assert_eq!(awake.requests().await, []);
    // Each client collects its own by asking again, and nothing is queued.
    for n in (0..5).rev() {
        assert_eq!(faces.coap.send(&ask(n)).await.unwrap(), bare(Code::CHANGED, &[(OSCORE, &[])], &[n, n]));
    }
    assert_eq!(awake.requests().await, []);
    assert_eq!(awake.put(9, &bare(Code::CHANGED, &[], b"x").encode()).await, Code::NOT_FOUND);
}

#[tokio::test]
async fn the_same_request_over_either_face_is_one() {
    let faces = Faces::new(at_once()).await;
    let lamp = lamp_of(&faces).await;
    let (name, host) = (node_name(&lamp.id()), node_host(&lamp.id()));
    let by_host = bare(POST, &[(URI_HOST, host.as_bytes()), (OSCORE, &[0x09, 0x25])], b"protected");
    let by_path =
        bare(POST, &[(URI_PATH, b"nodes"), (URI_PATH, name.as_bytes()), (OSCORE, &[0x09, 0x25])], b"protected");
    let fields = "Content-Type: application/oscore\r\nOSCORE: CSU\r\nX-Hop: 1\r\nAccept: text/html\r\n";
    let target = format!("/nodes/{name}");
    for ask in [&by_host, &by_path, &by_host] {
        assert_eq!(faces.coap.send(ask).await.unwrap().code, Code::UNAVAILABLE);
    }
    let (head, _) = faces.http("POST", &target, fields, b"protected").await;
    let location = format!("/dke/{name}/response/0");
    assert!(head.starts_with("http/1.1 202") && head.contains("retry-after: 77"), "{head}");
    assert!(head.contains(&format!("location: {}\r\n", location.to_lowercase())), "{head}");
    assert_eq!(faces.status("GET", &location, "", &[]).await, 202);
    assert_eq!(faces.status("POST", &format!("{target}/"), fields, b"protected").await, 202);
    let awake = Awake::new(&faces, &lamp);
    assert_eq!(awake.requests().await, [(0, bare(POST, &[(OSCORE, &[0x09, 0x25])], b"protected"))]);
    let one = faces.gateway.node(&lamp.id()).unwrap();
    assert_eq!(one.requests, 1);

    assert_eq!(awake.put(0, &bare(Code::CHANGED, &[(OSCORE, &[])], b"answer").encode()).await, Code::CREATED);
    for ask in [&by_host, &by_path] {
        assert_eq!(faces.coap.send(ask).await.unwrap(), bare(Code::CHANGED, &[(OSCORE, &[])], b"answer"));
    }
    for (method, target, body) in [("POST", &target, &b"protected"[..]), ("GET", &location, b"")] {
        let (head, body) = faces.http(method, target, if method == "POST" { fields } else { "" }, body).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(head.contains("content-type: application/oscore\r\n") && head.contains("\r\noscore: aa\r\n"), "{head}");
        assert!(head.contains("cache-control: no-store") && body == b"answer", "{head}");
    }
    let path: Vec<&str> = location.split('/').skip(1).collect();
    let options: Vec<(u16, &[u8])> = path.iter().map(|part| (URI_PATH, part.as_bytes())).collect();
    let collected = faces.coap.send(&bare(Method::Get.code(), &options, &[])).await.unwrap();
    assert_eq!(collected, bare(Code::CHANGED, &[(OSCORE, &[])], b"answer"));
}

#[tokio::test]
async fn objects_are_translated_both_ways() {
    let faces = Faces::new(at_once()).await;
    let lamp = lamp_of(&faces).await;
    let (name, awake) = (node_name(&lamp.id()), Awake::new(&faces, &lamp));
    for (n, (media, format)) in [(ENCRYPT0_TYPE, ENCRYPT0), (JOSE_TYPE, JOSE)].into_iter().enumerate() {
        let number: Vec<u8> = format.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        let fields = format!("Content-Type: {media}\r\n");
        let target = format!("/nodes/{name}/li%67ht/a%2Fb?x=1&y=%C3%A4");
        assert_eq!(faces.status("POST", &target, &fields, b"sealed").await, 202);
        let path: [(u16, &[u8]); 2] = [(URI_PATH, b"light"), (URI_PATH, b"a/b")];
        let rest: [(u16, &[u8]); 3] = [(CONTENT_FORMAT, &number), (URI_QUERY, b"x=1"), (URI_QUERY, "y=ä".as_bytes())];
        let expected = bare(POST, &[&path[..], &rest].concat(), b"sealed");
        assert_eq!(awake.requests().await, [(n.try_into().unwrap(), expected)]);
        // The same over CoAP is the same request.
        let hops: [(u16, &[u8]); 2] = [(URI_PATH, b"nodes"), (URI_PATH, name.as_bytes())];
        let ask = bare(POST, &[&hops[..], &path, &rest].concat(), b"sealed");
        assert_eq!(faces.coap.send(&ask).await.unwrap().code, Code::UNAVAILABLE);
        assert_eq!(awake.requests().await.len(), 1);

        let answer = bare(Code::CHANGED, &[(CONTENT_FORMAT, &number)], b"answer");
        assert_eq!(awake.put(n.try_into().unwrap(), &answer.encode()).await, Code::CREATED);
        assert_eq!(faces.coap.send(&ask).await.unwrap(), answer);
        let (head, body) = faces.http("POST", &target, &fields, b"sealed").await;
        assert!(head.starts_with("http/1.1 200") && head.contains(&format!("content-type: {media}\r\n")), "{head}");
        assert!(!head.contains("oscore:") && body == b"answer", "{head}");
    }
}

#[tokio::test]
async fn a_node_s_errors_are_mapped() {
    let faces = Faces::new(at_once()).await;
    let lamp = lamp_of(&faces).await;
    let (target, awake) = (format!("/nodes/{}", node_name(&lamp.id())), Awake::new(&faces, &lamp));
    let fields = format!("Content-Type: {JOSE_TYPE}\r\n");
    let ask = async |content: &[u8]| faces.http("POST", &target, &fields, content).await;
    ask(b"a").await;
    assert_eq!(awake.put(0, &bare(Code::UNAUTHORIZED, &[], "Replay ä".as_bytes()).encode()).await, Code::CREATED);
    let (head, body) = ask(b"a").await;
    assert!(head.starts_with("http/1.1 403") && head.contains("text/plain; charset=utf-8"), "{head}");
    assert_eq!(body, "Replay ä".as_bytes());
    ask(b"b").await;
    awake.put(1, &bare(Code::UNAVAILABLE, &[(MAX_AGE, &[9])], &[]).encode()).await;
    let (head, _) = ask(b"b").await;
    assert!(head.starts_with("http/1.1 503") && head.contains("retry-after: 9"), "{head}");
    ask(b"c").await;
    // Not a message, a request, Empty, and options that no proxy may pass on.
    let (observe, path) = (bare(Code::CHANGED, &[(6, &[1])], &[]), bare(POST, &[], b"x"));
    for bad in [vec![], vec![0x44, 0xff], vec![0], observe.encode(), path.encode()] {
        assert_eq!(awake.put(2, &bad).await, Code::BAD_REQUEST, "{bad:02x?}");
    }
    assert_eq!(awake.put(2, &vec![0x44; 16 * 1024 + 1]).await, Code::TOO_LARGE);
}

#[tokio::test]
async fn a_client_waits_for_a_node_that_is_awake() {
    let faces = Faces::new(Policy { hold: 30, ..Policy::default() }).await;
    let lamp = lamp_of(&faces).await;
    let (name, host) = (node_name(&lamp.id()), node_host(&lamp.id()));
    let awake = Awake::new(&faces, &lamp);
    let answer = bare(Code::CHANGED, &[(OSCORE, &[])], b"answer");
    let ask = bare(POST, &[(URI_HOST, host.as_bytes()), (OSCORE, &[9])], b"over CoAP");
    let (told, _) = tokio::join!(faces.coap.send(&ask), awake.answer_one(&answer));
    assert_eq!(told.unwrap(), answer);

    let fields = "Content-Type: application/oscore\r\nOSCORE: CQ\r\nPrefer: wait=30\r\n";
    let target = format!("/nodes/{name}");
    let ((head, body), _) = tokio::join!(faces.http("POST", &target, fields, b"over HTTP"), awake.answer_one(&answer));
    assert!(head.starts_with("http/1.1 200") && body == b"answer", "{head}");

    let fields = "Content-Type: application/oscore\r\nOSCORE: CQ\r\n";
    assert_eq!(faces.status("POST", &target, fields, b"later").await, 202);
    let location = format!("/dke/{name}/response/2");
    let ((head, _), _) =
        tokio::join!(faces.http("GET", &location, "Prefer: wait=30\r\n", &[]), awake.answer_one(&answer));
    assert!(head.starts_with("http/1.1 200"), "{head}");
}

#[tokio::test]
async fn the_node_observes_its_requests() {
    let faces = Faces::new(at_once()).await;
    let lamp = lamp_of(&faces).await;
    let (name, awake) = (node_name(&lamp.id()), Awake::new(&faces, &lamp));
    let path = ["dke", &name, "requests"];
    let query = [awake.token.as_str()];
    let ask = dke_coap::client::Ask { method: Method::Get, path: &path, query: &query, format: None, body: &[] };
    let (first, observation) = faces.coap.observe(&ask).await.unwrap();
    assert_eq!((first.code, first.body.as_slice()), (Code::CONTENT, &b""[..]));
    let fields = format!("Content-Type: {JOSE_TYPE}\r\n");
    faces.status("POST", &format!("/nodes/{name}"), &fields, b"x").await;
    let mut observation = observation.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(20), observation.next()).await.unwrap().unwrap().unwrap();
    // [0, POST, Content-Format 65003, "x"]
    assert_eq!(told.body, [&[0x82, 0, 0x46, 2, 0xc2][..], &JOSE.to_be_bytes(), b"\xffx"].concat()[..].to_vec());
    // Over HTTP it may wait for them.
    let target = format!("/{}?{}", awake.root, awake.token);
    awake.put(0, &bare(Code::CHANGED, &[], &[]).encode()).await;
    let later = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        faces.status("POST", &format!("/nodes/{name}"), &fields, b"y").await
    };
    let ((_, body), _) = tokio::join!(faces.http("GET", &target, "Prefer: wait=30\r\n", &[]), later);
    assert_eq!(body.get(..2), Some(&[0x82, 1][..]));
}

#[tokio::test]
async fn an_empty_acknowledgement_and_then_the_response() {
    let faces = Faces::new(Policy { hold: 30, ..Policy::default() }).await;
    let lamp = lamp_of(&faces).await;
    let awake = Awake::new(&faces, &lamp);
    // From now on this address has shown that it receives.
    faces.coap(Method::Get, "dke", &[], &[]).await;
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.connect(faces.coap_at).await.unwrap();
    let receive = async || {
        let mut buffer = [0; 100];
        let length = client.recv(&mut buffer).await.unwrap();
        buffer[..length].to_vec()
    };
    // Confirmable POST, message id 7, token aa bb; Uri-Host and OSCORE.
    let ask = bare(POST, &[(URI_HOST, node_host(&lamp.id()).as_bytes()), (OSCORE, &[9])], b"x").encode();
    let ask = [&[0x42, ask[0], 0, 7, 0xaa, 0xbb], &ask[1..]].concat();
    client.send(&ask).await.unwrap();
    assert_eq!(receive().await, [0x60, 0, 0, 7]);
    // A retransmission while the node sleeps: acknowledged again, queued once.
    client.send(&ask).await.unwrap();
    assert_eq!(receive().await, [0x60, 0, 0, 7]);
    assert_eq!(awake.requests().await.len(), 1);
    awake.answer_one(&bare(Code::CHANGED, &[(OSCORE, &[])], b"y")).await;
    let response = receive().await;
    let [first, code, high, low, rest @ ..] = response.as_slice() else { panic!("{response:02x?}") };
    assert_eq!((*first, *code, rest), (0x42, 0x44, &[0xaa, 0xbb, 0x90, 0xff, b'y'][..]));
    client.send(&[0x60, 0, *high, *low]).await.unwrap();
    // The same request as a new message is answered at once, piggybacked.
    let again = [&[0x42, 2, 0, 8], &ask[4..]].concat();
    client.send(&again).await.unwrap();
    assert_eq!(receive().await, [0x62, 0x44, 0, 8, 0xaa, 0xbb, 0x90, 0xff, b'y']);
    assert_eq!(awake.requests().await, []);
}

#[tokio::test]
async fn options_as_a_reverse_proxy_treats_them() {
    let faces = Faces::new(at_once()).await;
    let lamp = lamp_of(&faces).await;
    let host = node_host(&lamp.id());
    let named: [(u16, &[u8]); 2] = [(URI_HOST, host.as_bytes()), (OSCORE, &[9])];
    let with = async |code: Code, options: &[(u16, &[u8])]| {
        faces.coap.send(&bare(code, &[&named[..], options].concat(), b"x")).await.unwrap().code
    };
    // Proxy-Uri and Proxy-Scheme; No-Response and an unknown one, both unsafe to forward.
    assert_eq!([with(POST, &[(35, b"coap://x")]).await, with(POST, &[(39, b"coap")]).await], [Code::NO_PROXY; 2]);
    assert_eq!([with(POST, &[(258, &[2])]).await, with(POST, &[(65_003, &[])]).await], [Code::BAD_OPTION; 2]);
    for method in [Method::Get, Method::Put, Method::Delete] {
        assert_eq!(with(method.code(), &[]).await, Code::METHOD_NOT_ALLOWED, "{method:?}");
    }
    let awake = Awake::new(&faces, &lamp);
    assert_eq!(awake.requests().await, [], "what is refused is not queued");
    // Observe, Uri-Port, Max-Age, Size1 and Request-Tag are this hop's; If-Match, Accept and Echo are the node's.
    let hop: [(u16, &[u8]); 4] = [(6, &[]), (7, &[22, 51]), (MAX_AGE, &[1]), (60, &[1])];
    let node: [(u16, &[u8]); 4] = [(1, b"tag"), (11, b"path"), (17, &[60]), (252, b"echo")];
    let fetch = Method::Fetch.code();
    assert_eq!(with(fetch, &[&hop[..], &node, &[(292, b"request tag")]].concat()).await, Code::UNAVAILABLE);
    let expected = bare(fetch, &[node[0], (OSCORE, &[9]), node[1], node[2], node[3]], b"x");
    assert_eq!(awake.requests().await, [(0, expected)]);
    // Elsewhere the gateway is the server, and must understand what is critical.
    let name = node_name(&lamp.id());
    let own =
        bare(POST, &[(OSCORE, &[9]), (URI_PATH, b"dke"), (URI_PATH, name.as_bytes()), (URI_PATH, b"offer")], b"x");
    assert_eq!(faces.coap.send(&own).await.unwrap().code, Code::BAD_OPTION);
}

#[tokio::test]
async fn what_is_not_protected_is_not_queued_over_coap() {
    let faces = Faces::new(Policy { request_max: 1500, ..at_once() }).await;
    let lamp = lamp_of(&faces).await;
    let host = node_host(&lamp.id());
    let coap = async |code: Code, options: &[(u16, &[u8])], payload: &[u8]| {
        let options = [&[(URI_HOST, host.as_bytes())], options].concat();
        faces.coap.send(&bare(code, &options, payload)).await.unwrap().code
    };
    let codes = [
        coap(POST, &[], b"x").await,
        coap(POST, &[(CONTENT_FORMAT, &[60])], b"x").await,
        coap(Method::Fetch.code(), &[(CONTENT_FORMAT, &[16])], b"x").await,
        coap(POST, &[(OSCORE, &[9])], b"").await,
        coap(POST, &[(OSCORE, &[9])], &[1; 1500]).await,
    ];
    let (format, method) = (Code::UNSUPPORTED_FORMAT, Code::METHOD_NOT_ALLOWED);
    assert_eq!(codes, [format, format, method, Code::BAD_REQUEST, Code::TOO_LARGE]);
    assert_eq!(faces.gateway.node(&lamp.id()).unwrap().requests, 0);
}

#[tokio::test]
async fn what_is_not_protected_is_not_queued_over_http() {
    let faces = Faces::new(Policy { request_max: 1500, ..at_once() }).await;
    let lamp = lamp_of(&faces).await;
    let here = format!("/nodes/{}", node_name(&lamp.id()));
    let oscore = |field: &str| format!("Content-Type: application/oscore\r\nOSCORE: {field}\r\n");
    let media = |name: &str| format!("Content-Type: {name}\r\n");
    let (good, long) = (oscore("CSU"), "a".repeat(256));
    let mut strange = Vec::new();
    for (method, target, fields, content, status) in [
        ("POST", &here, "", &b"x"[..], 415),
        ("POST", &here, &media("text/plain"), b"x", 415),
        ("POST", &here, &media("application/cose"), b"x", 415),
        ("POST", &here, &media("application/cose; cose-type=\"cose-mac0\""), b"x", 415),
        ("POST", &here, &format!("{}OSCORE: AA\r\n", media(JOSE_TYPE)), b"x", 415),
        ("POST", &here, &media("application/oscore"), b"x", 400),
        ("POST", &here, &oscore(""), b"x", 400),
        ("POST", &here, &oscore("CSU="), b"x", 400),
        ("POST", &here, &oscore("C+U"), b"x", 400),
        ("POST", &here, &oscore("CSU\r\nOSCORE: CSU"), b"x", 400),
        ("POST", &here, &good, b"", 400),
        ("POST", &format!("{here}/%ff"), &good, b"x", 400),
        ("POST", &format!("{here}/{long}"), &good, b"x", 400),
        ("POST", &format!("{here}?{long}"), &good, b"x", 400),
        ("POST", &here, &good, &[1; 1500], 413),
        ("POST", &format!("/nodes/{}/a", node_name(&[9; 16])), &good, b"x", 404),
        ("GET", &here, "", b"", 405),
        ("PUT", &here, "", b"", 405),
        ("DELETE", &here, "", b"", 405),
    ] {
        let found = faces.status(method, target, fields, content).await;
        if found != status {
            strange.push(format!("{method} {target} {fields:?}: {found}"));
        }
    }
    assert_eq!((strange, faces.gateway.node(&lamp.id()).unwrap().requests), (Vec::<String>::new(), 0));
}

#[tokio::test]
async fn the_node_s_resources_want_its_token() {
    let faces = Faces::new(at_once()).await;
    let lamp = lamp_of(&faces).await;
    let name = node_name(&lamp.id());
    let jose = format!("Content-Type: {JOSE_TYPE}\r\n");
    assert_eq!(faces.status("POST", &format!("/nodes/{name}"), &jose, b"x").await, 202);
    let root = format!("/dke/{name}/requests");
    let (wrong, right) = (format!("token={}", hex(&[7; 16])), format!("token={}", hex(&lamp.token())));
    let answer = bare(Code::CHANGED, &[], b"y").encode();
    let message = "Content-Type: application/x.dke.message\r\n";
    let found = [
        faces.status("GET", &root, "", &[]).await,
        faces.status("GET", &format!("{root}?{wrong}"), "", &[]).await,
        faces.status("PUT", &format!("{root}/0"), message, &answer).await,
        faces.status("PUT", &format!("{root}/0?{wrong}"), message, &answer).await,
        faces.status("PUT", &format!("{root}/0?{right}"), &jose, &answer).await,
        faces.status("PUT", &format!("{root}/0?{right}"), message, &answer).await,
    ];
    assert_eq!(found, [403, 403, 403, 403, 415, 201]);
}

#[tokio::test]
async fn one_address_cannot_ask_without_end() {
    let faces = Faces::new(Policy { burst: 6, requests_per_second: 0, hold: 0, ..Policy::default() }).await;
    let lamp = lamp_of(&faces).await;
    let (name, host) = (node_name(&lamp.id()), node_host(&lamp.id()));
    let ask = bare(POST, &[(URI_HOST, host.as_bytes()), (OSCORE, &[9])], b"x");
    let mut codes = Vec::new();
    let mut statuses = Vec::new();
    for _ in 0..2 {
        codes.push(faces.coap.send(&ask).await.unwrap().code);
        let fields = format!("Content-Type: {JOSE_TYPE}\r\n");
        statuses.push(faces.status("POST", &format!("/nodes/{name}"), &fields, b"x").await);
        statuses.push(faces.status("GET", &format!("/dke/{name}/response/0"), "", &[]).await);
    }
    assert_eq!((codes, statuses), (vec![Code::UNAVAILABLE; 2], vec![202; 4]));
    let fields = format!("Content-Type: {JOSE_TYPE}\r\n");
    // What can be forged is counted apart; when that is used up, one that shows that it is not forged is left.
    let mut more = 0;
    while faces.coap.send(&ask).await.unwrap().code == Code::UNAVAILABLE {
        more += 1;
    }
    assert_eq!(more, 5);
    let over = (
        faces.coap.send(&ask).await.unwrap().code,
        faces.status("POST", &format!("/nodes/{name}"), &fields, b"x").await,
        faces.status("GET", &format!("/dke/{name}/response/0"), "", &[]).await,
    );
    assert_eq!(over, (Code::TOO_MANY, 429, 429));
}
