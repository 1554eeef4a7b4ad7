//! 10. Loops.

use voronka_core::turn::Owner;

use crate::shop::{fact, shop};

#[test]
fn a_flow_that_goes_round_too_often_is_handed_over_with_a_notice() {
    let flow = "title: Круг\nstart: {commands: [/a]}\nsteps:\n  - ask: Ещё?\n    as: ещё\n    choice: {да: Да, нет: Нет}\n  - goto: ещё\n    when: ещё = да\n  - say: Конец.\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    for _ in 0..20 {
        talk.me("да");
    }
    assert_ne!(talk.state().owner, Owner::Bot);
    assert!(fact(&talk, "flow.a.loop") && talk.notices.iter().any(|notice| notice.text.contains("зациклился")));
}
