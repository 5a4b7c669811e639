//! The loop: one thread owns the model, takes messages in one order, draws once per batch and sleeps otherwise.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::{Rect, Size},
};

use super::{
    Backend, Event, Options, Replies,
    capabilities::capabilities,
    input::{Signals, listen},
    lanes::Lanes,
    paint::Painter,
    screen::{Screen, Tty, install_panic_hook, leave},
    size,
};
use crate::{
    runner,
    ui::{Look, view},
    wizard::{Effect, Message, Model, update},
};

/// Between two beats of a run.
const BEAT: Duration = Duration::from_millis(100);
/// Between two frames that nobody pressed a key for.
const FRAME: Duration = Duration::from_millis(50);

/// Runs the wizard on the terminal until it ends; the exit code.
pub(super) fn run(options: &Options, model: Model, backend: Arc<dyn Backend>) -> io::Result<u8> {
    let can = capabilities();
    let look =
        Look { theme: options.theme.unwrap_or(can.theme), glyphs: options.glyphs.unwrap_or(can.glyphs) };
    let signals = Signals::catch()?;
    install_panic_hook();
    let screen = Screen::enter(can.alternate_screen)?;
    let (events, queue) = mpsc::channel();
    let lanes = Lanes::new(backend, Replies(events.clone()));
    let painter = Painter::new(Size::ZERO);
    let mut app = App { model, look, screen, painter, lanes, fixed: options.size, began: None, code: None };

    let mut todo = app.measure();
    todo.extend(update(&mut app.model, Message::Begin));
    app.draw();
    spawn_input(signals, events)?;
    for effect in todo {
        app.carry_out(effect);
    }
    app.follow(&queue);
    leave();
    Ok(app.code.unwrap_or(3))
}

fn spawn_input(signals: Signals, events: Sender<Event>) -> io::Result<()> {
    let builder = std::thread::Builder::new().name("input".into()).stack_size(256 * 1024);
    builder.spawn(move || listen(signals, &events)).map(drop)
}

struct App {
    model: Model,
    look: Look,
    screen: Screen,
    painter: Painter,
    lanes: Lanes,
    fixed: Option<(u16, u16)>,
    /// When the run that is followed began, by the clock of this process.
    began: Option<Instant>,
    code: Option<u8>,
}

impl App {
    fn follow(&mut self, queue: &Receiver<Event>) {
        let mut drawn = Instant::now();
        let mut beat = Instant::now();
        while self.code.is_none() {
            let first = if self.model.running() {
                match queue.recv_timeout(BEAT.saturating_sub(beat.elapsed())) {
                    Ok(event) => Some(event),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            } else {
                let Ok(event) = queue.recv() else { return };
                Some(event)
            };
            let mut urgent = first.as_ref().is_none_or(Event::is_urgent);
            if let Some(event) = first {
                self.handle(event);
            }
            // Whatever else is there already, and what follows at once, shares the frame; a key never waits.
            loop {
                let patience = if urgent { Duration::ZERO } else { FRAME.saturating_sub(drawn.elapsed()) };
                let Ok(event) = queue.recv_timeout(patience) else { break };
                urgent |= event.is_urgent();
                self.handle(event);
                if self.code.is_some() || drawn.elapsed() > 2 * FRAME {
                    break;
                }
            }
            if self.model.running() && beat.elapsed() >= BEAT {
                beat = Instant::now();
                let began = *self.began.get_or_insert(beat);
                let elapsed = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                self.handle(Event::Message(Message::Beat { elapsed }));
            }
            if self.code.is_none() {
                self.draw();
                drawn = Instant::now();
            }
        }
    }

    fn handle(&mut self, event: Event) {
        if self.code.is_some() {
            return;
        }
        fault_on_request(&event);
        let effects = match event {
            Event::Message(message) => {
                self.notice_beginning(&message);
                update(&mut self.model, message)
            }
            Event::Resized => self.measure(),
            Event::Continued => self.take_screen(),
        };
        for effect in effects {
            self.carry_out(effect);
        }
    }

    /// A run that is attached to began before this process did.
    fn notice_beginning(&mut self, message: &Message) {
        match message {
            Message::RunStarted { .. } => self.began = Some(Instant::now()),
            Message::Run(record) => {
                if let runner::Event::Started { .. } = record.event {
                    let age = Timestamp::now().duration_since(record.at);
                    let age = Duration::try_from(age).unwrap_or_default();
                    self.began = Instant::now().checked_sub(age);
                }
            }
            _ => {}
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Redraw => drop(self.take_screen()),
            Effect::Suspend => self.suspend(),
            Effect::Quit { code } => {
                self.lanes.finish();
                self.code = Some(code);
            }
            effect => self.lanes.carry_out(effect),
        }
    }

    /// Stops as Ctrl-Z does, where a shell is there to continue us.
    fn suspend(&mut self) {
        if !size::has_job_control() {
            let text = "No shell to return to: Ctrl-Z does nothing here.".to_owned();
            drop(update(&mut self.model, Message::Notice(text)));
            return;
        }
        leave();
        let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP);
        drop(self.take_screen());
    }

    /// The terminal is ours again, whatever is on it.
    fn take_screen(&mut self) -> Vec<Effect> {
        if self.screen.take().is_err() {
            return update(&mut self.model, Message::Hangup);
        }
        self.painter = Painter::new(Size::ZERO);
        self.measure()
    }

    fn measure(&mut self) -> Vec<Effect> {
        let seen = size::measure();
        let (columns, rows) = self.fixed.or(seen).unwrap_or((0, 0));
        let mut effects = update(&mut self.model, Message::Resized { columns, rows });
        if self.fixed.is_none() && seen.is_none() {
            let text = "The terminal does not tell its size; 80x24 is assumed. Another one: --size 132x43"
                .to_owned();
            effects.extend(update(&mut self.model, Message::Notice(text)));
        }
        effects
    }

    fn draw(&mut self) {
        let (columns, rows) = size::bounded(self.model.size.columns, self.model.size.rows);
        let mut frame = Buffer::empty(Rect::new(0, 0, columns, rows));
        let cursor = view(&self.model, self.look, &mut frame);
        if self.painter.show(frame, cursor, &mut Tty).is_err() {
            for effect in update(&mut self.model, Message::Hangup) {
                self.carry_out(effect);
            }
        }
    }
}

/// Tests of a debug build see what a fault of ours does to the terminal.
fn fault_on_request(event: &Event) {
    if cfg!(debug_assertions) && matches!(event, Event::Message(Message::Key(_))) {
        fault("screen");
        if std::env::var_os("NGCP_WARDEN_FAULT").is_some() {
            drop(std::thread::spawn(|| fault("worker")).join());
        }
    }
}

fn fault(place: &str) {
    let wish = std::env::var("NGCP_WARDEN_FAULT").unwrap_or_default();
    assert!(wish != place, "a fault on request");
}
