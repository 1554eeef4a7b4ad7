//! What the core costs: a turn and its parts, the guard, fitting. Time and allocations of each.
//!
//! `cargo bench -p voronka-core` runs all, `cargo bench -p voronka-core -- guard` those whose name holds the word.

mod stage;

use divan::{AllocProfiler, Bencher, black_box};
use voronka_core::turn::{Answer, Snapshot, Step, Turn};

use self::stage::{NAMES, Stage};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// From what a store loaded to the state that a turn begins with: 30 messages of history.
#[divan::bench(args = NAMES)]
fn snapshot_read(bencher: Bencher<'_, '_>, name: &str) {
    let stage = Stage::named(name);
    bencher.bench(|| {
        let (key, account, peer) = stage.address();
        Snapshot::read(key, account, peer, black_box(&stage.loaded))
    });
}

/// One turn, decided without I/O.
mod decide {
    use super::{Answer, Bencher, NAMES, Stage, Step, Turn};

    /// A step of a flow that a customer answers by typing: no search, no model.
    #[divan::bench]
    fn scripted_step(bencher: Bencher<'_, '_>) {
        let stage = Stage::at_a_step();
        bencher.with_inputs(|| stage.begun()).bench_values(|(snapshot, mail)| {
            let step = Turn::begin(&stage.setting, snapshot, mail, stage.now);
            assert!(matches!(step, Step::Done(_)), "a step of a flow asks nobody");
            step
        });
    }

    /// A whole turn that a model words: its questions, six passages for each, a completion without faults.
    #[divan::bench(args = NAMES)]
    fn llm_turn(bencher: Bencher<'_, '_>, name: &str) {
        let stage = Stage::named(name);
        let inputs = || (stage.begun(), stage.completion());
        bencher.with_inputs(inputs).bench_values(|((snapshot, mail), completion)| {
            let step = Turn::begin(&stage.setting, snapshot, mail, stage.now);
            stage.searched(asked(step)).0.resume(Answer::Completion(Ok(completion)))
        });
    }

    /// Of it: the words until the search is asked.
    #[divan::bench(args = NAMES)]
    fn llm_turn_1_until_search(bencher: Bencher<'_, '_>, name: &str) {
        let stage = Stage::named(name);
        let begin = |(snapshot, mail)| Turn::begin(&stage.setting, snapshot, mail, stage.now);
        bencher.with_inputs(|| stage.begun()).bench_values(begin);
    }

    /// Of it: evidence and prompt, until the model is asked.
    #[divan::bench(args = NAMES)]
    fn llm_turn_2_until_prompt(bencher: Bencher<'_, '_>, name: &str) {
        let stage = Stage::named(name);
        bencher.with_inputs(|| stage.searching()).bench_values(|turn| stage.searched(turn));
    }

    /// Of it: the guard and the rows, until the outcome.
    #[divan::bench(args = NAMES)]
    fn llm_turn_3_until_outcome(bencher: Bencher<'_, '_>, name: &str) {
        let stage = Stage::named(name);
        bencher
            .with_inputs(|| (stage.completing().0, stage.completion()))
            .bench_values(|(turn, completion)| turn.resume(Answer::Completion(Ok(completion))));
    }

    fn asked(step: Step) -> Turn {
        match step {
            Step::Ask(turn, _) => turn,
            Step::Done(outcome) => panic!("the turn ended early: {outcome:#?}"),
        }
    }
}

/// The number guard.
mod guard {
    use voronka_core::guard::{Evidence, check};

    use super::{Bencher, NAMES, Stage, black_box};

    /// An answer without faults.
    #[divan::bench(args = NAMES)]
    fn check_an_honest_answer(bencher: Bencher<'_, '_>, name: &str) {
        let stage = Stage::named(name);
        let (evidence, text) = (stage.completing().1, stage.completion().text);
        assert_eq!(check(&text, &evidence), []);
        bencher.bench(|| check(black_box(&text), &evidence));
    }

    /// An answer with an invented price and an invented date.
    #[divan::bench]
    fn check_an_invented_answer(bencher: Bencher<'_, '_>) {
        let evidence = Stage::named("korica").completing().1;
        let text = "Доставка сегодня бесплатная. Торт «Малина» стоит 3 100 ₽, и привезём его 14 января к полуночи.";
        assert!(!check(text, &evidence).is_empty());
        bencher.bench(|| check(black_box(text), &evidence));
    }

    /// The passages of a turn, read into evidence.
    #[divan::bench(args = NAMES)]
    fn read_passages(bencher: Bencher<'_, '_>, name: &str) {
        let passages = Stage::named(name).passages();
        bencher.bench(|| {
            let mut evidence = Evidence::default();
            for passage in &passages {
                evidence.text(black_box(&passage.text));
            }
            evidence
        });
    }
}

/// Fitting a message to a messenger.
mod fit {
    use voronka_core::{
        capabilities::{ButtonLimits, Capabilities, Has},
        fit::fit,
        message::{Button, List, Message, Press, Purpose},
        spec::rich::Rich,
    };
    use voronka_testkit::rehearsal::roomy;

    use super::{Bencher, black_box};

    fn message() -> Message {
        let button =
            |label: &str| Button { label: label.into(), press: Press::Token { token: label.len().to_string() } };
        Message {
            text: Rich::from_markdown(
                "Доставка по центру стоит **350 ₽**, в другие районы 450 ₽. [Каталог](https://korica.example/catalog)\n\n\
                 На какое число нужен торт?",
            ),
            cards: Vec::new(),
            photo: None,
            buttons: ["завтра", "в субботу", "в воскресенье", "Не знаю, посоветуйте"].map(button).into(),
            list: List::default(),
            purpose: Purpose::Service,
            template: None,
            sequence: None,
        }
    }

    /// To one that shows everything.
    #[divan::bench]
    fn roomy_channel(bencher: Bencher<'_, '_>) {
        let (message, capabilities) = (message(), roomy());
        bencher.bench(|| fit(black_box(&message), &capabilities));
    }

    /// To one with three buttons of twenty signs, and no links: the rest becomes words.
    #[divan::bench]
    fn narrow_channel(bencher: Bencher<'_, '_>) {
        let buttons = ButtonLimits { count_max: 3, per_row: 1, label_max: 20, label_comfortable: 20 };
        let capabilities = Capabilities { text_max: 120, buttons: Some(buttons), url_buttons: Has::No, ..roomy() };
        let message = message();
        bencher.bench(|| fit(black_box(&message), &capabilities));
    }
}
