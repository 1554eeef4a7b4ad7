//! Partners that tests talk to.

use std::{path::Path, sync::Arc};

use voronka_core::{
    ids::PartnerId,
    ports::Passage,
    spec::partner::{PartnerFiles, PartnerSpec},
    turn::Playbook,
};
use voronka_testkit::Rehearsal;

fn read(folder: &Path, at: &Path, files: &mut PartnerFiles) {
    for entry in std::fs::read_dir(at).expect("a partner of the tests is sound") {
        let path = entry.expect("a partner of the tests is sound").path();
        if path.is_dir() {
            read(folder, &path, files);
        } else {
            let name = path
                .strip_prefix(folder)
                .expect("a partner of the tests is sound")
                .to_str()
                .expect("a partner of the tests is sound")
                .replace('\\', "/");
            files.insert(Arc::from(name), std::fs::read(&path).expect("a partner of the tests is sound"));
        }
    }
}

pub(crate) fn files(folder: &str) -> PartnerFiles {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = PartnerFiles::new();
    read(&folder, &folder, &mut files);
    files
}

#[track_caller]
pub(crate) fn playbook(id: &str, files: &PartnerFiles) -> Playbook {
    let loaded = PartnerSpec::parse(PartnerId::parse(id).expect("a partner of the tests is sound"), files);
    let Some(spec) = loaded.spec else { panic!("{:#?}", loaded.diagnostics) };
    Playbook::new(Arc::new(spec))
}

/// The partner of the format's fixtures, on Telegram, on 1 December 2026 at noon.
pub(crate) fn fixture() -> Rehearsal {
    let mut files = files("tests/fixtures/formats");
    files.remove("config.minimal.yaml");
    Rehearsal::new(playbook("korica", &files), "telegram", "2026-12-01T12:00:00+03:00").search(pages)
}

/// The demo partner.
pub(crate) fn korica() -> Rehearsal {
    let files = files("../../partners/korica");
    Rehearsal::new(playbook("korica", &files), "telegram", "2026-12-01T12:00:00+03:00").search(pages)
}

/// The English demo partner.
pub(crate) fn bakery() -> Rehearsal {
    let files = files("../../partners/en-bakery");
    Rehearsal::new(playbook("en-bakery", &files), "telegram", "2026-12-01T12:00:00+00:00").search(pages)
}

pub(crate) fn pages(question: &str) -> Vec<Passage> {
    let about_gluten = question.to_lowercase().contains("глютен");
    let passage = Passage {
        page: "allergens.md".into(),
        title: "Аллергены".into(),
        heading: "Без глютена".into(),
        text: "Торт «Малина» печём на миндальной муке, глютена в нём нет.".into(),
        score: 0.97,
        part: None,
    };
    if about_gluten { vec![passage] } else { Vec::new() }
}
