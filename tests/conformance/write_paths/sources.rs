//! What the sources say: which methods there are through which a database can be reached.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::{ImplItem, Item, ReturnType, TraitItem, Type, Visibility};

/// What a way to the database is in the end.
const ROOTS: [&str; 3] = ["Backend", "Connection", "Future"];

/// Modules that are for tests, or for generated code, which is looked at itself.
const APART: [&str; 2] = ["testing", "private"];

/// The sources of the core, and the types in them with a way to the database.
pub(super) struct Sources {
    files: Vec<(PathBuf, syn::File)>,
    handles: BTreeSet<String>,
}

impl Sources {
    pub(super) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../repo-core/src");
        let mut files = Vec::new();
        read_folder(&root, &mut files);
        assert!(files.len() > 50, "the sources are in {}", root.display());
        let handles = handles(&files);
        Self { files, handles }
    }

    fn items(&self) -> impl Iterator<Item = (&PathBuf, &Item)> {
        self.files.iter().flat_map(|(path, file)| file.items.iter().map(move |item| (path, item)))
    }

    /// The public methods and functions with a way to the database, and where each is.
    pub(super) fn methods(&self) -> BTreeMap<String, String> {
        let mut methods = BTreeMap::new();
        for (path, item) in self.items() {
            for method in self.methods_of(item) {
                methods.insert(method, place(path));
            }
        }
        methods
    }

    fn methods_of(&self, item: &Item) -> Vec<String> {
        match item {
            Item::Impl(block) if block.trait_.is_none() => {
                let owner = name_of(&block.self_ty);
                let methods = block.items.iter().filter_map(|item| match item {
                    ImplItem::Fn(method) if is_public(&method.vis) => Some(&method.sig.ident),
                    _ => None,
                });
                let is_handle = self.handles.contains(&owner);
                methods.filter(|_| is_handle).map(|name| format!("{owner}::{name}")).collect()
            }
            Item::Trait(it) if is_public(&it.vis) && !ROOTS.contains(&&*it.ident.to_string()) => {
                let methods = it.items.iter().filter_map(|item| match item {
                    TraitItem::Fn(method) if self.mentions_handle(&method.sig) => {
                        Some(&method.sig.ident)
                    }
                    _ => None,
                });
                methods.map(|name| format!("{}::{name}", it.ident)).collect()
            }
            Item::Fn(it) if is_public(&it.vis) && self.mentions_handle(&it.sig) => {
                vec![it.sig.ident.to_string()]
            }
            _ => Vec::new(),
        }
    }

    fn mentions_handle(&self, tokens: &impl ToTokens) -> bool {
        words(tokens).iter().any(|word| self.handles.contains(word) || ROOTS.contains(&&**word))
    }

    /// The macros that make public methods or functions, which is not seen here.
    pub(super) fn macros(&self) -> Vec<String> {
        let makes_methods = |item: &Item| match item {
            Item::Macro(it) => {
                let text = it.mac.tokens.to_string();
                text.contains("pub fn") || text.contains("pub async fn")
            }
            _ => false,
        };
        let macros = self.items().filter(|(_, item)| makes_methods(item));
        macros.map(|(path, _)| place(path)).collect()
    }

    /// The traits that types with a way to the database implement, and which.
    pub(super) fn traits(&self) -> BTreeSet<(String, String)> {
        let of = |item: &Item| match item {
            Item::Impl(block) => {
                let (path, _) = block.trait_.as_ref()?;
                let name = path.segments.last()?.ident.to_string();
                Some((name, name_of(&block.self_ty)))
            }
            _ => None,
        };
        let implemented = self.items().filter_map(|(_, item)| of(item));
        implemented.filter(|(_, owner)| self.handles.contains(owner)).collect()
    }
}

/// A source, as somebody at the root of the workspace names it.
fn place(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.rsplit_once("../").map_or(&*text, |(_, place)| place).to_owned()
}

fn read_folder(folder: &Path, files: &mut Vec<(PathBuf, syn::File)>) {
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if APART.contains(&&*stem) {
            continue;
        }
        if path.is_dir() {
            read_folder(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let mut file = syn::parse_file(&text).expect("Rust");
            file.items = file.items.into_iter().flat_map(opened).collect();
            files.push((path, file));
        }
    }
}

/// The items of a module that is written inside another, unless it is of tests; any other item as it is.
fn opened(item: Item) -> Vec<Item> {
    match item {
        Item::Mod(it) if it.ident == "tests" => Vec::new(),
        Item::Mod(syn::ItemMod { content: Some((_, items)), .. }) => {
            items.into_iter().flat_map(opened).collect()
        }
        other => vec![other],
    }
}

/// The types that have a field through which a database can be reached.
fn handles(files: &[(PathBuf, syn::File)]) -> BTreeSet<String> {
    let types: Vec<_> = files.iter().flat_map(|(_, file)| &file.items).filter_map(fields).collect();
    let mut handles = BTreeSet::new();
    loop {
        let known = handles.len();
        for (name, words) in &types {
            let is_way = |word: &String| ROOTS.contains(&&**word) || handles.contains(word);
            if words.iter().any(is_way) {
                handles.insert(name.clone());
            }
        }
        if handles.len() == known {
            return handles;
        }
    }
}

/// A type, and every word in the types of its fields.
fn fields(item: &Item) -> Option<(String, BTreeSet<String>)> {
    let words_of =
        |fields: &syn::Fields| fields.iter().flat_map(|field| words(&field.ty)).collect();
    match item {
        Item::Struct(it) => Some((it.ident.to_string(), words_of(&it.fields))),
        Item::Enum(it) => {
            let words = it.variants.iter().flat_map(|variant| words_of(&variant.fields)).collect();
            Some((it.ident.to_string(), words))
        }
        _ => None,
    }
}

fn words(tokens: &impl ToTokens) -> BTreeSet<String> {
    let text = tokens.to_token_stream().to_string();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The last name of a type: `Query` of `query::Query<E, S>`.
fn name_of(ty: &Type) -> String {
    match ty {
        Type::Path(path) => {
            path.path.segments.last().map(|it| it.ident.to_string()).unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The methods that the derive generates: `XPatch::<column>` stands for each setter of a column.
pub(super) fn generated() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../repo-derive/expansions");
    let mut found = BTreeMap::new();
    for snapshot in ["entity", "immutable_generic", "smallest"] {
        let text = fs::read_to_string(folder.join(format!("{snapshot}.snap"))).expect("a snapshot");
        let (input, output) = text.split_once("// Expands to:").expect("both are in it");
        let entity = entity_of(input);
        let file = syn::parse_file(output).expect("Rust");
        collect(&file.items, &entity, &mut found);
    }
    found
}

/// The name of the struct that is derived for.
fn entity_of(input: &str) -> String {
    let words: Vec<_> = input.split(|c: char| !c.is_alphanumeric()).collect();
    let at = words.iter().position(|word| *word == "struct").expect("a struct");
    words[at + 1].to_owned()
}

fn collect(items: &[Item], entity: &str, found: &mut BTreeMap<String, String>) {
    for item in items {
        match item {
            Item::Const(it) => {
                if let syn::Expr::Block(block) = &*it.expr {
                    let items = block.block.stmts.iter().filter_map(|statement| match statement {
                        syn::Stmt::Item(item) => Some(item.clone()),
                        _ => None,
                    });
                    collect(&items.collect::<Vec<_>>(), entity, found);
                }
            }
            Item::Impl(block) if block.trait_.is_none() => {
                let owner = name_of(&block.self_ty).replace(entity, "X");
                for item in &block.items {
                    if let ImplItem::Fn(method) = item {
                        let name = format!("{owner}::{}", shape(method));
                        found.insert(name, format!("what is generated for `{entity}`"));
                    }
                }
            }
            _ => {}
        }
    }
}

/// The name of a generated method, without the names of columns.
fn shape(method: &syn::ImplItemFn) -> String {
    let name = method.sig.ident.to_string();
    let takes: Vec<_> =
        method.sig.inputs.iter().map(|it| it.to_token_stream().to_string()).collect();
    let is_setter = takes.len() == 2 && takes[1].starts_with("value :");
    let returns = |word: &str| matches!(&method.sig.output, ReturnType::Type(_, ty) if words(ty).contains(word));
    let reads = returns("Reading");
    match () {
        () if is_setter => "<column>".to_owned(),
        () if reads && name.starts_with("find_by_") => "find_by_<columns>".to_owned(),
        () if reads && name.starts_with("list_by_") => "list_by_<column>".to_owned(),
        () if takes.is_empty() && returns("BelongsTo") => "<reference>".to_owned(),
        () => name,
    }
}
