//! Flows, looked at.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// `flow`.
#[derive(Debug, clap::Args)]
pub(crate) struct Flow {
    #[command(subcommand)]
    pub(crate) wish: FlowWish,
}

/// What is to be done with flows.
#[derive(Debug, Subcommand)]
pub(crate) enum FlowWish {
    Show(ShowFlow),
}

/// `flow show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowFlow {
    #[arg(value_name = "PARTNER")]
    pub(crate) partner: String,
    #[arg(value_name = "FLOW")]
    pub(crate) flow: Option<String>,
    #[arg(long, value_enum, default_value_t = FlowForm::Mermaid, value_name = "FORMAT")]
    pub(crate) format: FlowForm,
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// How a flow is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FlowForm {
    Mermaid,
    Svg,
}
