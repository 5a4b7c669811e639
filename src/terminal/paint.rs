//! Turns the difference between two frames into the fewest bytes a plain terminal understands: a 9600 baud serial
//! console moves about a thousand of them a second. Never asks the terminal anything; one write per frame.

use std::io::{self, Write};

use ratatui::{
    buffer::{Buffer, Cell},
    layout::{Position, Rect, Size},
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr;

/// What the terminal shows, and how to make it show something else.
#[derive(Debug)]
pub(crate) struct Painter {
    shown: Buffer,
    cursor: Option<Position>,
    bytes: Bytes,
}

impl Painter {
    /// For a screen of `size` that is blank, with the cursor hidden.
    pub(crate) fn new(size: Size) -> Self {
        let area = Rect::new(0, 0, size.width, size.height);
        Painter { shown: Buffer::empty(area), cursor: None, bytes: Bytes::new(size.width) }
    }

    /// Shows `next`, with the terminal's cursor at `cursor` or hidden. Nothing is written when nothing changed.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(crate) fn show(
        &mut self,
        next: Buffer,
        cursor: Option<Position>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        if next.area != self.shown.area {
            *self = Painter::new(next.area.as_size());
            self.bytes.text.extend_from_slice(b"\x1b[?25l\x1b[m\x1b[H\x1b[2J");
        }
        let drawn = self.bytes.text.len();
        for y in 0..next.area.height {
            self.row(&next, y);
        }
        self.bytes.set_pen(Pen::default());
        // The cursor is only touched when it moves, or when drawing moved it.
        if let Some(to) = cursor {
            if self.cursor != cursor || self.bytes.text.len() > drawn {
                self.bytes.move_to(to);
            }
            if self.cursor.is_none() {
                self.bytes.text.extend_from_slice(b"\x1b[?25h");
            }
        } else if self.cursor.is_some() {
            self.bytes.text.extend_from_slice(b"\x1b[?25l");
        }
        (self.shown, self.cursor) = (next, cursor);
        if self.bytes.text.is_empty() {
            return Ok(());
        }
        let written = out.write_all(&self.bytes.text).and_then(|()| out.flush());
        self.bytes.text.clear();
        written
    }

    fn row(&mut self, next: &Buffer, y: u16) {
        let width = next.area.width;
        let blank = |buffer: &Buffer, x: u16| buffer.cell((x, y)).is_some_and(is_blank);
        // Behind the last visible cell one "erase to the end of the line" is enough.
        let last = (0..width).rev().find(|x| !blank(next, *x));
        let end = last.map_or(0, |x| x.saturating_add(next.cell((x, y)).map_or(1, columns)).min(width));
        let mut skip_until = 0;
        // Terminals differ in what is left of a wide character whose first half was overwritten.
        let mut unsure_until = 0;
        for x in 0..end {
            let (Some(new), Some(old)) = (next.cell((x, y)), self.shown.cell((x, y))) else { continue };
            if !same(new, old) && columns(old) > 1 {
                unsure_until = x.saturating_add(columns(old));
            }
            if x < skip_until {
                continue;
            }
            skip_until = x.saturating_add(columns(new));
            if !same(new, old) || x < unsure_until {
                self.bytes.reach(next, Position { x, y });
                self.bytes.put(new);
            }
        }
        let leftover = end < unsure_until || (end..width).any(|x| !blank(&self.shown, x));
        if leftover {
            self.bytes.set_pen(Pen::default());
            self.bytes.move_to(Position { x: end, y });
            self.bytes.text.extend_from_slice(b"\x1b[K");
        }
    }
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " "
        && cell.bg == Color::Reset
        && !cell.modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED)
}

/// How wide a cell's character is.
fn columns(cell: &Cell) -> u16 {
    u16::try_from(cell.symbol().width().max(1)).unwrap_or(1)
}

fn same(new: &Cell, old: &Cell) -> bool {
    new == old || (is_blank(new) && is_blank(old))
}

/// How the next character will look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    fn of(cell: &Cell) -> Self {
        Pen { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }
}

/// The attributes that every terminal since the VT100 knows, with their numbers.
const ATTRIBUTES: [(Modifier, u8); 3] =
    [(Modifier::BOLD, 1), (Modifier::UNDERLINED, 4), (Modifier::REVERSED, 7)];

/// The bytes of one frame, and what the terminal's state is after them.
#[derive(Debug)]
struct Bytes {
    text: Vec<u8>,
    width: u16,
    /// Where the cursor stands; `None` when terminals differ (after the last column).
    at: Option<Position>,
    pen: Pen,
}

impl Bytes {
    fn new(width: u16) -> Self {
        Bytes { text: Vec::with_capacity(4096), width, at: None, pen: Pen::default() }
    }

    /// Gets to a cell: over a short gap that already looks right by writing it again, else by moving.
    fn reach(&mut self, next: &Buffer, to: Position) {
        if let Some(at) = self.at.filter(|at| at.y == to.y && at.x < to.x && to.x - at.x <= 3) {
            let gap: Vec<&Cell> = (at.x..to.x).filter_map(|x| next.cell((x, to.y))).collect();
            let cheap = |cell: &&Cell| {
                cell.symbol().len() == 1
                    && (Pen::of(cell) == self.pen || (is_blank(cell) && self.blank_fits()))
            };
            if gap.iter().all(cheap) {
                gap.iter().for_each(|cell| self.text.extend_from_slice(cell.symbol().as_bytes()));
                self.at = Some(to);
                return;
            }
        }
        self.move_to(to);
    }

    /// Whether a blank written now would look like nothing.
    fn blank_fits(&self) -> bool {
        self.pen.bg == Color::Reset
            && !self.pen.modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED)
    }

    fn put(&mut self, cell: &Cell) {
        if !(is_blank(cell) && self.blank_fits()) {
            self.set_pen(Pen::of(cell));
        }
        self.text.extend_from_slice(cell.symbol().as_bytes());
        self.at = self.at.map(|at| Position { x: at.x.saturating_add(columns(cell)), y: at.y });
        self.at = self.at.filter(|at| at.x < self.width);
    }

    fn move_to(&mut self, to: Position) {
        let column = u32::from(to.x) + 1;
        let row = u32::from(to.y) + 1;
        match self.at {
            Some(at) if at == to => {}
            Some(at) if at.y == to.y && to.x == at.x.saturating_add(1) => self.add(format_args!("\x1b[C")),
            Some(at) if at.y == to.y && to.x > at.x => self.add(format_args!("\x1b[{}C", to.x - at.x)),
            Some(at) if to.x == 0 && to.y == at.y.saturating_add(1) => self.add(format_args!("\r\n")),
            _ if column == 1 && row == 1 => self.add(format_args!("\x1b[H")),
            _ if column == 1 => self.add(format_args!("\x1b[{row}H")),
            _ => self.add(format_args!("\x1b[{row};{column}H")),
        }
        self.at = Some(to);
    }

    fn set_pen(&mut self, pen: Pen) {
        if pen == self.pen {
            return;
        }
        let mut codes = Vec::new();
        let mut from = self.pen;
        // Attributes are only ever added; taking one away starts from nothing, which is also the shortest.
        if !pen.modifier.contains(from.modifier) || pen == Pen::default() {
            codes.push(String::new());
            from = Pen::default();
        }
        for (attribute, code) in ATTRIBUTES {
            if pen.modifier.contains(attribute) && !from.modifier.contains(attribute) {
                codes.push(code.to_string());
            }
        }
        if pen.fg != from.fg {
            codes.push(color_code(pen.fg, 30));
        }
        if pen.bg != from.bg {
            codes.push(color_code(pen.bg, 40));
        }
        self.add(format_args!("\x1b[{}m", codes.join(";")));
        self.pen = pen;
    }

    /// Writing to memory cannot fail.
    fn add(&mut self, args: std::fmt::Arguments<'_>) {
        let _ = self.text.write_fmt(args);
    }
}

/// The SGR code of a colour; `base` is 30 for text and 40 for the background.
fn color_code(color: Color, base: u8) -> String {
    let plain = |n: u8| (base + n).to_string();
    let bright = |n: u8| (base + 60 + n).to_string();
    match color {
        Color::Reset => plain(9),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(i) => format!("{};5;{i}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    fn screen(width: u16, rows: &[(&str, Style)]) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, u16::try_from(rows.len()).unwrap()));
        for (y, (text, style)) in (0..).zip(rows) {
            buffer.set_string(0, y, text, *style);
        }
        buffer
    }

    fn bytes(painter: &mut Painter, next: Buffer, cursor: Option<Position>) -> String {
        let mut out = Vec::new();
        painter.show(next, cursor, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_unchanged_frame_writes_nothing() {
        let plain = Style::new();
        let mut painter = Painter::new(Size::new(10, 2));
        assert_eq!(bytes(&mut painter, screen(10, &[("a b", plain), ("c", plain)]), None), "\x1b[Ha b\r\nc");
        assert_eq!(bytes(&mut painter, screen(10, &[("a b", plain), ("c", plain)]), None), "");
    }

    #[test]
    fn what_became_blank_is_erased_and_attributes_are_off_at_the_end() {
        let bold = Style::new().add_modifier(Modifier::BOLD).fg(Color::Red);
        let mut painter = Painter::new(Size::new(10, 1));
        assert_eq!(
            bytes(&mut painter, screen(10, &[("abcdefgh", bold)]), None),
            "\x1b[H\x1b[1;31mabcdefgh\x1b[m"
        );
        assert_eq!(bytes(&mut painter, screen(10, &[("ab", bold)]), None), "\x1b[1;3H\x1b[K");
    }

    #[test]
    fn the_cursor_is_shown_once_and_put_back_after_drawing() {
        let plain = Style::new();
        let at = Some(Position { x: 1, y: 0 });
        let mut painter = Painter::new(Size::new(4, 1));
        assert_eq!(bytes(&mut painter, screen(4, &[("a", plain)]), at), "\x1b[Ha\x1b[?25h");
        assert_eq!(bytes(&mut painter, screen(4, &[("a", plain)]), at), "");
        assert_eq!(bytes(&mut painter, screen(4, &[("b", plain)]), at), "\x1b[Hb");
        assert_eq!(bytes(&mut painter, screen(4, &[("b", plain)]), None), "\x1b[?25l");
    }

    /// F67: the picture a terminal ends up with is the frame, whatever was there before and whatever sizes follow.
    #[test]
    fn a_terminal_shows_exactly_the_frames() {
        let styles = [
            Style::new(),
            Style::new().add_modifier(Modifier::REVERSED),
            Style::new().fg(Color::Indexed(32)).add_modifier(Modifier::BOLD),
            Style::new().fg(Color::Red),
            Style::new().add_modifier(Modifier::UNDERLINED),
        ];
        let words = ["ä", "日本", "a b  c", "─────", "", "x", " y ", "zz zz zz zz"];
        let mut seed = 7usize;
        let mut pick = |n: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % n
        };
        let mut terminal = vt100::Parser::new(6.try_into().unwrap(), 20.try_into().unwrap(), 0);
        let mut painter = Painter::new(Size::new(20, 6));
        for _ in 0..2000 {
            let mut next = Buffer::empty(Rect::new(0, 0, 20, 6));
            for _ in 0..pick(9) {
                let (x, y) = (pick(20), pick(6));
                let style = styles[pick(styles.len())];
                next.set_stringn(x as u16, y as u16, words[pick(words.len())], 20 - x, style);
            }
            crate::ui::mend(&mut next);
            let mut out = Vec::new();
            painter.show(next.clone(), None, &mut out).unwrap();
            terminal.process(&out);
            for y in 0..6 {
                for x in 0..20 {
                    let seen = terminal.screen().cell(y, x).unwrap();
                    let meant = &next[(x, y)];
                    if seen.is_wide_continuation() {
                        continue;
                    }
                    let text = if seen.contents().is_empty() { " " } else { seen.contents() };
                    assert_eq!(text, meant.symbol(), "{x},{y}");
                    assert_eq!(seen.inverse(), meant.modifier.contains(Modifier::REVERSED), "{x},{y}");
                    if text != " " {
                        assert_eq!(seen.bold(), meant.modifier.contains(Modifier::BOLD), "{x},{y}");
                        assert_eq!(seen.fgcolor() == vt100::Color::Default, meant.fg == Color::Reset);
                    }
                }
            }
        }
    }
}
