//! A frame as an SVG picture: plain, the same on every run, readable in a diff, drawn on the grid in any font.

use std::{collections::BTreeMap, fmt::Write};

use ratatui::{
    buffer::{Buffer, Cell},
    layout::Position,
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr;

const CELL: (usize, usize) = (9, 18);
const BASELINE: usize = 14;
const PADDING: usize = 10;
const FOREGROUND: &str = "#d3d7de";
const BACKGROUND: &str = "#12161c";

/// The picture of a frame, with the text cursor where there is one.
pub fn render(frame: &Buffer, cursor: Option<Position>) -> String {
    let (columns, rows) = (usize::from(frame.area.width), usize::from(frame.area.height));
    let (width, height) = (columns * CELL.0 + 2 * PADDING, rows * CELL.1 + 2 * PADDING);
    let mut svg = String::new();
    line(
        &mut svg,
        format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="15">"#
        ),
    );
    line(&mut svg, format_args!(r#"<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>"#));
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    for y in 0..frame.area.height {
        let mut x = 0;
        while x < frame.area.width {
            x = run(frame, x, y, &mut svg, &mut lines);
        }
    }
    for (color, path) in &lines {
        line(&mut svg, format_args!(r#"<path d="{path}" stroke="{color}" fill="none"/>"#));
    }
    if let Some(Position { x, y }) = cursor {
        let (x, y) = at(x, y);
        line(
            &mut svg,
            format_args!(r#"<rect x="{x}" y="{y}" width="2" height="{}" fill="{FOREGROUND}"/>"#, CELL.1),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Writing into a string cannot fail.
fn line(svg: &mut String, args: std::fmt::Arguments<'_>) {
    let _ = svg.write_fmt(args);
    svg.push('\n');
}

/// Upper left corner of a cell, in pixels.
fn at(x: u16, y: u16) -> (usize, usize) {
    (PADDING + usize::from(x) * CELL.0, PADDING + usize::from(y) * CELL.1)
}

/// Draws the cells from `x` on that look alike, and returns the column behind them.
fn run(frame: &Buffer, x: u16, y: u16, svg: &mut String, lines: &mut BTreeMap<String, String>) -> u16 {
    let Some(first) = frame.cell((x, y)) else { return x + 1 };
    let (foreground, background) = colors(first);
    let mut text = String::new();
    let mut bars = Vec::new();
    let mut next = x;
    while let Some(cell) =
        frame.cell((next, y)).filter(|cell| cell.style() == first.style() && next < frame.area.width)
    {
        if cell.symbol() == "▌" {
            let (left, top) = at(next, y);
            let (width, height) = (CELL.0 / 2 - 1, CELL.1);
            line(
                svg,
                format_args!(
                    r#"<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{foreground}"/>"#
                ),
            );
            text.push(' ');
        } else if let Some(opacity) = shade(cell.symbol()) {
            bars.push((opacity, next));
            text.push(' ');
        } else if let Some(arms) = arms(cell.symbol()) {
            draw_arms(lines.entry(foreground.clone()).or_default(), arms, at(next, y));
            text.push(' ');
        } else {
            text.push_str(cell.symbol());
        }
        next += u16::try_from(cell.symbol().width().max(1)).unwrap_or(1);
    }
    let next = next.max(x + 1);
    let (left, top) = at(x, y);
    if background != BACKGROUND {
        let width = usize::from(next - x) * CELL.0;
        line(
            svg,
            format_args!(
                r#"<rect x="{left}" y="{top}" width="{width}" height="{}" fill="{background}"/>"#,
                CELL.1
            ),
        );
    }
    for same in bars.chunk_by(|a, b| a.0 == b.0 && a.1 + 1 == b.1) {
        let (opacity, first) = same[0];
        let (left, width) = (at(first, y).0, same.len() * CELL.0);
        let (top, height) = (top + 4, CELL.1 - 8);
        line(
            svg,
            format_args!(
                r#"<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{foreground}" opacity="{opacity}"/>"#
            ),
        );
    }
    // Wide gaps split the text: a viewer's font may set blanks narrower.
    let mut column = 0;
    for word in text.split_inclusive("  ") {
        let shown = word.trim();
        if !shown.is_empty() {
            let lead = column + word[..word.len() - word.trim_start().len()].width();
            let bold = if first.modifier.contains(Modifier::BOLD) { r#" font-weight="bold""# } else { "" };
            let under = if first.modifier.contains(Modifier::UNDERLINED) {
                r#" text-decoration="underline""#
            } else {
                ""
            };
            line(
                svg,
                format_args!(
                    r#"<text x="{}" y="{}" fill="{foreground}"{bold}{under} textLength="{}" xml:space="preserve">{}</text>"#,
                    left + lead * CELL.0,
                    top + BASELINE,
                    shown.width() * CELL.0,
                    escaped(shown)
                ),
            );
        }
        column += word.width();
    }
    next
}

/// Text and ground colour of a cell.
fn colors(cell: &Cell) -> (String, String) {
    let (foreground, background) = (hex(cell.fg, FOREGROUND), hex(cell.bg, BACKGROUND));
    if cell.modifier.contains(Modifier::REVERSED) {
        (background, foreground)
    } else {
        (foreground, background)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn hex(color: Color, default: &str) -> String {
    let named = match color {
        Color::Reset => default,
        Color::Black => "#000000",
        Color::Red => "#cd3131",
        Color::Green => "#0dbc79",
        Color::Yellow => "#c5a500",
        Color::Blue => "#2472c8",
        Color::Magenta => "#bc3fbc",
        Color::Cyan => "#11a8cd",
        Color::Gray => "#c0c0c0",
        Color::DarkGray => "#666666",
        Color::LightRed => "#f14c4c",
        Color::LightGreen => "#23d18b",
        Color::LightYellow => "#f5f543",
        Color::LightBlue => "#3b8eea",
        Color::LightMagenta => "#d670d6",
        Color::LightCyan => "#29b8db",
        Color::White => "#ffffff",
        Color::Rgb(r, g, b) => return format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Indexed(index @ 232..) => {
            let grey = 8 + 10 * (u16::from(index) - 232);
            return format!("#{grey:02x}{grey:02x}{grey:02x}");
        }
        Color::Indexed(index @ 16..) => {
            let steps = [0, 95, 135, 175, 215, 255];
            let cube = usize::from(index - 16);
            return format!("#{:02x}{:02x}{:02x}", steps[cube / 36], steps[cube / 6 % 6], steps[cube % 6]);
        }
        Color::Indexed(_) => default,
    };
    named.to_owned()
}

/// Which ways a line goes from the middle of a box-drawing character: left, right, up, down. They are drawn as
/// lines, so that borders join whatever font the viewer has.
fn arms(symbol: &str) -> Option<[bool; 4]> {
    Some(match symbol {
        "─" => [true, true, false, false],
        "│" => [false, false, true, true],
        "┌" => [false, true, false, true],
        "┐" => [true, false, false, true],
        "└" => [false, true, true, false],
        "┘" => [true, false, true, false],
        _ => return None,
    })
}

/// How dense the parts of a bar are; drawn as blocks with a gap above and below.
fn shade(symbol: &str) -> Option<&'static str> {
    match symbol {
        "▓" => Some("0.9"),
        "░" => Some("0.25"),
        _ => None,
    }
}

fn draw_arms(path: &mut String, [left, right, up, down]: [bool; 4], (x, y): (usize, usize)) {
    let (middle_x, middle_y) = (x + CELL.0 / 2, y + CELL.1 / 2);
    if left || right {
        let from = if left { x } else { middle_x };
        let to = if right { x + CELL.0 } else { middle_x };
        // A line that goes on from the cell before is made longer instead.
        let before = format!(" {middle_y}H{from}");
        if path.ends_with(&before) {
            path.truncate(path.len() - from.to_string().len());
            let _ = write!(path, "{to}");
        } else {
            let _ = write!(path, "M{from} {middle_y}H{to}");
        }
    }
    if up || down {
        let from = if up { y } else { middle_y };
        let to = if down { y + CELL.1 } else { middle_y };
        let _ = write!(path, "M{middle_x} {from}V{to}");
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{layout::Rect, style::Style};

    use super::*;

    #[test]
    fn text_is_escaped_and_wide_characters_take_two_columns() {
        let mut frame = Buffer::empty(Rect::new(0, 0, 12, 1));
        frame.set_string(0, 0, "a<&>日本  z", Style::new());
        let svg = render(&frame, None);
        assert!(
            svg.contains(&format!(r#"textLength="{}" xml:space="preserve">a&lt;&amp;&gt;日本<"#, 8 * CELL.0)),
            "{svg}"
        );
        assert!(svg.contains(&format!(r#"x="{}""#, PADDING + 10 * CELL.0)), "{svg}");
    }

    #[test]
    fn a_rule_is_one_line() {
        let mut frame = Buffer::empty(Rect::new(0, 0, 80, 1));
        frame.set_string(0, 0, "─".repeat(80), Style::new());
        assert!(render(&frame, None).contains(&format!(r#"d="M10 19H{}""#, 10 + 80 * CELL.0)));
    }
}
