//! Reading all of a partner's files: every mistake of every file is found in one go.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Loaded, PartnerFiles, PartnerSpec,
    consequences::{Broken, Unknown},
    training::{self, Course},
    unread,
};
use crate::{
    ids::{FlowId, PartnerId},
    lang::Lang,
    spec::{
        catalogue::{self, Catalogue, Market},
        config::{self, Config, Given, SecretRef, accounts::KINDS, read::Texts},
        diagnostic::{Code, Diagnostic, Place},
        expr::{Env, Known, SEGMENT, unmixed},
        flow::{
            Flow,
            lower::{self, Segments, World},
            outline::{self, Outline, RawSlot},
            together::{self, Written},
        },
        knowledge::{self, Page},
        read::Reader,
        scoring,
        script::{self, Script},
        sequence::{self, Sequence, read::World as Around},
        texts,
        tree::{self, Content, Node, SourceFile, finding},
        value::Type,
    },
};

/// Longest page or text, in bytes.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// A parsed YAML file.
struct Yaml {
    file: SourceFile,
    root: Node,
}

/// Everything found so far.
#[derive(Default)]
struct Found {
    diagnostics: Vec<Diagnostic>,
    secrets: Vec<(SecretRef, Place)>,
    domains: Vec<(String, Place)>,
    mails: Vec<Place>,
}

impl Found {
    fn take(&mut self, reader: Reader<'_>) {
        self.diagnostics.extend(reader.found);
        self.secrets.extend(reader.secrets);
        self.domains.extend(reader.domains);
        self.mails.extend(reader.mails);
    }
}

impl PartnerSpec {
    /// Reads a partner's files. Nothing is loaded when a finding is an error.
    pub fn parse(id: PartnerId, files: &PartnerFiles) -> Loaded {
        Self::parse_given(id, files, &Given::default())
    }

    /// The same where something is known that `config.yaml` need not say.
    pub fn parse_given(id: PartnerId, files: &PartnerFiles, given: &Given) -> Loaded {
        let mut found = Found::default();
        found.diagnostics.extend(unread::files(files));
        let yaml = yaml(files, &mut found);
        let texts = legal_texts(files, &mut found);
        let settings = yaml.get("config.yaml");
        let config = settings_of(files, settings, &texts, given, &mut found);
        let catalogue = products(files, &config, &mut found);
        let pages = pages(files, &config, &catalogue, &mut found);
        let mut env = names(&config);
        env.prices(catalogue.products.iter().flat_map(|product| [Some(product.price), product.old_price]).flatten());
        env.sequences(stems(&yaml, "sequences/").map(|(id, _)| id.to_owned()));
        let flows = flows(files, &yaml, &config, &catalogue, &mut env, &mut found);
        let phrases = {
            let empty = SourceFile { path: "config.yaml".into(), text: "".into() };
            let mut reader = Reader::new(settings.map_or(&empty, |yaml| &yaml.file), &config.languages);
            let own = settings.and_then(|yaml| yaml.root.get("texts"));
            let phrases = texts::read(&mut reader, own, &config, &env);
            found.take(reader);
            phrases
        };
        let scoring = match yaml.get("scoring.yaml") {
            Some(yaml) => {
                let mut reader = Reader::new(&yaml.file, &config.languages);
                let scoring = scoring::read(&mut reader, &yaml.root, &env);
                found.take(reader);
                scoring
            }
            None => scoring::built_in(&env),
        };
        let more = More { yaml: &yaml, files, config: &config, catalogue: &catalogue, flows: &flows, env: &env };
        let Rest { sequences, training, scripts } = more.read(&mut found);
        found.diagnostics.extend(together::unstarted(&flows, &sequences, &config));
        let mut diagnostics = std::mem::take(&mut found.diagnostics);
        broken(files, &yaml, &diagnostics).retain(&mut diagnostics, files);
        diagnostics.sort_by(|a, b| {
            let key = |found: &Diagnostic| (Arc::clone(&found.place.file), found.place.bytes.start, found.code);
            key(a).cmp(&key(b))
        });
        diagnostics.dedup();
        let segments = match env.get(SEGMENT).map(|known| &known.ty) {
            Some(Type::Choice(names)) => Arc::clone(names),
            _ => Arc::default(),
        };
        let spec = Self { id, config, flows, segments, sequences, scoring, catalogue, pages, phrases, texts, training };
        let Found { secrets, domains, mails, .. } = found;
        let mut loaded = Loaded { spec: Some(spec), diagnostics, scripts, secrets, domains, mails };
        if loaded.failed() {
            loaded.spec = None;
        }
        loaded
    }
}

/// YAML files of a folder: the name without its ending, and the file.
fn stems<'a>(yaml: &'a BTreeMap<Arc<str>, Yaml>, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a Yaml)> {
    yaml.iter().filter_map(move |(path, yaml)| {
        let name = path.strip_prefix(folder)?;
        Some((name.rsplit_once('.').map_or(name, |(stem, _)| stem), yaml))
    })
}

/// What rests on all other files.
struct Rest {
    sequences: BTreeMap<Arc<str>, Arc<Sequence>>,
    training: Vec<Course>,
    scripts: Vec<Script>,
}

/// The files that rest on all others.
struct More<'a> {
    yaml: &'a BTreeMap<Arc<str>, Yaml>,
    files: &'a PartnerFiles,
    config: &'a Config,
    catalogue: &'a Catalogue,
    flows: &'a BTreeMap<FlowId, Arc<Flow>>,
    env: &'a Env,
}

impl More<'_> {
    fn read(&self, found: &mut Found) -> Rest {
        let ids = stems(self.yaml, "sequences/").map(|(id, _)| id.to_owned()).collect();
        let world = Around {
            config: self.config,
            catalogue: self.catalogue,
            files: self.files,
            flows: self.flows,
            ids: &ids,
            env: self.env,
        };
        let mut sequences = BTreeMap::new();
        for (id, yaml) in stems(self.yaml, "sequences/") {
            let mut reader = Reader::new(&yaml.file, &self.config.languages);
            // Its outcomes are facts, whose names have dots.
            if id.is_empty() || id.contains(|c: char| c == '.' || c.is_whitespace()) {
                reader.unread(&(0..0), "sequence id", id, "dumayut");
            }
            let read = sequence::read::read(&mut reader, id, &yaml.root, &world);
            sequences.extend(read.map(|sequence| (Arc::clone(&sequence.id), Arc::new(sequence))));
            found.take(reader);
        }
        found.diagnostics.extend(sequence::together::endless(&sequences));
        let mut courses = Vec::new();
        for (id, yaml) in stems(self.yaml, "training/") {
            let mut reader = Reader::new(&yaml.file, &self.config.languages);
            courses.extend(training::training(&mut reader, id, &yaml.root, self.files));
            found.take(reader);
        }
        let mut scripts = Vec::new();
        for (_, yaml) in stems(self.yaml, "tests/") {
            let mut reader = Reader::new(&yaml.file, &self.config.languages);
            scripts.extend(script::read::read(&mut reader, &yaml.root, &world));
            found.take(reader);
        }
        Rest { sequences, training: courses, scripts }
    }
}

/// The files that could not be read at all, or not as what they are.
fn broken(files: &PartnerFiles, yaml: &BTreeMap<Arc<str>, Yaml>, found: &[Diagnostic]) -> Broken {
    let unread = |path: &Arc<str>| is_yaml(path) && !yaml.contains_key(path);
    let id = |path: &Arc<str>| Some(path.strip_prefix("flows/")?.rsplit_once('.')?.0.to_owned());
    // A header without a column that every product needs, or an encoding that nobody said.
    let no_products = |found: &Diagnostic| {
        let header = found.code == Code::K701 && found.place.bytes == (0..0);
        found.place.file.starts_with("catalogue.")
            && (header || found.code == Code::Y108 || found.code == Code::L504 && found.place.bytes == (0..0))
    };
    let no_id = |found: &Diagnostic| match found.code {
        Code::K701 => found.args.iter().any(|(_, column)| column == "id"),
        Code::K702 => true,
        _ => false,
    };
    let no_price = |found: &Diagnostic| matches!(found.code, Code::K701 | Code::K702 | Code::K703);
    let catalogue = match () {
        () if found.iter().any(no_products) => Unknown::All,
        () if found.iter().any(no_id) => Unknown::Ids,
        () if found.iter().any(no_price) => Unknown::Prices,
        () => Unknown::Nothing,
    };
    // Without steps, or no mapping at all.
    let no_steps = |found: &&Diagnostic| match found.code {
        Code::Y110 => found.args.iter().any(|(_, key)| key == "steps"),
        Code::Y111 => found.place.bytes.start == 0,
        _ => false,
    };
    let misnamed = found.iter().filter(|found| found.code == Code::Y112 && found.place.file.starts_with("flows/"));
    let misnamed = misnamed.filter(|found| found.args.iter().any(|(_, what)| what == "flow id"));
    let meant =
        misnamed.filter_map(|found| found.args.iter().find(|(name, _)| *name == "near").map(|(_, id)| id.clone()));
    let unread_flows = files.keys().filter(|path| unread(path)).filter_map(id);
    let empty_flows = found.iter().filter(no_steps).filter_map(|found| id(&found.place.file));
    Broken {
        config: !yaml.contains_key("config.yaml"),
        catalogue,
        flows: unread_flows.chain(empty_flows).chain(meant).collect(),
        sequences: files.keys().any(|path| path.starts_with("sequences/") && unread(path)),
    }
}

/// Whether a file of the folder is read as YAML.
fn is_yaml(path: &str) -> bool {
    let folders = ["flows/", "sequences/", "tests/", "training/"];
    let yaml = matches!(path.rsplit_once('.'), Some((_, "yaml" | "yml")));
    matches!(path, "config.yaml" | "scoring.yaml") || yaml && folders.iter().any(|folder| path.starts_with(folder))
}

/// All YAML files that could be read, by path.
fn yaml(files: &PartnerFiles, found: &mut Found) -> BTreeMap<Arc<str>, Yaml> {
    let mut read = BTreeMap::new();
    for (path, bytes) in files.iter().filter(|(path, _)| is_yaml(path)) {
        match SourceFile::read(path, bytes) {
            Ok(file) => {
                let (root, mistakes) = tree::parse(&file);
                found.diagnostics.extend(mistakes);
                if let Some(root) = root {
                    read.insert(Arc::clone(path), Yaml { file, root });
                }
            }
            Err(refusal) => found.diagnostics.push(refusal),
        }
    }
    read
}

fn legal_texts(files: &PartnerFiles, found: &mut Found) -> Texts {
    let mut texts = Texts::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("texts/") && is_markdown(path)) {
        if let Some(file) = text_file(path, bytes, found) {
            if file.text.trim().is_empty() {
                found.diagnostics.push(finding(Code::T405, file.place(0..0), vec![]));
            }
            texts.insert(Arc::clone(path), Arc::from(file.text.trim_start_matches('\u{feff}').trim()));
        }
    }
    texts
}

fn is_markdown(path: &str) -> bool {
    matches!(path.rsplit_once('.'), Some((_, "md")))
}

fn text_file(path: &Arc<str>, bytes: &[u8], found: &mut Found) -> Option<SourceFile> {
    if bytes.len() > TEXT_BYTES_MAX {
        let args = vec![("path", path.to_string()), ("max", "1 MiB".to_owned())];
        found.diagnostics.push(finding(Code::L504, Place::new(path, 0..0), args));
        return None;
    }
    SourceFile::read(path, bytes).map_err(|refusal| found.diagnostics.push(refusal)).ok()
}

fn settings_of(
    files: &PartnerFiles,
    settings: Option<&Yaml>,
    texts: &Texts,
    given: &Given,
    found: &mut Found,
) -> Config {
    let path: Arc<str> = "config.yaml".into();
    if !files.contains_key(&path) {
        let args = vec![("key", path.to_string())];
        found.diagnostics.push(finding(Code::Y110, Place::new(&path, 0..0), args));
    }
    // A file that is missing or broken was said already: the rest is checked against the defaults.
    let empty = Yaml {
        file: SourceFile { path: Arc::clone(&path), text: "".into() },
        root: Node { content: Content::Map(Vec::new()), bytes: 0..0 },
    };
    let yaml = settings.unwrap_or(&empty);
    let mut reader = Reader::new(&yaml.file, &[Lang::Ru]);
    let config = config::read::read(&mut reader, &yaml.root, texts, files, given);
    if settings.is_some() {
        found.take(reader);
    }
    config
}

fn products(files: &PartnerFiles, config: &Config, found: &mut Found) -> Catalogue {
    let market = Market { currency: config.currency, country: &config.country };
    if let Some((path, bytes)) = files.get_key_value("catalogue.csv") {
        let encoding = config.catalogue.encoding;
        return catalogue::csv::read(path, bytes, encoding, market, files, &mut found.diagnostics);
    }
    for path in ["catalogue.yml", "catalogue.xml"] {
        let Some((path, bytes)) = files.get_key_value(path) else { continue };
        if bytes.len() > catalogue::csv::CSV_BYTES_MAX {
            let args = vec![("path", path.to_string()), ("max", "64 MiB".to_owned())];
            found.diagnostics.push(finding(Code::L504, Place::new(path, 0..0), args));
            continue;
        }
        match SourceFile::read(path, bytes) {
            Ok(file) => return catalogue::feed::read(&file, market, &mut found.diagnostics),
            Err(refusal) => found.diagnostics.push(refusal),
        }
    }
    Catalogue::default()
}

fn pages(files: &PartnerFiles, config: &Config, catalogue: &Catalogue, found: &mut Found) -> Vec<Page> {
    let mut pages = Vec::new();
    for (path, bytes) in files {
        let Some(name) = path.strip_prefix("knowledge/").filter(|name| is_markdown(name)) else { continue };
        let Some(file) = text_file(path, bytes, found) else { continue };
        let (page, mistakes) = knowledge::read(&file, name, &config.languages, catalogue);
        found.diagnostics.extend(mistakes);
        pages.push(page);
    }
    pages
}

/// The names that exist in every expression of a partner.
fn names(config: &Config) -> Env {
    let mut env = Env::new(config.currency);
    env.stages(config.stages.iter().map(ToString::to_string));
    env.channels(KINDS);
    env.languages(config.languages.iter().map(|lang| lang.code()));
    for link in config.links.keys().map(|name| &**name).chain(["bot"]) {
        env.set(&format!("link.{link}"), Known::sure(Type::Text));
    }
    env
}

fn flows(
    files: &PartnerFiles,
    yaml: &BTreeMap<Arc<str>, Yaml>,
    config: &Config,
    catalogue: &Catalogue,
    env: &mut Env,
    found: &mut Found,
) -> BTreeMap<FlowId, Arc<Flow>> {
    let mut outlines: Vec<(&Yaml, Outline<'_>)> = Vec::new();
    // The id is known even where the file is too broken to be read: a call of it is no second mistake.
    let unread = files.keys().filter(|path| is_yaml(path) && !yaml.contains_key(*path));
    let unread = unread.filter_map(|path| FlowId::parse(path.strip_prefix("flows/")?.rsplit_once('.')?.0).ok());
    let mut ids: BTreeSet<FlowId> = unread.collect();
    for (path, yaml) in yaml {
        let Some(name) = path.strip_prefix("flows/") else { continue };
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let Ok(id) = FlowId::parse(stem) else {
            let args = vec![("what", "flow id".to_owned()), ("value", stem.to_owned()), ("example", "tort".to_owned())];
            let mut misnamed = finding(Code::Y112, yaml.file.place(0..0), args);
            // Who calls it by the name that was meant makes no second mistake.
            if let Some(meant) = unmixed(stem).iter().find_map(|stem| FlowId::parse(stem).ok()) {
                misnamed.args.push(("near", meant.to_string()));
                ids.insert(meant);
            }
            found.diagnostics.push(misnamed);
            continue;
        };
        ids.insert(id.clone());
        let mut reader = Reader::new(&yaml.file, &config.languages);
        outlines.extend(outline::read(&mut reader, id, &yaml.root).map(|outline| (yaml, outline)));
        found.take(reader);
    }
    let written: BTreeMap<FlowId, Written<'_>> = outlines
        .iter()
        .map(|(yaml, outline)| (outline.id.clone(), Written { file: &yaml.file, start: yaml.root.get("start") }))
        .collect();
    env.flows(ids.iter().map(ToString::to_string));
    env.tags(outlines.iter().flat_map(|(_, outline)| outline.tags.iter().cloned()));
    let mut slots: BTreeMap<FlowId, Vec<RawSlot>> = ids.iter().map(|id| (id.clone(), Vec::new())).collect();
    for (_, outline) in &outlines {
        slots.insert(outline.id.clone(), outline.slots.clone());
    }
    found.diagnostics.extend(together::types(&slots, &written));
    answers(env, &slots);
    let segments = Segments::Named(BTreeSet::new());
    let mut world = World { config, catalogue, files, env: env.clone(), segments, slots };
    for (yaml, outline) in &outlines {
        let reader = Reader::new(&yaml.file, &config.languages);
        lower::infer(&reader, outline, &mut world);
    }
    if let Segments::Named(names) = &world.segments
        && !names.is_empty()
    {
        env.segments(names.iter().cloned());
    }
    // Names that nobody shares are added in place: a partner may have thousands.
    world.env = Env::bare(config.currency);
    answers(env, &world.slots);
    world.env = env.clone();
    let mut flows = BTreeMap::new();
    for (yaml, outline) in &outlines {
        let mut reader = Reader::new(&yaml.file, &config.languages);
        let flow = lower::lower(&mut reader, outline, &world);
        found.take(reader);
        flows.insert(outline.id.clone(), Arc::new(flow));
    }
    found.diagnostics.extend(together::check(&flows, &written));
    flows
}

/// `answers.x`: the last answer of any flow. Options of all flows that share the name count.
fn answers(env: &mut Env, slots: &BTreeMap<FlowId, Vec<RawSlot>>) {
    let mut known: BTreeMap<&str, (Type, &Place)> = BTreeMap::new();
    for slot in slots.values().flatten() {
        let entry = known.entry(&slot.name).or_insert_with(|| (slot.ty.clone(), &slot.place));
        if let (Type::Choice(all), Type::Choice(more)) = (&entry.0, &slot.ty) {
            let new = more.iter().filter(|id| !all.contains(id));
            entry.0 = Type::Choice(all.iter().chain(new).cloned().collect());
        }
    }
    for (name, (ty, place)) in known {
        env.set(&format!("answers.{name}"), Known::maybe(ty).at(place.clone()));
    }
}
