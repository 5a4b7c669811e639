//! Chooses the front end and the host, and turns what happened into an exit code.

mod apply;
mod input;
mod output;
mod runs;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc::Sender},
};

use anyhow::{Context, Result};

use self::output::complain;
use crate::{
    cli::{
        Cli, EXIT_FAILED, EXIT_LOCKED, EXIT_NOT_ROOT, EXIT_OK, EXIT_USAGE, Global, Subcommands, ThemeName,
    },
    effects::{self, HostEffects, runs::Place},
    executor::{DryRun, Executor, System, World},
    runner::LockHeld,
    steps, terminal,
    ui::Theme,
    unattended,
    wizard::{Effect, Message, Model, model::Entry},
};

/// Runs what the command line asks for.
pub fn run(cli: Cli) -> u8 {
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("ngcp-warden: {error:#}"));
            exit_code(&error)
        }
    }
}

fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<LockHeld>() {
        return EXIT_LOCKED;
    }
    error.downcast_ref::<Code>().map_or(EXIT_USAGE, |code| code.0)
}

/// An exit code that travels with an error.
#[derive(Debug)]
struct Code(u8, &'static str);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.1)
    }
}

impl std::error::Error for Code {}

fn dispatch(cli: Cli) -> Result<u8> {
    steps::read_known()?;
    let Cli { global, command } = cli;
    // The runs that are recorded here are those of the real host.
    anyhow::ensure!(
        !global.demo || command.as_ref().is_none_or(Subcommands::works_in_demo),
        "the demo keeps no runs between two commands, and those of this machine are not its own; look at runs in the wizard: ngcp-warden --demo"
    );
    if !global.demo && !crate::executor::is_root() {
        return Err(Code(
            EXIT_NOT_ROOT,
            "this needs root; try 'sudo ngcp-warden', or '--demo' to look around",
        )
        .into());
    }
    // What only looks is held to it.
    let looks_only = match &command {
        Some(Subcommands::Audit { .. } | Subcommands::Answers | Subcommands::Plan { .. }) => true,
        Some(Subcommands::Apply(options)) => options.check,
        _ => false,
    };
    let (host, root): (Arc<dyn Executor>, PathBuf) = if global.demo {
        (Arc::new(crate::demo::host().realtime(command.is_none())), PathBuf::from("/"))
    } else {
        let root = global.root.as_deref().unwrap_or(Path::new("/"));
        let system = System::below(root).with_context(|| format!("--root {}", root.display()))?;
        if !looks_only && let Err(error) = system.remove_left() {
            complain(&format!("What a killed run may have left in /run could not be removed: {error}"));
        }
        // A run is a process of its own, which works from another directory.
        let root = system.root().to_owned();
        (Arc::new(system), root)
    };
    let host = if looks_only { Arc::new(DryRun::new(host)) } else { host };
    let place = if global.demo { Place::demo(Arc::clone(&host)) } else { Place::Root(root.clone()) };
    let settles = matches!(command, None | Some(Subcommands::Apply(_) | Subcommands::Undo(_)));
    if settles && !looks_only && host.world() == World::Live {
        let _ = runs::restore_overdue();
    }
    match command {
        None => Ok(wizard(&global, host, &place)),
        Some(Subcommands::Audit { steps, format, fail_on }) => {
            let audit = unattended::audit(&*host, &steps)?;
            output::result(format, || audit.text(), &audit)?;
            let saw = !steps.is_empty() || audit.saw_anything();
            anyhow::ensure!(saw, "nothing could be judged: is this the root of a host?");
            let failed = fail_on.severity().is_some_and(|severity| audit.fails_at(severity));
            Ok(if failed { EXIT_FAILED } else { EXIT_OK })
        }
        Some(Subcommands::Answers) => {
            let mut forms = Vec::new();
            for step in steps::REGISTRY {
                match step.inspect(&*host).and_then(|findings| step.form(&findings)) {
                    Ok(form) => forms.push((step.about(), form)),
                    Err(error) => complain(&format!("{} is left out: {error:#}", step.about().id)),
                }
            }
            output::print(&unattended::template(&crate::host::name(&*host), &forms))?;
            Ok(EXIT_OK)
        }
        Some(Subcommands::Plan { answers, secrets, format }) => {
            let file = input::answers_file(&answers)?;
            let prepared = unattended::prepare(&*host, &file, &input::secrets_file(secrets.as_deref())?)?;
            let plan = unattended::Planned { schema: 1, plan: &prepared.plan };
            output::result(format, || unattended::plan_text(&prepared.plan), &plan)?;
            Ok(EXIT_OK)
        }
        Some(Subcommands::Apply(options)) => apply::apply(&host, &place, &options),
        Some(Subcommands::History { format }) => runs::history(&root, format),
        Some(Subcommands::Show { run, format }) => runs::show(&root, &*host, run.as_deref(), format),
        Some(Subcommands::Undo(options)) => runs::undo(&host, &place, &root, &options),
        Some(Subcommands::Attach { run }) => runs::attach(&place, &root, run.as_deref()),
        Some(Subcommands::Leave { run }) => runs::leave(&root, &*host, run.as_deref()),
        Some(Subcommands::Confirm { run }) => runs::confirm(&root, &*host, run.as_deref()),
        Some(Subcommands::Revert { run }) => runs::revert(&root, run.as_deref()),
        Some(Subcommands::RunPlan) => effects::runs::serve().map(|_| EXIT_OK),
        Some(Subcommands::RestoreOnSilence { run }) => effects::runs::watch(&run).map(|()| EXIT_OK),
        Some(Subcommands::RestoreOverdue) => Ok(if runs::restore_overdue() { EXIT_OK } else { EXIT_FAILED }),
    }
}

/// The wizard on the terminal, or line by line where there is no cursor to move.
fn wizard(global: &Global, host: Arc<dyn Executor>, place: &Place) -> u8 {
    let entry = if global.first_boot { Entry::FirstBoot } else { Entry::Maintenance };
    let model = Model::new(steps::REGISTRY, entry, host.world());
    let session = HostEffects::new(host, place.clone());
    if global.plain || terminal::capabilities().plain {
        let code = terminal::run_lines(model, Arc::new(Effects(session)));
        place.close();
        return code;
    }
    let theme = global.theme.map(|theme| match theme {
        ThemeName::Rich => Theme::Rich,
        ThemeName::Console16 => Theme::Console16,
        ThemeName::Mono => Theme::Mono,
    });
    let options = terminal::Options { size: global.size, theme, glyphs: None };
    let code = terminal::run(&options, model, Arc::new(Effects(session)));
    place.close();
    code
}

/// Lends the session to the terminal's threads.
struct Effects(HostEffects);

impl terminal::Backend for Effects {
    fn carry_out(&self, effect: Effect, messages: &Sender<Message>) {
        self.0.carry_out(effect, &mut |message| drop(messages.send(message)));
    }
}

/// Says what is wrong with the command line, or what was asked about it.
pub fn explain(error: &clap::Error) -> u8 {
    let text = error.render().to_string();
    if error.use_stderr() {
        complain(text.trim_end());
        return EXIT_USAGE;
    }
    output::print(&text).map_or(EXIT_FAILED, |()| EXIT_OK)
}

/// Says why nothing was begun.
pub fn refuse(error: &std::io::Error) -> u8 {
    complain(&format!("ngcp-warden: this process could not be shielded: {error}"));
    EXIT_FAILED
}
