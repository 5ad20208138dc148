//! Where changes stand in the syntax tree.

use crate::list::{Mutant, Place};
use proc_macro2::{LineColumn, Span};
use std::collections::HashMap;
use std::ops::Range;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// A piece of the source that changes stand for, in bytes. Sites are nested or apart.
pub(crate) struct Site {
    pub(crate) range: Range<usize>,
    pub(crate) kind: Kind,
    /// Each with what stands for the original, as cargo-mutants wrote it.
    pub(crate) changes: Vec<(u32, String)>,
}

pub(crate) enum Kind {
    /// All statements of a function.
    Body,
    /// Left operand, right operand; another operator stands between them.
    Binary(Range<usize>, Range<usize>),
    /// An operand, without its operator.
    Unary(Range<usize>),
    /// The guard of a match arm, for changes of the guard.
    Guard,
    /// A match arm that has a guard (its range) or none (an empty range), for the deletion of the arm.
    Arm,
    /// The value of a field (or a shorthand field), and what gives the others; the field's name.
    Field(Range<usize>, String),
}

/// Sites of the changes to one file. What has no site cannot be expressed.
pub(crate) fn of(source: &str, mutants: &[&Mutant]) -> syn::Result<Vec<Site>> {
    let mut finder = Finder { lines: lines(source), wanted: HashMap::new(), sites: Vec::new() };
    for mutant in mutants {
        let place = (mutant.span.start.line, mutant.span.start.column, mutant.genre.clone());
        finder.wanted.entry(place).or_default().push((mutant.id, mutant.replacement.clone()));
    }
    finder.visit_file(&syn::parse_file(source)?);
    let mut sites = finder.sites;
    // The outer one first.
    sites.sort_by_key(|site| (site.range.start, std::cmp::Reverse(site.range.end)));
    Ok(sites)
}

/// Byte offsets of the beginnings of lines.
fn lines(source: &str) -> Vec<(usize, String)> {
    let mut start = 0;
    source
        .split_inclusive('\n')
        .map(|line| {
            let this = (start, line.to_string());
            start += line.len();
            this
        })
        .collect()
}

struct Finder {
    lines: Vec<(usize, String)>,
    wanted: HashMap<(usize, usize, String), Vec<(u32, String)>>,
    sites: Vec<Site>,
}

impl Finder {
    fn offset(&self, place: LineColumn) -> usize {
        let (start, line) = &self.lines[place.line - 1];
        start + line.char_indices().nth(place.column).map_or(line.len(), |(byte, _)| byte)
    }

    fn range(&self, span: Span) -> Range<usize> {
        self.offset(span.start())..self.offset(span.end())
    }

    /// The changes of a genre that begin here.
    fn take(&mut self, at: Span, genre: &str) -> Vec<(u32, String)> {
        let place = Place { line: at.start().line, column: at.start().column + 1 };
        self.wanted.remove(&(place.line, place.column, genre.to_string())).unwrap_or_default()
    }

    fn add(&mut self, range: Range<usize>, kind: Kind, changes: Vec<(u32, String)>) {
        if !changes.is_empty() {
            self.sites.push(Site { range, kind, changes });
        }
    }

    fn body(&mut self, block: &syn::Block) {
        if let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) {
            let changes = self.take(first.span(), "FnValue");
            let range = self.offset(first.span().start())..self.offset(last.span().end());
            self.add(range, Kind::Body, changes);
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, one: &'ast syn::ItemFn) {
        self.body(&one.block);
        visit::visit_item_fn(self, one);
    }

    fn visit_impl_item_fn(&mut self, one: &'ast syn::ImplItemFn) {
        self.body(&one.block);
        visit::visit_impl_item_fn(self, one);
    }

    fn visit_trait_item_fn(&mut self, one: &'ast syn::TraitItemFn) {
        if let Some(block) = &one.default {
            self.body(block);
        }
        visit::visit_trait_item_fn(self, one);
    }

    // What is computed at compile time cannot be switched.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}

    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}

    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}

    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}

    fn visit_expr_repeat(&mut self, one: &'ast syn::ExprRepeat) {
        self.visit_expr(&one.expr);
    }

    fn visit_type_array(&mut self, _: &'ast syn::TypeArray) {}

    fn visit_expr_binary(&mut self, one: &'ast syn::ExprBinary) {
        let changes = self.take(one.op.span(), "BinaryOperator");
        // In a chain with `let` the operator has no other.
        if !has_let(&one.left) && !has_let(&one.right) {
            let (left, right) = (self.range(one.left.span()), self.range(one.right.span()));
            self.add(left.start..right.end, Kind::Binary(left, right), changes);
        }
        visit::visit_expr_binary(self, one);
    }

    fn visit_expr_unary(&mut self, one: &'ast syn::ExprUnary) {
        let changes = self.take(one.op.span(), "UnaryOperator");
        let operand = self.range(one.expr.span());
        self.add(self.offset(one.op.span().start())..operand.end, Kind::Unary(operand), changes);
        visit::visit_expr_unary(self, one);
    }

    fn visit_arm(&mut self, one: &'ast syn::Arm) {
        let deleted = self.take(one.span(), "MatchArm");
        let after = self.offset(one.pat.span().end());
        match &one.guard {
            Some((_, guard)) if !has_let(guard) => {
                let range = self.range(guard.span());
                self.add(range.clone(), Kind::Arm, deleted);
                let changes = self.take(guard.span(), "MatchArmGuard");
                self.add(range, Kind::Guard, changes);
            }
            Some(_) => {}
            None => self.add(after..after, Kind::Arm, deleted),
        }
        visit::visit_arm(self, one);
    }

    fn visit_expr_struct(&mut self, one: &'ast syn::ExprStruct) {
        for field in &one.fields {
            let changes = self.take(field.span(), "StructField");
            if let (Some(rest), syn::Member::Named(name)) = (&one.rest, &field.member) {
                let rest = self.range(rest.span());
                self.add(self.range(field.span()), Kind::Field(rest, name.to_string()), changes);
            }
        }
        visit::visit_expr_struct(self, one);
    }
}

/// Is `let` in it, as a condition?
fn has_let(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(one) => has_let(&one.left) || has_let(&one.right),
        _ => false,
    }
}
