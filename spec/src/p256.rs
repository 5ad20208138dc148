//! The curve P-256 (SP 800-186 section 3.2.1.3; group law of SEC 1 section 2.2.1 in Jacobian coordinates).

use crate::bytes::{Bytes, bytes};
use hacspec_lib::*;

public_nat_mod!(
    type_name: FieldElement,
    type_of_canvas: FieldCanvas,
    bit_size_of_field: 256,
    modulo_value: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
);

public_nat_mod!(
    type_name: Scalar,
    type_of_canvas: ScalarCanvas,
    bit_size_of_field: 256,
    modulo_value: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
);

/// Bytes of a coordinate and of a scalar.
pub const KEY: usize = 32;

/// p, big-endian.
const P: [u8; KEY] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff,
];

/// n, big-endian.
const N: [u8; KEY] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// An affine point other than infinity.
#[derive(Clone, Copy, PartialEq)]
pub struct Affine {
    /// x coordinate.
    pub x: FieldElement,
    /// y coordinate.
    pub y: FieldElement,
}

/// x = X/Z², y = Y/Z³; infinity has Z = 0.
#[derive(Clone, Copy)]
struct Jacobian {
    x: FieldElement,
    y: FieldElement,
    z: FieldElement,
}

/// Is this number, 32 bytes big-endian, below the bound?
#[hax_lib::requires(number.len() == KEY)]
pub fn is_below(number: &Bytes, bound: &[u8; KEY]) -> bool {
    let mut below = false;
    let mut equal_so_far = true;
    for i in 0..KEY {
        if equal_so_far && number[i] != bound[i] {
            below = number[i] < bound[i];
            equal_so_far = false;
        }
    }
    below
}

/// Is this a scalar, 1 <= s < n, in 32 bytes?
pub fn is_scalar(number: &Bytes) -> bool {
    number.len() == KEY && is_below(number, &N) && *number != Bytes::new(KEY)
}

/// Is this a field element, x < p, in 32 bytes?
pub fn is_field_element(number: &Bytes) -> bool {
    number.len() == KEY && is_below(number, &P)
}

/// The scalar that these 32 bytes stand for.
#[hax_lib::ensures(|result| result.is_some() == is_scalar(number))]
pub fn scalar(number: &Bytes) -> Option<Scalar> {
    if is_scalar(number) { Some(Scalar::from_be_bytes(number.native_slice())) } else { None }
}

/// 32 bytes, big-endian.
#[hax_lib::ensures(|result| result.len() == KEY)]
pub fn scalar_bytes(scalar: Scalar) -> Bytes {
    bytes(&scalar.to_be_bytes())
}

/// 32 bytes, big-endian.
#[hax_lib::ensures(|result| result.len() == KEY)]
pub fn field_bytes(element: FieldElement) -> Bytes {
    bytes(&element.to_be_bytes())
}

/// G.
pub fn generator() -> Affine {
    Affine {
        x: FieldElement::from_hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
        y: FieldElement::from_hex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
    }
}

/// x³ - 3x + b.
fn curve_equation(x: FieldElement) -> FieldElement {
    let b = FieldElement::from_hex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");
    x * x * x - FieldElement::from_literal(3) * x + b
}

/// Does the point satisfy y² = x³ - 3x + b?
pub fn is_on_curve(point: &Affine) -> bool {
    point.y * point.y == curve_equation(point.x)
}

/// The point with these coordinates (32 bytes each), if they are below p and on the curve.
pub fn point(x: &Bytes, y: &Bytes) -> Option<Affine> {
    if is_field_element(x) && is_field_element(y) {
        let candidate = Affine {
            x: FieldElement::from_be_bytes(x.native_slice()),
            y: FieldElement::from_be_bytes(y.native_slice()),
        };
        if is_on_curve(&candidate) { Some(candidate) } else { None }
    } else {
        None
    }
}

/// A point with this x coordinate (32 bytes), if x < p and there is one. SEC 1 section 2.3.4, with either root; p ≡ 3
/// mod 4, so that a root of a square w is w^((p+1)/4).
pub fn decompress(x: &Bytes) -> Option<Affine> {
    if is_field_element(x) {
        let x = FieldElement::from_be_bytes(x.native_slice());
        let exponent = FieldElement::from_hex("3fffffffc0000000400000000000000000000000400000000000000000000000");
        let candidate = Affine { x, y: curve_equation(x).pow_felem(exponent) };
        if is_on_curve(&candidate) { Some(candidate) } else { None }
    } else {
        None
    }
}

fn infinity() -> Jacobian {
    let one = FieldElement::from_literal(1);
    Jacobian { x: one, y: one, z: FieldElement::from_literal(0) }
}

fn is_infinity(p: &Jacobian) -> bool {
    p.z == FieldElement::from_literal(0)
}

fn to_jacobian(p: &Affine) -> Jacobian {
    Jacobian { x: p.x, y: p.y, z: FieldElement::from_literal(1) }
}

fn to_affine(p: &Jacobian) -> Option<Affine> {
    if is_infinity(p) {
        None
    } else {
        let inverse = p.z.inv();
        let squared = inverse * inverse;
        Some(Affine { x: p.x * squared, y: p.y * squared * inverse })
    }
}

/// 2P on a curve with a = -3: slope 3(x - z²)(x + z²).
fn double(p: &Jacobian) -> Jacobian {
    let delta = p.z * p.z;
    let gamma = p.y * p.y;
    let beta = p.x * gamma;
    let alpha = FieldElement::from_literal(3) * (p.x - delta) * (p.x + delta);
    let beta_4 = FieldElement::from_literal(4) * beta;
    let x = alpha * alpha - beta_4 - beta_4;
    let y_plus_z = p.y + p.z;
    Jacobian {
        x,
        y: alpha * (beta_4 - x) - FieldElement::from_literal(8) * gamma * gamma,
        z: y_plus_z * y_plus_z - gamma - delta,
    }
}

/// P + Q, all cases of SEC 1 section 2.2.1.
fn add(p: &Jacobian, q: &Jacobian) -> Jacobian {
    if is_infinity(p) {
        *q
    } else if is_infinity(q) {
        *p
    } else {
        let p_zz = p.z * p.z;
        let q_zz = q.z * q.z;
        let u = p.x * q_zz;
        let s = p.y * q_zz * q.z;
        let h = q.x * p_zz - u;
        let r = q.y * p_zz * p.z - s;
        let zero = FieldElement::from_literal(0);
        if h == zero && r == zero {
            double(p)
        } else if h == zero {
            infinity()
        } else {
            let hh = h * h;
            let hhh = hh * h;
            let v = u * hh;
            let x = r * r - hhh - v - v;
            Jacobian { x, y: r * (v - x) - s * hhh, z: h * p.z * q.z }
        }
    }
}

fn multiply(k: Scalar, p: &Jacobian) -> Jacobian {
    let digits = scalar_bytes(k);
    let mut q = infinity();
    for i in 0..8 * KEY {
        q = double(&q);
        if (digits[i / 8] >> (7 - i % 8)) & 1 == 1 {
            q = add(&q, p);
        }
    }
    q
}

/// k·P; `None` for infinity.
pub fn scalar_multiply(k: Scalar, p: &Affine) -> Option<Affine> {
    to_affine(&multiply(k, &to_jacobian(p)))
}

/// u·G + v·Q; `None` for infinity.
pub fn multiply_add(u: Scalar, v: Scalar, q: &Affine) -> Option<Affine> {
    to_affine(&add(&multiply(u, &to_jacobian(&generator())), &multiply(v, &to_jacobian(q))))
}

/// k·G; `None` only for k = 0.
pub fn public_point(k: Scalar) -> Option<Affine> {
    scalar_multiply(k, &generator())
}

/// x coordinate of k·P, 32 bytes (SP 800-56A section 5.7.1.2). `None` for infinity.
pub fn ecdh(k: Scalar, p: &Affine) -> Option<Bytes> {
    scalar_multiply(k, p).map(|q| field_bytes(q.x))
}
