//! The commands: each turns its arguments into one engine call and shows what came of it.

mod drive;
mod get;
mod history;
mod init;
mod install;
mod instance;
mod manager;
mod package;
mod plan;
mod ready;
mod repo;
mod sandbox;
mod template;
mod test;
mod uninstall;
mod update;
mod upgrade;
mod values;

use clap::CommandFactory as _;

use crate::{
    cli::{Cli, Command, Format, VersionArgs},
    connection::connect,
    exit::ExitStatus,
    settings::Settings,
    ui::Ui,
};

/// Runs what was typed.
pub(crate) async fn run(cli: Cli, settings: &Settings, ui: &Ui) -> anyhow::Result<ExitStatus> {
    let global = &cli.global;
    let settings = &Settings {
        kudo_home: global.home.clone().or_else(|| settings.kudo_home.clone()),
        ..settings.clone()
    };
    let requester = settings.requester(cli.command.words());
    let connected = || connect(global, settings, &requester, ui);
    match cli.command {
        Command::Install(args) => Box::pin(install::install(*args, connected, settings, ui)).await,
        Command::Upgrade(args) => {
            let connection = connected().await?;
            Box::pin(upgrade::upgrade(*args, &connection, settings, ui)).await
        }
        Command::Update(args) => update::update(args, &connected().await?, ui).await,
        Command::Plan(args) => plan::plan(args, &connected().await?, ui).await,
        Command::Get(args) => get::get(&args, &connected().await?, ui).await,
        Command::Uninstall(args) => uninstall::uninstall(args, &connected().await?, ui).await,
        Command::Package(args) => package::package(args, ui),
        Command::Repo(args) => repo::repo(args, settings, ui).await,
        Command::Template(args) => template::template(&args, global, ui),
        Command::Test(args) => Box::pin(test::test(&args, global, settings, ui)).await,
        Command::Init(args) => init::init(&args, connected, ui).await,
        Command::Manager(args) => {
            // The namespace of the context is where people work, not what a manager is bounded to.
            let namespace = global.namespace.clone();
            manager::manager(&args, namespace, connected(), settings, ui).await
        }
        Command::Sandbox(args) => sandbox::sandbox(args, settings, ui).await,
        Command::Version(args) => version(&args, ui),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "kudo-rs", &mut script);
            ui.print(&String::from_utf8_lossy(&script))?;
            Ok(ExitStatus::Done)
        }
    }
}

fn version(args: &VersionArgs, ui: &Ui) -> anyhow::Result<ExitStatus> {
    let version = env!("CARGO_PKG_VERSION");
    let text = match args.output.output {
        None => format!("kudo-rs {version}\n"),
        Some(format @ (Format::Json | Format::Yaml)) => {
            let data = serde_json::json!({"clientVersion": {
                "gitVersion": version,
                "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
            }});
            Ui::data(format, &data)?
        }
    };
    ui.print(&text)?;
    Ok(ExitStatus::Done)
}
