//! Chooses the front end and the host, and turns what happened into an exit code.

use std::{
    io::Read,
    path::Path,
    sync::{Arc, mpsc::Sender},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    cli::{
        Apply, Cli, EXIT_FAILED, EXIT_NOT_ROOT, EXIT_OK, EXIT_USAGE, Format, Global, Subcommands, ThemeName,
    },
    executor::{Attributes, DryRun, Executor, FileChange, FileTo, Kind, System},
    runner::Control,
    secret::{Secret, Secrets},
    session::{Session, runs},
    steps, terminal,
    ui::Theme,
    unattended::{self, AnswersFile, Applied, UncommittedChanges},
    wizard::{Effect, Message, Model, model::Entry},
};

/// Runs what the command line asks for.
pub fn run(cli: Cli) -> u8 {
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("ngcp-warden: {error:#}"));
            error.downcast_ref::<Code>().map_or(EXIT_USAGE, |code| code.0)
        }
    }
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
    let Cli { global, command } = cli;
    if !global.demo && !crate::executor::is_root() {
        return Err(Code(
            EXIT_NOT_ROOT,
            "this needs root; try 'sudo ngcp-warden', or '--demo' to look around",
        )
        .into());
    }
    let host: Arc<dyn Executor> = match &global.root {
        _ if global.demo => Arc::new(crate::demo::host().realtime(command.is_none())),
        Some(root) => Arc::new(System::below(root).with_context(|| format!("--root {}", root.display()))?),
        None => Arc::new(System::live()?),
    };
    // What only looks is held to it.
    let looks_only = match &command {
        Some(Subcommands::Audit { .. } | Subcommands::Answers | Subcommands::Plan { .. }) => true,
        Some(Subcommands::Apply(options)) => options.check,
        None => false,
    };
    let host = if looks_only { Arc::new(DryRun::new(host)) } else { host };
    match command {
        None => Ok(wizard(&global, host)),
        Some(Subcommands::Audit { steps, format, fail_on }) => {
            let audit = unattended::audit(&*host, &steps)?;
            match format {
                Format::Text => print(&audit.text())?,
                Format::Json => print_json(&audit)?,
            }
            let failed = fail_on.severity().is_some_and(|severity| audit.fails_at(severity));
            Ok(if failed { EXIT_FAILED } else { EXIT_OK })
        }
        Some(Subcommands::Answers) => {
            let mut forms = Vec::new();
            for step in steps::REGISTRY {
                match step.inspect(&*host) {
                    Ok(findings) => forms.push((step.about(), step.form(&findings))),
                    Err(error) => complain(&format!("{} is left out: {error:#}", step.about().id)),
                }
            }
            print(&unattended::template(&crate::host::name(&*host), &forms))?;
            Ok(EXIT_OK)
        }
        Some(Subcommands::Plan { answers, secrets, format }) => {
            let file = answers_file(&answers)?;
            let prepared = unattended::prepare(&*host, &file, &secrets_file(secrets.as_deref())?)?;
            match format {
                Format::Text => print(&unattended::plan_text(&prepared.plan))?,
                Format::Json => print_json(&prepared.plan)?,
            }
            Ok(EXIT_OK)
        }
        Some(Subcommands::Apply(options)) => apply(&host, &options),
    }
}

/// The wizard on the terminal, or line by line where there is no cursor to move.
fn wizard(global: &Global, host: Arc<dyn Executor>) -> u8 {
    let entry = if global.first_boot { Entry::FirstBoot } else { Entry::Maintenance };
    let model = Model::new(steps::REGISTRY, entry, host.world());
    let session = Session::new(host);
    let theme = global.theme.map(|theme| match theme {
        ThemeName::Rich => Theme::Rich,
        ThemeName::Console16 => Theme::Console16,
        ThemeName::Mono => Theme::Mono,
    });
    let options = terminal::Options { size: global.size, theme, glyphs: None };
    terminal::run(&options, model, Arc::new(Effects(session)))
}

/// Lends the session to the terminal's threads.
struct Effects(Session);

impl terminal::Backend for Effects {
    fn carry_out(&self, effect: Effect, messages: &Sender<Message>) {
        self.0.carry_out(effect, &mut |message| drop(messages.send(message)));
    }
}

fn apply(host: &Arc<dyn Executor>, options: &Apply) -> Result<u8> {
    let file = answers_file(&options.answers)?;
    let mut secrets = secrets_file(options.secrets.as_deref())?;
    let prepared = unattended::prepare(&**host, &file, &secrets)?;
    let result = if prepared.plan.is_empty() {
        Applied::unchanged()
    } else if options.check {
        Applied::check(&prepared.plan)
    } else {
        if let Some(foreign) = &prepared.plan.foreign {
            ensure!(
                file.uncommitted == UncommittedChanges::Include,
                "somebody left changes in /etc/ngcp-config uncommitted ({}); commit them, or answer 'apply.uncommitted: include'",
                foreign.files.join(", ")
            );
        }
        let generated = runs::make_up(&prepared.plan, &mut secrets)?;
        let order = runs::order(&**host, prepared.plan, prepared.findings);
        let mut records = Vec::new();
        runs::run(host, &order, &secrets, &Control::default(), &mut |record| records.push(record))
            .map_err(|error| error.context(Code(EXIT_FAILED, "the run broke off")))?;
        hand_over(&generated, options.save_generated.as_deref())?;
        Applied::of(&records)
    };
    match options.format {
        Format::Text => print(&result.text())?,
        Format::Json => print_json(&result)?,
    }
    Ok(match result.outcome.as_str() {
        "done" | "unchanged" | "check" | "warning" => EXIT_OK,
        _ => EXIT_FAILED,
    })
}

/// Made up passwords go into the file that was asked for, else to standard error, once.
fn hand_over(generated: &Secrets, file: Option<&Path>) -> Result<()> {
    let mut text = zeroize::Zeroizing::new(Vec::new());
    for (name, password) in generated.iter() {
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(password.expose());
        text.push(b'\n');
    }
    match file {
        _ if text.is_empty() => {}
        Some(path) => {
            let path = std::path::absolute(path)?;
            let attributes = Attributes::Exactly { mode: 0o600, uid: 0, gid: 0, modified: None };
            let to = FileTo::File { content: Secret::new(text.to_vec()), attributes };
            System::live()?
                .change(&FileChange { path, to })
                .context("made up passwords could not be stored")?;
        }
        None => complain(&format!("Made up passwords, shown this once:\n{}", String::from_utf8_lossy(&text))),
    }
    Ok(())
}

fn answers_file(path: &Path) -> Result<AnswersFile> {
    let bytes = System::live()?
        .read(&std::path::absolute(path)?)
        .with_context(|| format!("answers: {} cannot be read", path.display()))?;
    AnswersFile::parse(std::str::from_utf8(&bytes).context("answers: not UTF-8 text")?)
}

/// Secrets from a file that nobody else can read, or from standard input.
fn secrets_file(path: Option<&Path>) -> Result<Secrets> {
    const LIMIT: u64 = 64 * 1024;
    let Some(path) = path else { return Ok(Secrets::default()) };
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    if path == Path::new("-") {
        std::io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes)?;
    } else {
        let (host, path) = (System::live()?, std::path::absolute(path)?);
        let metadata = host.metadata(&path).with_context(|| format!("secrets: {}", path.display()))?;
        ensure!(metadata.kind == Kind::File, "secrets: {} is not a regular file", path.display());
        if metadata.mode & 0o077 != 0 {
            bail!("secrets: others can read {}; run 'chmod 600 {0}' first", path.display());
        }
        *bytes = host.read(&path)?;
    }
    ensure!(bytes.len() as u64 <= LIMIT, "secrets: more than {LIMIT} bytes");
    unattended::parse_secrets(&Secret::new(bytes.to_vec()))
}

/// Says why nothing was begun.
pub fn refuse(error: &std::io::Error) -> u8 {
    complain(&format!("ngcp-warden: this process could not be shielded: {error}"));
    EXIT_FAILED
}

fn print(text: &str) -> Result<()> {
    use std::io::Write;
    std::io::stdout().lock().write_all(text.as_bytes()).context("standard output")
}

fn print_json(value: &impl serde::Serialize) -> Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}

fn complain(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
