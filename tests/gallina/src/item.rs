//! Items and files: structs become records, enums inductive types, functions and constants definitions.

use crate::call::binders;
use crate::expression::{member, parenthesised};
use crate::function::{Function, indent};
use crate::source::{Item, MODULES, Module, Source, named};
use crate::types::Type;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ImplItem, Item as Syntax, Token};

/// The text of one module.
pub(crate) fn file(source: &Source, module: &Module) -> String {
    let place = MODULES.iter().position(|other| other.name == module.name).expect("a module");
    let before: Vec<&str> = MODULES[..place].iter().map(|module| module.name).collect();
    let (origin, body) = if module.name == "primitives" {
        ("spec/src".to_string(), class(source))
    } else {
        let section = before.contains(&"primitives");
        (format!("spec/src/{}.rs", module.name), definitions(source, module, section))
    };
    let used: Vec<&str> = before.into_iter().filter(|name| refers(&body, name)).collect();
    let required =
        if used.is_empty() { String::new() } else { format!("From Dke.generated Require {}.\n", used.join(" ")) };
    format!(
        "(* Generated from {origin} by `cargo gallina`; not to be edited. *)\n\
         From Coq Require Import ZArith List Bool String. Import ListNotations.\n\
         From Dke Require Import Rust.\n\
         {required}Local Open Scope Z_scope.\n\n{body}"
    )
}

/// Is something of this module named in the text?
fn refers(text: &str, module: &str) -> bool {
    text.match_indices(&format!("{module}."))
        .any(|(at, _)| !text[..at].ends_with(|before: char| before.is_alphanumeric() || "_.".contains(before)))
}

/// The definitions of a module; in a section over the primitives where there can be some.
fn definitions(source: &Source, module: &Module, section: bool) -> String {
    let all: Vec<String> = in_order(source, module)
        .into_iter()
        .map(|item| definition(source, module, item))
        .filter(|definition| !definition.is_empty())
        .collect();
    let all = all.join("\n");
    let uses_primitives = USES_PRIMITIVES.iter().chain(&["primitives"]).any(|user| refers(&all, user));
    if section && uses_primitives {
        format!("Section Specification.\nContext {{P : primitives.Primitives}}.\n\n{all}\nEnd Specification.\n")
    } else {
        all
    }
}

/// Modules with definitions over the primitives; who uses these has to have some, too.
const USES_PRIMITIVES: [&str; 5] = ["credential", "cose", "cwt", "key_schedule", "gateway"];

/// The name of an item that defines something.
fn name(item: &Syntax) -> Option<String> {
    Some(match item {
        Syntax::Fn(item) => item.sig.ident.to_string(),
        Syntax::Struct(item) => item.ident.to_string(),
        Syntax::Enum(item) => item.ident.to_string(),
        Syntax::Const(item) => item.ident.to_string(),
        Syntax::Impl(item) => match &item.trait_ {
            Some((_, path, _)) => path.segments.last()?.ident.to_string(),
            None => "impl".into(),
        },
        _ => return None,
    })
}

fn is_translated(module: &Module, item: &Syntax) -> bool {
    name(item).is_some_and(|name| {
        let name = name.as_str();
        !module.primitive.contains(&name)
            && !module.except.contains(&name)
            && (module.only.is_empty() || module.only.contains(&name))
    })
}

/// The items of a module such that each stands after those that it uses; otherwise as in the file, types and constants first.
fn in_order<'a>(source: &'a Source, module: &Module) -> Vec<&'a Syntax> {
    let mut open: Vec<&Syntax> = source.items(module.name).filter(|item| is_translated(module, item)).collect();
    open.sort_by_key(|item| match item {
        Syntax::Enum(_) | Syntax::Struct(_) => 0,
        Syntax::Const(_) => 1,
        Syntax::Impl(_) => 2,
        _ => 3,
    });
    let mut done = vec![];
    while !open.is_empty() {
        let next = open.iter().position(|item| {
            let words = words(item);
            open.iter()
                .all(|other| std::ptr::eq(*other, *item) || name(other).is_none_or(|name| !words.contains(&name)))
        });
        done.push(open.remove(next.unwrap_or_else(|| panic!("{}: items that use each other", module.name))));
    }
    done
}

/// What an item may refer to in its own module: single names, not the ends of paths, fields or methods.
fn words(item: &Syntax) -> Vec<String> {
    struct Words(Vec<String>);
    impl<'ast> syn::visit::Visit<'ast> for Words {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0.push(path.segments[0].ident.to_string());
            syn::visit::visit_path(self, path);
        }
        fn visit_attribute(&mut self, attribute: &'ast Attribute) {
            for token in attribute.meta.require_list().map(|list| list.tokens.clone()).unwrap_or_default() {
                self.tokens(token);
            }
        }
    }
    impl Words {
        fn tokens(&mut self, token: proc_macro2::TokenTree) {
            match token {
                proc_macro2::TokenTree::Group(group) => group.stream().into_iter().for_each(|t| self.tokens(t)),
                token => self.0.push(token.to_string()),
            }
        }
    }
    let mut words = Words(vec![]);
    syn::visit::Visit::visit_item(&mut words, item);
    // A function does not use itself, and a variable of its name is not the function.
    words.0.retain(|word| Some(word) != name(item).as_ref());
    if let Syntax::Fn(function) = item {
        let locals: Vec<String> = locals(function);
        words.0.retain(|word| !locals.contains(word));
    }
    words.0
}

/// The variables that a function declares and does not also call.
fn locals(function: &syn::ItemFn) -> Vec<String> {
    #[derive(Default)]
    struct Locals {
        declared: Vec<String>,
        called: Vec<String>,
    }
    impl<'ast> syn::visit::Visit<'ast> for Locals {
        fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
            self.declared.push(pattern.ident.to_string());
        }
        fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
            if let Expr::Path(path) = call.func.as_ref()
                && let Some(name) = path.path.get_ident()
            {
                self.called.push(name.to_string());
            }
            syn::visit::visit_expr_call(self, call);
        }
    }
    let mut found = Locals::default();
    syn::visit::Visit::visit_item_fn(&mut found, function);
    found.declared.retain(|name| !found.called.contains(name));
    found.declared
}

fn definition(source: &Source, module: &Module, item: &Syntax) -> String {
    let of = |name: String| Item { module: module.name.into(), name };
    match item {
        Syntax::Fn(function) => self::function(source, module.name, function),
        Syntax::Struct(record) => self::record(source, &of(record.ident.to_string()), record),
        Syntax::Enum(enumeration) => self::enumeration(source, &of(enumeration.ident.to_string()), enumeration),
        Syntax::Const(constant) => {
            self::constant(source, module.name, None, &constant.ident.to_string(), &constant.ty, &constant.expr)
        }
        Syntax::Impl(block) => implementation(source, module, block),
        _ => String::new(),
    }
}

/// A function, and what its annotations for hax say of it.
fn function(source: &Source, module: &str, function: &syn::ItemFn) -> String {
    let name = function.sig.ident.to_string();
    let returns = Type::returned(&function.sig.output, source, module);
    let mut this = Function::new(source, module, returns.clone());
    let binders = binders(&mut this, &function.sig);
    let body = this.body(&function.block);
    let mut text = format!("Definition {name}{binders} : {} :=\n{}.\n", returns.gallina(source, module), indent(&body));
    for attribute in &function.attrs {
        text += &annotation(source, module, attribute, function);
    }
    text
}

/// `#[hax_lib::requires]` and `#[hax_lib::ensures]` become predicates `..._requires` and `..._ensures`.
fn annotation(source: &Source, module: &str, attribute: &Attribute, function: &syn::ItemFn) -> String {
    let Some(kind) = attribute.path().segments.last().map(|segment| segment.ident.to_string()) else {
        return String::new();
    };
    if kind != "requires" && kind != "ensures" {
        return String::new();
    }
    let mut this = Function::new(source, module, Type::Bool);
    let mut parameters = binders(&mut this, &function.sig);
    let expr: Expr = attribute.parse_args().expect("an annotation is an expression");
    let body = match expr {
        Expr::Closure(closure) => {
            let result = Type::returned(&function.sig.output, source, module);
            let gallina = result.gallina(source, module);
            parameters += &format!(" ({} : {gallina})", this.declare(&closure.inputs[0], &result));
            *closure.body
        }
        other => other,
    };
    let body = this.last(&body, &crate::function::Purpose::Return);
    format!("\nDefinition {}_{kind}{parameters} : bool :=\n{}.\n", function.sig.ident, indent(&body))
}

fn constant(source: &Source, module: &str, own: Option<&Item>, name: &str, ty: &syn::Type, value: &Expr) -> String {
    let ty = Type::read(ty, source, module);
    let mut this = Function::new(source, module, ty.clone());
    this.own = own.map(|item| item.name.clone());
    let value = this.expression(value, &ty, &mut vec![]);
    let owner = own.map(|item| format!("{}_", item.name)).unwrap_or_default();
    let gallina = ty.gallina(source, module);
    format!("Definition {owner}{name} : {gallina} :=\n{}.\n", indent(&value.text))
}

/// Has it `#[derive(PartialEq)]`?
fn is_comparable(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("derive")).any(|attribute| {
        let derived = attribute.parse_args_with(Punctuated::<syn::Path, Token![,]>::parse_terminated);
        derived.is_ok_and(|paths| paths.iter().any(|path| path.is_ident("PartialEq")))
    })
}

fn record(source: &Source, item: &Item, record: &syn::ItemStruct) -> String {
    let name = &item.name;
    let generic = !record.generics.params.is_empty();
    let fields: Vec<(String, Type)> =
        named(&record.fields).into_iter().map(|(field, ty)| (field, Type::read(ty, source, &item.module))).collect();
    let lines: Vec<String> =
        fields.iter().map(|(field, ty)| format!("  {name}_{field} : {}", ty.gallina(source, &item.module))).collect();
    let parameter = if generic { " (T : Type)" } else { "" };
    let mut text = format!("Record {name}{parameter} : Type := {{\n{}\n}}.\n", lines.join(";\n"));
    if generic {
        text += &format!("Arguments Build_{name} {{T}}.\n");
        text += &fields.iter().map(|(field, _)| format!("Arguments {name}_{field} {{T}}.\n")).collect::<String>();
        return text;
    }
    text += &updates(source, item, &fields);
    if !fields.iter().any(|(_, ty)| has_primitive(source, ty)) {
        let defaults = " Rust.default".repeat(fields.len());
        text += &format!("#[global] Instance {name}_default : Rust.Default {name} := Build_{name}{defaults}.\n");
    }
    if is_comparable(&record.attrs) {
        let all: Vec<String> = fields
            .iter()
            .map(|(field, _)| {
                let projection = source.reference(&member(item, field), &item.module);
                format!("Rust.eqb a.({projection}) b.({projection})")
            })
            .collect();
        text += &format!("#[global] Instance {name}_eqb : Rust.Eqb {name} :=\n  fun a b => {}.\n", all.join(" && "));
    }
    text
}

/// For each field the record with another value there.
fn updates(source: &Source, item: &Item, fields: &[(String, Type)]) -> String {
    let name = &item.name;
    let one = |(field, ty): &(String, Type)| {
        let others: String = fields
            .iter()
            .map(|(other, _)| if other == field { " value".into() } else { format!(" r.({name}_{other})") })
            .collect();
        let ty = ty.gallina(source, &item.module);
        format!("Definition {name}_with_{field} (r : {name}) (value : {ty}) : {name} :=\n  Build_{name}{others}.\n")
    };
    fields.iter().map(one).collect()
}

/// Is there something in it that only the primitives know?
fn has_primitive(source: &Source, ty: &Type) -> bool {
    match ty {
        Type::Named(item, _) => {
            source.is_primitive(item)
                || source.fields(item).is_some_and(|fields| {
                    fields.iter().any(|(_, ty)| has_primitive(source, &Type::read(ty, source, &item.module)))
                })
        }
        _ => false,
    }
}

fn enumeration(source: &Source, item: &Item, enumeration: &syn::ItemEnum) -> String {
    let name = &item.name;
    let mut text = format!("Inductive {name} : Type :=");
    for variant in &enumeration.variants {
        text += &format!("\n| {name}_{}", variant.ident);
        for (i, (_, ty)) in named(&variant.fields).into_iter().enumerate() {
            let ty = Type::read(ty, source, &item.module);
            text += &format!(" (a{i} : {})", ty.gallina(source, &item.module));
        }
    }
    text += ".\n";
    if is_comparable(&enumeration.attrs) {
        let rows: String =
            enumeration.variants.iter().map(|v| format!("\n    | {name}_{0}, {name}_{0} => true", v.ident)).collect();
        let rest = if enumeration.variants.len() > 1 { "\n    | _, _ => false" } else { "" };
        text += &format!(
            "#[global] Instance {name}_eqb : Rust.Eqb {name} :=\n  fun a b => match a, b with{rows}{rest}\n    end.\n"
        );
    }
    text
}

/// Constants of a type, and `From`.
fn implementation(source: &Source, module: &Module, block: &syn::ItemImpl) -> String {
    let Type::Named(own, _) = Type::read(&block.self_ty, source, module.name) else { panic!("an impl") };
    let mut text = String::new();
    for part in &block.items {
        match part {
            ImplItem::Const(constant) => {
                let name = constant.ident.to_string();
                text += &self::constant(source, module.name, Some(&own), &name, &constant.ty, &constant.expr);
            }
            ImplItem::Fn(function) if !module.except.contains(&function.sig.ident.to_string().as_str()) => {
                let mut this = Function::new(source, module.name, Type::Named(own.clone(), vec![]));
                this.own = Some(own.name.clone());
                let binders = binders(&mut this, &function.sig);
                let body = this.body(&function.block);
                let name = format!("{}_{}", own.name, function.sig.ident);
                text += &format!("Definition {name}{binders} : {} :=\n{}.\n", own.name, indent(&body));
            }
            _ => {}
        }
    }
    text
}

/// What is not translated, as a class: what is proved holds for every instance.
fn class(source: &Source) -> String {
    let mut members = vec![];
    for module in &MODULES {
        for name in module.primitive {
            let item = Item { module: module.name.into(), name: (*name).into() };
            let reference = source.reference(&item, "primitives");
            members.push(match source.function(&item) {
                None => format!("  {reference} : Type"),
                Some(function) => {
                    let mut this = Function::new(source, module.name, Type::Unknown);
                    binders(&mut this, &function.sig);
                    let returns = Type::returned(&function.sig.output, source, module.name);
                    let types = this.scope.iter().map(|(_, ty)| ty).chain([&returns]);
                    let types: Vec<String> = types.map(|ty| parenthesised(&ty.gallina(source, "primitives"))).collect();
                    format!("  {reference} : {}", types.join(" -> "))
                }
            });
        }
    }
    format!("Class Primitives : Type := {{\n{}\n}}.\n", members.join(";\n"))
}
