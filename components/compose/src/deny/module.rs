//! The core module that denies: one function for each of the denied interfaces.
//!
//! Answers stand in its memory from the start, so a function only says where. What a
//! caller hands over is written behind them, and forgotten when the call ends.

use std::collections::BTreeMap;

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, InstructionSink,
    MemorySection, MemoryType, Module, NameMap, NameSection, TypeSection, ValType,
};
use wit_parser::abi::{AbiVariant, FlatTypes, WasmType};
use wit_parser::{
    Handle, InterfaceId, LiftLowerAbi, ManglingAndAbi, Resolve, ResourceIntrinsic, SizeAlign, Type,
    TypeDefKind, TypeId, TypeOwner, WasmExport, WasmExportKind, WasmImport, WorldId, WorldItem,
    WorldKey,
};

use super::refusal::{Refusal, Text};

const ABI: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
/// As many core parameters as a call has before they are handed over in memory
/// (component model, "Canonical ABI", `MAX_FLAT_PARAMS`).
const MOST_PARAMETERS: usize = 16;
/// No address of an answer, since it is none of an empty list either.
const FIRST_ADDRESS: u32 = 16;
const PAGE: u32 = 65_536;

/// The module for a world, all of whose exports are denied. `because` says why, by the
/// interface's name.
pub(super) fn module(
    resolve: &Resolve,
    world: WorldId,
    because: impl Fn(&str) -> String,
) -> Vec<u8> {
    let mut sizes = SizeAlign::default();
    sizes.fill(resolve);
    let mut parts = Parts::new(resolve, world, &sizes);
    for (key, item) in &resolve.worlds[world].exports {
        let WorldItem::Interface { id, .. } = item else {
            continue;
        };
        let name = resolve.name_world_key(key);
        let why = because(&name);
        let text = parts.text(&why);
        for function in resolve.interfaces[*id].functions.values() {
            parts.deny(key, function, text, &format!("{name} {why}"));
        }
    }
    parts.finish()
}

/// What becomes the module.
struct Parts<'a> {
    resolve: &'a Resolve,
    world: WorldId,
    sizes: &'a SizeAlign,
    memory: Vec<u8>,
    texts: BTreeMap<String, Text>,
    types: Vec<(Vec<ValType>, Vec<ValType>)>,
    imports: Vec<(String, String, u32)>,
    functions: Vec<Denied>,
}

/// A function that denies.
struct Denied {
    export: String,
    /// What a trap shows.
    name: String,
    ty: u32,
    /// Imports that give back what was handed over, each with the parameter to give
    /// it, and the one that says whether it is there.
    gives_back: Vec<GivesBack>,
    answer: Answer,
}

struct GivesBack {
    import: u32,
    handle: u32,
    present: Option<u32>,
}

/// What a function answers.
enum Answer {
    /// The call has no result.
    Nothing,
    /// This number is the result.
    Number(i32),
    /// The result is at this address.
    At(u32),
    /// The result is a resource that this import makes; it can do nothing.
    Resource(u32),
    /// There is no answer that says no.
    Trap,
}

impl<'a> Parts<'a> {
    fn new(resolve: &'a Resolve, world: WorldId, sizes: &'a SizeAlign) -> Self {
        Self {
            resolve,
            world,
            sizes,
            memory: vec![0; FIRST_ADDRESS as usize],
            texts: BTreeMap::new(),
            types: Vec::new(),
            imports: Vec::new(),
            functions: Vec::new(),
        }
    }

    fn text(&mut self, text: &str) -> Text {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let new = Text {
            address: self.place(text.as_bytes()),
            length: narrow(text.len()),
        };
        self.texts.insert(text.to_owned(), new);
        new
    }

    /// Puts bytes into the memory, at an address that suits every type.
    fn place(&mut self, bytes: &[u8]) -> u32 {
        let address = self.memory.len().next_multiple_of(8);
        self.memory.resize(address, 0);
        self.memory.extend_from_slice(bytes);
        narrow(address)
    }

    fn deny(&mut self, key: &WorldKey, function: &wit_parser::Function, text: Text, name: &str) {
        let signature = self
            .resolve
            .wasm_signature(AbiVariant::GuestExport, function);
        let export = WasmExport::Func {
            interface: Some(key),
            func: function,
            kind: WasmExportKind::Normal,
        };
        let gives_back = if signature.indirect_params {
            Vec::new()
        } else {
            self.gives_back(function)
        };
        let answer = match &function.result {
            None => Answer::Nothing,
            Some(ty) => self.answer(ty, signature.retptr, text),
        };
        let ty = self.ty(core(&signature.params), core(&signature.results));
        self.functions.push(Denied {
            export: self.resolve.wasm_export_name(ABI, export),
            name: format!("{name} ({})", function.name),
            ty,
            gives_back,
            answer,
        });
    }

    fn answer(&mut self, ty: &Type, in_memory: bool, text: Text) -> Answer {
        if let Some((Owned::Own, resource)) = self.handle(ty) {
            let new = self.intrinsic(resource, ResourceIntrinsic::ExportedNew);
            return new.map_or(Answer::Trap, Answer::Resource);
        }
        match Refusal::new(self.resolve, self.sizes, text).bytes(ty) {
            None => Answer::Trap,
            Some(bytes) if in_memory => Answer::At(self.place(&bytes)),
            // A result without payloads, and nothing else that is so small.
            Some(bytes) => Answer::Number(bytes.first().copied().map_or(0, i32::from)),
        }
    }

    /// What gives back the handles among the parameters, also when they are optional.
    /// Deeper ones stay with the instance until its end.
    fn gives_back(&mut self, function: &wit_parser::Function) -> Vec<GivesBack> {
        let mut found = Vec::new();
        let mut at = 0;
        for parameter in &function.params {
            let (ty, present) = match self.optional(&parameter.ty) {
                Some(inner) => (inner, Some(at)),
                None => (parameter.ty, None),
            };
            if let Some((owned, resource)) = self.handle(&ty)
                && let Some(import) = self.give_back(owned, resource)
            {
                found.push(GivesBack {
                    import,
                    handle: at + u32::from(present.is_some()),
                    present,
                });
            }
            at += self.width(&parameter.ty);
        }
        found
    }

    fn give_back(&mut self, owned: Owned, resource: TypeId) -> Option<u32> {
        match (owned, self.is_exported(resource)?) {
            (_, false) => self.intrinsic(resource, ResourceIntrinsic::ImportedDrop),
            (Owned::Own, true) => self.intrinsic(resource, ResourceIntrinsic::ExportedDrop),
            // No handle, but what it stands for.
            (Owned::Borrow, true) => None,
        }
    }

    /// The import for something that can be done with a resource, when it is ours for
    /// what only the owner can do, and others' for the rest.
    fn intrinsic(&mut self, resource: TypeId, intrinsic: ResourceIntrinsic) -> Option<u32> {
        let exported = self.is_exported(resource)?;
        let ours = !matches!(intrinsic, ResourceIntrinsic::ImportedDrop);
        if exported != ours {
            return None;
        }
        let results: &[_] = match intrinsic {
            ResourceIntrinsic::ExportedNew | ResourceIntrinsic::ExportedRep => &[ValType::I32],
            ResourceIntrinsic::ImportedDrop | ResourceIntrinsic::ExportedDrop => &[],
        };
        let ty = self.ty(vec![ValType::I32], results.to_vec());
        let key = self.key(resource)?;
        let import = WasmImport::ResourceIntrinsic {
            interface: Some(&key),
            resource,
            intrinsic,
        };
        let (module, name) = self.resolve.wasm_import_name(ABI, import);
        let import = (module, name, ty);
        let known = self.imports.iter().position(|known| *known == import);
        Some(narrow(known.unwrap_or_else(|| {
            self.imports.push(import);
            self.imports.len() - 1
        })))
    }

    /// The resource behind a handle, where it is defined.
    fn handle(&self, ty: &Type) -> Option<(Owned, TypeId)> {
        let (owned, mut resource) = match &self.resolve.types[self.named(ty)?].kind {
            TypeDefKind::Handle(Handle::Own(resource)) => (Owned::Own, *resource),
            TypeDefKind::Handle(Handle::Borrow(resource)) => (Owned::Borrow, *resource),
            _ => return None,
        };
        while let TypeDefKind::Type(Type::Id(original)) = self.resolve.types[resource].kind {
            resource = original;
        }
        Some((owned, resource))
    }

    fn optional(&self, ty: &Type) -> Option<Type> {
        match self.resolve.types[self.named(ty)?].kind {
            TypeDefKind::Option(inner) => Some(inner),
            _ => None,
        }
    }

    /// The type behind its other names.
    fn named(&self, ty: &Type) -> Option<TypeId> {
        let mut ty = *ty;
        loop {
            let Type::Id(id) = ty else {
                return None;
            };
            match self.resolve.types[id].kind {
                TypeDefKind::Type(original) => ty = original,
                _ => return Some(id),
            }
        }
    }

    fn key(&self, resource: TypeId) -> Option<WorldKey> {
        let interface = self.interface(resource)?;
        let world = &self.resolve.worlds[self.world];
        let mut items = world.exports.iter().chain(&world.imports);
        items.find_map(|(key, item)| match item {
            WorldItem::Interface { id, .. } if *id == interface => Some(key.clone()),
            _ => None,
        })
    }

    fn is_exported(&self, resource: TypeId) -> Option<bool> {
        let interface = self.interface(resource)?;
        let mut exports = self.resolve.worlds[self.world].exports.values();
        Some(
            exports.any(|item| matches!(item, WorldItem::Interface { id, .. } if *id == interface)),
        )
    }

    fn interface(&self, resource: TypeId) -> Option<InterfaceId> {
        match self.resolve.types[resource].owner {
            TypeOwner::Interface(interface) => Some(interface),
            TypeOwner::World(_) | TypeOwner::None => None,
        }
    }

    /// How many core values a parameter is.
    fn width(&self, ty: &Type) -> u32 {
        let mut room = [WasmType::I32; MOST_PARAMETERS];
        let mut flat = FlatTypes::new(&mut room);
        self.resolve.push_flat(ty, &mut flat);
        narrow(flat.to_vec().len())
    }

    fn ty(&mut self, parameters: Vec<ValType>, results: Vec<ValType>) -> u32 {
        let ty = (parameters, results);
        let known = self.types.iter().position(|known| *known == ty);
        narrow(known.unwrap_or_else(|| {
            self.types.push(ty);
            self.types.len() - 1
        }))
    }

    fn finish(mut self) -> Vec<u8> {
        const FREE: u32 = 0;
        let allocate = self.ty(vec![ValType::I32; 4], vec![ValType::I32]);
        let first_free = self.place(&[]);
        let first_function = narrow(self.imports.len());

        let mut types = TypeSection::new();
        for (parameters, results) in &self.types {
            types
                .ty()
                .function(parameters.iter().copied(), results.iter().copied());
        }
        let mut imports = ImportSection::new();
        for (module, name, ty) in &self.imports {
            imports.import(module, name, EntityType::Function(*ty));
        }
        let mut functions = FunctionSection::new();
        let mut exports = ExportSection::new();
        let mut code = CodeSection::new();
        let mut names = NameMap::new();
        exports.export("memory", ExportKind::Memory, 0);
        for (index, denied) in (first_function..).zip(&self.functions) {
            functions.function(denied.ty);
            exports.export(&denied.export, ExportKind::Func, index);
            names.append(index, &denied.name);
            code.function(&denied.body(FREE, first_free));
        }
        functions.function(allocate);
        let last = first_function + narrow(self.functions.len());
        exports.export("cabi_realloc", ExportKind::Func, last);
        code.function(&allocation(FREE));

        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: u64::from(first_free.div_ceil(PAGE)),
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut globals = GlobalSection::new();
        let free = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        globals.global(free, &ConstExpr::i32_const(first_free.cast_signed()));
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(0), self.memory);
        let mut debug = NameSection::new();
        debug.module("denied");
        debug.functions(&names);

        let mut module = Module::new();
        module
            .section(&types)
            .section(&imports)
            .section(&functions)
            .section(&memories)
            .section(&globals)
            .section(&exports)
            .section(&code)
            .section(&data)
            .section(&debug);
        module.finish()
    }
}

/// Whose a handle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owned {
    Own,
    Borrow,
}

impl Denied {
    fn body(&self, free: u32, first_free: u32) -> Function {
        let mut function = Function::new([]);
        let mut code = function.instructions();
        for GivesBack {
            import,
            handle,
            present,
        } in &self.gives_back
        {
            if let Some(present) = present {
                code.local_get(*present).if_(BlockType::Empty);
            }
            code.local_get(*handle).call(*import);
            if present.is_some() {
                code.end();
            }
        }
        code.i32_const(first_free.cast_signed()).global_set(free);
        match self.answer {
            Answer::Nothing => {}
            Answer::Number(number) => {
                code.i32_const(number);
            }
            Answer::At(address) => {
                code.i32_const(address.cast_signed());
            }
            Answer::Resource(new) => {
                code.i32_const(0).call(new);
            }
            Answer::Trap => {
                code.unreachable();
            }
        }
        code.end();
        function
    }
}

/// `cabi_realloc`: gives room behind what was given before. What was written is never
/// read again, so it is not moved along.
fn allocation(free: u32) -> Function {
    const ALIGN: u32 = 2;
    const SIZE: u32 = 3;
    const ROOM: u32 = 4;
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    // The next address with the alignment that is asked for.
    code.global_get(free).local_get(ALIGN).i32_add();
    code.i32_const(1).i32_sub();
    code.i32_const(0).local_get(ALIGN).i32_sub().i32_and();
    code.local_tee(ROOM);
    code.local_get(SIZE).i32_add().global_set(free);
    // As many pages as that takes.
    let pages = |code: &mut InstructionSink<'_>| {
        code.global_get(free);
        code.i32_const((PAGE - 1).cast_signed()).i32_add();
        code.i32_const(16).i32_shr_u();
    };
    pages(&mut code);
    code.memory_size(0).i32_gt_u();
    code.if_(BlockType::Empty);
    pages(&mut code);
    code.memory_size(0).i32_sub().memory_grow(0);
    code.i32_const(-1).i32_eq();
    code.if_(BlockType::Empty).unreachable().end();
    code.end();
    code.local_get(ROOM);
    code.end();
    function
}

fn core(types: &[WasmType]) -> Vec<ValType> {
    let core = types.iter().map(|ty| match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    });
    core.collect()
}

/// A number of things in a module. There are never as many as would not fit: a module
/// of that size does not fit into memory.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
