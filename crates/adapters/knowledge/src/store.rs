//! Where passages are kept: one tantivy index for all partners.
//!
//! Every key of every word is indexed behind its partner's id, so a query can only be made of one partner's words, their
//! frequencies are that partner's own, and its vocabulary is one range of the dictionary.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use serde::{Deserialize, Serialize};
use tantivy::{
    DocAddress, Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, TantivyError, Term,
    collector::{DocSetCollector, TopDocs},
    directory::MmapDirectory,
    query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery},
    schema::{Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value},
    tokenizer::{PreTokenizedString, Token},
};
use voronka_core::ids::PartnerId;

use crate::{
    question::{Asked, level},
    rank::{Place, Shape},
    shapes::Outline,
    vectors::Small,
    words::Keys,
};

/// Folder of this layout of the index: a new layout takes a new name and is filled anew.
const LAYOUT: &str = "passages-v1";
/// Stands between a partner's id and a word; no id holds it.
const BETWEEN: char = '\u{1f}';
/// How often a word of a title or an `also` entry counts for BM25.
const NAME_TIMES: usize = 3;
/// How often a word of a heading does.
const HEADING_TIMES: usize = 2;
/// Memory of a writer, which lives only while it writes.
const WRITER_BYTES: usize = 15_000_000;
/// The same where many passages are written.
const WRITER_BYTES_MANY: usize = 50_000_000;
const MANY: usize = 5_000;
/// Blocks of stored passages that are cached by a reader of its own, for what is read once.
const NOTHING_KEPT: usize = 0;

/// The index.
#[derive(Clone)]
pub(crate) struct Store {
    index: Index,
    reader: IndexReader,
    fields: Fields,
}

#[derive(Debug, Clone, Copy)]
struct Fields {
    words: Field,
    partner: Field,
    key: Field,
    manifest_of: Field,
    manifest: Field,
    page: Field,
    title: Field,
    heading: Field,
    text: Field,
    shape: Field,
    vector: Field,
}

/// What is known of a partner's pages without reading them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) pages: BTreeMap<String, Known>,
}

/// One page of a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// Hash of everything that is indexed of the page.
    pub(crate) hash: String,
    /// How many passages it has.
    pub(crate) passages: usize,
    /// The model that embedded them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) embedded_by: Option<String>,
}

/// A passage to be kept.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) page: String,
    pub(crate) title: String,
    pub(crate) heading: String,
    pub(crate) text: String,
    /// Words by place.
    pub(crate) parts: Vec<(Place, Vec<Keys>)>,
    pub(crate) price: bool,
    pub(crate) vector: Option<Small>,
}

/// A passage as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) page: String,
    pub(crate) title: String,
    pub(crate) heading: String,
    pub(crate) text: String,
}

/// What is written at once.
#[derive(Debug)]
pub(crate) struct Change {
    /// Pages whose passages go.
    pub(crate) gone: BTreeSet<String>,
    /// Passages that come.
    pub(crate) entries: Vec<Entry>,
    /// The pages as they will be.
    pub(crate) manifest: Manifest,
}

impl Store {
    /// An index in memory.
    pub(crate) fn in_memory() -> tantivy::Result<Self> {
        let (schema, fields) = schema();
        Self::over(Index::create_in_ram(schema), fields)
    }

    /// The index in a folder. One that cannot be read, or that is damaged, is made anew, empty.
    pub(crate) fn open(folder: &Path) -> tantivy::Result<Self> {
        let folder = folder.join(LAYOUT);
        fs::create_dir_all(&folder)?;
        match Self::open_sound(&folder) {
            Ok(store) => Ok(store),
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "the index is damaged and is made anew");
                fs::remove_dir_all(&folder)?;
                fs::create_dir_all(&folder)?;
                Self::open_sound(&folder)
            }
        }
    }

    fn open_sound(folder: &Path) -> tantivy::Result<Self> {
        let (schema, fields) = schema();
        let index = Index::open_or_create(MmapDirectory::open(folder)?, schema)?;
        let damaged = index.validate_checksum()?;
        if !damaged.is_empty() {
            return Err(TantivyError::InternalError(format!("{} damaged files", damaged.len())));
        }
        Self::over(index, fields)
    }

    fn over(index: Index, fields: Fields) -> tantivy::Result<Self> {
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { index, reader, fields })
    }

    /// A view of the index that does not change.
    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// The vocabulary of the partners.
    pub(crate) fn vocabulary(&self) -> Vocabulary {
        Vocabulary { words: self.fields.words, partner: self.fields.partner }
    }

    /// A partner's pages; none for a partner that was never indexed.
    pub(crate) fn manifest(&self, partner: &PartnerId) -> tantivy::Result<Manifest> {
        let searcher = self.searcher();
        let query =
            TermQuery::new(Term::from_field_text(self.fields.manifest_of, partner.as_str()), IndexRecordOption::Basic);
        let Some(at) = searcher.search(&query, &DocSetCollector)?.into_iter().next() else {
            return Ok(Manifest::default());
        };
        // It is asked for when a partner is started or edited: blocks that were kept for it would only fill the cache of searches.
        let stored = searcher.segment_reader(at.segment_ord).get_store_reader(NOTHING_KEPT)?;
        let doc: TantivyDocument = stored.get(at.doc_id)?;
        let text = doc.get_first(self.fields.manifest).and_then(|value| value.as_str()).unwrap_or_default();
        // An unreadable manifest is an empty one: every page is then written anew.
        Ok(serde_json::from_str(text).unwrap_or_default())
    }

    /// Writes changes of partners, one each, in one commit. The writer is gone when this returns.
    pub(crate) fn write(&self, changes: &[(&PartnerId, &Change)]) -> tantivy::Result<()> {
        let entries: usize = changes.iter().map(|(_, change)| change.entries.len()).sum();
        let memory = if entries > MANY { WRITER_BYTES_MANY } else { WRITER_BYTES };
        let mut writer: IndexWriter<TantivyDocument> = self.index.writer_with_num_threads(1, memory)?;
        for (partner, change) in changes {
            self.put(&writer, partner, change)?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        self.reader.reload()
    }

    fn put(&self, writer: &IndexWriter<TantivyDocument>, partner: &PartnerId, change: &Change) -> tantivy::Result<()> {
        for page in &change.gone {
            writer.delete_term(Term::from_field_text(self.fields.key, &page_key(partner, page)));
        }
        writer.delete_term(Term::from_field_text(self.fields.manifest_of, partner.as_str()));
        for entry in &change.entries {
            writer.add_document(self.document(partner, entry))?;
        }
        if !change.manifest.pages.is_empty() {
            let mut doc = TantivyDocument::new();
            let manifest = serde_json::to_string(&change.manifest).map_err(io::Error::other)?;
            doc.add_text(self.fields.manifest_of, partner.as_str());
            doc.add_text(self.fields.manifest, manifest);
            writer.add_document(doc)?;
        }
        Ok(())
    }

    fn document(&self, partner: &PartnerId, entry: &Entry) -> TantivyDocument {
        let fields = self.fields;
        let mut doc = TantivyDocument::new();
        doc.add_text(fields.partner, partner.as_str());
        doc.add_text(fields.key, page_key(partner, &entry.page));
        doc.add_pre_tokenized_text(fields.words, tokens(partner, entry));
        doc.add_text(fields.page, &entry.page);
        doc.add_text(fields.title, &entry.title);
        doc.add_text(fields.heading, &entry.heading);
        doc.add_text(fields.text, &entry.text);
        let parts =
            entry.parts.iter().map(|(place, words)| (*place, words.iter().map(Keys::hashes).collect())).collect();
        doc.add_bytes(fields.shape, &Shape { parts, price: entry.price }.write());
        if let Some(vector) = &entry.vector {
            doc.add_bytes(fields.vector, &vector.bytes());
        }
        doc
    }

    /// Passages that hold words of the question, by BM25, best first.
    pub(crate) fn candidates(
        &self,
        searcher: &Searcher,
        partner: &PartnerId,
        asked: &Asked,
        most: usize,
    ) -> tantivy::Result<Vec<(f32, DocAddress)>> {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        let mut add = |space: Space, word: &str, boost: f32| {
            let term = Term::from_field_text(self.fields.words, &word_key(partner, space, word));
            let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
            clauses.push((Occur::Should, Box::new(BoostQuery::new(Box::new(query), boost))));
        };
        for word in &asked.words {
            add(Space::Stem, &word.keys.stem, word.weight * level::STEM);
            add(Space::Root, &word.keys.root, word.weight * level::ROOT * 0.7);
            if word.keys.bare != word.keys.root {
                add(Space::Root, &word.keys.bare, word.weight * level::BARE * 0.7);
            }
            for other in &word.instead {
                add(if other.family { Space::Root } else { Space::Stem }, &other.word, word.weight * other.level);
            }
        }
        searcher.search(&BooleanQuery::new(clauses), &TopDocs::with_limit(most).order_by_score())
    }

    /// Reads what ranking needs of a passage; `None` unless it is this partner's.
    pub(crate) fn outline(
        &self,
        searcher: &Searcher,
        partner: &PartnerId,
        at: DocAddress,
    ) -> tantivy::Result<Option<Outline>> {
        let Some(doc) = self.document_of(searcher, partner, at)? else { return Ok(None) };
        let shape =
            doc.get_first(self.fields.shape).and_then(|value| value.as_bytes().map(Shape::read)).unwrap_or_default();
        Ok(Some(Outline { page: text_of(&doc, self.fields.page), shape }))
    }

    /// Reads a passage; `None` unless it is this partner's.
    pub(crate) fn read(
        &self,
        searcher: &Searcher,
        partner: &PartnerId,
        at: DocAddress,
    ) -> tantivy::Result<Option<Kept>> {
        let fields = self.fields;
        Ok(self.document_of(searcher, partner, at)?.map(|doc| Kept {
            page: text_of(&doc, fields.page),
            title: text_of(&doc, fields.title),
            heading: text_of(&doc, fields.heading),
            text: text_of(&doc, fields.text),
        }))
    }

    fn document_of(
        &self,
        searcher: &Searcher,
        partner: &PartnerId,
        at: DocAddress,
    ) -> tantivy::Result<Option<TantivyDocument>> {
        let doc: TantivyDocument = searcher.doc(at)?;
        // Every term of the query named the partner already; this is the second lock on the same door.
        Ok(Some(doc).filter(|doc| text_of(doc, self.fields.partner) == partner.as_str()))
    }

    /// All vectors of a partner's passages.
    pub(crate) fn vectors(
        &self,
        searcher: &Searcher,
        partner: &PartnerId,
    ) -> tantivy::Result<Vec<(DocAddress, Small)>> {
        let query =
            TermQuery::new(Term::from_field_text(self.fields.partner, partner.as_str()), IndexRecordOption::Basic);
        let mut places: Vec<DocAddress> = searcher.search(&query, &DocSetCollector)?.into_iter().collect();
        // In order, so that each block of the store is unpacked once.
        places.sort_unstable();
        let mut vectors = Vec::with_capacity(places.len());
        for at in places {
            let doc: TantivyDocument = searcher.doc(at)?;
            if let Some(bytes) =
                doc.get_first(self.fields.vector).and_then(|value| value.as_bytes().map(<[u8]>::to_vec))
            {
                vectors.push((at, Small::read(&bytes)));
            }
        }
        Ok(vectors)
    }
}

/// Which words a partner's passages hold, and how many passages hold each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vocabulary {
    words: Field,
    partner: Field,
}

impl Vocabulary {
    /// How many passages the partner has, those that were replaced but not yet cleared away included.
    pub(crate) fn passages(self, searcher: &Searcher, partner: &PartnerId) -> tantivy::Result<u64> {
        searcher.doc_freq(&Term::from_field_text(self.partner, partner.as_str()))
    }

    /// How many passages hold the word, or where none does, words of its family. 0: nobody knows it.
    pub(crate) fn frequency(self, searcher: &Searcher, partner: &PartnerId, keys: &Keys) -> tantivy::Result<u64> {
        // Of words without a family the root is the stem, and no other word's root is.
        let family = if keys.have_family() {
            [Some((Space::Root, &keys.root)), Some((Space::Root, &keys.bare)).filter(|_| keys.bare != keys.root)]
        } else {
            [None, None]
        };
        for (space, word) in std::iter::once((Space::Stem, &keys.stem)).chain(family.into_iter().flatten()) {
            let holding = searcher.doc_freq(&Term::from_field_text(self.words, &word_key(partner, space, word)))?;
            if holding > 0 {
                return Ok(holding);
            }
        }
        Ok(0)
    }

    /// How many passages hold words of this root.
    pub(crate) fn holding_root(self, searcher: &Searcher, partner: &PartnerId, root: &str) -> tantivy::Result<u64> {
        searcher.doc_freq(&Term::from_field_text(self.words, &word_key(partner, Space::Root, root)))
    }

    /// Shows every stem of the partner that begins with a letter.
    pub(crate) fn each_stem_from(
        self,
        searcher: &Searcher,
        partner: &PartnerId,
        letter: char,
        mut show: impl FnMut(&str),
    ) -> tantivy::Result<()> {
        let from = word_key(partner, Space::Stem, letter.encode_utf8(&mut [0; 4]));
        let skip = from.len() - letter.len_utf8();
        for segment in searcher.segment_readers() {
            let inverted = segment.inverted_index(self.words)?;
            let mut stream = inverted.terms().range().ge(from.as_bytes()).into_stream()?;
            while stream.advance() {
                let Some(key) = std::str::from_utf8(stream.key()).ok().filter(|key| key.starts_with(&from)) else {
                    break;
                };
                show(&key[skip..]);
            }
        }
        Ok(())
    }
}

/// Which kind of key a term is.
#[derive(Debug, Clone, Copy)]
enum Space {
    Stem,
    Root,
}

fn word_key(partner: &PartnerId, space: Space, word: &str) -> String {
    let space = match space {
        Space::Stem => 's',
        Space::Root => 'r',
    };
    let mut key = String::with_capacity(partner.as_str().len() + word.len() + 2);
    key.push_str(partner.as_str());
    key.extend([BETWEEN, space]);
    key.push_str(word);
    key
}

fn page_key(partner: &PartnerId, page: &str) -> String {
    format!("{partner}{BETWEEN}{page}")
}

fn tokens(partner: &PartnerId, entry: &Entry) -> PreTokenizedString {
    let mut tokens = Vec::new();
    for (place, words) in &entry.parts {
        let times = match place {
            Place::Title | Place::Also => NAME_TIMES,
            Place::Heading => HEADING_TIMES,
            Place::Body => 1,
        };
        for keys in words {
            let mut terms =
                vec![word_key(partner, Space::Stem, &keys.stem), word_key(partner, Space::Root, &keys.root)];
            if keys.bare != keys.root {
                terms.push(word_key(partner, Space::Root, &keys.bare));
            }
            for text in terms.into_iter().flat_map(|term| vec![term; times]) {
                tokens.push(Token { offset_from: 0, offset_to: 0, position: tokens.len(), text, position_length: 1 });
            }
        }
    }
    PreTokenizedString { text: String::new(), tokens }
}

fn text_of(doc: &TantivyDocument, field: Field) -> String {
    doc.get_first(field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let words = TextFieldIndexing::default().set_tokenizer("raw").set_index_option(IndexRecordOption::WithFreqs);
    let fields = Fields {
        words: schema.add_text_field("words", TextOptions::default().set_indexing_options(words)),
        partner: schema.add_text_field("partner", STRING | STORED),
        key: schema.add_text_field("key", STRING),
        manifest_of: schema.add_text_field("manifest_of", STRING),
        manifest: schema.add_text_field("manifest", STORED),
        page: schema.add_text_field("page", STORED),
        title: schema.add_text_field("title", STORED),
        heading: schema.add_text_field("heading", STORED),
        text: schema.add_text_field("text", STORED),
        shape: schema.add_bytes_field("shape", STORED),
        vector: schema.add_bytes_field("vector", STORED),
    };
    (schema.build(), fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_partners_pages_is_read_without_a_place_in_the_cache_of_searches() {
        let (store, partner) = (Store::in_memory().unwrap(), PartnerId::parse("korica").unwrap());
        let known = Known { hash: "1".into(), passages: 2, embedded_by: None };
        let manifest = Manifest { pages: BTreeMap::from([("dostavka.md".into(), known)]) };
        let change = Change { gone: BTreeSet::new(), entries: Vec::new(), manifest: manifest.clone() };
        store.write(&[(&partner, &change)]).unwrap();
        assert_eq!(store.manifest(&partner).unwrap(), manifest);
        assert_eq!(store.searcher().doc_store_cache_stats().num_entries, 0);
    }
}
