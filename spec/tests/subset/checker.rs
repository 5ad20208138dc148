//! Which rules of the hacspec subset a file breaks, and where. The checker sees syntax only: it knows no types, and looks into macros
//! token by token.

use proc_macro2::{Span, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::fmt;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, Pat, Token};

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    Unsafe,
    TraitObject,
    MutableCapture,
    InteriorMutability,
    MutableReference,
    WhileOrLoop,
    ExitFromLoop,
    ReferenceInReturnType,
    FloatingPoint,
    InputOutput,
}

impl Rule {
    pub(crate) const ALL: [Rule; 10] = [
        Rule::Unsafe,
        Rule::TraitObject,
        Rule::MutableCapture,
        Rule::InteriorMutability,
        Rule::MutableReference,
        Rule::WhileOrLoop,
        Rule::ExitFromLoop,
        Rule::ReferenceInReturnType,
        Rule::FloatingPoint,
        Rule::InputOutput,
    ];

    /// The name that samples have.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Rule::Unsafe => "unsafe",
            Rule::TraitObject => "trait_object",
            Rule::MutableCapture => "mutable_capture",
            Rule::InteriorMutability => "interior_mutability",
            Rule::MutableReference => "mutable_reference",
            Rule::WhileOrLoop => "while_or_loop",
            Rule::ExitFromLoop => "exit_from_loop",
            Rule::ReferenceInReturnType => "reference_in_return_type",
            Rule::FloatingPoint => "floating_point",
            Rule::InputOutput => "input_output",
        }
    }
}

/// A rule that is broken, and the line that breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) rule: Rule,
    pub(crate) line: usize,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.rule.name())
    }
}

/// What breaks the rules in this source text.
pub(crate) fn check(source: &str) -> syn::Result<Vec<Violation>> {
    let mut checker = Checker::default();
    checker.visit_file(&syn::parse_file(source)?);
    Ok(checker.violations)
}

const INTERIOR: &str =
    "Cell RefCell UnsafeCell SyncUnsafeCell OnceCell LazyCell Mutex RwLock OnceLock LazyLock Condvar thread_local";
const FLOATS: &str = "f16 f32 f64 f128";
/// Modules of the standard library and macros that do I/O or include other files unseen.
const INPUT_OUTPUT: &str = "fs io net env process thread time print println eprint eprintln dbg include include_str \
                            include_bytes option_env";
/// Methods that change what they are called on.
const MUTATING: &str = "push push_str pop insert remove clear extend extend_from_slice append truncate resize retain \
                        drain sort reverse swap fill copy_from_slice";
/// Methods that only read what they are called on. Of all other methods syntax does not tell; so on a captured variable that is
/// declared `mut` they are refused. Not seen is a change through a method of an unlisted name on a variable that is not declared `mut`:
/// it would need a `&mut` or interior mutability, which have rules of their own.
const READING: &str = "len is_empty clone get first last iter contains to_vec slice concat";

fn is_in(list: &str, name: &str) -> bool {
    list.split(' ').any(|listed| listed == name)
}

#[derive(Default)]
struct Checker {
    violations: Vec<Violation>,
    /// How many `for` loops stand around, up to the next function or closure.
    loops: usize,
    in_return_type: bool,
    /// For each closure around, the variables that are declared in it.
    closures: Vec<BTreeSet<String>>,
    /// The variables of this function that are declared `mut`.
    mutable: BTreeSet<String>,
}

impl Checker {
    fn report(&mut self, rule: Rule, at: Span) {
        self.violations.push(Violation { rule, line: at.start().line });
    }

    fn report_if(&mut self, broken: bool, rule: Rule, at: Span) {
        if broken {
            self.report(rule, at);
        }
    }

    fn name(&mut self, name: &str, at: Span) {
        let interior = is_in(INTERIOR, name) || name.starts_with("Atomic");
        self.report_if(interior, Rule::InteriorMutability, at);
        self.report_if(is_in(FLOATS, name), Rule::FloatingPoint, at);
        self.report_if(name == "FnMut", Rule::MutableCapture, at);
    }

    fn exit(&mut self, at: Span) {
        self.report_if(self.loops > 0, Rule::ExitFromLoop, at);
    }

    /// Runs with the loops and closures of another function, that is with none.
    fn outside_of_loops(&mut self, visit: impl FnOnce(&mut Self)) {
        let loops = std::mem::take(&mut self.loops);
        visit(self);
        self.loops = loops;
    }

    /// Something is changed: is it a variable that the innermost closure does not declare?
    fn change(&mut self, place: &Expr) {
        let Some(declared) = self.closures.last() else { return };
        let captured = variables(place).into_iter().any(|name| !declared.contains(&name));
        self.report_if(captured, Rule::MutableCapture, place.span());
    }

    /// Does the method change its receiver, for all that can be seen?
    fn may_change(&self, call: &syn::ExprMethodCall) -> bool {
        let method = call.method.to_string();
        let on_a_value = matches!(*call.receiver, Expr::MethodCall(_) | Expr::Call(_));
        let mutable = !on_a_value && variables(&call.receiver).iter().any(|name| self.mutable.contains(name));
        is_in(MUTATING, &method) || (mutable && !is_in(READING, &method))
    }

    /// What is in a macro is not parsed for what it is; so look at each token, and at what parses as expressions.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut previous = String::new();
        for token in tokens {
            let at = token.span();
            let text = match &token {
                TokenTree::Group(group) => {
                    self.tokens(group.stream());
                    String::new()
                }
                token => token.to_string(),
            };
            match text.as_str() {
                "unsafe" => self.report(Rule::Unsafe, at),
                "dyn" => self.report(Rule::TraitObject, at),
                "while" | "loop" => self.report(Rule::WhileOrLoop, at),
                "return" | "break" | "continue" | "?" => self.exit(at),
                "mut" if previous == "&" => self.report(Rule::MutableReference, at),
                name => self.name(name, at),
            }
            if let TokenTree::Literal(literal) = &token {
                let literal = syn::Lit::new(literal.clone());
                self.visit_lit(&literal);
            }
            previous = text;
        }
    }
}

/// The variables that a change of this place changes.
fn variables(place: &Expr) -> Vec<String> {
    match place {
        Expr::Path(path) => vec![path.path.segments.iter().map(|s| s.ident.to_string()).collect::<Vec<_>>().join("::")],
        Expr::Field(field) => variables(&field.base),
        Expr::Index(index) => variables(&index.expr),
        Expr::Paren(paren) => variables(&paren.expr),
        Expr::Group(group) => variables(&group.expr),
        Expr::Unary(unary) => variables(&unary.expr),
        Expr::MethodCall(call) => variables(&call.receiver),
        Expr::Tuple(tuple) => tuple.elems.iter().flat_map(variables).collect(),
        Expr::Array(array) => array.elems.iter().flat_map(variables).collect(),
        _ => vec![],
    }
}

/// The modules and names that stand next in an import.
fn imported(tree: &syn::UseTree) -> Vec<&syn::Ident> {
    match tree {
        syn::UseTree::Path(path) => vec![&path.ident],
        syn::UseTree::Name(name) => vec![&name.ident],
        syn::UseTree::Rename(rename) => vec![&rename.ident],
        syn::UseTree::Group(group) => group.items.iter().flat_map(imported).collect(),
        syn::UseTree::Glob(_) => vec![],
    }
}

/// The variables that patterns declare.
#[derive(Default)]
struct Declared(BTreeSet<String>);

impl<'ast> Visit<'ast> for Declared {
    fn visit_pat(&mut self, pattern: &'ast Pat) {
        if let Pat::Ident(ident) = pattern {
            self.0.insert(ident.ident.to_string());
        }
        visit::visit_pat(self, pattern);
    }
}

impl<'ast> Visit<'ast> for Checker {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Unsafe(e) => self.report(Rule::Unsafe, e.unsafe_token.span),
            Expr::While(e) => self.report(Rule::WhileOrLoop, e.while_token.span),
            Expr::Loop(e) => self.report(Rule::WhileOrLoop, e.loop_token.span),
            Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) | Expr::Try(_) => self.exit(expr.span()),
            Expr::Assign(e) => self.change(&e.left),
            Expr::Binary(e) if is_assignment(&e.op) => self.change(&e.left),
            Expr::MethodCall(e) if self.may_change(e) => self.change(&e.receiver),
            Expr::Reference(e) if e.mutability.is_some() => {
                self.report(Rule::MutableReference, expr.span());
                self.change(&e.expr);
            }
            Expr::RawAddr(_) => self.report(Rule::Unsafe, expr.span()),
            _ => {}
        }
        visit::visit_expr(self, expr);
    }

    fn visit_expr_for_loop(&mut self, e: &'ast syn::ExprForLoop) {
        self.visit_expr(&e.expr);
        self.visit_pat(&e.pat);
        self.loops += 1;
        self.visit_block(&e.body);
        self.loops -= 1;
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        let mut declared = Declared::default();
        declared.visit_expr_closure(closure);
        self.closures.push(declared.0);
        self.outside_of_loops(|checker| visit::visit_expr_closure(checker, closure));
        self.closures.pop();
    }

    fn visit_item(&mut self, item: &'ast syn::Item) {
        let (closures, mutable) = (std::mem::take(&mut self.closures), std::mem::take(&mut self.mutable));
        self.outside_of_loops(|checker| visit::visit_item(checker, item));
        (self.closures, self.mutable) = (closures, mutable);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.mutable.clear();
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        if pattern.mutability.is_some() {
            self.mutable.insert(pattern.ident.to_string());
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        let mutable = matches!(item.mutability, syn::StaticMutability::Mut(_));
        self.report_if(mutable, Rule::Unsafe, item.span());
        visit::visit_item_static(self, item);
    }

    fn visit_item_foreign_mod(&mut self, item: &'ast syn::ItemForeignMod) {
        self.report(Rule::Unsafe, item.span());
        visit::visit_item_foreign_mod(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.report_if(item.unsafety.is_some(), Rule::Unsafe, item.span());
        visit::visit_item_impl(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.report_if(item.unsafety.is_some(), Rule::Unsafe, item.span());
        visit::visit_item_trait(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.report_if(signature.unsafety.is_some(), Rule::Unsafe, signature.span());
        visit::visit_signature(self, signature);
    }

    fn visit_receiver(&mut self, receiver: &'ast syn::Receiver) {
        let mutable = receiver.reference.is_some() && receiver.mutability.is_some();
        self.report_if(mutable, Rule::MutableReference, receiver.span());
        // Without a colon the type is made up from what has just been looked at.
        if receiver.colon_token.is_some() {
            visit::visit_receiver(self, receiver);
        }
    }

    fn visit_return_type(&mut self, return_type: &'ast syn::ReturnType) {
        let outer = std::mem::replace(&mut self.in_return_type, true);
        visit::visit_return_type(self, return_type);
        self.in_return_type = outer;
    }

    fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
        self.report_if(self.in_return_type, Rule::ReferenceInReturnType, lifetime.span());
    }

    fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
        self.report_if(self.in_return_type, Rule::ReferenceInReturnType, reference.span());
        self.report_if(reference.mutability.is_some(), Rule::MutableReference, reference.span());
        self.visit_type(&reference.elem);
    }

    fn visit_type_ptr(&mut self, pointer: &'ast syn::TypePtr) {
        self.report(Rule::Unsafe, pointer.span());
        visit::visit_type_ptr(self, pointer);
    }

    fn visit_type_trait_object(&mut self, object: &'ast syn::TypeTraitObject) {
        self.report(Rule::TraitObject, object.span());
        visit::visit_type_trait_object(self, object);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let standard = matches!(names[0].as_str(), "std" | "core" | "alloc");
        let broken = standard && names.get(1).is_some_and(|module| is_in(INPUT_OUTPUT, module));
        self.report_if(broken, Rule::InputOutput, path.span());
        for segment in &path.segments {
            self.name(&segment.ident.to_string(), segment.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_use_path(&mut self, path: &'ast syn::UsePath) {
        let standard = matches!(path.ident.to_string().as_str(), "std" | "core" | "alloc");
        for ident in imported(&path.tree) {
            self.report_if(standard && is_in(INPUT_OUTPUT, &ident.to_string()), Rule::InputOutput, ident.span());
        }
        visit::visit_use_path(self, path);
    }

    fn visit_use_name(&mut self, name: &'ast syn::UseName) {
        self.name(&name.ident.to_string(), name.ident.span());
    }

    fn visit_use_rename(&mut self, rename: &'ast syn::UseRename) {
        self.name(&rename.ident.to_string(), rename.ident.span());
    }

    fn visit_lit(&mut self, literal: &'ast syn::Lit) {
        let float = match literal {
            syn::Lit::Float(_) => true,
            syn::Lit::Int(int) => is_in(FLOATS, int.suffix()),
            _ => false,
        };
        self.report_if(float, Rule::FloatingPoint, literal.span());
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        self.report_if(is_in(INPUT_OUTPUT, &name), Rule::InputOutput, call.span());
        self.visit_path(&call.path);
        match call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            Ok(arguments) => arguments.iter().for_each(|argument| self.visit_expr(argument)),
            Err(_) => self.tokens(call.tokens.clone()),
        }
    }

    /// Attributes: what hax reads in them is code.
    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.visit_path(&list.path);
        self.tokens(list.tokens.clone());
    }
}

fn is_assignment(op: &syn::BinOp) -> bool {
    use syn::BinOp::*;
    matches!(
        op,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}
