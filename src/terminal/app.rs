//! The loop: one thread owns the model, takes messages in one order, draws once per batch and sleeps otherwise.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
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
    Backend, Options,
    capabilities::capabilities,
    input::{Signals, listen},
    paint::Painter,
    screen::{Screen, Tty, install_panic_hook, leave},
    size,
    workers::Workers,
};
use crate::{
    executor::World,
    runner,
    ui::{Look, view},
    wizard::{Effect, Message, Model, update},
};

/// Between two beats of a run.
const BEAT: Duration = Duration::from_millis(100);
/// Between two frames that nobody pressed a key for: on a slow line each costs a second.
const FRAME: Duration = Duration::from_millis(100);

/// Runs the wizard on the terminal until it ends; the exit code.
pub(super) fn run(options: &Options, model: Model, backend: Arc<dyn Backend>) -> io::Result<u8> {
    let can = capabilities();
    let look =
        Look { theme: options.theme.unwrap_or(can.theme), glyphs: options.glyphs.unwrap_or(can.glyphs) };
    let signals = Signals::catch()?;
    install_panic_hook();
    let screen = Screen::enter(can.alternate_screen)?;
    let continued = signals.continued();
    let (messages, queue) = mpsc::channel();
    let workers = Workers::new(backend, messages.clone());
    let painter = Painter::new(Size::ZERO);
    let mut app = App {
        model,
        look,
        screen,
        painter,
        workers,
        fixed: options.size,
        continued,
        began: None,
        code: None,
    };

    let mut todo = app.update(size::message());
    todo.extend(app.update(Message::Begin));
    app.draw();
    spawn_input(signals, messages)?;
    for effect in todo {
        app.carry_out(effect);
    }
    app.follow(&queue);
    leave();
    farewell(&app.model);
    Ok(app.code.unwrap_or(3))
}

/// Prints what is worth knowing after the screen is gone. It is no error when nobody can read it any more.
fn farewell(model: &Model) {
    let Some(run) = &model.run else { return };
    let mut out = io::stdout().lock();
    if !run.ended {
        let _ = writeln!(out, "Run {} goes on without this screen. To see it: ngcp-warden attach", run.run);
    }
    if let Some(report) = &run.report {
        let _ = writeln!(out, "Report: {report}");
    }
}

fn spawn_input(signals: Signals, messages: Sender<Message>) -> io::Result<()> {
    let builder = std::thread::Builder::new().name("input".into()).stack_size(256 * 1024);
    builder.spawn(move || listen(signals, &messages)).map(drop)
}

struct App {
    model: Model,
    look: Look,
    screen: Screen,
    painter: Painter,
    workers: Workers,
    fixed: Option<(u16, u16)>,
    /// Set when the process was stopped and goes on.
    continued: Arc<AtomicBool>,
    /// When the run that is followed began, by the clock of this process.
    began: Option<Instant>,
    code: Option<u8>,
}

impl App {
    fn follow(&mut self, queue: &Receiver<Message>) {
        let mut drawn = Instant::now();
        let mut beat = Instant::now();
        while self.code.is_none() {
            let first = if self.model.running() {
                match queue.recv_timeout(BEAT.saturating_sub(beat.elapsed())) {
                    Ok(message) => Some(message),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            } else {
                let Ok(message) = queue.recv() else { return };
                Some(message)
            };
            let mut urgent = first.as_ref().is_none_or(is_urgent);
            if let Some(message) = first {
                self.handle(message);
            }
            // Whatever else is there already, and what follows at once, shares the frame; a key never waits.
            let batch = Instant::now();
            loop {
                let patience = if urgent { Duration::ZERO } else { FRAME.saturating_sub(drawn.elapsed()) };
                let Ok(message) = queue.recv_timeout(patience) else { break };
                urgent |= is_urgent(&message);
                self.handle(message);
                if self.code.is_some() || batch.elapsed() > FRAME {
                    break;
                }
            }
            if self.model.running() && beat.elapsed() >= BEAT {
                beat = Instant::now();
                let began = *self.began.get_or_insert(beat);
                let elapsed = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                self.handle(Message::Beat { elapsed });
            }
            if self.code.is_none() {
                self.draw();
                drawn = Instant::now();
            }
        }
    }

    fn handle(&mut self, message: Message) {
        if self.code.is_some() {
            return;
        }
        fault_on_request(&message);
        if self.continued.swap(false, Ordering::SeqCst) {
            self.take_screen();
        }
        for effect in self.update(message) {
            self.carry_out(effect);
        }
    }

    fn update(&mut self, mut message: Message) -> Vec<Effect> {
        self.began = beginning(&message, self.model.world).or(self.began);
        let mut effects = Vec::new();
        if let Message::Resized { columns, rows } = &mut message {
            if let Some(fixed) = self.fixed {
                (*columns, *rows) = fixed;
            } else if *columns == 0 || *rows == 0 {
                let text = "This terminal does not tell its size: 80x24 is assumed. Another: --size 132x43";
                effects = update(&mut self.model, Message::Notice(text.to_owned()));
            }
        }
        effects.extend(update(&mut self.model, message));
        effects
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Redraw => self.take_screen(),
            Effect::Suspend => self.suspend(),
            Effect::Quit { code } => {
                self.workers.finish();
                self.code = Some(code);
            }
            effect => self.workers.carry_out(effect),
        }
    }

    /// Stops as Ctrl-Z does, where a shell is there to continue us.
    fn suspend(&mut self) {
        if !size::has_job_control() {
            let text = "No shell to return to: Ctrl-Z does nothing here.".to_owned();
            self.handle(Message::Notice(text));
            return;
        }
        leave();
        let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP);
        self.take_screen();
    }

    /// The terminal is ours again, whatever is on it.
    fn take_screen(&mut self) {
        self.painter = Painter::new(Size::ZERO);
        if self.screen.take().is_err() {
            self.handle(Message::Hangup);
        } else {
            self.handle(size::message());
        }
    }

    fn draw(&mut self) {
        let (columns, rows) = size::bounded(self.model.size.columns, self.model.size.rows);
        let mut frame = Buffer::empty(Rect::new(0, 0, columns, rows));
        let cursor = view(&self.model, self.look, &mut frame);
        if self.painter.show(frame, cursor, &mut Tty).is_err() {
            self.handle(Message::Hangup);
        }
    }
}

/// When a run began of which this message is the first sign. One that is attached to began before this process did; a
/// demo has a clock of its own.
pub(super) fn beginning(message: &Message, world: World) -> Option<Instant> {
    match message {
        Message::RunStarted(_) => Some(Instant::now()),
        Message::Run(record) if world != World::Demo => match record.event {
            runner::Event::Started { .. } => {
                let age = Timestamp::now().duration_since(record.at);
                Instant::now().checked_sub(Duration::try_from(age).unwrap_or_default())
            }
            _ => None,
        },
        _ => None,
    }
}

/// The operator did it and waits to see it: drawn at once.
fn is_urgent(message: &Message) -> bool {
    matches!(message, Message::Key(_) | Message::Paste(_) | Message::Resized { .. } | Message::Interrupted)
}

/// Tests of a debug build see what a fault of ours does to the terminal.
fn fault_on_request(message: &Message) {
    if cfg!(debug_assertions) && matches!(message, Message::Key(_)) {
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
