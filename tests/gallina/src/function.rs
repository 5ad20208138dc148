//! Bodies of functions. A block is translated from its first statement on: each `let` and each assignment becomes a `let ... in` around
//! the rest, a loop becomes a fold over the variables that it assigns, and `?` becomes a bind.

use crate::source::Source;
use crate::types::Type;
use syn::visit::{self, Visit};
use syn::{Block, Expr, Pat, Stmt};

/// A term of Gallina and its type in the specification.
pub(crate) struct Term {
    pub(crate) text: String,
    pub(crate) ty: Type,
}

/// What stands in front of a term because of each `?` in it: the variable, and the computation that gives it.
pub(crate) type Binds = Vec<(String, String)>;

/// What the value of a block is for.
#[derive(Clone)]
pub(crate) enum Purpose {
    /// It is what the function returns.
    Return,
    /// It is a value in a function that returns a `Result` or an `Option`; computed by one, because there is a `?` in it.
    Computed(Type),
    /// It is a value without `?`.
    Value(Type),
    /// There is none; the block is for its assignments to these variables.
    Assigned(Vec<String>),
}

/// The function that is being translated.
pub(crate) struct Function<'a> {
    pub(crate) source: &'a Source,
    pub(crate) module: &'a str,
    /// The type that `Self` is.
    pub(crate) own: Option<String>,
    pub(crate) returns: Type,
    pub(crate) scope: Vec<(String, Type)>,
    pub(crate) fresh: usize,
}

impl<'a> Function<'a> {
    pub(crate) fn new(source: &'a Source, module: &'a str, returns: Type) -> Function<'a> {
        Function { source, module, own: None, returns, scope: vec![], fresh: 0 }
    }

    /// The body of a function.
    pub(crate) fn body(&mut self, block: &Block) -> String {
        self.block(block, &Purpose::Return)
    }

    pub(crate) fn block(&mut self, block: &Block, purpose: &Purpose) -> String {
        let outer = self.scope.len();
        let text = self.statements(&block.stmts, purpose);
        self.scope.truncate(outer);
        text
    }

    fn statements(&mut self, statements: &[Stmt], purpose: &Purpose) -> String {
        let Some((first, rest)) = statements.split_first() else {
            return match purpose {
                Purpose::Assigned(variables) => tuple(variables),
                _ => panic!("{}: a block without a value", self.module),
            };
        };
        match first {
            Stmt::Local(local) => {
                let init = &local.init.as_ref().expect("a variable has a value").expr;
                let declared = match &local.pat {
                    Pat::Type(pattern) => Type::read(&pattern.ty, self.source, self.module),
                    _ => Type::Unknown,
                };
                let mut binds = vec![];
                if let Expr::Try(attempt) = init.as_ref() {
                    let (computation, ty) = self.attempt(attempt, &mut binds);
                    let pattern = self.declare(&local.pat, &ty);
                    binds.push((pattern, computation));
                    let rest = self.statements(rest, purpose);
                    return self.bound(binds, rest);
                }
                let value = self.expression(init, &declared, &mut binds);
                let pattern = self.declare(&local.pat, &value.ty.or(&declared));
                let rest = self.statements(rest, purpose);
                self.bound(binds, format!("let {pattern} := {} in\n{rest}", value.text))
            }
            Stmt::Expr(last, None) if rest.is_empty() && !matches!(purpose, Purpose::Assigned(_)) => {
                self.last(last, purpose)
            }
            Stmt::Expr(last @ Expr::Return(_), Some(_)) => self.last(last, purpose),
            Stmt::Expr(expr, _) => self.statement(expr, rest, purpose),
            _ => panic!("{}: a statement that is not translated", self.module),
        }
    }

    /// A statement for its effect: an assignment, or what has assignments in it.
    fn statement(&mut self, expr: &Expr, rest: &[Stmt], purpose: &Purpose) -> String {
        let mut binds = vec![];
        let (pattern, value) = match expr {
            Expr::If(choice) if choice.else_branch.is_none() && leaves(&choice.then_branch) => {
                let condition = self.expression(&choice.cond, &Type::Bool, &mut binds);
                let then = self.block(&choice.then_branch, purpose);
                let rest = self.statements(rest, purpose);
                let text = format!("if {} then\n{}\nelse\n{}", condition.text, indent(&then), indent(&rest));
                return self.bound(binds, text);
            }
            Expr::If(choice) => {
                let variables = assigned(expr);
                let condition = self.expression(&choice.cond, &Type::Bool, &mut binds);
                let purpose = Purpose::Assigned(variables.clone());
                let then = self.block(&choice.then_branch, &purpose);
                let otherwise = match &choice.else_branch {
                    Some((_, branch)) => self.branch(branch, &purpose),
                    None => format!(" {}", tuple(&variables)),
                };
                let then = indent(&then);
                (let_pattern(&variables), format!("if {} then\n{then}\nelse{otherwise}", condition.text))
            }
            Expr::Match(_) => {
                let variables = assigned(expr);
                let value = self.last(expr, &Purpose::Assigned(variables.clone()));
                (let_pattern(&variables), value)
            }
            Expr::ForLoop(each) => {
                let variables = assigned(expr);
                let (fold, over, element) = match each.expr.as_ref() {
                    Expr::Range(range) => {
                        let bound = |side: &Option<Box<Expr>>, this: &mut Self, binds: &mut Binds| match side {
                            Some(side) => this.argument(side, &Type::int("usize"), binds).text,
                            None => panic!("a range without an end"),
                        };
                        let start = bound(&range.start, self, &mut binds);
                        let end = bound(&range.end, self, &mut binds);
                        ("Rust.for_range", format!("{start} {end}"), Type::int("usize"))
                    }
                    list => {
                        let list = self.argument(list, &Type::Unknown, &mut binds);
                        ("Rust.for_each", list.text, list.ty.element())
                    }
                };
                let outer = self.scope.len();
                let element = self.declare(&each.pat, &element);
                let body = self.block(&each.body, &Purpose::Assigned(variables.clone()));
                self.scope.truncate(outer);
                let state = let_pattern(&variables);
                let value =
                    format!("{fold} {over} (fun {element} {state} =>\n{}) {}", indent(&body), tuple(&variables));
                (state, value)
            }
            Expr::Assign(assign) => {
                let want = self.place(&assign.left);
                let value = self.expression(&assign.right, &want, &mut binds);
                self.assign(&assign.left, &value, &mut binds)
            }
            Expr::Binary(binary) if compound(&binary.op) => {
                let want = self.place(&binary.left);
                let value = self.binary(&binary.left, &binary.op, &binary.right, &want, &mut binds);
                self.assign(&binary.left, &value, &mut binds)
            }
            Expr::MethodCall(call) if MUTATING.contains(&call.method.to_string().as_str()) => {
                let value = self.changed(call, &mut binds);
                self.assign(&call.receiver, &value, &mut binds)
            }
            Expr::Try(attempt) => {
                let (computation, _) = self.attempt(attempt, &mut binds);
                binds.push(("_".into(), computation));
                let rest = self.statements(rest, purpose);
                return self.bound(binds, rest);
            }
            _ => panic!("{}: a statement that is not translated", self.module),
        };
        let rest = self.statements(rest, purpose);
        self.bound(binds, format!("let {pattern} := {value} in\n{rest}"))
    }

    /// The list after `push` or `extend`.
    fn changed(&mut self, call: &syn::ExprMethodCall, binds: &mut Binds) -> Term {
        let list = self.argument(&call.receiver, &Type::Unknown, binds);
        let argument = self.argument(&call.args[0], &list.ty.element(), binds);
        if call.method == "push" {
            Term { text: format!("{} ++ [{}]", list.text, argument.text), ty: Type::list(argument.ty) }
        } else {
            Term { text: format!("{} ++ Rust.to_list {}", list.text, argument.text), ty: list.ty }
        }
    }

    /// The value of a block: of an expression in the place of the last one.
    pub(crate) fn last(&mut self, expr: &Expr, purpose: &Purpose) -> String {
        let mut binds = vec![];
        let text = match (expr, purpose) {
            (Expr::Return(returned), Purpose::Return) => {
                return self.last(returned.expr.as_ref().expect("a value"), purpose);
            }
            (Expr::If(choice), _) => {
                let condition = self.expression(&choice.cond, &Type::Bool, &mut binds);
                let then = self.block(&choice.then_branch, purpose);
                let otherwise = match (&choice.else_branch, purpose) {
                    (Some((_, branch)), _) => self.branch(branch, purpose),
                    (None, Purpose::Assigned(variables)) => format!(" {}", tuple(variables)),
                    _ => panic!("{}: if without else", self.module),
                };
                format!("if {} then\n{}\nelse{otherwise}", condition.text, indent(&then))
            }
            (Expr::Match(choice), _) => self.choice(choice, purpose, &mut binds),
            (Expr::Block(block), _) => return self.block(&block.block, purpose),
            (_, Purpose::Assigned(_)) => {
                return self.statement(expr, &[], purpose);
            }
            (_, Purpose::Return) => self.expression(expr, &self.returns.clone(), &mut binds).text,
            (_, Purpose::Value(want)) => self.expression(expr, want, &mut binds).text,
            (_, Purpose::Computed(want)) => {
                let value = self.argument(expr, want, &mut binds);
                format!("{} {}", if self.is_option() { "Some" } else { "Ok" }, value.text)
            }
        };
        assert!(binds.is_empty() || matches!(purpose, Purpose::Return | Purpose::Computed(_)));
        self.bound(binds, text)
    }

    /// The other branch: `if` goes on in the same line.
    fn branch(&mut self, branch: &Expr, purpose: &Purpose) -> String {
        let text = self.last(branch, purpose);
        if matches!(branch, Expr::If(_)) && text.starts_with("if") {
            format!(" {text}")
        } else {
            format!("\n{}", indent(&text))
        }
    }

    /// The computations, then the term.
    fn bound(&self, binds: Binds, text: String) -> String {
        let word = if self.is_option() { "let??" } else { "let?" };
        binds.into_iter().rev().fold(text, |rest, (variable, computation)| {
            format!("{word} {} := {computation} in\n{rest}", variable.trim_start_matches('\''))
        })
    }

    pub(crate) fn is_option(&self) -> bool {
        matches!(self.returns, Type::Option(_))
    }

    pub(crate) fn variable(&self, name: &str) -> Option<Type> {
        self.scope.iter().rev().find(|(known, _)| known == name).map(|(_, ty)| ty.clone())
    }

    /// Declares the variables of a pattern; the pattern in Gallina.
    pub(crate) fn declare(&mut self, pattern: &Pat, ty: &Type) -> String {
        match pattern {
            Pat::Ident(ident) => {
                let name = ident.ident.to_string();
                self.scope.push((name.clone(), ty.clone()));
                local(&name)
            }
            Pat::Wild(_) => "_".into(),
            Pat::Type(typed) => self.declare(&typed.pat, ty),
            Pat::Reference(reference) => self.declare(&reference.pat, ty),
            Pat::Tuple(tuple) => {
                let types = match ty {
                    Type::Tuple(types) => types.clone(),
                    _ => vec![Type::Unknown; tuple.elems.len()],
                };
                let parts: Vec<String> =
                    tuple.elems.iter().zip(&types).map(|(part, ty)| self.declare(part, ty)).collect();
                format!("'({})", parts.iter().map(|part| part.trim_start_matches('\'')).collect::<Vec<_>>().join(", "))
            }
            _ => panic!("{}: a pattern that is not translated", self.module),
        }
    }

    /// The type of a place that is assigned to.
    fn place(&mut self, place: &Expr) -> Type {
        self.expression(place, &Type::Unknown, &mut vec![]).ty
    }

    /// An assignment to a place: the variable, and its new value.
    fn assign(&mut self, place: &Expr, value: &Term, binds: &mut Binds) -> (String, String) {
        match place {
            Expr::Path(path) => {
                let name = path.path.get_ident().expect("a variable").to_string();
                let entry = self.scope.iter_mut().rev().find(|(known, _)| *known == name).expect("a variable");
                entry.1 = value.ty.clone().or(&entry.1);
                (local(&name), value.text.clone())
            }
            Expr::Index(index) => {
                let list = self.argument(&index.expr, &Type::Unknown, binds);
                let at = self.argument(&index.index, &Type::int("usize"), binds);
                let text = format!("Rust.update {} {} ({})", list.text, at.text, value.text);
                self.assign(&index.expr, &Term { text, ty: list.ty }, binds)
            }
            Expr::Field(field) => {
                let record = self.argument(&field.base, &Type::Unknown, binds);
                let syn::Member::Named(name) = &field.member else { panic!("a field without a name") };
                let text = self.updated(&record, &[(name.to_string(), value.text.clone())]);
                self.assign(&field.base, &Term { text, ty: record.ty }, binds)
            }
            _ => panic!("{}: an assignment that is not translated", self.module),
        }
    }
}

/// Methods that change their receiver.
const MUTATING: [&str; 2] = ["push", "extend"];

/// Does the block end with `return`?
fn leaves(block: &Block) -> bool {
    matches!(block.stmts.last(), Some(Stmt::Expr(Expr::Return(_), _)))
}

/// `+=` and its like.
fn compound(op: &syn::BinOp) -> bool {
    use syn::BinOp::{AddAssign, BitAndAssign, BitOrAssign, BitXorAssign, MulAssign, ShlAssign, ShrAssign, SubAssign};
    matches!(
        op,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | BitXorAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}

/// The variables from outside that a statement assigns, in the order in which it does.
fn assigned(expr: &Expr) -> Vec<String> {
    #[derive(Default)]
    struct Assigned {
        variables: Vec<String>,
        declared: Vec<String>,
    }
    impl Assigned {
        fn note(&mut self, place: &Expr) {
            match place {
                Expr::Path(path) => {
                    let name = path.path.get_ident().expect("a variable").to_string();
                    if !self.variables.contains(&name) && !self.declared.contains(&name) {
                        self.variables.push(name);
                    }
                }
                Expr::Field(field) => self.note(&field.base),
                Expr::Index(index) => self.note(&index.expr),
                _ => panic!("an assignment that is not translated"),
            }
        }
    }
    impl<'ast> Visit<'ast> for Assigned {
        fn visit_expr(&mut self, expr: &'ast Expr) {
            match expr {
                Expr::Assign(assign) => self.note(&assign.left),
                Expr::Binary(binary) if compound(&binary.op) => self.note(&binary.left),
                Expr::MethodCall(call) if MUTATING.contains(&call.method.to_string().as_str()) => {
                    self.note(&call.receiver);
                }
                _ => {}
            }
            visit::visit_expr(self, expr);
        }
        fn visit_local(&mut self, local: &'ast syn::Local) {
            visit::visit_local(self, local);
            if let Pat::Ident(ident) = &local.pat {
                self.declared.push(ident.ident.to_string());
            }
        }
    }
    let mut found = Assigned::default();
    found.visit_expr(expr);
    assert!(!found.variables.is_empty(), "a statement without an effect");
    found.variables
}

/// The variables as one value.
fn tuple(variables: &[String]) -> String {
    let names: Vec<String> = variables.iter().map(|name| local(name)).collect();
    if names.len() == 1 { names[0].clone() } else { format!("({})", names.join(", ")) }
}

/// The variables as a pattern.
fn let_pattern(variables: &[String]) -> String {
    let text = tuple(variables);
    if variables.len() == 1 { text } else { format!("'{text}") }
}

/// A variable's name in Gallina, where some are keywords.
pub(crate) fn local(name: &str) -> String {
    if ["at", "end", "by", "fix", "exists"].contains(&name) { format!("{name}_") } else { name.into() }
}

/// Two spaces further to the right.
pub(crate) fn indent(text: &str) -> String {
    text.lines()
        .map(|line| if line.is_empty() { String::new() } else { format!("  {line}") })
        .collect::<Vec<_>>()
        .join("\n")
}
