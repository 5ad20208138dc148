//! Scalar multiplication on P-256 with signed combs, over `p256`'s complete group operations.
//!
//! Every bit of a scalar counts as +1 or −1: s ≡ Σ (2 e_i − 1) 2^i (mod n), i < 256, for e = (s + 2^256 − 1) / 2 mod n. So no digit is
//! zero, and four of them, the teeth of a comb, choose one of eight points and its sign. For any point the teeth stand side by side
//! and the eight points are P, 3P, ... 15P; for the generator they stand 64 bits apart and the eight points are constants.
//!
//! | | doublings | additions | points read to choose one | instructions on x86-64 |
//! |---|---|---|---|---|
//! | either, by `p256`'s own operator | 259 | 71 | 15 | 1.46 M |
//! | s·P | 253 | 71 | 8 | 1.43 M |
//! | s·G | 63 | 63 | 8 | 0.66 M |
//!
//! The last column is counted by `tests/valgrind/run`, with the inversion (5 % of s·P). Signing takes 1.00 M; `p256` takes 1.81 M, and
//! before that 1.46 M for the public key, which it does not need. Verification takes 2.09 M instead of 2.93 M. The eight constants are
//! 512 bytes of flash; the eight points on the stack are 768 bytes, half of what `p256`'s operator takes.
//!
//! Constant time: one sequence of operations for all scalars, and all eight points are read to choose one.
//!
//! Each product has its own inversion: `p256`'s field elements do not implement `Invert`, which its `BatchNormalize` asks for, and the
//! coordinates of its projective points are private.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "in a group nothing overflows, and shifts are by less than eight bits"
)]

use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::bigint::ArrayEncoding;
use p256::elliptic_curve::group::Group;
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::sec1::FromEncodedPoint;
use p256::{AffinePoint, EncodedPoint, ProjectivePoint, Scalar, U256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

/// Sums of four teeth: the highest counts as +1, the others as the bits of the index say.
type Table = [ProjectivePoint; 8];
/// What stands under the four teeth, bits of e, at each position of the comb from the highest down.
type Digits = Zeroizing<[u8; POSITIONS]>;

const POSITIONS: usize = 64;

/// s·G.
pub(super) fn generator(s: &Scalar) -> ProjectivePoint {
    let e = recode(s);
    let (teeth, _) = e.as_chunks::<8>();
    let mut digits = Digits::new([0; POSITIONS]);
    for (position, digit) in digits.iter_mut().enumerate() {
        for tooth in teeth {
            let byte = tooth.get(position / 8).copied().unwrap_or_default();
            *digit = *digit << 1 | byte << (position % 8) >> 7;
        }
    }
    sum(&GENERATOR.map(decode), &digits, 1)
}

/// s·P.
pub(super) fn point(s: &Scalar, point: &AffinePoint) -> ProjectivePoint {
    let e = recode(s);
    let mut digits = Digits::new([0; POSITIONS]);
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(e.iter()) {
        *pair = [byte >> 4, byte & 15];
    }
    let point = ProjectivePoint::from(*point);
    let twice = point.double();
    let mut odd = -point;
    let table = core::array::from_fn(|_| {
        odd += twice;
        odd
    });
    sum(&table, &digits, 4)
}

/// e, big-endian. It may be 0: then all digits are −1.
fn recode(s: &Scalar) -> Zeroizing<[u8; 32]> {
    let e = (Scalar::reduce(U256::MAX) + s) * Scalar::TWO_INV;
    Zeroizing::new(e.to_bytes().into())
}

/// Σ chosen point · 2^(shift · position).
fn sum(table: &Table, digits: &Digits, shift: usize) -> ProjectivePoint {
    let [first, rest @ ..] = &**digits;
    let mut sum = choose(table, *first);
    for digit in rest {
        for _ in 0..shift {
            sum = sum.double();
        }
        sum += choose(table, *digit);
    }
    sum
}

/// Without the highest bit all signs are reversed: the other bits are inverted, and so is the point.
fn choose(table: &Table, digit: u8) -> ProjectivePoint {
    let negative = Choice::from((digit >> 3) ^ 1);
    let index = u8::conditional_select(&digit, &!digit, negative) & 7;
    let mut chosen = ProjectivePoint::IDENTITY;
    for (i, point) in (0..).zip(table) {
        chosen.conditional_assign(point, index.ct_eq(&i));
    }
    ProjectivePoint::conditional_select(&chosen, &-chosen, negative)
}

/// A constant, as a point.
fn decode([x, y]: [U256; 2]) -> ProjectivePoint {
    let encoded = EncodedPoint::from_affine_coordinates(&x.to_be_byte_array(), &y.to_be_byte_array(), false);
    ProjectivePoint::from(AffinePoint::from_encoded_point(&encoded).unwrap_or(AffinePoint::IDENTITY))
}

/// 2^192 G ± 2^128 G ± 2^64 G ± G, x and y.
const GENERATOR: [[U256; 2]; 8] = [
    [
        U256::from_be_hex("dca746348411afb57a941b3100c7462ec7dd307902d883402c147bd3023e0a99"),
        U256::from_be_hex("a378f49c3c6073e0efa230d38e2875b6d170fe410060632c47b0d520235f3fb0"),
    ],
    [
        U256::from_be_hex("47b8c15b5931239087f51bcfa6c7513324fc081ad4e6e5c5f7447e16e0b9010a"),
        U256::from_be_hex("eab69cfcb27bced91de9c2ead61aa5c0c8cb9d1bc2faa8275d8a5a16d7b4b792"),
    ],
    [
        U256::from_be_hex("39f2e126e7a90157aff955e975a529794fcfde2a0fcb47e38db221505b370b39"),
        U256::from_be_hex("2fe3918b81bac5c2034cfc1d65141b266fdab9fb481de5acc13c7a63865122ba"),
    ],
    [
        U256::from_be_hex("b98668c64a1d889b37b090171835523743726c12f9021bc1dbd40b537699e898"),
        U256::from_be_hex("04ef5fa9a113f297c8daa7515da9f6564ec8476537c48f4ec894a7323a913c3d"),
    ],
    [
        U256::from_be_hex("8399d76df70660cb574af433f51b14f0accbd9e5a6c902a97342e89b4c02faa6"),
        U256::from_be_hex("a08f6b5156ecb1cc58ef27c62016d4c87a47e013c687587274c93f9be68ba2ba"),
    ],
    [
        U256::from_be_hex("61302d5d508fdc2e7f8ed508a43b83b70ba6d2f4e0103c59d14f8ead7db8cab2"),
        U256::from_be_hex("6c584e7f2cc4a0290410b88323e6de4270750b1d46b0f759ebd1782fb01280c1"),
    ],
    [
        U256::from_be_hex("8781fbdafc931410b414f9cee81ff10c45e388a81fd9d03de47c247d3ce742eb"),
        U256::from_be_hex("3eb35234fa6ada4cbfe61ee20c945128cada9ad59713e7caa87b2111082ca20d"),
    ],
    [
        U256::from_be_hex("b48e26b484f7a21c0a4a46fb6aaf363a66b0de3225c4744b9615b5110d1d78e5"),
        U256::from_be_hex("fac015404d4d3dab64131bcdfed6f668c004e4048b7b0f9806ebb0f621a01b2d"),
    ],
];

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn each_constant_is_its_sum_of_four_teeth() {
        let mut teeth = [ProjectivePoint::GENERATOR; 4];
        for i in 1..4 {
            teeth[i] = (0..64).fold(teeth[i - 1], |point, _| point.double());
        }
        for (index, constant) in GENERATOR.into_iter().enumerate() {
            let sum = (0..3).fold(teeth[3], |sum, i| if index >> i & 1 == 1 { sum + teeth[i] } else { sum - teeth[i] });
            assert_eq!(decode(constant), sum, "{index}");
        }
    }

    #[test]
    fn products_are_those_of_p256() {
        // All digits of −Scalar::reduce(U256::MAX) are −1; near it, near 0 and n, and everywhere.
        let ends = [Scalar::ZERO, -Scalar::reduce(U256::MAX), Scalar::reduce(U256::MAX)];
        let near = ends
            .into_iter()
            .flat_map(|end| (0..40_u64).flat_map(move |i| [end + Scalar::from(i), end - Scalar::from(i)]));
        let powers = core::iter::successors(Some(Scalar::ONE), |power| Some(power.double())).take(256);
        let squares =
            core::iter::successors(Some(Scalar::MULTIPLICATIVE_GENERATOR), |s| Some(s.square() + Scalar::ONE))
                .take(256);
        for s in near.chain(powers).chain(squares) {
            assert_eq!(generator(&s), ProjectivePoint::GENERATOR * s);
            let other = (ProjectivePoint::GENERATOR * (s + Scalar::from(5_u64))).to_affine();
            assert_eq!(point(&s, &other), other * s);
        }
    }
}
