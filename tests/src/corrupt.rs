//! Structured corruptions of a CBOR message: every item flipped, truncated, extended, non-canonical, of a wrong type.

/// One item of a message, at any depth of arrays and maps (not inside byte strings).
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// First byte of its head.
    pub start: usize,
    /// First byte of its content.
    pub content: usize,
    /// Behind its last byte; for arrays and maps, behind the head.
    pub end: usize,
    /// Major type.
    pub major: u8,
    /// Argument of the head.
    pub argument: u64,
}

/// A way to spoil an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Corruption {
    /// The last bit of the content (of a string) or of the head (else) is flipped.
    Flipped,
    /// The message ends before the item.
    Cut,
    /// A string loses its last byte, its head says so.
    Shortened,
    /// A string gains a byte, its head says so.
    Extended,
    /// The head is one size longer than necessary.
    NotShortest,
    /// The item is replaced by null.
    WrongType,
    /// A string or array of indefinite length.
    Indefinite,
    /// A byte follows the message.
    Trailing,
}

impl Corruption {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Flipped,
        Self::Cut,
        Self::Shortened,
        Self::Extended,
        Self::NotShortest,
        Self::WrongType,
        Self::Indefinite,
        Self::Trailing,
    ];

    /// For names of vectors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flipped => "flipped",
            Self::Cut => "cut",
            Self::Shortened => "shortened",
            Self::Extended => "extended",
            Self::NotShortest => "not-shortest",
            Self::WrongType => "wrong-type",
            Self::Indefinite => "indefinite",
            Self::Trailing => "trailing",
        }
    }
}

/// The items of a well-formed message of definite lengths, in the order of their heads.
pub fn items(message: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut at = 0;
    while at < message.len() {
        let (major, information) = (message[at] >> 5, message[at] & 0x1f);
        let length = match information {
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => 0,
        };
        let argument = match length {
            0 => u64::from(information),
            _ => message[at + 1..][..length].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        let content = at + 1 + length;
        let end = if major == 2 || major == 3 { content + argument as usize } else { content };
        items.push(Item { start: at, content, end, major, argument });
        at = end;
    }
    items
}

/// A head that takes `longer` sizes more than the shortest one; `None` beyond eight bytes.
fn head(major: u8, argument: u64, longer: usize) -> Option<Vec<u8>> {
    let sizes: [(u64, usize, u8); 5] =
        [(23, 0, 0), (0xff, 1, 24), (0xffff, 2, 25), (0xffff_ffff, 4, 26), (u64::MAX, 8, 27)];
    let shortest = sizes.iter().position(|(most, ..)| argument <= *most)?;
    let (_, bytes, information) = *sizes.get(shortest + longer)?;
    let mut head = vec![major << 5 | if bytes == 0 { argument as u8 } else { information }];
    head.extend(&argument.to_be_bytes()[8 - bytes..]);
    Some(head)
}

/// A byte string.
pub fn bstr(content: &[u8]) -> Vec<u8> {
    [head(2, content.len() as u64, 0).expect("the shortest head"), content.to_vec()].concat()
}

/// An unsigned integer.
pub fn uint(value: u64) -> Vec<u8> {
    head(0, value, 0).expect("the shortest head")
}

/// The message with the bytes from one item's head to the end of another replaced.
pub fn replace(message: &[u8], from: &Item, to: &Item, new: &[u8]) -> Vec<u8> {
    [&message[..from.start], new, &message[to.end..]].concat()
}

/// The message with one item spoiled; `None` where that corruption does not apply to the item.
pub fn corrupt(message: &[u8], item: &Item, corruption: Corruption) -> Option<Vec<u8>> {
    let string = item.major == 2 || item.major == 3;
    let content = &message[item.content..item.end];
    let replaced = |new: Vec<u8>| replace(message, item, item, &new);
    match corruption {
        Corruption::Flipped => {
            let mut spoiled = message.to_vec();
            *spoiled.get_mut(item.end - 1)? ^= 1;
            Some(spoiled)
        }
        Corruption::Cut => Some(message[..item.start].to_vec()),
        Corruption::Shortened if string && !content.is_empty() => {
            let shorter = &content[..content.len() - 1];
            Some(replaced([head(item.major, shorter.len() as u64, 0)?, shorter.to_vec()].concat()))
        }
        Corruption::Extended if string => {
            Some(replaced([head(item.major, content.len() as u64 + 1, 0)?, content.to_vec(), vec![0]].concat()))
        }
        Corruption::NotShortest => Some(replaced([head(item.major, item.argument, 1)?, content.to_vec()].concat())),
        Corruption::WrongType => Some(replaced(vec![0xf6])),
        Corruption::Indefinite if item.major >= 2 => {
            Some(replaced([vec![item.major << 5 | 0x1f], content.to_vec()].concat()))
        }
        Corruption::Trailing if item.start == 0 => Some([message, &[0]].concat()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_and_spoiled() {
        // [1000, h'0102', {}]
        let message = [0x83, 0x19, 0x03, 0xe8, 0x42, 1, 2, 0xa0];
        let items = items(&message);
        assert_eq!(items.iter().map(|item| item.start).collect::<Vec<_>>(), [0, 1, 4, 7]);
        assert_eq!(
            corrupt(&message, &items[2], Corruption::Shortened).unwrap(),
            [0x83, 0x19, 0x03, 0xe8, 0x41, 1, 0xa0]
        );
        assert_eq!(
            corrupt(&message, &items[1], Corruption::NotShortest).unwrap(),
            [0x83, 0x1a, 0, 0, 0x03, 0xe8, 0x42, 1, 2, 0xa0]
        );
        assert_eq!(corrupt(&message, &items[3], Corruption::Shortened), None);
    }
}
