//! What is true of the whole. `arrows`, `house` and `promises` read the workspace; `e2e` drives the built binary from
//! outside.

mod arrows;
mod deploy;
mod e2e;
mod house;
mod promises;
mod workspace;
