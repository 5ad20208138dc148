//! The modules of the specification: which are translated, what is in them, and what a path means where it stands.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};
use syn::{Fields, Item as Syntax, UseTree};

/// How much of a module is translated.
pub(crate) struct Module {
    pub(crate) name: &'static str,
    /// Items that only become a name with a type: members of the class `Primitives`.
    pub(crate) primitive: &'static [&'static str],
    /// If there are any, only these are translated.
    pub(crate) only: &'static [&'static str],
    /// These are not.
    pub(crate) except: &'static [&'static str],
}

const fn all(name: &'static str) -> Module {
    Module { name, primitive: &[], only: &[], except: &[] }
}

/// In the order in which they depend on each other. The curve, the signature and the AEAD are primitives: what is proved holds for any.
pub(crate) const MODULES: [Module; 24] = [
    all("bytes"),
    all("utf8"),
    all("cbor"),
    Module { only: &["Reject", "From"], ..all("error") },
    all("fields"),
    all("params"),
    Module { except: &["without"], ..all("weakening") },
    Module {
        primitive: &[
            "Scalar",
            "Point",
            "scalar",
            "point",
            "decompress",
            "public_key",
            "ecdh",
            "encode_x",
            "is_x_coordinate",
        ],
        only: &["P256Error"],
        ..all("p256")
    },
    Module {
        primitive: &["seal", "open"],
        only: &["CcmParameters", "CcmError", "AES_CCM_16_64_128", "AES_CCM_16_128_128"],
        ..all("ccm")
    },
    Module { primitive: &["sign", "verify"], only: &["EcdsaError"], ..all("ecdsa") },
    all("primitives"),
    all("sha256"),
    all("hmac"),
    all("hkdf"),
    Module { only: &["Sign1", "sig_structure", "sign", "verify", "encode", "read"], ..all("cose") },
    all("credential"),
    all("cwt"),
    all("merkle"),
    all("message"),
    all("transcript"),
    all("key_schedule"),
    all("gateway"),
    all("node"),
    Module { except: &["pinned", "with_cwt", "check_key"], ..all("client") },
];

/// An item by its module and name; a member of an enum or a type by `Type::member`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    pub(crate) module: String,
    pub(crate) name: String,
}

/// The files of the specification, parsed.
pub(crate) struct Source {
    files: BTreeMap<String, syn::File>,
    imports: BTreeMap<(String, String), Vec<String>>,
}

impl Source {
    /// Reads `spec/src`.
    pub(crate) fn load(directory: &Path) -> io::Result<Source> {
        let mut source = Source { files: BTreeMap::new(), imports: BTreeMap::new() };
        for module in MODULES.iter().filter(|module| module.name != "primitives") {
            let text = fs::read_to_string(directory.join(format!("{}.rs", module.name)))?;
            let file = syn::parse_file(&text).map_err(|e| io::Error::other(format!("{}: {e}", module.name)))?;
            for item in &file.items {
                if let Syntax::Use(import) = item {
                    source.import(module.name, &import.tree, vec![]);
                }
            }
            source.files.insert(module.name.into(), file);
        }
        Ok(source)
    }

    fn import(&mut self, module: &str, tree: &UseTree, mut path: Vec<String>) {
        let (from, to) = match tree {
            UseTree::Path(step) => {
                path.push(step.ident.to_string());
                return self.import(module, &step.tree, path);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|item| self.import(module, item, path.clone()));
            }
            UseTree::Name(name) => (name.ident.to_string(), name.ident.to_string()),
            UseTree::Rename(rename) => (rename.ident.to_string(), rename.rename.to_string()),
            UseTree::Glob(_) => return,
        };
        let own = path.first().is_some_and(|first| first == "crate");
        // `use crate::cose::{self, ...}` imports the module.
        let local = if from == "self" { path[path.len() - 1].clone() } else { to };
        if from != "self" {
            path.push(from);
        }
        if own {
            self.imports.insert((module.into(), local), path.split_off(1));
        }
    }

    /// The items of a module, without what exists for `hax` or tests only.
    pub(crate) fn items(&self, module: &str) -> impl Iterator<Item = &Syntax> {
        self.files[module].items.iter()
    }

    /// What a path means in a module.
    pub(crate) fn resolve(&self, path: &syn::Path, module: &str) -> Item {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.resolve_names(&segments, module)
    }

    pub(crate) fn resolve_names(&self, names: &[String], module: &str) -> Item {
        let full = match self.imports.get(&(module.to_string(), names[0].clone())) {
            Some(imported) => imported.iter().chain(&names[1..]).cloned().collect(),
            None if names[0] == "crate" => names[1..].to_vec(),
            None => names.to_vec(),
        };
        match full.split_first() {
            Some((first, rest)) if !rest.is_empty() && MODULES.iter().any(|m| m.name == first) => {
                Item { module: first.clone(), name: rest.join("::") }
            }
            _ => Item { module: module.into(), name: full.join("::") },
        }
    }

    /// Is it a member of the class of primitives?
    pub(crate) fn is_primitive(&self, item: &Item) -> bool {
        MODULES.iter().any(|m| m.name == item.module && m.primitive.contains(&item.name.as_str()))
    }

    /// How an item is called in Gallina.
    pub(crate) fn reference(&self, item: &Item, from: &str) -> String {
        let name = item.name.replace("::", "_");
        if self.is_primitive(item) {
            let name = format!("{}_{name}", item.module);
            if from == "primitives" { name } else { format!("primitives.{name}") }
        } else if item.module == from {
            name
        } else {
            format!("{}.{name}", item.module)
        }
    }

    pub(crate) fn function(&self, item: &Item) -> Option<&syn::ItemFn> {
        self.files.get(&item.module)?.items.iter().find_map(|syntax| match syntax {
            Syntax::Fn(function) if function.sig.ident == item.name => Some(function),
            _ => None,
        })
    }

    /// The fields of a struct, in order, with their types.
    pub(crate) fn fields(&self, item: &Item) -> Option<Vec<(String, &syn::Type)>> {
        self.files.get(&item.module)?.items.iter().find_map(|syntax| match syntax {
            Syntax::Struct(record) if record.ident == item.name => Some(named(&record.fields)),
            _ => None,
        })
    }

    /// The variants of an enum.
    pub(crate) fn enumeration(&self, item: &Item) -> Option<&syn::ItemEnum> {
        self.files.get(&item.module)?.items.iter().find_map(|syntax| match syntax {
            Syntax::Enum(enumeration) if enumeration.ident == item.name => Some(enumeration),
            _ => None,
        })
    }

    /// The type of a constant, be it of a module or of a type.
    pub(crate) fn constant(&self, item: &Item) -> Option<&syn::Type> {
        self.files.get(&item.module)?.items.iter().find_map(|syntax| match syntax {
            Syntax::Const(constant) if constant.ident == item.name => Some(&*constant.ty),
            Syntax::Impl(block) => block.items.iter().find_map(|member| match member {
                syn::ImplItem::Const(constant) if item.name.ends_with(&format!("::{}", constant.ident)) => {
                    Some(&constant.ty)
                }
                _ => None,
            }),
            _ => None,
        })
    }
}

/// The fields of a struct or of a variant.
pub(crate) fn named(fields: &Fields) -> Vec<(String, &syn::Type)> {
    fields
        .iter()
        .enumerate()
        .map(|(i, field)| (field.ident.as_ref().map_or(i.to_string(), ToString::to_string), &field.ty))
        .collect()
}
