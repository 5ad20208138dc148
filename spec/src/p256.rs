//! The curve P-256: parameters of NIST SP 800-186 section 3.2.1.3, group law and encodings of SEC 1 version 2.0, Diffie-Hellman of NIST
//! SP 800-56A revision 3.

use crate::bytes::{Bytes, bytes, has_length};

pub use arithmetic::{FieldElement, Scalar};

/// Bytes in a coordinate and in a scalar.
pub const COORDINATE_LENGTH: usize = 32;

/// A point of the curve other than the point at infinity O, by its affine coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// The x coordinate.
    pub x: FieldElement,
    /// The y coordinate.
    pub y: FieldElement,
}

/// Why a scalar or a point is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum P256Error {
    /// Not 32 bytes that encode an integer from 1 to n - 1.
    InvalidScalar,
    /// Not 32 bytes that encode an integer less than p, or no point of the curve has such coordinates.
    InvalidPoint,
    /// The result is the point at infinity; it cannot be for a scalar from 1 to n - 1 and a point of the curve.
    Infinity,
}

/// The base point G.
#[hax_lib::ensures(|g| is_on_curve(g.x, g.y))]
pub fn base_point() -> Point {
    Point { x: FieldElement::from_hex(G_X), y: FieldElement::from_hex(G_Y) }
}

/// The scalar that the bytes encode: an integer d from 1 to n - 1, 32 bytes, most significant first.
#[hax_lib::ensures(|result| result.is_ok() == is_scalar(encoded))]
pub fn scalar(encoded: &Bytes) -> Result<Scalar, P256Error> {
    if is_scalar(encoded) { Ok(scalar_modulo_n(encoded)) } else { Err(P256Error::InvalidScalar) }
}

/// The point with these coordinates, fully validated (SP 800-56A section 5.6.2.3.3, for an affine point of a curve with cofactor 1).
#[hax_lib::ensures(|result| match result { Ok(p) => is_on_curve(p.x, p.y), Err(_) => true })]
pub fn point(x: &Bytes, y: &Bytes) -> Result<Point, P256Error> {
    // 2. Verify that xQ and yQ are integers in the interval [0, p-1]
    let x = field_element(x).ok_or(P256Error::InvalidPoint)?;
    let y = field_element(y).ok_or(P256Error::InvalidPoint)?;
    // 3. Verify that Q is on the curve by checking that (yQ)^2 = (xQ)^3 + a xQ + b (mod p)
    if is_on_curve(x, y) { Ok(Point { x, y }) } else { Err(P256Error::InvalidPoint) }
}

/// The point with this x coordinate and the even one of the two y coordinates (SEC 1 section 2.3.4, step 2, with the octet 02 in front).
/// The x coordinate of a product does not depend on that choice.
#[hax_lib::ensures(|result| result.is_ok() == is_x_coordinate(x))]
pub fn decompress(x: &Bytes) -> Result<Point, P256Error> {
    // 2.2. Convert X to a field element xP; invalid if it is none
    let x = field_element(x).ok_or(P256Error::InvalidPoint)?;
    // 2.4.1. Compute the field element alpha = xP^3 + a xP + b (mod p) and a square root beta of it; invalid if there is none
    let alpha = curve_polynomial(x);
    let beta = alpha.pow_felem(FieldElement::from_hex(QUARTER_OF_P_PLUS_1));
    if beta * beta != alpha {
        return Err(P256Error::InvalidPoint);
    }
    // otherwise set yP = beta if beta = ~yP (mod 2), and set yP = p - beta if beta != ~yP (mod 2)
    let y = if beta.bit(0) { beta.neg() } else { beta };
    Ok(Point { x, y })
}

/// s P: the point P added up s times (SEC 1 section 2.2.1). `None` is the point at infinity O.
#[hax_lib::requires(is_on_curve(p.x, p.y))]
#[hax_lib::ensures(|result| match result { Some(q) => is_on_curve(q.x, q.y), None => true })]
pub fn multiply(s: Scalar, p: &Point) -> Option<Point> {
    // double and add, from the most significant bit on
    let mut sum = jacobian_infinity();
    for i in 0..256 {
        sum = jacobian_double(sum);
        if s.bit(255 - i) {
            sum = jacobian_add_affine(sum, p);
        }
    }
    to_affine(sum)
}

/// P + Q by the rules of SEC 1 section 2.2.1. `None` is the point at infinity O.
pub fn add(p: &Option<Point>, q: &Option<Point>) -> Option<Point> {
    match (p, q) {
        // rule 1: O + O = O, rule 2: (x, y) + O = O + (x, y) = (x, y)
        (None, _) => *q,
        (_, None) => *p,
        (Some(p), Some(q)) if p.x == q.x => {
            if p.y == q.y && p.y != FieldElement::default() {
                // rule 5: (x1, y1) + (x1, y1) = (x3, y3), lambda = (3 x1^2 + a) / (2 y1)
                Some(chord(p, q, (three() * p.x * p.x + a()) / (p.y + p.y)))
            } else {
                // rule 3: (x, y) + (x, -y) = O
                None
            }
        }
        // rule 4: (x1, y1) + (x2, y2) = (x3, y3), lambda = (y2 - y1) / (x2 - x1)
        (Some(p), Some(q)) => Some(chord(p, q, (q.y - p.y) / (q.x - p.x))),
    }
}

/// The public key of a private key: Q = d G (SP 800-56A section 5.6.1.2).
pub fn public_key(d: Scalar) -> Result<Point, P256Error> {
    multiply(d, &base_point()).ok_or(P256Error::Infinity)
}

/// The shared secret Z of the Diffie-Hellman primitive (SP 800-56A section 5.7.1.2): the x coordinate of s P.
#[hax_lib::requires(is_on_curve(p.x, p.y))]
#[hax_lib::ensures(|result| match result { Ok(z) => z.len() == COORDINATE_LENGTH, Err(_) => true })]
pub fn ecdh(s: Scalar, p: &Point) -> Result<Bytes, P256Error> {
    // 1. Compute the point P = h dA QB (h = 1); 2. If P = O, output an error indicator
    let product = multiply(s, p).ok_or(P256Error::Infinity)?;
    // 3. Else, set z = xP, where xP is the x-coordinate of P, 4. Convert z to a byte string Z
    Ok(encode_x(&product))
}

/// The x coordinate as 32 bytes, most significant first.
#[hax_lib::ensures(|x| x.len() == COORDINATE_LENGTH)]
pub fn encode_x(p: &Point) -> Bytes {
    bytes(&p.x.to_be_bytes())
}

/// The y coordinate as 32 bytes, most significant first.
#[hax_lib::ensures(|y| y.len() == COORDINATE_LENGTH)]
pub fn encode_y(p: &Point) -> Bytes {
    bytes(&p.y.to_be_bytes())
}

/// Whether the bytes encode an integer from 1 to n - 1: 32 bytes, most significant first.
pub fn is_scalar(encoded: &Bytes) -> bool {
    has_length(encoded, COORDINATE_LENGTH) && {
        let s = scalar_modulo_n(encoded);
        // what is reduced modulo n stays as it is exactly if it is less than n
        s != Scalar::default() && bytes(&s.to_be_bytes()) == *encoded
    }
}

/// Whether the bytes encode an integer less than p: 32 bytes, most significant first.
pub fn is_field_element(encoded: &Bytes) -> bool {
    has_length(encoded, COORDINATE_LENGTH) && bytes(&field_element_modulo_p(encoded).to_be_bytes()) == *encoded
}

/// Whether a point of the curve has this x coordinate.
pub fn is_x_coordinate(x: &Bytes) -> bool {
    is_field_element(x) && {
        let alpha = curve_polynomial(field_element_modulo_p(x));
        // Euler's criterion: alpha is a square exactly if it is 0 or its power (p - 1) / 2 is 1
        alpha == FieldElement::default()
            || alpha.pow_felem(FieldElement::from_hex(HALF_OF_P_MINUS_1)) == FieldElement::from_literal(1)
    }
}

/// Whether y^2 = x^3 + a x + b (mod p).
pub fn is_on_curve(x: FieldElement, y: FieldElement) -> bool {
    y * y == curve_polynomial(x)
}

/// The integer that 32 bytes encode, modulo n.
#[hax_lib::requires(encoded.len() == COORDINATE_LENGTH)]
pub fn scalar_modulo_n(encoded: &Bytes) -> Scalar {
    Scalar::from_be_bytes(encoded.native_slice())
}

/// The field element that the bytes encode.
fn field_element(encoded: &Bytes) -> Option<FieldElement> {
    if is_field_element(encoded) { Some(field_element_modulo_p(encoded)) } else { None }
}

/// The integer that 32 bytes encode, modulo p.
fn field_element_modulo_p(encoded: &Bytes) -> FieldElement {
    FieldElement::from_be_bytes(encoded.native_slice())
}

/// x^3 + a x + b.
fn curve_polynomial(x: FieldElement) -> FieldElement {
    x * x * x + a() * x + FieldElement::from_hex(B)
}

/// The third point of the line with slope lambda through both, mirrored (SEC 1 section 2.2.1, rules 4 and 5).
fn chord(p: &Point, q: &Point, lambda: FieldElement) -> Point {
    // x3 = lambda^2 - x1 - x2, y3 = lambda (x1 - x3) - y1
    let x = lambda * lambda - p.x - q.x;
    let y = lambda * (p.x - x) - p.y;
    Point { x, y }
}

/// The affine point (X/Z^2, Y/Z^3) in Jacobian coordinates, which save the division in each step; O has Z = 0. Formulas: D. Bernstein and
/// T. Lange, Explicit-Formulas Database, "Jacobian coordinates with a4=-3 for short Weierstrass curves".
#[derive(Clone, Copy)]
struct Jacobian {
    x: FieldElement,
    y: FieldElement,
    z: FieldElement,
}

/// O.
fn jacobian_infinity() -> Jacobian {
    let one = FieldElement::from_literal(1);
    Jacobian { x: one, y: one, z: FieldElement::default() }
}

/// 2 P. O and points of order 2 give Z = 0, which is O.
fn jacobian_double(p: Jacobian) -> Jacobian {
    // dbl-2001-b: delta = Z1^2, gamma = Y1^2, beta = X1*gamma, alpha = 3*(X1-delta)*(X1+delta)
    let delta = p.z * p.z;
    let gamma = p.y * p.y;
    let four_beta = four() * p.x * gamma;
    let alpha = three() * (p.x - delta) * (p.x + delta);
    // X3 = alpha^2-8*beta
    let x = alpha * alpha - four_beta - four_beta;
    // Z3 = (Y1+Z1)^2-gamma-delta, that is 2*Y1*Z1
    let z = (p.y + p.y) * p.z;
    // Y3 = alpha*(4*beta-X3)-8*gamma^2
    let y = alpha * (four_beta - x) - eight() * gamma * gamma;
    Jacobian { x, y, z }
}

/// P + Q for a Q in affine coordinates.
fn jacobian_add_affine(p: Jacobian, q: &Point) -> Jacobian {
    if p.z == FieldElement::default() {
        return Jacobian { x: q.x, y: q.y, z: FieldElement::from_literal(1) };
    }
    // madd: Z1Z1 = Z1^2, U2 = X2*Z1Z1, S2 = Y2*Z1*Z1Z1, H = U2-X1, R = S2-Y1
    let z1z1 = p.z * p.z;
    let h = q.x * z1z1 - p.x;
    let r = q.y * p.z * z1z1 - p.y;
    if h == FieldElement::default() {
        // the same x: the same point, or its negative. Doubling and adding a scalar less than n never comes here.
        return if r == FieldElement::default() { jacobian_double(p) } else { jacobian_infinity() };
    }
    // HH = H^2, HHH = H*HH, V = X1*HH
    let hh = h * h;
    let hhh = h * hh;
    let v = p.x * hh;
    // X3 = R^2-HHH-2*V, Y3 = R*(V-X3)-Y1*HHH, Z3 = Z1*H
    let x = r * r - hhh - v - v;
    let y = r * (v - x) - p.y * hhh;
    Jacobian { x, y, z: p.z * h }
}

/// (X/Z^2, Y/Z^3), and `None` for O.
fn to_affine(p: Jacobian) -> Option<Point> {
    if p.z == FieldElement::default() {
        return None;
    }
    let inverse = p.z.inv();
    let inverse_squared = inverse * inverse;
    Some(Point { x: p.x * inverse_squared, y: p.y * inverse_squared * inverse })
}

/// a = -3 mod p.
fn a() -> FieldElement {
    three().neg()
}

fn three() -> FieldElement {
    FieldElement::from_literal(3)
}

fn four() -> FieldElement {
    FieldElement::from_literal(4)
}

fn eight() -> FieldElement {
    FieldElement::from_literal(8)
}

/// SP 800-186 section 3.2.1.3.
const B: &str = "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b";
/// SP 800-186 section 3.2.1.3.
const G_X: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
/// SP 800-186 section 3.2.1.3.
const G_Y: &str = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
/// (p + 1) / 4: since p = 3 (mod 4), this power of a square is a root of it.
const QUARTER_OF_P_PLUS_1: &str = "3fffffffc0000000400000000000000000000000400000000000000000000000";
/// (p - 1) / 2.
const HALF_OF_P_MINUS_1: &str = "7fffffff800000008000000000000000000000007fffffffffffffffffffffff";

/// Integers modulo p and modulo n. hacspec-lib's macro writes these types without documentation of their functions.
#[allow(missing_docs, clippy::all)]
mod arithmetic {
    use hacspec_lib::*;

    // p = 2^256 - 2^224 + 2^192 + 2^96 - 1
    public_nat_mod!(
        type_name: FieldElement,
        type_of_canvas: FieldCanvas,
        bit_size_of_field: 256,
        modulo_value: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
    );
    // n, the order of G
    public_nat_mod!(
        type_name: Scalar,
        type_of_canvas: ScalarCanvas,
        bit_size_of_field: 256,
        modulo_value: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
    );
}
