//! What a dishonest gateway does to messages: everything by which a message can differ from a good one.

use crate::corrupt::{Corruption, bstr, corrupt, items, replace, uint};
use dke_spec::bytes::bytes;
use dke_spec::p256::is_x_coordinate;
use rand::Rng;
use rand::rngs::StdRng;

/// The protocol's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "PROTOCOL.md section 5")]
pub enum Kind {
    Publication,
    Offer,
    Initiate,
    Confirm,
}

/// One way to tamper with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tampering {
    /// Any of its items is spoiled.
    Item(Corruption),
    /// Y, X or Z is no x coordinate of the curve.
    OffCurve,
    /// Y, X or Z is p or more.
    NotReduced,
    /// Another index, in and out of range.
    OtherIndex,
    /// Another epoch.
    OtherEpoch,
    /// Path or prekeys have a hash too many.
    Longer,
    /// Path or prekeys have a hash too few.
    Shorter,
    /// The signed batch is that of another message, of this node or of another one.
    OtherBatch,
    /// One item is that of another message.
    OtherItem,
}

/// The bytes of p.
const P: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff,
];

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Publication, Kind::Offer, Kind::Initiate, Kind::Confirm];

    /// Places of epoch, index and point among the items; `None` where the message has none.
    const fn places(self) -> [Option<usize>; 3] {
        match self {
            Kind::Publication => [None, None, None],
            Kind::Offer => [None, Some(6), Some(7)],
            Kind::Initiate => [Some(2), Some(3), Some(4)],
            Kind::Confirm => [Some(1), Some(2), Some(3)],
        }
    }

    /// What can be done to such a message.
    pub fn tamperings(self) -> Vec<Tampering> {
        let [epoch, index, point] = self.places();
        let signed = matches!(self, Kind::Publication | Kind::Offer);
        let mut all: Vec<Tampering> = Corruption::ALL.into_iter().map(Tampering::Item).collect();
        all.push(Tampering::OtherItem);
        all.extend(epoch.map(|_| Tampering::OtherEpoch));
        all.extend(index.map(|_| Tampering::OtherIndex));
        all.extend(point.iter().flat_map(|_| [Tampering::OffCurve, Tampering::NotReduced]));
        if signed {
            all.extend([Tampering::Longer, Tampering::Shorter, Tampering::OtherBatch]);
        }
        all
    }
}

/// All that becomes of the message in this way. `other` is a message of the same kind.
pub(super) fn variants(how: Tampering, kind: Kind, message: &[u8], other: &[u8], random: &mut StdRng) -> Vec<Vec<u8>> {
    let (own, others) = (items(message), items(other));
    let [epoch, index, point] = kind.places();
    let put = |place: Option<usize>, new: Vec<u8>| place.map(|place| replace(message, &own[place], &own[place], &new));
    let borrowed =
        |from: usize, to: usize| replace(message, &own[from], &own[to], &other[others[from].start..others[to].end]);
    match how {
        Tampering::Item(corruption) => own.iter().filter_map(|item| corrupt(message, item, corruption)).collect(),
        Tampering::OffCurve => put(point, bstr(&off_curve(random))).into_iter().collect(),
        Tampering::NotReduced => [P, [0xff; 32]].into_iter().filter_map(|x| put(point, bstr(&x))).collect(),
        Tampering::OtherIndex => {
            [0, 1, 2, 3, 255, 256, 1 << 32].into_iter().filter_map(|other| put(index, uint(other))).collect()
        }
        Tampering::OtherEpoch => {
            [0, 1, 2, 3, u64::MAX].into_iter().filter_map(|other| put(epoch, uint(other))).collect()
        }
        Tampering::Longer | Tampering::Shorter => {
            let last = own.len() - 1;
            let content = &message[own[last].content..own[last].end];
            let changed = match how {
                Tampering::Longer => [content, &[7; 32]].concat(),
                _ => content[..content.len().saturating_sub(32)].to_vec(),
            };
            put(Some(last), bstr(&changed)).into_iter().collect()
        }
        Tampering::OtherBatch => vec![borrowed(1, 5)],
        Tampering::OtherItem => (1..own.len()).map(|place| borrowed(place, place)).collect(),
    }
}

/// Less than p, and no x coordinate of the curve.
fn off_curve(random: &mut StdRng) -> [u8; 32] {
    loop {
        let x: [u8; 32] = random.r#gen();
        if x < P && !is_x_coordinate(&bytes(&x)) {
            return x;
        }
    }
}
