//! Charts: bars of some days, a row for each figure.

use charts_rs::{Align, BarChart, Box, ChildChart, Color, MultiChart, Series, svg_to_png_with_size};
use voronka_core::chart::{Chart, Row};

/// How a chart is drawn.
struct Style {
    /// Width of its bars with their axis, in points.
    width: f32,
    /// Height of a row of bars; its title has its own.
    row_height: f32,
    /// Height of the days below the bars.
    days_height: f32,
    font_size: f32,
    /// Of the bars, row by row.
    bars: &'static [&'static str],
    quiet_ink: &'static str,
    line: &'static str,
}

/// A picture of its own, as it is sent into a chat; it has twice as many pixels as points, as screens of phones do.
const PICTURE: Style = Style {
    width: 696.0,
    row_height: 108.0,
    days_height: 26.0,
    font_size: 12.0,
    // People first, money last.
    bars: &["#5b7db1", "#4f9a94", "#c98a3c", "#b5523b"],
    quiet_ink: "#6f675f",
    line: "#e7e1da",
};
const MARGIN: f32 = 12.0;
const PIXELS: u32 = 1440;
const INK: &str = "#2f2a26";

/// A part of a page: it is shown at about half of this, as wide as a telephone; the renderer leaves no less between bars. Its colours
/// stand for the page's own.
const PART: Style = Style {
    width: 600.0,
    row_height: 192.0,
    days_height: 48.0,
    font_size: 26.0,
    bars: &["#000001"],
    quiet_ink: "#000002",
    line: "#000003",
};
const TOKENS: [(&str, &str); 3] =
    [("#000001", "var(--accent)"), ("#000002", "var(--muted)"), ("#000003", "var(--line)")];

const ROW_TITLE_HEIGHT: f32 = 24.0;
const TITLE_HEIGHT: f32 = 44.0;
/// Lines of a row's axis at most.
const STEPS_MAX: i64 = 4;

/// A chart as a file.
pub(super) fn png(chart: &Chart) -> Option<Vec<u8>> {
    svg_to_png_with_size(&svg(chart)?, Some(PIXELS), None).ok()
}

/// The bars of each row for a page, as wide as their place there and in its colours, by day and by night. Their titles are the
/// page's to write.
pub(super) fn for_page(chart: &Chart) -> Option<Vec<String>> {
    chart.rows.iter().map(|row| part(row, chart.days.clone())).collect()
}

fn part(row: &Row, days: Vec<String>) -> Option<String> {
    let svg = bars(&PART, row, 0, Some(days)).svg().ok()?;
    let (_size, rest) = svg.split_once(" viewBox")?;
    let in_its_colours = TOKENS.iter().fold(rest.to_owned(), |svg, (color, token)| svg.replace(color, token));
    Some(format!("<svg viewBox{in_its_colours}"))
}

fn svg(chart: &Chart) -> Option<String> {
    let last = chart.rows.len().checked_sub(1)?;
    let rows = chart.rows.iter().enumerate();
    let bars = rows.map(|(at, row)| {
        let mut bars = bars(&PICTURE, row, at, (at == last).then(|| chart.days.clone()));
        entitle(&mut bars, &row.title, (at == 0).then_some(chart.title.as_str()));
        ChildChart::Bar(bars, None)
    });
    let mut all = MultiChart { charts: bars.collect(), ..MultiChart::default() };
    all.background_color = Some(Color::white());
    all.align_plots = true;
    all.compact = true;
    all.margin = Box::from(MARGIN);
    all.svg().ok()
}

/// Bars of a row; `days`: what stands below them, if anything.
fn bars(style: &Style, row: &Row, at: usize, days: Option<Vec<String>>) -> BarChart {
    let days_height = if days.is_some() { style.days_height } else { 4.0 };
    let unit = row.unit.of.max(1);
    let values: Vec<f32> = row.values.iter().map(|value| number(*value) / number(unit)).collect();
    let days = days.unwrap_or_else(|| vec![String::new(); values.len()]);
    let mut chart = BarChart::new(vec![Series::new(String::new(), values)], days);
    chart.width = style.width;
    chart.height = style.row_height + days_height;
    chart.background_color = Color::transparent();
    chart.legend.show = Some(false);
    chart.series.colors =
        style.bars.get(at % style.bars.len().max(1)).map(|color| Color::from(*color)).into_iter().collect();
    chart.radius = Some(2.0);
    chart.grid.stroke_color = Color::from(style.line);
    chart.x_axis.stroke_color = Color::from(style.line);
    chart.x_axis.font.color = Color::from(style.quiet_ink);
    chart.x_axis.font.size = style.font_size;
    chart.x_axis.height = days_height;
    chart.x_axis.name_gap = style.font_size / 2.0;
    let (step, steps) = axis(row.values.iter().max().copied().unwrap_or_default(), unit);
    if let Some(axis) = chart.y_axis_configs.first_mut() {
        axis.font.color = Color::from(style.quiet_ink);
        axis.font.size = style.font_size;
        axis.min = Some(0.0);
        axis.max = Some(number(step) * number(steps));
        axis.split_number = usize::try_from(steps).unwrap_or(1);
        axis.formatter = (!row.unit.name.is_empty()).then(|| format!("{{c}}\u{a0}{}", row.unit.name));
    }
    chart
}

/// Puts a row's title above its bars, and above that the one of the whole picture.
fn entitle(chart: &mut BarChart, row: &str, head: Option<&str>) {
    chart.height += ROW_TITLE_HEIGHT;
    let title = if head.is_some() { &mut chart.sub_title } else { &mut chart.title };
    row.clone_into(&mut title.text);
    title.align = Align::Left;
    title.font.color = Color::from(INK);
    title.font.size = 14.0;
    title.font.weight = None;
    title.height = ROW_TITLE_HEIGHT;
    if let Some(head) = head {
        chart.height += TITLE_HEIGHT;
        let title = &mut chart.title;
        head.clone_into(&mut title.text);
        title.align = Align::Left;
        title.font.color = Color::from(INK);
        title.font.size = 18.0;
        title.height = TITLE_HEIGHT - 8.0;
    }
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

    #[test]
    fn bars_on_a_page_have_its_colours_and_nothing_behind_them() {
        let chart = chart(&(0..30).collect::<Vec<_>>(), &Unit { of: 1, name: "&".into() });
        let rows = for_page(&chart).unwrap();
        assert_eq!(rows.len(), chart.rows.len());
        for svg in rows {
            let colours =
                ["fill=\"", "stroke=\""].map(|of| svg.split(of).skip(1).filter_map(|rest| rest.split('"').next()));
            let own: Vec<&str> = colours.into_iter().flatten().filter(|color| !color.starts_with("var(--")).collect();
            assert_eq!(own, [""; 0], "{svg}");
            assert!(!svg.contains('#') && !svg.contains("rgb") && !svg.contains("style"), "{svg}");
            assert!(svg.contains("var(--accent)") && svg.contains("var(--muted)"), "{svg}");
        }
    }
}
