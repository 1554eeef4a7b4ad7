//! `cargo xtask bench`: everything that is promised about speed, memory and size, measured in one run beside a bot that stores
//! nothing (`nullbot`). Medians are quoted: the machine may have other things to do.

mod build;
mod fair;
mod figure;
mod files;
mod load;
mod machine;
mod memory;
mod page;
mod pages;
mod partners;
mod postgres;
mod recovery;
mod retrieval;
mod sales;
mod search;
mod watch;

use std::path::PathBuf;

use clap::ValueEnum;

use self::{figure::Figure, load::Who};
use crate::{
    botload::{self, Profile, SOURCE, Tools},
    peers,
    shell::{self, Failure},
};

pub(crate) use self::{machine::Machine, watch::descendants};

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Options {
    /// Fewer and shorter runs: to see that all of it works, not to quote
    #[arg(long)]
    quick: bool,
    /// A million messages where memory's growth is measured
    #[arg(long)]
    long: bool,
    /// Only these, e.g. --only turns latency
    #[arg(long, value_enum, num_args = 1.., value_name = "NAME")]
    only: Vec<Case>,
    /// Fail when a budget is missed
    #[arg(long)]
    strict: bool,
    /// Figures of an earlier run to compare with: its target/bench.json
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Write docs/benchmarks.md after a quick or a partial run, too
    #[arg(long)]
    page: bool,
    /// How long the model thinks where latency is measured; from 300 ms on a customer sees the bot typing, which costs a call
    #[arg(long, value_name = "MS", default_value_t = 250)]
    llm_ms: u32,
    /// Only turns over PostgreSQL: `--only postgres`
    #[arg(long, conflicts_with = "only")]
    postgres: bool,
    /// Instead of all this play beside bots of other libraries: `cargo xtask peers`
    #[arg(long, conflicts_with_all = ["quick", "long", "only", "strict", "against", "page", "llm_ms", "help_dir"])]
    peers: bool,
    /// The binary to test; built as it is shipped unless given
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// The folder `help` of the unpacked libreoffice-help-ru, for `--only retrieval`; without it that case is left out
    #[arg(long, value_name = "DIR")]
    help_dir: Option<PathBuf>,
    /// botload's sources
    #[arg(long, value_name = "DIR", env = "BOTLOAD", default_value = SOURCE)]
    botload: PathBuf,
}

/// What is measured, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Case {
    /// CPU of a turn and turns a second, closed loop, nullbot and Voronka in turn
    Turns,
    /// What is added to the model's time, open loop at half of saturation
    Latency,
    /// Lost, doubled and misplaced answers with duplicates and failing services
    Faults,
    /// One account in an endless 429, one model that takes a minute: what others feel of it
    Fair,
    /// Memory with 10,000 conversations
    Memory,
    /// Memory and database over many messages
    Growth,
    /// From start to first answer with 100,000 conversations and 10,000 events waiting
    Recovery,
    /// Search in 100,000 passages
    Search,
    /// `check` of a thousand flows, and swapping an edited one while the bot runs
    Files,
    /// A thousand partners in one process
    Partners,
    /// The owner's pages over 100,000 conversations and 1,000,000 messages
    Pages,
    /// Messages of sequences that are due at once, and the team's reports, over a million customers
    Sales,
    /// CPU of a turn over PostgreSQL, bot and database together, beside nullbot
    Postgres,
    /// Right pages for the phrases of a manual's index (`--help-dir`), beside SQLite's full-text search
    Retrieval,
    /// The release binary
    Size,
    /// The debug binary after a change of one line in core
    Rebuild,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Extent {
    quick: bool,
    /// Rounds of what is compared with nullbot.
    rounds: usize,
    /// Messages of each of 200 customers, closed loop.
    messages: usize,
    /// The same with faults.
    faulty_messages: usize,
    /// Seconds of an open loop.
    open_s: f64,
    /// All messages where growth is measured.
    growth_messages: usize,
}

impl Extent {
    fn of(options: &Options) -> Self {
        let growth_messages = match (options.long, options.quick) {
            (true, _) => 1_000_000,
            (false, false) => 100_000,
            (false, true) => 10_000,
        };
        if options.quick {
            return Self { quick: true, rounds: 1, messages: 10, faulty_messages: 3, open_s: 5.0, growth_messages };
        }
        Self { quick: false, rounds: 5, messages: 50, faulty_messages: 10, open_s: 20.0, growth_messages }
    }
}

/// What runs are made with.
struct Stand {
    tools: Tools,
    binary: PathBuf,
    extent: Extent,
    /// How long the model thinks where latency is measured.
    model_ms: u32,
    /// The unpacked manual.
    help_dir: Option<PathBuf>,
    /// Turns a second in a closed loop; measured where it was not.
    saturation: Option<f64>,
}

impl Stand {
    fn saturation(&mut self) -> Result<f64, Failure> {
        if let Some(known) = self.saturation {
            return Ok(known);
        }
        let options =
            load::words(&[("--chats", load::CHATS.to_string()), ("--messages", self.extent.messages.to_string())]);
        let rate = load::play(self, Who::Voronka, 1, &options)?.number("/turns_per_s");
        self.saturation = Some(rate);
        Ok(rate)
    }

    fn measure(&mut self, case: Case) -> Result<Vec<Figure>, Failure> {
        match case {
            Case::Turns => load::turns(self),
            Case::Latency => load::latency(self),
            Case::Faults => load::faults(self),
            Case::Fair => fair::measure(self),
            Case::Memory => memory::conversations(self),
            Case::Growth => memory::growth(self),
            Case::Recovery => recovery::measure(self),
            Case::Search => search::measure(self),
            Case::Files => files::measure(self),
            Case::Partners => partners::measure(self),
            Case::Pages => pages::measure(self),
            Case::Sales => sales::measure(self),
            Case::Postgres => postgres::turns(self),
            Case::Retrieval => retrieval::measure(self.help_dir.as_deref()),
            Case::Size => build::size(self),
            Case::Rebuild => build::rebuild(self),
        }
    }
}

/// The chore.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    if options.peers {
        return peers::run(&peers::Options::whole(options.binary.clone(), options.botload.clone()));
    }
    // Read first: to fail after half an hour would be a pity.
    let earlier = options.against.as_deref().map(page::earlier).transpose()?;
    let machine = Machine::here()?;
    let tools = Tools::build(&botload::source(&options.botload)?, Profile::Release)?;
    let binary = botload::release(options.binary.as_deref())?;
    let mut stand = Stand {
        tools,
        binary,
        extent: Extent::of(options),
        model_ms: options.llm_ms,
        help_dir: options.help_dir.clone(),
        saturation: None,
    };
    let (mut figures, mut notes) = (Vec::new(), Vec::new());
    let wanted = |case: &&Case| {
        // The manual is not ours to carry along: a whole run without it measures the rest.
        if options.postgres {
            return **case == Case::Postgres;
        }
        let whole = options.only.is_empty() && (**case != Case::Retrieval || options.help_dir.is_some());
        whole || options.only.contains(case)
    };
    for case in Case::value_variants().iter().filter(wanted) {
        shell::say(&format!("\n== {}", name(*case)));
        match stand.measure(*case) {
            Ok(more) => figures.extend(more),
            // What was measured so far is worth keeping.
            Err(why) => notes.push(format!("Not measured: {}: {why}.", name(*case))),
        }
    }
    shell::report(&format!("{}\n\n{}", machine.shown(), page::table(&figures, earlier.as_ref())));
    for note in &notes {
        shell::report(note);
    }
    let file = shell::target()?.join("bench.json");
    page::save(&file, &figures, &machine, &notes)?;
    if options.page || (options.only.is_empty() && !options.postgres && !options.quick) {
        page::write(&figures, &machine, &notes)?;
    } else {
        shell::say("docs/benchmarks.md is as it was: this run was quick or partial");
    }
    let missed = figures.iter().filter(|figure| figure.missed()).count();
    if !notes.is_empty() {
        return Err(format!("{} of the cases could not be measured", notes.len()));
    }
    if options.strict && missed > 0 {
        return Err(format!("{missed} of the budgets are missed"));
    }
    Ok(())
}

fn name(case: Case) -> String {
    case.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}
