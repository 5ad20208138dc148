//! Calls of functions and methods. Those of the standard library and of hacspec-lib are in `Rust.v`.

use crate::expression::{join, parenthesised, strip};
use crate::function::{Binds, Function, Term, local};
use crate::operator::converted;
use crate::source::Item;
use crate::types::Type;
use syn::{Expr, ExprCall, ExprMethodCall, ExprTry, FnArg, Pat};

impl Function<'_> {
    /// What `?` is applied to, as a computation with the error of this function, and the type of its success.
    pub(crate) fn attempt(&mut self, attempt: &ExprTry, binds: &mut Binds) -> (String, Type) {
        let want = match &self.returns {
            Type::Result(_, error) => Type::Result(Box::new(Type::Unknown), error.clone()),
            _ => Type::Unknown,
        };
        let value = self.expression(&attempt.expr, &want, binds);
        let success = value.ty.success();
        if let (Type::Named(from, _), Type::Named(to, _)) = (value.ty.error(), self.returns.error())
            && from != to
        {
            let conversion = Item { module: to.module.clone(), name: format!("{}::from", to.name) };
            let conversion = self.source.reference(&conversion, self.module);
            return (format!("Rust.map_err {conversion} {}", parenthesised(&value.text)), success);
        }
        (value.text, success)
    }

    pub(crate) fn call(&mut self, call: &ExprCall, want: &Type, binds: &mut Binds) -> Term {
        let Expr::Path(path) = call.func.as_ref() else { panic!("{}: a call of a value", self.module) };
        let names: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let name = names.iter().map(String::as_str).collect::<Vec<_>>().join("::");
        let argument =
            |this: &mut Self, i: usize, want: &Type, binds: &mut Binds| this.argument(&call.args[i], want, binds);
        match name.as_str() {
            "Ok" | "Some" | "Err" => {
                let inner = if name == "Err" { want.error() } else { want.success() };
                let value = argument(self, 0, &inner, binds);
                let ty = match name.as_str() {
                    "Ok" => Type::Result(Box::new(value.ty), Box::new(want.error())),
                    "Some" => Type::option(value.ty),
                    _ => Type::Result(Box::new(want.success()), Box::new(value.ty)),
                };
                Term { text: format!("{name} {}", value.text), ty }
            }
            "Box::new" => argument(self, 0, want, binds),
            "Vec::new" => Term { text: "[]".into(), ty: want.clone().or(&Type::list(Type::Unknown)) },
            "Bytes::new" | "Seq::new" => {
                let length = argument(self, 0, &Type::int("usize"), binds);
                let element = match path.path.segments.first().map(|segment| &segment.arguments) {
                    Some(syn::PathArguments::AngleBracketed(_)) => Type::read(
                        &syn::Type::Path(syn::TypePath { qself: None, path: owner(&path.path) }),
                        self.source,
                        self.module,
                    ),
                    _ => Type::bytes(),
                };
                Term { text: format!("Rust.zeros {}", length.text), ty: element }
            }
            "Bytes::from_native_slice" | "Seq::from_native_slice" => self.expression(strip(&call.args[0]), want, binds),
            "u64::from" | "u32::from" => {
                let value = argument(self, 0, &Type::Unknown, binds);
                let ty = Type::int(&names[0]);
                Term { text: converted(&value, &ty), ty }
            }
            "i64::try_from" | "usize::try_from" => {
                let value = argument(self, 0, &Type::Unknown, binds);
                let ty = Type::Result(Box::new(Type::int(&names[0])), Box::new(Type::Unit));
                Term { text: format!("Rust.try_{} {}", names[0], value.text), ty }
            }
            "u32::from_be_bytes" => {
                let value = argument(self, 0, &Type::bytes(), binds);
                Term { text: format!("Rust.u32_from_be_bytes {}", value.text), ty: Type::int("u32") }
            }
            _ => self.own_call(&path.path, call, binds),
        }
    }

    /// A call of a function of the specification, or a variant with arguments.
    fn own_call(&mut self, path: &syn::Path, call: &ExprCall, binds: &mut Binds) -> Term {
        let item = self.source.resolve(path, self.module);
        let (text, parameters, ty) = match self.source.function(&item) {
            Some(function) => {
                let parameters = parameters(self, function, &item.module);
                let ty = Type::returned(&function.sig.output, self.source, &item.module);
                (self.source.reference(&item, self.module), parameters, ty)
            }
            None => {
                let ty = self.enumeration_of(&item).unwrap_or_else(|| panic!("{}: what is {item:?}?", self.module));
                let (text, parameters) = self.constructor(path);
                (text, parameters, ty)
            }
        };
        let arguments: Vec<Term> =
            call.args.iter().zip(&parameters).map(|(argument, want)| self.argument(argument, want, binds)).collect();
        Term { text: format!("{text} {}", if arguments.is_empty() { "tt".into() } else { join(&arguments, " ") }), ty }
    }

    pub(crate) fn method(&mut self, call: &ExprMethodCall, want: &Type, binds: &mut Binds) -> Term {
        let name = call.method.to_string();
        let receiver = self.argument(&call.receiver, &Type::Unknown, binds);
        let this = &receiver.text;
        let usize = Type::int("usize");
        // What changes nothing in Gallina.
        if ["clone", "to_vec", "as_bytes", "native_slice"].contains(&name.as_str()) {
            return receiver;
        }
        let mut arguments = vec![];
        for argument in &call.args {
            let want = match name.as_str() {
                "concat" | "set_exact_chunk" => receiver.ty.clone(),
                "slice" | "get" => usize.clone(),
                "unwrap_or" => receiver.ty.success(),
                "ok_or" => want.error(),
                "or" => want.clone(),
                _ => receiver.ty.clone(),
            };
            arguments.push(match argument {
                Expr::Closure(closure) => {
                    let element = if name == "map_err" { receiver.ty.error() } else { receiver.ty.success() };
                    self.closure(closure, &element, &want)
                }
                argument => self.argument(argument, &want, binds),
            });
        }
        let (function, ty) = match name.as_str() {
            "len" => ("len", usize),
            "concat" => {
                return Term { text: format!("{this} ++ {}", join(&arguments, "")), ty: receiver.ty };
            }
            "slice" | "set_exact_chunk" | "get_exact_chunk" => (name.as_str(), receiver.ty.clone()),
            "num_exact_chunks" => ("num_exact_chunks", usize),
            "first" | "get" => (name.as_str(), Type::option(receiver.ty.element())),
            "is_empty" | "is_none" | "is_some" | "is_ok" | "is_ok_and" | "is_multiple_of" => {
                (name.as_str(), Type::Bool)
            }
            "ok_or" => ("ok_or", Type::Result(Box::new(receiver.ty.success()), Box::new(arguments[0].ty.clone()))),
            "or" => ("or", Type::Result(Box::new(receiver.ty.success()), Box::new(arguments[0].ty.error()))),
            "map_err" => {
                let ty = Type::Result(Box::new(receiver.ty.success()), Box::new(arguments[0].ty.clone()));
                return Term { text: format!("Rust.map_err {} {this}", arguments[0].text), ty };
            }
            "ok" => ("ok", Type::option(receiver.ty.success())),
            "unwrap_or" => match receiver.ty {
                Type::Option(_) => ("unwrap_or", receiver.ty.success()),
                _ => ("result_unwrap_or", receiver.ty.success()),
            },
            "and_then" => match (&receiver.ty, &arguments[0].ty) {
                (Type::Option(_), ty) => ("option_and_then", ty.clone()),
                (_, ty) => ("and_then", ty.clone()),
            },
            "checked_add" => {
                let Type::Int(width) = &receiver.ty else { panic!("arithmetic of an unknown type") };
                let text = format!("Rust.checked_add_{width} {this} {}", arguments[0].text);
                return Term { text, ty: Type::option(receiver.ty.clone()) };
            }
            "wrapping_add" => {
                let Type::Int(width) = &receiver.ty else { panic!("arithmetic of an unknown type") };
                let text = format!("Rust.{width} ({this} + {})", arguments[0].text);
                return Term { text, ty: receiver.ty };
            }
            "rotate_right" => ("rotate_right_u32", receiver.ty.clone()),
            "div_ceil" => ("div_ceil", receiver.ty.clone()),
            "trailing_zeros" => ("trailing_zeros", Type::int("u32")),
            "unsigned_abs" => ("unsigned_abs", Type::int("u64")),
            _ => panic!("{}: the method {name} is not translated", self.module),
        };
        let rest: String = arguments.iter().map(|argument| format!(" {}", argument.text)).collect();
        Term { text: format!("Rust.{} {this}{rest}", function), ty }
    }

    /// A closure of one argument; its type stands for that of its value.
    fn closure(&mut self, closure: &syn::ExprClosure, element: &Type, want: &Type) -> Term {
        let outer = self.scope.len();
        let parameter = self.declare(&closure.inputs[0], element);
        let body = self.expression(&closure.body, want, &mut vec![]);
        self.scope.truncate(outer);
        Term { text: format!("(fun {parameter} => {})", body.text), ty: body.ty }
    }
}

/// The types of a function's parameters.
fn parameters(this: &Function, function: &syn::ItemFn, module: &str) -> Vec<Type> {
    function
        .sig
        .inputs
        .iter()
        .map(|input| match input {
            FnArg::Typed(typed) => Type::read(&typed.ty, this.source, module),
            FnArg::Receiver(_) => panic!("a method"),
        })
        .collect()
}

/// The parameters of a function as binders, declared in its scope.
pub(crate) fn binders(this: &mut Function, function: &syn::Signature) -> String {
    let mut text = String::new();
    for input in &function.inputs {
        let FnArg::Typed(typed) = input else { panic!("a method") };
        let Pat::Ident(ident) = typed.pat.as_ref() else { panic!("a parameter without a name") };
        let ty = Type::read(&typed.ty, this.source, this.module);
        let name = ident.ident.to_string();
        text += &format!(" ({} : {})", local(&name), ty.gallina(this.source, this.module));
        this.scope.push((name, ty));
    }
    // A function without parameters is one of `unit`, so that it is not computed before it is called.
    if text.is_empty() { " (_ : unit)".into() } else { text }
}

/// `Seq::<u32>` of `Seq::<u32>::new`.
fn owner(path: &syn::Path) -> syn::Path {
    let mut owner = path.clone();
    owner.segments.pop();
    owner.segments.pop_punct();
    owner
}
