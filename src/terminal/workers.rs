//! Threads that carry effects out: what looks, what writes small files, and runs do not wait for each other.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread::Builder,
    time::Duration,
};

use super::Backend;
use crate::wizard::{Effect, Failure, Message};

/// How long the last small writes may take at the end.
const PATIENCE: Duration = Duration::from_secs(2);
/// A step that waits for a database must not hold up the others.
const LOOKERS: usize = 2;

enum Task {
    Effect(Effect),
    /// Answered when everything before it is done.
    Fence(Sender<()>),
}

/// Where effects go. Threads begin with the first effect of their kind.
pub(super) struct Workers {
    backend: Arc<dyn Backend>,
    messages: Sender<Message>,
    look: Option<Sender<Task>>,
    keep: Option<Sender<Task>>,
}

impl Workers {
    pub(super) fn new(backend: Arc<dyn Backend>, messages: Sender<Message>) -> Self {
        Workers { backend, messages, look: None, keep: None }
    }

    pub(super) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::LookAtHost
            | Effect::LookAtRuns
            | Effect::Inspect(_)
            | Effect::MakePlan { .. }
            | Effect::PlanUndo { .. } => {
                let lane = self.look.get_or_insert_with(|| lane(&self.backend, &self.messages, LOOKERS));
                drop(lane.send(Task::Effect(effect)));
            }
            Effect::MakeUp(_)
            | Effect::StartRun { .. }
            | Effect::Attach(_)
            | Effect::StartUndo { .. }
            | Effect::ContinueRun { .. } => {
                let (backend, messages) = (Arc::clone(&self.backend), self.messages.clone());
                let run =
                    Builder::new().name("run".into()).spawn(move || backend.carry_out(effect, &messages));
                if let Err(error) = run {
                    let failure = Failure::new(format!("No thread for the run: {error}"));
                    drop(self.messages.send(Message::RunRefused(failure)));
                }
            }
            effect => {
                let lane = self.keep.get_or_insert_with(|| lane(&self.backend, &self.messages, 1));
                drop(lane.send(Task::Effect(effect)));
            }
        }
    }

    /// Waits until answers and reports are written, but not for ever.
    pub(super) fn finish(&mut self) {
        let Some(lane) = &self.keep else { return };
        let (done, wait) = mpsc::channel();
        if lane.send(Task::Fence(done)).is_ok() {
            let _ = wait.recv_timeout(PATIENCE);
        }
    }
}

fn lane(backend: &Arc<dyn Backend>, messages: &Sender<Message>, threads: usize) -> Sender<Task> {
    let (sender, tasks) = mpsc::channel();
    let tasks = Arc::new(Mutex::new(tasks));
    for _ in 0..threads {
        let (tasks, backend, messages) = (Arc::clone(&tasks), Arc::clone(backend), messages.clone());
        let thread = Builder::new().name("worker".into()).stack_size(1024 * 1024);
        // Without a thread the effects stay unanswered, and the screen says that they are under way.
        drop(thread.spawn(move || {
            while let Some(task) = next(&tasks) {
                match task {
                    Task::Effect(effect) => backend.carry_out(effect, &messages),
                    Task::Fence(done) => drop(done.send(())),
                }
            }
        }));
    }
    sender
}

fn next(tasks: &Mutex<Receiver<Task>>) -> Option<Task> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
