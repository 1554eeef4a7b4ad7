use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use proptest::prelude::*;
use voronka_core::{
    capabilities::Capabilities,
    message::Bubble,
    ports::{Moment, Receipt, SendError},
    rows::{OutboxRow, Past, TurnCommit, Withdraw},
};
use voronka_testkit::{channel::roomy, journal::sample};

use super::*;

/// A messenger with groups: `group/…` are members of one.
struct WithGroups(Capabilities);

#[async_trait]
impl Channel for WithGroups {
    fn capabilities(&self) -> &Capabilities {
        &self.0
    }

    fn chat(&self, to: &Peer) -> Option<Chat> {
        let (group, _) = to.as_str().split_once('/')?;
        Some(Chat { id: Peer::new(group), pause: Duration::from_secs(4), burst: 5 })
    }

    async fn send(&self, _: &Peer, _: &Bubble, _: BubbleId) -> Result<Receipt, SendError> {
        unreachable!("a queue sends nothing")
    }
}

fn paced(per_s: u32) -> WithGroups {
    let pace = Pace { peer_pause: Duration::from_secs(1), peer_burst: 3, account_per_s: per_s };
    WithGroups(Capabilities { pace: Some(pace), ..roomy() })
}

fn unpaced() -> WithGroups {
    WithGroups(Capabilities { pace: None, ..roomy() })
}

fn row(peer: &str, n: usize, lane: Lane) -> OutboxRow {
    let inbound = sample::text(&sample::partner("korica"), peer, "", "");
    let row = sample::bubble(&inbound.conversation(), &inbound, 1, &n.to_string());
    OutboxRow { id: BubbleId::of(&[peer, &n.to_string()]), lane, ..row }
}

fn push(queue: &mut Queue, peer: &str, n: usize, lane: Lane) -> bool {
    queue.push(Waiting::new(row(peer, n, lane), Moment::default()))
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn at(millis: i64) -> Timestamp {
    NOW + SignedDuration::from_millis(millis)
}

fn take(queue: &mut Queue, channel: &WithGroups, now: Timestamp) -> Option<Box<Waiting>> {
    match queue.next(channel, Campaigns::Go, now) {
        Next::Bubble(waiting) => Some(waiting),
        Next::NotBefore(later) => {
            assert!(later > now, "a sender that is told to wait until now would spin");
            None
        }
        Next::Nothing => None,
    }
}

/// Sends all that may go, each in no time: peer and number.
fn drain(queue: &mut Queue, channel: &WithGroups, now: Timestamp) -> Vec<(String, String)> {
    let mut gone = Vec::new();
    while let Some(waiting) = take(queue, channel, now) {
        gone.push((waiting.row.peer.to_string(), waiting.row.bubble.text.text.clone()));
        queue.ended(&waiting, GoesOn::AtOnce);
    }
    gone
}

#[test]
fn a_campaign_of_fifty_thousand_holds_up_an_answer_by_no_send_at_all() {
    let (mut queue, channel) = (Queue::new(), paced(30));
    for n in 0..50_000 {
        push(&mut queue, &format!("guest-{n}"), n, Lane::Campaign);
    }
    assert_eq!(drain(&mut queue, &channel, at(0)).len(), 3);
    push(&mut queue, "anna", 0, Lane::Dialogue);
    push(&mut queue, "guest-40000", 1, Lane::Dialogue);
    let gone: Vec<_> = drain(&mut queue, &channel, at(1)).into_iter().map(|(peer, _)| peer).collect();
    assert_eq!(gone, ["anna", "guest-40000"], "also to one who is in the campaign's line");
}

#[test]
fn what_is_said_unasked_waits_for_the_end_of_a_pause_and_holds_up_nothing_else() {
    let (mut queue, channel) = (Queue::new(), unpaced());
    for (peer, lane) in [("anna", Lane::Campaign), ("boris", Lane::Campaign), ("anna", Lane::Dialogue)] {
        push(&mut queue, peer, lane as usize, lane);
    }
    push(&mut queue, "team", 0, Lane::Notice);
    let mut gone = Vec::new();
    while let Next::Bubble(waiting) = queue.next(&channel, Campaigns::Wait, at(0)) {
        gone.push((waiting.row.peer.to_string(), waiting.row.lane));
        queue.ended(&waiting, GoesOn::AtOnce);
    }
    assert_eq!(gone, [("anna".to_owned(), Lane::Dialogue), ("team".to_owned(), Lane::Notice)]);
    let gone = drain(&mut queue, &channel, at(60_000));
    assert_eq!(gone.into_iter().map(|(peer, _)| peer).collect::<Vec<_>>(), ["boris", "anna"]);
}

#[test]
fn while_the_messenger_asks_to_slow_down_an_answer_takes_the_very_next_place() {
    let (mut queue, channel) = (Queue::new(), paced(10));
    for n in 0..1_000 {
        push(&mut queue, &format!("guest-{n}"), n, Lane::Campaign);
    }
    queue.slow_down(at(0), at(5_000));
    assert!(drain(&mut queue, &channel, at(4_999)).is_empty());
    assert_eq!(drain(&mut queue, &channel, at(5_000)).len(), 1);
    push(&mut queue, "anna", 0, Lane::Dialogue);
    push(&mut queue, "boris", 0, Lane::Dialogue);
    assert!(drain(&mut queue, &channel, at(5_100)).is_empty(), "half of ten a second");
    assert_eq!(drain(&mut queue, &channel, at(5_200))[0].0, "anna");
    assert_eq!(drain(&mut queue, &channel, at(5_400))[0].0, "boris");
    assert!(drain(&mut queue, &channel, at(5_600))[0].0.starts_with("guest"));
}

#[test]
fn an_answer_goes_before_a_follow_up_to_the_same_peer_and_each_lane_keeps_its_order() {
    let (mut queue, channel) = (Queue::new(), unpaced());
    for n in 0..3 {
        push(&mut queue, "anna", n, Lane::Campaign);
    }
    for n in 3..6 {
        push(&mut queue, "anna", n, Lane::Dialogue);
    }
    let gone: Vec<_> = drain(&mut queue, &channel, at(0)).into_iter().map(|(_, n)| n).collect();
    assert_eq!(gone, ["3", "4", "5", "0", "1", "2"]);
}

/// PAINS 10.
#[test]
fn a_follow_up_that_is_tried_again_does_not_hold_up_an_answer() {
    let (mut queue, channel) = (Queue::new(), unpaced());
    push(&mut queue, "anna", 0, Lane::Campaign);
    let follow_up = take(&mut queue, &channel, at(0)).unwrap();
    queue.again(follow_up, at(60_000));
    push(&mut queue, "anna", 1, Lane::Dialogue);
    assert_eq!(drain(&mut queue, &channel, at(1)), [("anna".to_owned(), "1".to_owned())]);
    assert!(drain(&mut queue, &channel, at(59_999)).is_empty());
    assert_eq!(drain(&mut queue, &channel, at(60_000)), [("anna".to_owned(), "0".to_owned())]);
}

/// What a turn of a peer's own conversation takes back.
fn taken_back(peer: &str, past: Past) -> Withdrawal {
    let inbound = sample::text(&sample::partner("korica"), peer, "", "");
    let turn = sample::turn(&inbound.conversation(), &inbound, 0);
    TurnCommit { past, withdraw: Withdraw::Campaigns, ..turn }.withdrawal().unwrap()
}

#[test]
fn follow_ups_that_are_taken_back_leave_and_answers_stay() {
    let (mut queue, channel) = (Queue::new(), unpaced());
    for (n, lane) in [Lane::Campaign, Lane::Campaign, Lane::Dialogue].into_iter().enumerate() {
        push(&mut queue, "anna", n, lane);
        push(&mut queue, "boris", n, lane);
    }
    let taken_back = queue.withdraw(&taken_back("anna", Past::Stays));
    assert!(taken_back.iter().all(|(taken, waiting)| (*taken, waiting.row.lane) == (Taken::Gone, Lane::Campaign)));
    assert_eq!(taken_back.len(), 2);
    let gone = drain(&mut queue, &channel, at(0));
    let of = |who: &str| gone.iter().filter(|(peer, _)| peer == who).map(|(_, n)| &**n).collect::<Vec<_>>();
    assert_eq!((of("anna"), of("boris")), (vec!["2"], vec!["2", "0", "1"]));
    assert!(push(&mut queue, "anna", 0, Lane::Campaign), "it is known no more");
    assert_eq!(drain(&mut queue, &channel, at(0)).len(), 1);
}

#[test]
fn what_is_called_back_leaves_late_and_whatever_else_waits_for_the_same_peer_stays() {
    let (mut queue, channel) = (Queue::new(), unpaced());
    for n in 0..3 {
        push(&mut queue, "anna", n, Lane::Campaign);
    }
    let under_way = take(&mut queue, &channel, at(0)).unwrap();
    let inbound = sample::text(&sample::partner("korica"), "anna", "", "");
    let last = row("anna", 2, Lane::Campaign).id;
    let turn = TurnCommit {
        withdraw: Withdraw::Called(vec![under_way.row.id, last]),
        ..sample::turn(&inbound.conversation(), &inbound, 0)
    };
    let back = queue.withdraw(&turn.withdrawal().unwrap());
    assert_eq!(back.iter().map(|(taken, waiting)| (*taken, waiting.row.id)).collect::<Vec<_>>(), [(Taken::Late, last)]);
    assert_eq!(queue.taken(&under_way), Some(Taken::Late));
    // Of what has left the store nothing is heard, though it was called back before.
    assert_eq!(queue.withdraw(&taken_back("anna", Past::Stays)).len(), 1);
    assert_eq!(queue.taken(&under_way), Some(Taken::Gone));
}

#[test]
fn of_an_erased_past_nothing_is_sent_and_whoever_waits_behind_it_goes_on() {
    let (mut queue, channel) = (Queue::new(), unpaced());
    let card = |queue: &mut Queue, of: &str, n| {
        let card = OutboxRow { peer: Peer::new("team"), ..row(of, n, Lane::Notice) };
        queue.push(Waiting::new(card, Moment::default()))
    };
    push(&mut queue, "anna", 0, Lane::Dialogue);
    card(&mut queue, "anna", 1);
    card(&mut queue, "boris", 2);
    assert_eq!(queue.withdraw(&taken_back("anna", Past::Erased)).len(), 2);
    assert_eq!(drain(&mut queue, &channel, at(0)), [("team".to_owned(), "2".to_owned())]);
}

#[test]
fn a_follow_up_under_way_that_is_taken_back_is_told_so_and_the_next_is_not() {
    let (mut queue, channel) = (Queue::new(), unpaced());
    push(&mut queue, "anna", 0, Lane::Campaign);
    let under_way = take(&mut queue, &channel, at(0)).unwrap();
    assert_eq!(queue.taken(&under_way), None);
    assert!(queue.withdraw(&taken_back("anna", Past::Stays)).is_empty());
    assert_eq!(queue.taken(&under_way), Some(Taken::Gone));
    queue.ended(&under_way, GoesOn::AtOnce);
    push(&mut queue, "anna", 1, Lane::Campaign);
    let next = take(&mut queue, &channel, at(0)).unwrap();
    assert_eq!(queue.taken(&next), None);
}

#[test]
fn members_of_a_group_share_its_twenty_a_minute_answers_included() {
    let (mut queue, channel) = (Queue::new(), paced(30));
    for n in 0..60 {
        push(&mut queue, &format!("group/{n}"), n, Lane::Dialogue);
        push(&mut queue, &format!("guest-{n}"), n, Lane::Dialogue);
    }
    let mut sent = Vec::new();
    for second in 0..240 {
        for (peer, _) in drain(&mut queue, &channel, at(second * 1_000)) {
            if peer.starts_with("group") {
                sent.push(second);
            } else {
                assert_eq!(second, 0, "who writes in private waits for no group");
            }
        }
    }
    assert_eq!(sent.len(), 60);
    for from in 0..180 {
        let minute = sent.iter().filter(|second| (from..from + 60).contains(*second)).count();
        assert!(minute <= 20, "{minute} in the minute from {from}");
    }
}

#[test]
fn a_plea_for_one_chat_holds_that_chat_alone() {
    let (mut queue, channel) = (Queue::new(), paced(30));
    for n in 0..2 {
        push(&mut queue, "group/1", n, Lane::Dialogue);
        push(&mut queue, "group/2", n, Lane::Dialogue);
        push(&mut queue, "anna", n, Lane::Dialogue);
    }
    let first = take(&mut queue, &channel, at(0)).unwrap();
    queue.slow_down_chat(&channel, &first.row.peer, at(0), at(40_000));
    queue.again(first, at(40_000));
    assert_eq!(drain(&mut queue, &channel, at(0)).len(), 2, "both of Anna's");
    assert!(drain(&mut queue, &channel, at(39_999)).is_empty());
    let gone = drain(&mut queue, &channel, at(40_000));
    assert_eq!(gone.len(), 4, "{gone:?}");
}

#[test]
fn notices_and_campaigns_leave_places_for_answers_however_slow_the_messenger_is() {
    let (mut queue, channel) = (Queue::new(), unpaced());
    for n in 0..200 {
        push(&mut queue, &format!("guest-{n}"), n, if n % 2 == 0 { Lane::Campaign } else { Lane::Notice });
    }
    let mut under_way = Vec::new();
    while let Some(waiting) = take(&mut queue, &channel, at(0)) {
        under_way.push(waiting);
    }
    assert_eq!(under_way.len(), BACKGROUND_MAX);
    push(&mut queue, "anna", 0, Lane::Dialogue);
    assert_eq!(take(&mut queue, &channel, at(0)).unwrap().row.peer.as_str(), "anna");
    queue.ended(&under_way.pop().unwrap(), GoesOn::AtOnce);
    assert!(take(&mut queue, &channel, at(0)).is_some());
}

#[test]
fn a_clock_that_is_set_back_by_an_hour_makes_nobody_wait_an_hour() {
    let (mut queue, channel) = (Queue::new(), paced(30));
    let hour = 3_600_000;
    push(&mut queue, "anna", 0, Lane::Dialogue);
    push(&mut queue, "boris", 0, Lane::Dialogue);
    let anna = take(&mut queue, &channel, at(hour)).unwrap();
    queue.again(anna, at(hour + 2_000));
    queue.slow_down(at(hour), at(hour + 1_000));
    assert!(take(&mut queue, &channel, at(0)).is_none());
    assert!(take(&mut queue, &channel, at(1_000)).is_some_and(|boris| boris.row.peer.as_str() == "boris"));
    assert!(take(&mut queue, &channel, at(2_000)).is_some_and(|anna| anna.row.peer.as_str() == "anna"));
}

#[test]
fn a_bubble_that_is_handed_over_twice_is_the_same_one() {
    let mut queue = Queue::new();
    assert!(push(&mut queue, "anna", 0, Lane::Dialogue));
    assert!(!push(&mut queue, "anna", 0, Lane::Dialogue));
    assert_eq!(drain(&mut queue, &unpaced(), at(0)).len(), 1);
    assert!(push(&mut queue, "anna", 0, Lane::Dialogue), "it is over: the store knows better");
}

#[test]
fn nobody_who_is_done_with_is_remembered() {
    let (mut queue, channel) = (Queue::new(), unpaced());
    for n in 0..1_000 {
        push(&mut queue, &format!("guest-{}", n % 100), n, LANES[n % 3]);
    }
    assert_eq!(drain(&mut queue, &channel, at(0)).len(), 1_000);
    assert!(queue.lines.is_empty() && queue.known.is_empty() && queue.chats.is_empty());
    assert!(queue.ready.iter().all(VecDeque::is_empty) && queue.later.is_empty() && queue.background == 0);
}

/// What a bubble of a campaign costs in memory, besides its words: [`super::super::campaign::CAMPAIGN_MAX`] of them are a
/// megabyte.
#[test]
fn a_bubble_costs_half_a_kilobyte_besides_its_words() {
    let line = size_of::<(Peer, Line)>() + size_of::<Place>() + size_of::<BubbleId>() + size_of::<usize>();
    assert!(size_of::<Waiting>() + line <= 512, "{} + {line}", size_of::<Waiting>());
}

#[derive(Debug, Clone)]
enum Happening {
    Push { peer: u8, lane: u8 },
    Next,
    Done(prop::sample::Index),
    Again(prop::sample::Index, u16),
    SlowDown(u16),
    SlowDownChat(u8, u16),
    Passes(u16),
    SetBack(u16),
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    prop_oneof![
        6 => (0..6_u8, 0..3_u8).prop_map(|(peer, lane)| H::Push { peer, lane }),
        6 => Just(H::Next),
        4 => any::<prop::sample::Index>().prop_map(H::Done),
        2 => (any::<prop::sample::Index>(), 0..5_000_u16).prop_map(|(of, millis)| H::Again(of, millis)),
        1 => (0..5_000_u16).prop_map(H::SlowDown),
        1 => (0..6_u8, 0..5_000_u16).prop_map(|(peer, millis)| H::SlowDownChat(peer, millis)),
        3 => (0..3_000_u16).prop_map(H::Passes),
        1 => (0..60_000_u16).prop_map(H::SetBack),
    ]
}

const PEERS: [&str; 6] = ["anna", "boris", "vera", "group/1", "group/2", "group/3"];

proptest! {
    #[test]
    fn nothing_is_lost_doubled_or_out_of_order_and_one_of_a_peer_is_under_way(
        happenings in prop::collection::vec(happening(), 1..120),
    ) {
        let (mut queue, channel) = (Queue::new(), paced(5));
        let mut now = at(1_000_000_000);
        let mut expected: BTreeMap<(String, Lane), VecDeque<BubbleId>> = BTreeMap::new();
        let mut under_way: Vec<Box<Waiting>> = Vec::new();
        let mut count = 0;
        let end = |queue: &mut Queue, expected: &mut BTreeMap<_, VecDeque<_>>, waiting: Box<Waiting>| {
            let line = expected.get_mut(&(waiting.row.peer.to_string(), waiting.row.lane)).unwrap();
            assert_eq!(line.pop_front(), Some(waiting.row.id), "in order");
            queue.ended(&waiting, GoesOn::AtOnce);
        };
        for what in happenings {
            match what {
                Happening::Push { peer, lane } => {
                    let (peer, lane) = (PEERS[usize::from(peer)], LANES[usize::from(lane)]);
                    count += 1;
                    prop_assert!(push(&mut queue, peer, count, lane));
                    expected.entry((peer.to_owned(), lane)).or_default().push_back(row(peer, count, lane).id);
                }
                Happening::Next => if let Some(waiting) = take(&mut queue, &channel, now) {
                    prop_assert!(under_way.iter().all(|other| other.row.peer != waiting.row.peer));
                    under_way.push(waiting);
                },
                Happening::Done(of) if !under_way.is_empty() => {
                    let waiting = under_way.swap_remove(of.index(under_way.len()));
                    end(&mut queue, &mut expected, waiting);
                }
                Happening::Again(of, millis) if !under_way.is_empty() => {
                    let waiting = under_way.swap_remove(of.index(under_way.len()));
                    queue.again(waiting, now + SignedDuration::from_millis(millis.into()));
                }
                Happening::Done(_) | Happening::Again(..) => {}
                Happening::SlowDown(millis) => queue.slow_down(now, now + SignedDuration::from_millis(millis.into())),
                Happening::SlowDownChat(peer, millis) => {
                    let until = now + SignedDuration::from_millis(millis.into());
                    queue.slow_down_chat(&channel, &Peer::new(PEERS[usize::from(peer)]), now, until);
                }
                Happening::Passes(millis) => now += SignedDuration::from_millis(millis.into()),
                Happening::SetBack(millis) => now -= SignedDuration::from_millis(millis.into()),
            }
        }
        // All that is left goes, in bounded time.
        for _ in 0..2_000 {
            for waiting in std::mem::take(&mut under_way) {
                end(&mut queue, &mut expected, waiting);
            }
            while let Some(waiting) = take(&mut queue, &channel, now) {
                under_way.push(waiting);
            }
            now += SignedDuration::from_secs(1);
        }
        prop_assert!(expected.values().all(VecDeque::is_empty), "{expected:?}");
        prop_assert!(queue.lines.is_empty() && queue.known.is_empty());
    }
}

#[test]
fn the_next_bubble_of_a_peer_waits_for_the_result_of_the_last_and_other_peers_do_not() {
    let (mut queue, channel) = (Queue::new(), unpaced());
    for (peer, n) in [("anna", 1), ("anna", 2), ("boris", 1)] {
        push(&mut queue, peer, n, Lane::Dialogue);
    }
    let first = take(&mut queue, &channel, NOW).unwrap();
    queue.ended(&first, GoesOn::OnceWritten);
    push(&mut queue, "anna", 3, Lane::Dialogue);
    assert_eq!(take(&mut queue, &channel, NOW).unwrap().row.peer, Peer::new("boris"));
    assert!(take(&mut queue, &channel, NOW).is_none());
    assert!(queue.awaits_results());
    queue.written(&Peer::new("anna"));
    assert!(!queue.awaits_results());
    let second = take(&mut queue, &channel, NOW).unwrap();
    assert_eq!(second.row.bubble.text.text, "2");
    // A result of an earlier bubble says nothing of this one.
    queue.written(&Peer::new("anna"));
    assert!(take(&mut queue, &channel, NOW).is_none());
}

#[test]
fn what_is_taken_back_behind_a_result_leaves_no_line() {
    let (mut queue, channel) = (Queue::new(), unpaced());
    push(&mut queue, "anna", 1, Lane::Dialogue);
    let first = take(&mut queue, &channel, NOW).unwrap();
    queue.ended(&first, GoesOn::OnceWritten);
    queue.written(&Peer::new("anna"));
    assert!(queue.lines.is_empty());
}
