//! What members of a team may see in their own chats, by their role.

use std::{cell::Cell, rc::Rc};

use voronka_core::{
    message::Content,
    spec::config::{Right, Role},
    turn::{Look, Seen},
};
use voronka_testkit::Rehearsal;

use crate::desk::{Shop, words};

/// What is looked at for the team, and whose it is to see.
const COMMANDS: [(&str, Right); 5] = [
    ("my_leads", Right::Customers),
    ("hot_leads", Right::Customers),
    ("top", Right::Demand),
    ("my_stats", Right::Figures),
    ("analytics", Right::Figures),
];

/// Whether anything was looked up for what a member did, and what they read.
fn looked(member: &mut Rehearsal, content: Content) -> (bool, String) {
    let has_looked = Rc::new(Cell::new(false));
    let noted = Rc::clone(&has_looked);
    member.look_by(Box::new(move |look| {
        noted.set(true);
        match look {
            Look::Report { .. } => Some(Seen::Report(Vec::new())),
            Look::Leads(..) => Some(Seen::Leads(Vec::new())),
            Look::Unanswered { .. } => Some(Seen::Unanswered(Vec::new())),
            _ => None,
        }
    }));
    let said = words(member.did(content));
    (has_looked.get(), said)
}

fn command(name: &str) -> Content {
    Content::Command { name: name.into(), args: String::new() }
}

#[test]
fn the_table_of_roles() {
    let of = |role: Role| Right::ALL.map(|right| role.may(right));
    //                               customers orders demand figures broadcasts settings export
    assert_eq!(of(Role::Owner), [true; 7]);
    assert_eq!(of(Role::Operator), [true, true, true, false, false, false, false]);
}

#[test]
fn s_22_role_by_command_what_is_not_a_members_to_see_is_not_even_looked_up() {
    for (name, right) in COMMANDS {
        let mut shop = Shop::open();
        for (member, role) in [(&mut shop.boss, Role::Owner), (&mut shop.master, Role::Operator)] {
            let (has_looked, said) = looked(member, command(name));
            assert_eq!(has_looked, role.may(right), "/{name} {role:?}");
            assert_eq!(said.contains("видит только владелец"), !role.may(right), "/{name} {role:?}: {said}");
        }
    }
}

#[test]
fn s_22_role_by_button_an_owners_button_shows_an_operator_nothing() {
    for (name, right) in [("my_stats", Right::Figures), ("analytics", Right::Figures), ("top", Right::Demand)] {
        let mut shop = Shop::open();
        looked(&mut shop.boss, command(name));
        let press = Content::Button { token: shop.boss.token("Месяц"), label: None };
        assert!(looked(&mut shop.boss, press.clone()).0, "/{name}");
        assert_eq!(looked(&mut shop.master, press).0, Role::Operator.may(right), "/{name}");
    }
}

#[test]
fn where_no_owner_is_named_whoever_is_named_sees_the_figures_and_sets_nothing() {
    let mut shop = Shop::without_owner();
    assert!(looked(&mut shop.master, command("my_stats")).0);
    let pause = Content::Command { name: "my_settings".into(), args: "пауза".into() };
    let (has_asked, said) = looked(&mut shop.master, pause);
    assert!(!has_asked && said.contains("только владелец"), "{said}");
}
