//! Who is connected: how many at once, how many of one origin, and who makes room for whom.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::patience::Watch;

/// How many there may be at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Connections.
    pub(super) connections: usize,
    /// Connections of one origin that is no proxy; more are closed.
    pub(super) of_origin: usize,
    /// Streams of events: they last for hours, and nobody can be asked to make room.
    pub(super) streams: usize,
    /// Streams of one visitor's origin, also behind a proxy.
    pub(super) streams_of_origin: usize,
}

impl Bounds {
    /// SECURITY, DoS. Streams may hold half of the seats.
    pub(super) const USUAL: Self = Self { connections: 1024, of_origin: 64, streams: 512, streams_of_origin: 32 };
}

/// All seats of a server.
#[derive(Clone)]
pub(super) struct Seats(Arc<House>);

struct House {
    bounds: Bounds,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    /// By age; whoever was asked to make room is not in it any more.
    connections: BTreeMap<u64, Arc<Watch>>,
    origins: HashMap<IpAddr, usize>,
    streams: usize,
    stream_origins: HashMap<IpAddr, usize>,
}

/// A connection's, as long as it is held.
pub(super) struct Seat {
    seats: Seats,
    id: u64,
    origin: Option<IpAddr>,
}

/// A stream's, as long as it is held.
pub(super) struct StreamSeat {
    seats: Seats,
    origin: Option<IpAddr>,
}

impl Seats {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self(Arc::new(House { bounds, taken: Mutex::default() }))
    }

    /// A seat for a connection. When all are taken, the connection that rests longest between requests is closed; when none
    /// rests, the one that has kept us waiting longest for a request. `None`: its origin has all that it may have, or everybody
    /// is being answered. Without an origin nothing is counted by it.
    pub(super) fn take(&self, origin: Option<IpAddr>, watch: &Arc<Watch>) -> Option<Seat> {
        let mut taken = self.lock();
        if origin.is_some_and(|origin| has(&taken.origins, origin) >= self.0.bounds.of_origin) {
            return None;
        }
        if taken.connections.len() >= self.0.bounds.connections && !taken.make_room() {
            return None;
        }
        count(&mut taken.origins, origin);
        taken.next += 1;
        let id = taken.next;
        taken.connections.insert(id, Arc::clone(watch));
        drop(taken);
        Some(Seat { seats: self.clone(), id, origin })
    }

    /// A seat for a stream of events; `None`: there are too many, of all or of this origin.
    pub(super) fn stream(&self, origin: Option<IpAddr>) -> Option<StreamSeat> {
        let mut taken = self.lock();
        let full = origin.is_some_and(|origin| has(&taken.stream_origins, origin) >= self.0.bounds.streams_of_origin);
        if full || taken.streams >= self.0.bounds.streams {
            return None;
        }
        taken.streams += 1;
        count(&mut taken.stream_origins, origin);
        drop(taken);
        Some(StreamSeat { seats: self.clone(), origin })
    }

    /// Closes the connection that is missed least: there are no file descriptors left.
    pub(super) fn make_room(&self) {
        self.lock().make_room();
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Whether somebody went.
    fn make_room(&mut self) -> bool {
        let waits = self.connections.iter().filter_map(|(id, watch)| Some((watch.dispensable()?, *id)));
        let Some((_, id)) = waits.min() else { return false };
        if let Some(watch) = self.connections.remove(&id) {
            watch.close();
        }
        true
    }
}

fn has(origins: &HashMap<IpAddr, usize>, origin: IpAddr) -> usize {
    origins.get(&origin).copied().unwrap_or_default()
}

fn count(origins: &mut HashMap<IpAddr, usize>, origin: Option<IpAddr>) {
    if let Some(origin) = origin {
        *origins.entry(origin).or_default() += 1;
    }
}

fn leave(origins: &mut HashMap<IpAddr, usize>, origin: Option<IpAddr>) {
    let Some(origin) = origin else { return };
    if let Some(count) = origins.get_mut(&origin) {
        *count -= 1;
        if *count == 0 {
            origins.remove(&origin);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.connections.remove(&self.id);
        leave(&mut taken.origins, self.origin);
    }
}

impl Drop for StreamSeat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.streams -= 1;
        leave(&mut taken.stream_origins, self.origin);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use jiff::SignedDuration;
    use voronka_core::ports::Clock;
    use voronka_testkit::FakeClock;

    use super::{super::patience::Patience, *};

    const BOUNDS: Bounds = Bounds { connections: 3, of_origin: 2, streams: 2, streams_of_origin: 1 };

    const ANNA: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)));
    const BORIS: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 8)));

    struct Street {
        clock: Arc<FakeClock>,
        seats: Seats,
    }

    impl Street {
        fn new() -> Self {
            Self { clock: Arc::new(FakeClock::at("2026-12-01T09:00:00Z")), seats: Seats::new(BOUNDS) }
        }

        /// Comes a second after the one before.
        fn comes(&self, origin: Option<IpAddr>) -> (Arc<Watch>, Option<Seat>) {
            self.clock.advance(SignedDuration::from_secs(1));
            let watch = Watch::begin(Patience::USUAL, Arc::clone(&self.clock) as Arc<dyn Clock>);
            let seat = self.seats.take(origin, &watch);
            (watch, seat)
        }
    }

    #[test]
    fn one_origin_does_not_take_all_connections() {
        let street = Street::new();
        let mut held = vec![street.comes(ANNA), street.comes(ANNA)];
        assert!(held.iter().all(|(_, seat)| seat.is_some()));
        assert!(street.comes(ANNA).1.is_none());
        assert!(street.comes(BORIS).1.is_some() && street.comes(None).1.is_some());
        held.pop();
        assert!(street.comes(ANNA).1.is_some());
        held.clear();
        assert!(street.seats.lock().origins.is_empty() && street.seats.lock().connections.is_empty());
    }

    #[test]
    fn who_rests_longest_makes_room_for_who_comes() {
        let street = Street::new();
        let (answered, rests, sends) = (street.comes(None), street.comes(None), street.comes(None));
        answered.0.answering();
        sends.0.asked();
        let next = street.comes(None);
        assert!(next.1.is_some());
        assert_eq!([&answered, &rests, &sends].map(|(watch, _)| watch.is_closed()), [false, true, false]);
        next.0.answering();
        let after = street.comes(None);
        assert!(after.1.is_some() && sends.0.is_closed(), "nobody rests: who sends its request for longest goes");
        after.0.answering();
        assert!(street.comes(None).1.is_none(), "everybody is being answered");
        drop((rests, sends));
        assert_eq!(street.seats.lock().connections.len(), 3, "who was asked to go does not free a seat twice");
    }

    #[test]
    fn streams_hold_a_part_of_the_seats_and_one_origin_a_part_of_that() {
        let seats = Seats::new(BOUNDS);
        let first = seats.stream(ANNA);
        assert!(first.is_some() && seats.stream(ANNA).is_none());
        let second = seats.stream(None);
        assert!(second.is_some() && seats.stream(BORIS).is_none(), "all are taken");
        drop(first);
        assert!(seats.stream(ANNA).is_some());
        drop(second);
        assert!(seats.lock().stream_origins.is_empty());
        assert_eq!(seats.lock().streams, 0);
        const { assert!(Bounds::USUAL.streams * 2 <= Bounds::USUAL.connections) };
    }
}
