//! The paths that a file names, resolved as far as its own text tells. Judges nothing.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::source::{self, Source};

/// A path and where it stands.
pub struct Found {
    pub line: usize,
    pub named: Named,
}

/// What a path leads to.
pub enum Named {
    /// Into this crate, from its root; empty for the root itself.
    Ours(Vec<String>),
    /// Into another crate, by `use`.
    Used(Vec<String>),
    /// Into another crate, in code.
    Foreign(Vec<String>),
}

/// Every path of the file that leaves it, except below `#[cfg(test)]`.
pub fn of(source: &Source, krate: &str) -> Vec<Found> {
    let tree = source.tree();
    let mut reader = Reader {
        krate: krate.to_owned(),
        module: module_of(source),
        local: local_names(&tree.items),
        found: Vec::new(),
    };
    reader.visit_file(&tree);
    reader.found
}

/// Where the file stands in its crate: `src/ui/table.rs` is `["ui", "table"]`.
fn module_of(source: &Source) -> Vec<String> {
    let path = source
        .in_crate()
        .map_or(source.path.as_str(), |(_, path)| path);
    let parts = path.trim_end_matches(".rs").split('/').map(str::to_owned);
    let mut module: Vec<String> = parts.collect();
    if module
        .last()
        .is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
    {
        module.pop();
    }
    module
}

/// First words of a path that mean a module of this crate, although they look like a crate.
fn local_names(items: &[syn::Item]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in items {
        match item {
            syn::Item::Mod(module) => {
                names.insert(module.ident.to_string());
            }
            syn::Item::Use(import) => {
                let mut leaves = Vec::new();
                leaves_of(&import.tree, &mut Vec::new(), &mut leaves);
                let rooted = |leaf: &Leaf| {
                    let first = leaf.path.first().map(String::as_str);
                    matches!(first, Some("crate" | "self" | "super"))
                };
                names.extend(
                    leaves
                        .into_iter()
                        .filter(rooted)
                        .filter_map(|leaf| leaf.binds),
                );
            }
            _ => {}
        }
    }
    names
}

/// One name that a `use` brings in.
struct Leaf {
    path: Vec<String>,
    line: usize,
    binds: Option<String>,
}

fn leaves_of(tree: &syn::UseTree, prefix: &mut Vec<String>, leaves: &mut Vec<Leaf>) {
    let line = tree.span().start().line;
    match tree {
        syn::UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            leaves_of(&path.tree, prefix, leaves);
            prefix.pop();
        }
        syn::UseTree::Name(name) => {
            let mut path = prefix.clone();
            if name.ident != "self" {
                path.push(name.ident.to_string());
            }
            let binds = path.last().cloned();
            leaves.push(Leaf { path, line, binds });
        }
        syn::UseTree::Rename(rename) => {
            let mut path = prefix.clone();
            path.push(rename.ident.to_string());
            leaves.push(Leaf {
                path,
                line,
                binds: Some(rename.rename.to_string()),
            });
        }
        syn::UseTree::Glob(_) => leaves.push(Leaf {
            path: prefix.clone(),
            line,
            binds: None,
        }),
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                leaves_of(tree, prefix, leaves);
            }
        }
    }
}

struct Reader {
    krate: String,
    module: Vec<String>,
    local: BTreeSet<String>,
    found: Vec<Found>,
}

impl Reader {
    fn add(&mut self, path: &[String], line: usize, used: bool) {
        if let Some(named) = self.resolve(path, used) {
            self.found.push(Found { line, named });
        }
    }

    fn resolve(&self, path: &[String], used: bool) -> Option<Named> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(Named::Ours(rest.to_vec())),
            "self" if path.len() == 1 && !used => None, // the receiver of a method
            "self" | "super" => {
                let mut base = self.module.clone();
                let climbs = path.iter().take_while(|part| *part == "super").count();
                base.truncate(base.len().saturating_sub(climbs));
                base.extend(
                    path.iter()
                        .skip_while(|p| *p == "super" || *p == "self")
                        .cloned(),
                );
                Some(Named::Ours(base))
            }
            name if self.local.contains(name) => None,
            // Alone and in code it is a variable of that name.
            name if name == self.krate && (used || path.len() > 1) => {
                Some(Named::Ours(rest.to_vec()))
            }
            _ if used => Some(Named::Used(path.to_vec())),
            _ if path.len() > 1 => Some(Named::Foreign(path.to_vec())),
            _ => None,
        }
    }

    /// Reads `a::b::c` out of the tokens of a macro call, which have no syntax tree.
    fn scan(&mut self, tokens: &TokenStream) {
        let mut flat = Vec::new();
        source::flatten(tokens.clone(), &mut flat);
        let mut at = 0;
        while at < flat.len() {
            let (path, line) = path_at(&flat, at);
            if path.len() > 1 {
                self.add(&path, line, false);
            }
            at += (3 * path.len()).saturating_sub(2).max(1);
        }
    }
}

/// The path whose first word stands at this place: words joined by two colons.
fn path_at(tokens: &[TokenTree], mut at: usize) -> (Vec<String>, usize) {
    let colon =
        |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':');
    let line = tokens.get(at).map_or(0, |token| token.span().start().line);
    let mut path = Vec::new();
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        path.push(word.to_string());
        if !(colon(at + 1) && colon(at + 2)) {
            break;
        }
        at += 3;
    }
    (path, line)
}

fn only_in_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list();
        list.is_ok_and(|list| list.path.is_ident("cfg") && list.tokens.to_string() == "test")
    })
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if only_in_tests(&item.attrs) {
            return;
        }
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !only_in_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if !only_in_tests(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if only_in_tests(&item.attrs) {
            return;
        }
        let mut leaves = Vec::new();
        leaves_of(&item.tree, &mut Vec::new(), &mut leaves);
        for leaf in leaves {
            self.add(&leaf.path, leaf.line, true);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.add(&words, path.span().start().line, false);
        visit::visit_path(self, path);
    }

    /// The macro's own name is no import: exported macros live at the root of their crate.
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.scan(&call.tokens);
    }
}
