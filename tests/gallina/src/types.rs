//! The types of the specification, as far as the translation needs them: which machine integer, which list, which record.

use crate::source::{Item, Source};
use syn::{GenericArgument, PathArguments, ReturnType, Type as Syntax};

/// A type of the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// An integer of this name (`u8`, ..., `usize`, `i64`); all are `Z` in Gallina.
    Int(String),
    Bool,
    Unit,
    /// `Bytes`, `Seq`, `Vec`, slices, arrays; `&str` is the list of its UTF-8 bytes.
    List(Box<Type>),
    Option(Box<Type>),
    Result(Box<Type>, Box<Type>),
    Tuple(Vec<Type>),
    /// A struct or an enum, with its arguments.
    Named(Item, Vec<Type>),
    /// A type parameter.
    Parameter(String),
    /// Not known yet: the type of `None`, or of a literal that nothing else decides.
    Unknown,
}

pub(crate) const INTEGERS: [&str; 8] = ["u8", "u16", "u32", "u64", "u128", "usize", "i64", "i32"];

impl Type {
    pub(crate) fn int(name: &str) -> Type {
        Type::Int(name.into())
    }

    pub(crate) fn bytes() -> Type {
        Type::List(Box::new(Type::int("u8")))
    }

    pub(crate) fn list(element: Type) -> Type {
        Type::List(Box::new(element))
    }

    pub(crate) fn option(inner: Type) -> Type {
        Type::Option(Box::new(inner))
    }

    /// The type of an element of a list.
    pub(crate) fn element(&self) -> Type {
        match self {
            Type::List(element) => (**element).clone(),
            _ => Type::Unknown,
        }
    }

    /// What is inside of an `Option`, or of a `Result` that is good.
    pub(crate) fn success(&self) -> Type {
        match self {
            Type::Option(inner) | Type::Result(inner, _) => (**inner).clone(),
            _ => Type::Unknown,
        }
    }

    /// The error of a `Result`.
    pub(crate) fn error(&self) -> Type {
        match self {
            Type::Result(_, error) => (**error).clone(),
            _ => Type::Unknown,
        }
    }

    /// This type, or the other one where this one is not known.
    pub(crate) fn or(self, other: &Type) -> Type {
        match (&self, other) {
            (Type::Unknown, _) => other.clone(),
            (Type::List(a), Type::List(b)) => Type::list(a.as_ref().clone().or(b)),
            (Type::Option(a), Type::Option(b)) => Type::option(a.as_ref().clone().or(b)),
            (Type::Result(a, e), Type::Result(b, f)) => {
                Type::Result(Box::new(a.as_ref().clone().or(b)), Box::new(e.as_ref().clone().or(f)))
            }
            _ => self,
        }
    }

    /// The type in Gallina. `module` is the one in which it is written.
    pub(crate) fn gallina(&self, source: &Source, module: &str) -> String {
        let inner = |ty: &Type| match ty.gallina(source, module) {
            text if text.contains(' ') && !text.starts_with('(') => format!("({text})"),
            text => text,
        };
        match self {
            Type::Int(_) => "Z".into(),
            Type::Bool => "bool".into(),
            Type::Unit => "unit".into(),
            Type::List(element) => format!("list {}", inner(element)),
            Type::Option(some) => format!("option {}", inner(some)),
            Type::Result(ok, error) => format!("Rust.result {} {}", inner(ok), inner(error)),
            Type::Tuple(parts) => {
                format!("({})", parts.iter().map(inner).collect::<Vec<_>>().join(" * "))
            }
            Type::Named(item, arguments) => {
                let mut text = source.reference(item, module);
                for argument in arguments {
                    text += &format!(" {}", inner(argument));
                }
                text
            }
            Type::Parameter(name) => name.clone(),
            Type::Unknown => "_".into(),
        }
    }

    /// Reads a type as it stands in a module.
    pub(crate) fn read(syntax: &Syntax, source: &Source, module: &str) -> Type {
        match syntax {
            Syntax::Reference(reference) => Type::read(&reference.elem, source, module),
            Syntax::Paren(paren) => Type::read(&paren.elem, source, module),
            Syntax::Slice(slice) => Type::list(Type::read(&slice.elem, source, module)),
            Syntax::Array(array) => Type::list(Type::read(&array.elem, source, module)),
            Syntax::Tuple(tuple) if tuple.elems.is_empty() => Type::Unit,
            Syntax::Tuple(tuple) => {
                Type::Tuple(tuple.elems.iter().map(|part| Type::read(part, source, module)).collect())
            }
            Syntax::Path(path) => Type::read_path(&path.path, source, module),
            _ => panic!("{module}: a type that is not translated"),
        }
    }

    fn read_path(path: &syn::Path, source: &Source, module: &str) -> Type {
        let last = path.segments.last().expect("a path has a segment");
        let name = last.ident.to_string();
        let arguments: Vec<Type> = match &last.arguments {
            PathArguments::AngleBracketed(angle) => angle
                .args
                .iter()
                .filter_map(|argument| match argument {
                    GenericArgument::Type(ty) => Some(Type::read(ty, source, module)),
                    _ => None,
                })
                .collect(),
            _ => vec![],
        };
        let argument = |i: usize| Box::new(arguments.get(i).cloned().unwrap_or(Type::Unknown));
        match name.as_str() {
            _ if INTEGERS.contains(&name.as_str()) => Type::Int(name),
            "bool" => Type::Bool,
            "str" | "Bytes" => Type::bytes(),
            "Seq" | "Vec" => Type::List(argument(0)),
            "Box" => *argument(0),
            "Option" => Type::Option(argument(0)),
            "Result" => Type::Result(argument(0), argument(1)),
            _ if name.len() == 1 => Type::Parameter(name),
            _ => Type::Named(source.resolve(path, module), arguments),
        }
    }

    /// Reads what a function returns.
    pub(crate) fn returned(returned: &ReturnType, source: &Source, module: &str) -> Type {
        match returned {
            ReturnType::Default => Type::Unit,
            ReturnType::Type(_, ty) => Type::read(ty, source, module),
        }
    }
}
