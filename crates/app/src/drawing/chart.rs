//! Charts: bars of some days, a row for each figure.

use charts_rs::{Align, BarChart, Box, ChildChart, Color, MultiChart, Series, svg_to_png_with_size};
use voronka_core::chart::{Chart, Row};

/// Width of a chart, in points, within its margin; a picture has twice as many pixels, as screens of phones do.
const WIDTH: f32 = 696.0;
const MARGIN: f32 = 12.0;
const PIXELS: u32 = 1440;
/// Height of a row of bars with its title; the last has the days as well.
const ROW_HEIGHT: f32 = 132.0;
const DAYS_HEIGHT: f32 = 26.0;
const TITLE_HEIGHT: f32 = 44.0;
/// Lines of a row's axis at most.
const STEPS_MAX: i64 = 4;
/// Colours of the rows: people first, money last.
const COLORS: [&str; 4] = ["#5b7db1", "#4f9a94", "#c98a3c", "#b5523b"];
const INK: &str = "#2f2a26";
const QUIET_INK: &str = "#6f675f";
const LINE: &str = "#e7e1da";

/// A chart as a file.
pub(super) fn png(chart: &Chart) -> Option<Vec<u8>> {
    svg_to_png_with_size(&svg(chart)?, Some(PIXELS), None).ok()
}

/// A chart for a page, as wide as its place there.
pub(super) fn for_page(chart: &Chart) -> Option<String> {
    let svg = svg(chart)?;
    let (_size, rest) = svg.split_once(" viewBox")?;
    Some(format!("<svg viewBox{rest}"))
}

fn svg(chart: &Chart) -> Option<String> {
    let last = chart.rows.len().checked_sub(1)?;
    let rows = chart.rows.iter().enumerate();
    let bars = rows.map(|(at, row)| {
        let head = (at == 0).then_some(chart.title.as_str());
        let days = if at == last { chart.days.clone() } else { vec![String::new(); chart.days.len()] };
        ChildChart::Bar(bars(row, head, days, COLORS[at % COLORS.len()]), None)
    });
    let mut all = MultiChart { charts: bars.collect(), ..MultiChart::default() };
    all.background_color = Some(Color::white());
    all.align_plots = true;
    all.compact = true;
    all.margin = Box::from(MARGIN);
    all.svg().ok()
}

fn bars(row: &Row, head: Option<&str>, days: Vec<String>, color: &str) -> BarChart {
    let is_last = days.iter().any(|day| !day.is_empty());
    let unit = row.unit.of.max(1);
    let values = row.values.iter().map(|value| number(*value) / number(unit)).collect();
    let mut chart = BarChart::new(vec![Series::new(String::new(), values)], days);
    chart.width = WIDTH;
    chart.height =
        ROW_HEIGHT + if is_last { DAYS_HEIGHT } else { 0.0 } + if head.is_some() { TITLE_HEIGHT } else { 0.0 };
    chart.legend.show = Some(false);
    chart.series.colors = vec![Color::from(color)];
    chart.radius = Some(2.0);
    chart.grid.stroke_color = Color::from(LINE);
    chart.x_axis.stroke_color = Color::from(LINE);
    chart.x_axis.font.color = Color::from(QUIET_INK);
    chart.x_axis.font.size = 12.0;
    chart.x_axis.height = if is_last { DAYS_HEIGHT } else { 4.0 };
    let title = if head.is_some() { &mut chart.sub_title } else { &mut chart.title };
    title.text.clone_from(&row.title);
    title.align = Align::Left;
    title.font.color = Color::from(INK);
    title.font.size = 14.0;
    title.font.weight = None;
    title.height = 24.0;
    if let Some(head) = head {
        let title = &mut chart.title;
        head.clone_into(&mut title.text);
        title.align = Align::Left;
        title.font.color = Color::from(INK);
        title.font.size = 18.0;
        title.height = TITLE_HEIGHT - 8.0;
    }
    let (step, steps) = axis(row.values.iter().max().copied().unwrap_or_default(), unit);
    if let Some(axis) = chart.y_axis_configs.first_mut() {
        axis.font.color = Color::from(QUIET_INK);
        axis.font.size = 12.0;
        axis.min = Some(0.0);
        axis.max = Some(number(step) * number(steps));
        axis.split_number = usize::try_from(steps).unwrap_or(1);
        axis.formatter = (!row.unit.name.is_empty()).then(|| format!("{{c}}\u{a0}{}", row.unit.name));
    }
    chart
}

#[expect(clippy::cast_precision_loss, reason = "a bar has some hundred pixels: what is lost is less than one")]
fn number(whole: i64) -> f32 {
    whole as f32
}

/// The step of an axis, in its units, and how many there are: whole numbers that people count in.
fn axis(most: i64, unit: i64) -> (i64, i64) {
    let most = most / unit + i64::from(most % unit > 0);
    let mut tens = 1_i64;
    loop {
        for step in [1, 2, 5].map(|step| tens.saturating_mul(step)) {
            let steps = (most / step + i64::from(most % step > 0)).max(1);
            if steps <= STEPS_MAX {
                return (step, steps);
            }
        }
        tens = tens.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use voronka_core::{chart::Unit, ports::PictureKind};

    use super::*;

    fn chart(values: &[i64], unit: &Unit) -> Chart {
        let row = |title: &str| Row { title: title.into(), values: values.to_vec(), unit: unit.clone() };
        let days = (1..=values.len()).map(|day| format!("{day:02}.11")).collect();
        Chart {
            title: "Лавка <b>«М»</b>: 1–30 ноября".into(),
            days,
            rows: vec![row("Новые & клиенты"), row("Сумма, ₽")],
        }
    }

    #[test]
    fn an_axis_counts_in_round_whole_numbers_and_holds_all_bars() {
        for (most, unit, expected) in
            [(0, 1, (1, 1)), (1, 1, (1, 1)), (3, 1, (1, 3)), (7, 1, (2, 4)), (41, 1, (20, 3)), (900, 100, (5, 2))]
        {
            assert_eq!(axis(most, unit), expected, "{most}");
        }
        let (step, steps) = axis(i64::MAX, 1);
        assert!(step > i64::MAX / 5 && (1..=STEPS_MAX).contains(&steps));
    }

    #[test]
    fn a_chart_is_a_picture_whatever_it_shows() {
        let unit = Unit { of: 100_000, name: "тыс.\u{a0}₽".into() };
        let month = chart(&(0..30).collect::<Vec<_>>(), &unit);
        assert_eq!(png(&month).as_deref().and_then(PictureKind::of), Some(PictureKind::Png));
        for values in [vec![0], vec![5], vec![0; 7], vec![i64::MAX; 31]] {
            let chart = chart(&values, &unit);
            let svg = svg(&chart).unwrap();
            assert!(svg.contains("&lt;b&gt;") && !svg.contains("<b>") && !svg.contains("NaN"), "{svg}");
        }
        assert_eq!(svg(&Chart { rows: vec![], ..chart(&[1], &unit) }), None);
    }
}
