//! Where things stand on a drawing: in layers, each way leading down but those that go back. A way over several layers, and a way
//! with a label, passes through places of its own in between, so that it crosses no box and no label covers another.

/// Pixels.
pub(super) type Px = i32;

/// What is placed: how wide and high it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) width: Px,
    pub(super) height: Px,
}

/// A way between two things, with the size of its label if it has one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: Option<Size>,
}

/// Where a thing stands: its middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) x: Px,
    pub(super) y: Px,
}

/// A layer that a way passes: straight through all its height, beside what stands there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    pub(super) x: Px,
    pub(super) top: Px,
    pub(super) bottom: Px,
}

/// A way as it is drawn.
#[derive(Debug, Clone)]
pub(super) struct Route {
    /// Layers between its ends, from its beginning on.
    pub(super) through: Vec<Pass>,
    /// Where its label stands.
    pub(super) label: Option<Place>,
}

/// A layout.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) size: Size,
    pub(super) places: Vec<Place>,
    pub(super) routes: Vec<Route>,
}

/// Between things beside each other, and between layers.
const BESIDE: Px = 28;
const BELOW: Px = 26;
/// Room that a way takes that only passes.
const PASSING: Size = Size { width: 10, height: 0 };
/// How often things are put in order by what they hang on.
const SWEEPS: usize = 12;

/// Something in a layer: a thing, or a way that passes.
struct Cell {
    size: Size,
    layer: usize,
    x: Px,
    above: Vec<usize>,
    below: Vec<usize>,
}

/// Places things; the first stands at the top.
pub(super) fn lay_out(sizes: &[Size], ways: &[Way]) -> Layout {
    let back = going_back(sizes.len(), ways);
    let layers = layers(sizes.len(), ways, &back);
    let mut cells: Vec<Cell> = sizes
        .iter()
        .zip(&layers)
        .map(|(size, layer)| Cell { size: *size, layer: layer * 2, x: 0, above: Vec::new(), below: Vec::new() })
        .collect();
    let passes: Vec<Vec<usize>> = ways.iter().zip(&back).map(|(way, back)| pass(&mut cells, way, *back)).collect();
    let mut rows = in_order(&cells);
    put_beside(&mut cells, &mut rows);
    let (width, tops) = measure(&mut cells, &rows);
    let place = |at: usize| {
        let row = cells[at].layer;
        Place { x: cells[at].x, y: tops[row].0 + tops[row].1 / 2 }
    };
    let routes = ways.iter().zip(passes).map(|(way, passes)| {
        let label = way.label.and_then(|_| passes.iter().find(|at| cells[**at].size.height > 0)).map(|at| place(*at));
        let pass = |at: usize| {
            let (top, height) = tops[cells[at].layer];
            Pass { x: cells[at].x, top, bottom: top + height }
        };
        Route { through: passes.into_iter().map(pass).collect(), label }
    });
    let routes = routes.collect();
    let height = tops.last().map_or(0, |(top, height)| top + height) + BELOW;
    Layout { size: Size { width, height }, places: (0..sizes.len()).map(place).collect(), routes }
}

/// Ways that lead back to where somebody came from.
fn going_back(count: usize, ways: &[Way]) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        Open,
        Done,
    }
    let mut seen = vec![Seen::No; count];
    let mut back = vec![false; ways.len()];
    for root in 0..count {
        let mut stack = vec![(root, 0)];
        while let Some((at, nth)) = stack.pop() {
            if nth == 0 {
                if seen[at] != Seen::No {
                    continue;
                }
                seen[at] = Seen::Open;
            }
            match ways.iter().enumerate().filter(|(_, way)| way.from == at).nth(nth) {
                None => seen[at] = Seen::Done,
                Some((way, Way { to, .. })) => {
                    stack.push((at, nth + 1));
                    match seen[*to] {
                        Seen::Open => back[way] = true,
                        Seen::No => stack.push((*to, 0)),
                        Seen::Done => {}
                    }
                }
            }
        }
    }
    back
}

/// Each thing below all that lead to it.
fn layers(count: usize, ways: &[Way], back: &[bool]) -> Vec<usize> {
    let mut layers = vec![0; count];
    for _ in 0..count {
        let mut moved = false;
        for (way, _) in ways.iter().zip(back).filter(|(_, back)| !**back) {
            if layers[way.to] <= layers[way.from] {
                layers[way.to] = layers[way.from] + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    layers
}

/// The places of a way between its ends, from its beginning on; its label in the one between the first two layers.
fn pass(cells: &mut Vec<Cell>, way: &Way, back: bool) -> Vec<usize> {
    let (top, bottom) = if back { (way.to, way.from) } else { (way.from, way.to) };
    let (from, to) = (cells[top].layer, cells[bottom].layer);
    let labelled = if back { to.saturating_sub(1) } else { from + 1 };
    let mut passes = Vec::new();
    let mut before = top;
    for layer in from + 1..to {
        let size = way.label.filter(|_| layer == labelled).unwrap_or(PASSING);
        cells.push(Cell { size, layer, x: 0, above: vec![before], below: Vec::new() });
        let this = cells.len() - 1;
        cells[before].below.push(this);
        passes.push(this);
        before = this;
    }
    if from < to {
        cells[before].below.push(bottom);
        cells[bottom].above.push(before);
    }
    if back {
        passes.reverse();
    }
    passes
}

/// The cells of each layer from left to right, so that few ways cross: each stands where the middle of its neighbours is.
fn in_order(cells: &[Cell]) -> Vec<Vec<usize>> {
    let count = cells.iter().map(|cell| cell.layer + 1).max().unwrap_or(0);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, cell) in cells.iter().enumerate() {
        rows[cell.layer].push(at);
    }
    let mut rank = vec![0_usize; cells.len()];
    let number = |row: &[usize], rank: &mut [usize]| row.iter().enumerate().for_each(|(nth, at)| rank[*at] = nth);
    for row in &rows {
        number(row, &mut rank);
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let order: Vec<usize> = if down { (0..count).collect() } else { (0..count).rev().collect() };
        for layer in order {
            let middle = |at: usize| {
                let near = if down { &cells[at].above } else { &cells[at].below };
                let sum: usize = near.iter().map(|near| rank[*near] * 1_000).sum();
                if near.is_empty() { rank[at] * 1_000 } else { sum / near.len() }
            };
            let mut keyed: Vec<(usize, usize)> = rows[layer].iter().map(|at| (middle(*at), *at)).collect();
            keyed.sort_by_key(|(middle, at)| (*middle, rank[*at]));
            rows[layer] = keyed.into_iter().map(|(_, at)| at).collect();
            number(&rows[layer], &mut rank);
        }
    }
    rows
}

/// Moves each cell under and over its neighbours as far as those beside it let it.
fn put_beside(cells: &mut [Cell], rows: &mut [Vec<usize>]) {
    for row in rows.iter() {
        let mut x = 0;
        for at in row {
            cells[*at].x = x + cells[*at].size.width / 2;
            x += cells[*at].size.width + BESIDE;
        }
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let order: Vec<usize> = if down { (0..rows.len()).collect() } else { (0..rows.len()).rev().collect() };
        for layer in order {
            let wanted: Vec<Px> = rows[layer].iter().map(|at| middle(cells, *at, down)).collect();
            settle(cells, &rows[layer], &wanted);
        }
    }
}

fn middle(cells: &[Cell], at: usize, down: bool) -> Px {
    let near = if down { &cells[at].above } else { &cells[at].below };
    let count = Px::try_from(near.len()).unwrap_or(Px::MAX);
    if count == 0 { cells[at].x } else { near.iter().map(|near| cells[*near].x).sum::<Px>() / count }
}

/// Puts a row as near as can be to where its cells want to stand, in their order and without touching: groups of cells that would
/// touch stand together around the middle of their wishes.
fn settle(cells: &mut [Cell], row: &[usize], wanted: &[Px]) {
    struct Group {
        first: usize,
        /// Where its first cell stands.
        x: Px,
        /// Of each cell where it stands from the first on.
        offsets: Vec<Px>,
        wishes: i64,
    }
    let gap = |left: usize, right: usize| Px::midpoint(cells[left].size.width, cells[right].size.width) + BESIDE;
    let mut groups: Vec<Group> = Vec::new();
    for (nth, wish) in wanted.iter().enumerate() {
        let mut group = Group { first: nth, x: *wish, offsets: vec![0], wishes: i64::from(*wish) };
        while let Some(before) = groups.last() {
            let last = before.first + before.offsets.len() - 1;
            let end = before.offsets.last().copied().unwrap_or(0);
            let step = end + gap(row[last], row[group.first]);
            if before.x + step <= group.x {
                break;
            }
            let Some(mut merged) = groups.pop() else { break };
            let moved = i64::from(step) * i64::try_from(group.offsets.len()).unwrap_or(i64::MAX);
            merged.wishes += group.wishes - moved;
            merged.offsets.extend(group.offsets.iter().map(|offset| offset + step));
            let count = i64::try_from(merged.offsets.len()).unwrap_or(i64::MAX);
            merged.x = Px::try_from(merged.wishes.div_euclid(count)).unwrap_or(0);
            group = merged;
        }
        groups.push(group);
    }
    for group in groups {
        for (nth, offset) in group.offsets.iter().enumerate() {
            cells[row[group.first + nth]].x = group.x + offset;
        }
    }
}

/// Moves all to the right of the edge; gives the width, and of each layer its top and height.
fn measure(cells: &mut [Cell], rows: &[Vec<usize>]) -> (Px, Vec<(Px, Px)>) {
    let left = cells.iter().map(|cell| cell.x - cell.size.width / 2).min().unwrap_or(0);
    for cell in cells.iter_mut() {
        cell.x += BESIDE - left;
    }
    let width = cells.iter().map(|cell| cell.x + cell.size.width / 2).max().unwrap_or(0) + BESIDE;
    let mut top = 0;
    let tops = rows.iter().map(|row| {
        let height = row.iter().map(|at| cells[*at].size.height).max().unwrap_or(0);
        let mine = (top + BELOW, height);
        top += height + BELOW;
        mine
    });
    let tops = tops.collect();
    (width, tops)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Size = Size { width: 100, height: 40 };

    fn way(from: usize, to: usize) -> Way {
        Way { from, to, label: None }
    }

    #[test]
    fn things_stand_below_what_leads_to_them_and_never_on_each_other() {
        let label = Some(Size { width: 60, height: 16 });
        let ways = [way(0, 1), Way { label, ..way(0, 2) }, way(1, 3), way(2, 3), way(3, 1), way(0, 3), way(4, 3)];
        let laid = lay_out(&[BOX; 5], &ways);
        for way in ways.iter().filter(|way| (way.from, way.to) != (3, 1)) {
            assert!(laid.places[way.from].y < laid.places[way.to].y, "{way:?} {laid:?}");
        }
        for (at, one) in laid.places.iter().enumerate() {
            for other in &laid.places[at + 1..] {
                let apart = (one.x - other.x).abs() >= BOX.width || (one.y - other.y).abs() >= BOX.height;
                assert!(apart, "{laid:?}");
            }
            assert!(one.x >= BOX.width / 2 && one.x <= laid.size.width - BOX.width / 2, "{laid:?}");
        }
        let label = laid.routes[1].label.expect("a labelled way has a place for its label");
        assert!(laid.places[0].y < label.y && label.y < laid.places[2].y);
    }

    #[test]
    fn a_way_back_to_itself_and_nothing_at_all_are_laid_out() {
        let laid = lay_out(&[BOX], &[way(0, 0)]);
        assert_eq!((laid.places.len(), laid.routes[0].through.len()), (1, 0));
        assert!(lay_out(&[], &[]).places.is_empty());
    }
}
