//! Expressions: literals, paths, fields, records, and `if` and `match` as values.

use crate::function::{Binds, Function, Purpose, Term, indent, local};
use crate::operator::converted;
use crate::source::{Item, named};
use crate::types::{INTEGERS, Type};
use syn::visit::Visit;
use syn::{Expr, Lit, Pat};

impl Function<'_> {
    /// A term; `want` is the type that is expected of it, if it is known.
    pub(crate) fn expression(&mut self, expr: &Expr, want: &Type, binds: &mut Binds) -> Term {
        match expr {
            Expr::Reference(reference) => self.expression(&reference.expr, want, binds),
            Expr::Paren(paren) => self.expression(&paren.expr, want, binds),
            Expr::Group(group) => self.expression(&group.expr, want, binds),
            Expr::Lit(literal) => self.literal(&literal.lit, want),
            Expr::Path(path) => self.path(&path.path, want),
            Expr::Unary(unary) => self.unary(unary, want, binds),
            Expr::Binary(binary) => self.binary(&binary.left, &binary.op, &binary.right, want, binds),
            Expr::Cast(cast) => {
                let value = self.argument(&cast.expr, &Type::Unknown, binds);
                let ty = Type::read(&cast.ty, self.source, self.module);
                Term { text: converted(&value, &ty), ty }
            }
            Expr::Field(field) => {
                let record = self.argument(&field.base, &Type::Unknown, binds);
                let syn::Member::Named(name) = &field.member else { panic!("a field without a name") };
                self.field(&record, &name.to_string())
            }
            Expr::Index(index) => {
                let list = self.argument(&index.expr, &Type::Unknown, binds);
                let at = self.argument(&index.index, &Type::int("usize"), binds);
                Term { text: format!("Rust.index {} {}", list.text, at.text), ty: list.ty.element() }
            }
            Expr::Tuple(tuple) if tuple.elems.is_empty() => Term { text: "tt".into(), ty: Type::Unit },
            Expr::Tuple(tuple) => {
                let want = |i: usize| match want {
                    Type::Tuple(types) => types[i].clone(),
                    _ => Type::Unknown,
                };
                let parts: Vec<Term> =
                    tuple.elems.iter().enumerate().map(|(i, part)| self.expression(part, &want(i), binds)).collect();
                Term {
                    text: format!("({})", join(&parts, ", ")),
                    ty: Type::Tuple(parts.into_iter().map(|part| part.ty).collect()),
                }
            }
            Expr::Array(array) => {
                let parts: Vec<Term> =
                    array.elems.iter().map(|part| self.expression(part, &want.element(), binds)).collect();
                let element = parts.iter().fold(want.element(), |ty, part| ty.or(&part.ty));
                let one_line = format!("[{}]", join(&parts, "; "));
                let text = if one_line.len() < 80 { one_line } else { format!("[{}]", join(&parts, ";\n ")) };
                Term { text, ty: Type::list(element) }
            }
            Expr::Struct(structure) => self.structure(structure, binds),
            Expr::Call(call) => self.call(call, want, binds),
            Expr::MethodCall(call) => self.method(call, want, binds),
            Expr::Try(attempt) => {
                let (computation, ty) = self.attempt(attempt, binds);
                self.fresh += 1;
                let name = format!("t{}", self.fresh);
                binds.push((name.clone(), computation));
                Term { text: name, ty }
            }
            Expr::If(_) | Expr::Match(_) | Expr::Block(_) => self.branching(expr, want, binds),
            _ => panic!("{}: an expression that is not translated", self.module),
        }
    }

    /// A term that can stand as an argument.
    pub(crate) fn argument(&mut self, expr: &Expr, want: &Type, binds: &mut Binds) -> Term {
        let term = self.expression(expr, want, binds);
        Term { text: parenthesised(&term.text), ty: term.ty }
    }

    pub(crate) fn literal(&self, literal: &Lit, want: &Type) -> Term {
        match literal {
            Lit::Int(int) => {
                let digits: String = int.to_string().trim_end_matches(int.suffix()).replace('_', "");
                let ty = if int.suffix().is_empty() { want.clone() } else { Type::int(int.suffix()) };
                Term { text: digits, ty: if matches!(ty, Type::Int(_)) { ty } else { Type::Unknown } }
            }
            Lit::Bool(bool) => Term { text: bool.value.to_string(), ty: Type::Bool },
            Lit::Str(text) => {
                let text = text.value();
                assert!(text.is_ascii() && !text.contains('"'), "a text that is not translated: {text}");
                Term { text: format!("Rust.str \"{text}\""), ty: Type::bytes() }
            }
            _ => panic!("{}: a literal that is not translated", self.module),
        }
    }

    fn path(&mut self, path: &syn::Path, want: &Type) -> Term {
        let mut names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names[0] == "Self" {
            names[0] = self.own.clone().expect("a type of its own");
        }
        if let ([name], Some(ty)) = (&names[..], self.variable(&names[0])) {
            return Term { text: local(name), ty };
        }
        if names[..] == ["None"] {
            return Term { text: "None".into(), ty: want.clone() };
        }
        if INTEGERS.contains(&names[0].as_str()) {
            return Term { text: format!("Rust.{}", names.join("_")), ty: Type::int(&names[0]) };
        }
        let item = self.source.resolve_names(&names, self.module);
        let text = self.source.reference(&item, self.module);
        if let Some(ty) = self.source.constant(&item) {
            return Term { text, ty: Type::read(ty, self.source, &item.module) };
        }
        if let Some(function) = self.source.function(&item) {
            return Term { text, ty: Type::returned(&function.sig.output, self.source, &item.module) };
        }
        let ty = self.enumeration_of(&item).unwrap_or_else(|| panic!("{}: what is {}?", self.module, names.join("::")));
        Term { text, ty }
    }

    /// The type of which this is a variant.
    pub(crate) fn enumeration_of(&self, variant: &Item) -> Option<Type> {
        let (name, _) = variant.name.split_once("::")?;
        let item = Item { module: variant.module.clone(), name: name.into() };
        self.source.enumeration(&item)?;
        Some(Type::Named(item, vec![]))
    }

    /// The field of a record.
    pub(crate) fn field(&self, record: &Term, name: &str) -> Term {
        let Type::Named(item, arguments) = &record.ty else {
            panic!("{}: field {name} of something unknown: {}", self.module, record.text)
        };
        let fields = self.source.fields(item).expect("a struct");
        let (_, ty) = fields.iter().find(|(field, _)| field == name).expect("a field");
        let ty = match Type::read(ty, self.source, &item.module) {
            Type::Parameter(_) => arguments[0].clone(),
            ty => ty,
        };
        let projection = self.source.reference(&member(item, name), self.module);
        Term { text: format!("{}.({projection})", record.text), ty }
    }

    /// The record with other values in some fields.
    pub(crate) fn updated(&self, record: &Term, values: &[(String, String)]) -> String {
        let Type::Named(item, _) = &record.ty else { panic!("{}: an update of something unknown", self.module) };
        values.iter().fold(record.text.clone(), |record, (field, value)| {
            let update = self.source.reference(&member(item, &format!("with_{field}")), self.module);
            format!("{update} {} {}", parenthesised(&record), parenthesised(value))
        })
    }

    fn structure(&mut self, structure: &syn::ExprStruct, binds: &mut Binds) -> Term {
        let item = self.source.resolve(&structure.path, self.module);
        let fields: Vec<(String, Type)> = self
            .source
            .fields(&item)
            .expect("a struct")
            .into_iter()
            .map(|(name, ty)| (name, Type::read(ty, self.source, &item.module)))
            .collect();
        let mut argument = None;
        let mut values = vec![];
        for value in &structure.fields {
            let syn::Member::Named(name) = &value.member else { panic!("a field without a name") };
            let (_, ty) = fields.iter().find(|(field, _)| name == field).expect("a field");
            let term = self.expression(&value.expr, ty, binds);
            if matches!(ty, Type::Parameter(_)) {
                argument = Some(term.ty.clone());
            }
            values.push((name.to_string(), term.text));
        }
        let ty = Type::Named(item.clone(), argument.into_iter().collect());
        if let Some(rest) = &structure.rest {
            let base = self.argument(rest, &ty, binds);
            return Term { text: self.updated(&base, &values), ty };
        }
        assert_eq!(values.len(), fields.len());
        let all: Vec<String> = values
            .into_iter()
            .map(|(field, value)| {
                let value = value.replace('\n', "\n  ");
                format!("  {} := {value}", self.source.reference(&member(&item, &field), self.module))
            })
            .collect();
        let text = format!("{{|\n{}\n|}}", all.join(";\n"));
        Term {
            text: if text.len() < 80 {
                text.replace("\n", "").replace("|  ", "| ").replace(";  ", "; ").replace("|}", " |}")
            } else {
                text
            },
            ty,
        }
    }

    /// `if`, `match` and blocks as values. With `?` inside, the value is computed before.
    fn branching(&mut self, expr: &Expr, want: &Type, binds: &mut Binds) -> Term {
        let ty = self.value_of(expr).or(want);
        if !has_attempt(expr) {
            return Term { text: parenthesised(&self.last(expr, &Purpose::Value(ty.clone()))), ty };
        }
        let computation = self.last(expr, &Purpose::Computed(ty.clone()));
        self.fresh += 1;
        let name = format!("t{}", self.fresh);
        binds.push((name.clone(), format!("({computation})")));
        Term { text: name, ty }
    }

    /// The type of a branching expression, by the first branch that tells.
    fn value_of(&mut self, expr: &Expr) -> Type {
        let outer = (self.scope.len(), self.fresh);
        let ty = match expr {
            Expr::If(choice) => {
                let then = self.value_of_block(&choice.then_branch);
                match &choice.else_branch {
                    Some((_, branch)) => then.or(&self.value_of(branch)),
                    None => then,
                }
            }
            Expr::Match(choice) => {
                let value = self.expression(&choice.expr, &Type::Unknown, &mut vec![]);
                let mut ty = Type::Unknown;
                for arm in &choice.arms {
                    self.pattern(&arm.pat, &value.ty);
                    ty = ty.or(&self.value_of(&arm.body));
                }
                ty
            }
            Expr::Block(block) => self.value_of_block(&block.block),
            other => self.expression(other, &Type::Unknown, &mut vec![]).ty,
        };
        self.scope.truncate(outer.0);
        self.fresh = outer.1;
        ty
    }

    fn value_of_block(&mut self, block: &syn::Block) -> Type {
        for statement in &block.stmts {
            if let syn::Stmt::Local(local) = statement {
                let init = &local.init.as_ref().expect("a value").expr;
                let value = self.expression(init, &Type::Unknown, &mut vec![]);
                self.declare(&local.pat, &value.ty);
            }
        }
        match block.stmts.last() {
            Some(syn::Stmt::Expr(last, None)) => self.value_of(last),
            _ => Type::Unknown,
        }
    }

    /// `match`: over integers it is a chain of comparisons.
    pub(crate) fn choice(&mut self, choice: &syn::ExprMatch, purpose: &Purpose, binds: &mut Binds) -> String {
        let value = self.argument(&choice.expr, &Type::Unknown, binds);
        if let Type::Int(_) = value.ty {
            return self.comparisons(&value, choice, purpose);
        }
        let mut text = format!("match {} with", value.text);
        for arm in &choice.arms {
            assert!(arm.guard.is_none(), "{}: a guard", self.module);
            let outer = self.scope.len();
            let pattern = self.pattern(&arm.pat, &value.ty);
            let body = self.last(&arm.body, purpose);
            self.scope.truncate(outer);
            text += &if body.contains('\n') {
                format!("\n| {pattern} =>\n{}", indent(&indent(&body)))
            } else {
                format!("\n| {pattern} => {body}")
            };
        }
        text + "\nend"
    }

    fn comparisons(&mut self, value: &Term, choice: &syn::ExprMatch, purpose: &Purpose) -> String {
        let mut text = String::new();
        for arm in &choice.arms {
            let body = self.last(&arm.body, purpose);
            let literal = |expr: &Expr, this: &mut Self| this.expression(expr, &value.ty, &mut vec![]).text;
            let condition = match &arm.pat {
                Pat::Wild(_) => {
                    text += &body;
                    return text;
                }
                Pat::Lit(only) => format!("{} =? {}", value.text, literal(&Expr::Lit(only.clone()), self)),
                Pat::Range(range) => {
                    let low = literal(range.start.as_ref().expect("a bound"), self);
                    let high = literal(range.end.as_ref().expect("a bound"), self);
                    format!("({low} <=? {0}) && ({0} <=? {high})", value.text)
                }
                _ => panic!("{}: a pattern that is not translated", self.module),
            };
            text += &format!("if {condition} then {body}\nelse ");
        }
        panic!("{}: match without a last arm", self.module)
    }

    /// A pattern of a `match`; declares its variables.
    pub(crate) fn pattern(&mut self, pattern: &Pat, ty: &Type) -> String {
        match pattern {
            Pat::TupleStruct(constructor) => {
                let name = constructor.path.segments.last().expect("a name").ident.to_string();
                let (text, types) = match name.as_str() {
                    "Some" | "Ok" => (name.clone(), vec![ty.success()]),
                    "Err" => (name.clone(), vec![ty.error()]),
                    _ => self.constructor(&constructor.path),
                };
                let parts: Vec<String> =
                    constructor.elems.iter().zip(&types).map(|(part, ty)| self.pattern(part, ty)).collect();
                format!("{text} {}", parts.join(" "))
            }
            Pat::Tuple(tuple) => {
                let types = match ty {
                    Type::Tuple(types) => types.clone(),
                    _ => panic!("{}: a tuple of something unknown", self.module),
                };
                let parts: Vec<String> =
                    tuple.elems.iter().zip(&types).map(|(part, ty)| self.pattern(part, ty)).collect();
                format!("({})", parts.join(", "))
            }
            Pat::Ident(ident) if ident.ident == "None" => "None".into(),
            Pat::Path(path) => self.path(&path.path, ty).text,
            other => self.declare(other, ty),
        }
    }

    /// A variant with arguments: its constructor and their types.
    pub(crate) fn constructor(&self, path: &syn::Path) -> (String, Vec<Type>) {
        let item = self.source.resolve(path, self.module);
        let (enumeration, variant) = item.name.split_once("::").expect("a variant");
        let enumeration = Item { module: item.module.clone(), name: enumeration.into() };
        let syntax = self.source.enumeration(&enumeration).expect("an enum");
        let variant = syntax.variants.iter().find(|v| v.ident == variant).expect("a variant");
        let types =
            named(&variant.fields).into_iter().map(|(_, ty)| Type::read(ty, self.source, &item.module)).collect();
        (self.source.reference(&item, self.module), types)
    }
}

/// The projection of a field: it is named after the struct, too.
pub(crate) fn member(item: &Item, field: &str) -> Item {
    Item { module: item.module.clone(), name: format!("{}::{field}", item.name) }
}

/// In parentheses, unless it is one word.
pub(crate) fn parenthesised(text: &str) -> String {
    let word = text.chars().all(|c| c.is_alphanumeric() || "_.'".contains(c));
    let closed = |open: char, close: char| {
        text.starts_with(open) && text.ends_with(close) && {
            let mut depth = 0i32;
            let mut early = false;
            for (i, c) in text.char_indices() {
                depth += i32::from(c == open) - i32::from(c == close);
                early |= depth == 0 && i + 1 < text.len();
            }
            !early
        }
    };
    let projection = text.rfind(".(").is_some_and(|at| {
        text.ends_with(')')
            && text.matches(['(', ' ']).count() == 1 + text[..at].matches(['(', ' ']).count()
            && text.split(".(").all(|part| !part.contains(' '))
    });
    if word || projection || closed('(', ')') || closed('[', ']') || closed('{', '}') {
        text.into()
    } else {
        format!("({text})")
    }
}

pub(crate) fn join(terms: &[Term], separator: &str) -> String {
    terms.iter().map(|term| term.text.as_str()).collect::<Vec<_>>().join(separator)
}

/// Without references and parentheses around.
pub(crate) fn strip(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => strip(&paren.expr),
        Expr::Reference(reference) => strip(&reference.expr),
        other => other,
    }
}

/// Is there a `?` in it?
fn has_attempt(expr: &Expr) -> bool {
    struct Attempts(bool);
    impl<'ast> Visit<'ast> for Attempts {
        fn visit_expr_try(&mut self, _: &'ast syn::ExprTry) {
            self.0 = true;
        }
    }
    let mut attempts = Attempts(false);
    attempts.visit_expr(expr);
    attempts.0
}
