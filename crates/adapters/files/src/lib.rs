//! A partner's folder, from disk or from the binary itself, read into [`voronka_core::spec::partner::PartnerFiles`].
//!
//! Nothing outside the folder is read, nothing in it is run, and its secrets never reach the process environment.

mod alone;
mod folder;
mod load;
mod photos;
mod secrets;

pub use alone::PartnerFolder;
pub use folder::{FolderError, read, read_embedded};
pub use load::{LoadedPartner, load, load_embedded, load_with, partner_of};
pub use photos::Photos;
pub use secrets::{BadEnv, Secrets};
