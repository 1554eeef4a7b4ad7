use voronka_core::{
    ids::PartnerId,
    spec::partner::{PartnerFiles, PartnerSpec},
};

use crate::lie_within;

const CONFIG: &[u8] = "name: Корица\nlanguages: [ru]\nzone: Europe/Moscow\ncurrency: RUB\naccounts:\n  web: {}\n".as_bytes();

/// A partner of one more file: nothing panics, findings lie in their files, and what has an error is not served.
fn partner(path: &str, bytes: &[u8]) {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), CONFIG.to_vec());
    files.insert(path.into(), bytes.to_vec());
    let loaded = PartnerSpec::parse(PartnerId::parse("korica").expect("an id"), &files);
    assert_eq!(loaded.spec.is_none(), loaded.failed());
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let of_it: Vec<_> = loaded.diagnostics.into_iter().filter(|found| &*found.place.file == path).collect();
    lie_within(&of_it, text);
}

/// A catalogue in CSV.
pub fn csv(bytes: &[u8]) {
    partner("catalogue.csv", bytes);
}

/// A flow: the tree, its items, their texts and expressions together.
pub fn flow(bytes: &[u8]) {
    partner("flows/a.yaml", bytes);
}
