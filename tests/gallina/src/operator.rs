//! Operators. Arithmetic wraps as the machine's does.

use crate::expression::{parenthesised, strip};
use crate::function::{Binds, Function, Purpose, Term, indent};
use crate::types::Type;
use syn::{BinOp, Expr, UnOp};

impl Function<'_> {
    pub(crate) fn unary(&mut self, unary: &syn::ExprUnary, want: &Type, binds: &mut Binds) -> Term {
        let value = self.argument(&unary.expr, want, binds);
        match (&unary.op, &value.ty) {
            (UnOp::Deref(_), _) => value,
            (UnOp::Not(_), Type::Int(name)) if name == "i64" => {
                Term { text: format!("Z.lnot {}", value.text), ty: value.ty }
            }
            (UnOp::Not(_), Type::Int(name)) => {
                Term { text: format!("Rust.{name} (Z.lnot {})", value.text), ty: value.ty }
            }
            (UnOp::Not(_), _) => Term { text: format!("negb {}", value.text), ty: Type::Bool },
            _ => Term { text: format!("(-{})", value.text), ty: value.ty },
        }
    }

    pub(crate) fn binary(&mut self, left: &Expr, op: &BinOp, right: &Expr, want: &Type, binds: &mut Binds) -> Term {
        use BinOp::{Add, AddAssign, And, Eq, Ge, Gt, Le, Lt, Mul, MulAssign, Ne, Or, Shl, ShlAssign, Sub, SubAssign};
        use BinOp::{BitAnd, BitOr, BitXor, Div, Rem, Shr, ShrAssign};
        match op {
            And(_) | Or(_) => {
                let symbol = if matches!(op, And(_)) { "&&" } else { "||" };
                let first = self.argument(left, &Type::Bool, binds);
                let mut inner = vec![];
                let second = self.argument(right, &Type::Bool, &mut inner);
                if inner.is_empty() {
                    return Term { text: format!("{} {symbol} {}", first.text, second.text), ty: Type::Bool };
                }
                // The right side is computed only if the left one does not decide.
                let decided = if matches!(op, And(_)) { "false" } else { "true" };
                let success = if self.is_option() { "Some" } else { "Ok" };
                let computed = self.last(right, &Purpose::Computed(Type::Bool));
                let (yes, no) = match op {
                    And(_) => (computed, format!("{success} {decided}")),
                    _ => (format!("{success} {decided}"), computed),
                };
                self.fresh += 1;
                let name = format!("t{}", self.fresh);
                binds.push((name.clone(), format!("(if {} then\n{}\nelse {no})", first.text, indent(&yes))));
                Term { text: name, ty: Type::Bool }
            }
            Eq(_) | Ne(_) | Lt(_) | Le(_) | Gt(_) | Ge(_) => self.comparison(left, op, right, binds),
            Shl(_) | ShlAssign(_) | Shr(_) | ShrAssign(_) => {
                let value = self.argument(left, want, binds);
                let ty = value.ty.clone().or(want);
                let by = self.argument(right, &Type::Unknown, binds);
                let text = match (op, &ty) {
                    (Shl(_) | ShlAssign(_), Type::Int(name)) => {
                        format!("Rust.{name} (Z.shiftl {} {})", value.text, by.text)
                    }
                    (Shl(_) | ShlAssign(_), _) => panic!("{}: a shift of an unknown type", self.module),
                    _ => format!("Z.shiftr {} {}", value.text, by.text),
                };
                Term { text, ty }
            }
            Add(_) | AddAssign(_) | Sub(_) | SubAssign(_) | Mul(_) | MulAssign(_) => {
                let sum = self.ring(left, op, right, want, binds);
                match &sum.ty {
                    Type::Int(name) => Term { text: format!("Rust.{name} ({})", sum.text), ty: sum.ty },
                    _ => panic!("{}: arithmetic of an unknown type: {}", self.module, sum.text),
                }
            }
            Div(_) | Rem(_) | BitAnd(_) | BitOr(_) | BitXor(_) => {
                let (a, b) = self.operands(left, right, want, binds);
                let text = match op {
                    Div(_) => format!("{} / {}", a.text, b.text),
                    Rem(_) => format!("{} mod {}", a.text, b.text),
                    BitAnd(_) => format!("Z.land {} {}", parenthesised(&a.text), parenthesised(&b.text)),
                    BitOr(_) => format!("Z.lor {} {}", parenthesised(&a.text), parenthesised(&b.text)),
                    _ => format!("Z.lxor {} {}", parenthesised(&a.text), parenthesised(&b.text)),
                };
                Term { text, ty: a.ty.or(&b.ty).or(want) }
            }
            _ => panic!("{}: an operator that is not translated", self.module),
        }
    }

    /// Sums, differences and products, before they wrap: it makes no difference to wrap each.
    fn ring(&mut self, left: &Expr, op: &BinOp, right: &Expr, want: &Type, binds: &mut Binds) -> Term {
        use BinOp::{Add, AddAssign, Mul, MulAssign, Sub};
        let symbol = match op {
            Add(_) | AddAssign(_) => "+",
            Mul(_) | MulAssign(_) => "*",
            _ => "-",
        };
        let mut side = |this: &mut Self, expr: &Expr, want: &Type| match strip(expr) {
            Expr::Binary(b) if matches!(b.op, Add(_) | Sub(_) | Mul(_)) => {
                let inner = this.ring(&b.left, &b.op, &b.right, want, binds);
                let same = matches!(b.op, Add(_)) && symbol == "+";
                Term { text: if same { inner.text } else { format!("({})", inner.text) }, ty: inner.ty }
            }
            other => this.operand(other, want, binds),
        };
        let mut a = side(self, left, want);
        let b = side(self, right, &a.ty.clone().or(want));
        a.ty = a.ty.or(&b.ty).or(want);
        Term { text: format!("{} {symbol} {}", a.text, b.text), ty: a.ty }
    }

    /// Two operands of one type.
    fn operands(&mut self, left: &Expr, right: &Expr, want: &Type, binds: &mut Binds) -> (Term, Term) {
        // What decides the type of a literal may be on either side.
        let want = match self.peek(left).or(&self.peek(right)) {
            Type::Unknown => want.clone(),
            known => known,
        };
        let a = self.operand(left, &want, binds);
        let b = self.operand(right, &want, binds);
        (a, b)
    }

    /// A term that can stand beside an operator: an application can.
    fn operand(&mut self, expr: &Expr, want: &Type, binds: &mut Binds) -> Term {
        let term = self.expression(expr, want, binds);
        let application = matches!(strip(expr), Expr::Call(_) | Expr::MethodCall(_)) && !term.text.contains(" ++ ");
        Term { text: if application { term.text } else { parenthesised(&term.text) }, ty: term.ty }
    }

    /// The type of a term as far as it stands by itself.
    fn peek(&mut self, expr: &Expr) -> Type {
        match strip(expr) {
            Expr::Lit(literal) => self.literal(&literal.lit, &Type::Unknown).ty,
            Expr::Binary(b) if matches!(b.op, BinOp::Shl(_) | BinOp::Shr(_)) => self.peek(&b.left),
            Expr::Binary(b) => self.peek(&b.left).or(&self.peek(&b.right)),
            other => self.expression(other, &Type::Unknown, &mut vec![]).ty,
        }
    }

    fn comparison(&mut self, left: &Expr, op: &BinOp, right: &Expr, binds: &mut Binds) -> Term {
        let (a, b) = self.operands(left, right, &Type::Unknown, binds);
        let integers = matches!(a.ty.clone().or(&b.ty), Type::Int(_) | Type::Unknown);
        let (a, b) = (a.text, b.text);
        let text = match op {
            BinOp::Eq(_) if integers => format!("{a} =? {b}"),
            BinOp::Ne(_) if integers => format!("negb ({a} =? {b})"),
            BinOp::Eq(_) => format!("Rust.eqb {} {}", parenthesised(&a), parenthesised(&b)),
            BinOp::Ne(_) => format!("negb (Rust.eqb {} {})", parenthesised(&a), parenthesised(&b)),
            BinOp::Lt(_) if !integers => format!("Rust.less {} {}", parenthesised(&a), parenthesised(&b)),
            BinOp::Lt(_) => format!("{a} <? {b}"),
            BinOp::Le(_) => format!("{a} <=? {b}"),
            BinOp::Gt(_) => format!("{b} <? {a}"),
            _ => format!("{b} <=? {a}"),
        };
        Term { text, ty: Type::Bool }
    }
}

/// A conversion of an integer to another type: it wraps where that one is smaller.
pub(crate) fn converted(value: &Term, ty: &Type) -> String {
    let bits = |ty: &Type| match ty {
        Type::Int(name) if name == "usize" => 64,
        Type::Int(name) => name.trim_start_matches(['u', 'i']).parse().expect("a width"),
        _ => 0u32,
    };
    let signed = |ty: &Type| matches!(ty, Type::Int(name) if name.starts_with('i'));
    let Type::Int(name) = ty else { panic!("a cast to something else than an integer") };
    let fits = match (signed(&value.ty), signed(ty)) {
        (false, true) => bits(&value.ty) < bits(ty),
        (true, false) => false,
        _ => bits(&value.ty) <= bits(ty),
    };
    if value.ty == Type::Unknown || fits { value.text.clone() } else { format!("Rust.{name} {}", value.text) }
}
