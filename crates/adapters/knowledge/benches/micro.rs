//! What a search of the demo shop's pages costs. `cargo bench -p voronka-knowledge`
//!
//! A hundred thousand passages are measured by the example `eval`, or by `cargo xtask bench --only search`.

use std::{cell::Cell, fs, path::Path, sync::Arc};

use divan::{Bencher, black_box};
use tokio::runtime::Runtime;
use voronka_core::{
    ids::PartnerId,
    ports::Knowledge,
    spec::{
        knowledge::Page,
        partner::{PartnerFiles, PartnerSpec},
    },
};
use voronka_knowledge::KnowledgeIndex;

/// Passages that a turn asks for.
const TOP: usize = 6;
const QUESTIONS: [&str; 6] = [
    "Сколько стоит доставка в Заволжский район?",
    "есть торты без глютена",
    "до скольки вы работаете в субботу",
    "можно сделать надпись на торте",
    "как хранить медовик",
    "вернёте деньги если не понравится",
];

fn main() {
    divan::main();
}

fn partner() -> PartnerId {
    PartnerId::parse("korica").expect("a partner's id")
}

fn read(root: &Path, at: &Path, files: &mut PartnerFiles) {
    for entry in fs::read_dir(at).expect("a folder of the demo shop") {
        let path = entry.expect("an entry of the demo shop").path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let name = path.strip_prefix(root).ok().and_then(Path::to_str).expect("a file below the folder");
            files.insert(Arc::from(name), fs::read(&path).expect("a file of the demo shop"));
        }
    }
}

fn pages() -> Vec<Page> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../partners/korica");
    let mut files = PartnerFiles::new();
    read(&root, &root, &mut files);
    let loaded = PartnerSpec::parse(partner(), &files);
    loaded.spec.expect("the demo shop has no mistakes").pages.clone()
}

fn indexed(runtime: &Runtime) -> KnowledgeIndex {
    let index = KnowledgeIndex::in_memory().expect("an index");
    runtime.block_on(index.index(&partner(), &pages())).expect("the demo shop's pages");
    index
}

/// Questions that nobody has asked before.
#[divan::bench]
fn search_a_new_question(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::new().expect("a runtime");
    let (index, partner, asked) = (indexed(&runtime), partner(), Cell::new(0_usize));
    let question = || {
        let nth = asked.replace(asked.get() + 1);
        // A word that no page has makes it another question.
        format!("{} заказ{nth}", QUESTIONS[nth % QUESTIONS.len()])
    };
    bencher
        .with_inputs(question)
        .bench_local_values(|question| runtime.block_on(index.search(&partner, &question, TOP)));
}

/// The same question again and again.
#[divan::bench]
fn search_a_known_question(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::new().expect("a runtime");
    let (index, partner) = (indexed(&runtime), partner());
    bencher.bench_local(|| runtime.block_on(index.search(&partner, black_box(QUESTIONS[0]), TOP)));
}

/// All pages anew, as at the first start.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn index_all_pages(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::new().expect("a runtime");
    let (pages, partner) = (pages(), partner());
    bencher.with_inputs(|| KnowledgeIndex::in_memory().expect("an index")).bench_local_values(|index| {
        runtime.block_on(index.index(&partner, &pages)).expect("the demo shop's pages");
        index
    });
}
