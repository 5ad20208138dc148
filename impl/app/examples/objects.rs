//! Seals or opens one object with the keys of an exporter secret, for peers: `objects (seal|open) FORMAT SECRET DIRECTION [SEQUENCE]`
//!
//! FORMAT is encrypt0, mac0, jwe, jwe-json, jws or jws-json; SECRET 64 hexadecimal digits; DIRECTION 0 or 1 (PROTOCOL.md section 15).
//! From standard input to standard output. What is refused is named on standard error, and the exit status is 1.

use dke::key_schedule::SessionSecret;
use dke_app::export::{self, Direction};
use dke_app::jose::Serialization;
use dke_app::window::{Window, WindowStore};
use dke_app::{cose, jose};
use std::error::Error;
use std::io::{Read as _, Write as _};

/// A window that lasts for one object.
struct Once;

impl WindowStore for Once {
    type Error = std::convert::Infallible;

    fn load(&self) -> Result<Window, Self::Error> {
        Ok(Window::default())
    }

    fn save(&mut self, _: &Window) -> Result<(), Self::Error> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [action, format, secret, direction, rest @ ..] = args.as_slice() else { return Err("see the source".into()) };
    let secret = hex::decode(secret)?.try_into().map_err(|_| "SECRET has 32 bytes")?;
    let secret = SessionSecret::restore(secret);
    let direction = if direction == "0" { Direction::ToNode } else { Direction::ToClient };
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    let output = match action.as_str() {
        "seal" => seal(format, &secret, direction, rest.first().ok_or("SEQUENCE")?.parse()?, &input)?,
        _ => open(format, &secret, direction, &input)?,
    };
    std::io::stdout().write_all(&output)?;
    Ok(())
}

fn form(format: &str) -> Serialization {
    if format.ends_with("-json") { Serialization::Json } else { Serialization::Compact }
}

fn seal(
    format: &str,
    secret: &SessionSecret,
    direction: Direction,
    sequence: u64,
    content: &[u8],
) -> Result<Vec<u8>, Box<dyn Error>> {
    let form = form(format);
    Ok(match format {
        "encrypt0" => cose::seal_encrypt0(&export::encrypt0(secret, direction)?, sequence, content)?,
        "mac0" => cose::seal_mac0(&export::mac0(secret, direction)?, sequence, content)?,
        "jwe" | "jwe-json" => {
            jose::seal_jwe(&export::jwe(secret, direction)?, sequence, None, content, form)?.into_bytes()
        }
        "jws" | "jws-json" => {
            jose::seal_jws(&export::jws(secret, direction)?, sequence, None, content, form)?.into_bytes()
        }
        _ => return Err("unknown FORMAT".into()),
    })
}

fn open(format: &str, secret: &SessionSecret, direction: Direction, object: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(match format {
        "encrypt0" => cose::open_encrypt0(&export::encrypt0(secret, direction)?, &mut Once, object)?.to_vec(),
        "mac0" => cose::open_mac0(&export::mac0(secret, direction)?, &mut Once, object)?,
        "jwe" | "jwe-json" => {
            let object = std::str::from_utf8(object)?;
            jose::open_jwe(&export::jwe(secret, direction)?, &mut Once, None, object)?.to_vec()
        }
        "jws" | "jws-json" => {
            jose::open_jws(&export::jws(secret, direction)?, &mut Once, None, std::str::from_utf8(object)?)?
        }
        _ => return Err("unknown FORMAT".into()),
    })
}
