//! The command line: what can be typed.

mod package;
mod parse;
mod plan;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use package::{Package, PackageList, Repo, RepoIndex};
use parse::duration;
pub(crate) use plan::{Plan, PlanHistory};

/// Runs KUDO packages on any Kubernetes, or on a built-in sandbox.
#[derive(Debug, Parser)]
#[command(
    name = "kudo-rs",
    version,
    max_term_width = 100,
    propagate_version = false
)]
#[command(
    after_help = "Exit codes: 0 done, 1 an error, 2 wrong usage, 3 a plan failed, 4 the \
                        timeout passed, 130 interrupted."
)]
pub(crate) struct Cli {
    /// What every command understands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command understands.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// Kubeconfig file; also $KUBECONFIG, else ~/.kube/config
    #[arg(long, global = true, value_name = "FILE", help_heading = "Cluster")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long, global = true, value_name = "NAME", help_heading = "Cluster")]
    pub context: Option<String>,
    /// Namespace; else that of the context
    #[arg(
        short,
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Cluster"
    )]
    pub namespace: Option<String>,
    /// Use the built-in sandbox instead of a cluster
    #[arg(long, global = true, conflicts_with_all = ["kubeconfig", "context"], help_heading = "Cluster")]
    pub sandbox: bool,
    /// Folder with the list of repositories; else the one that the environment names, or ~/.kudo
    #[arg(long, global = true, value_name = "FOLDER", help_heading = "Packages")]
    pub home: Option<PathBuf>,
    /// Image that keeps the files of Pipe tasks until they are copied, with sh and tar; also
    /// `$KUDO_RS_PIPE_IMAGE`, else busybox:1.36
    #[arg(long, global = true, value_name = "IMAGE", help_heading = "Cluster")]
    pub pipe_image: Option<String>,
    /// When to colour: a terminal decides unless told
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN", help_heading = "Output")]
    pub color: Color,
    /// Say only what went wrong
    #[arg(short, long, global = true, help_heading = "Output")]
    pub quiet: bool,
    /// Say more; twice for every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Color {
    /// When the output is a terminal and $`NO_COLOR` is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Install a package and run its deploy plan
    Install(Box<Install>),
    /// Move an instance to another version of its package
    Upgrade(Box<Upgrade>),
    /// Change parameters of an instance and run the plan that they trigger
    Update(Update),
    /// Show, start and wait for plans
    #[command(subcommand)]
    Plan(Plan),
    /// List instances, operators and operator versions
    Get(Get),
    /// Delete an instance and everything it owns
    Uninstall(Uninstall),
    /// Inspect and check packages
    #[command(subcommand)]
    Package(Package),
    /// Choose where packages come from, and make repositories
    #[command(subcommand)]
    Repo(Repo),
    /// Render the templates of a package without a cluster
    Template(Template),
    /// Run test suites in kuttl's format, on a sandbox of their own
    Test(Test),
    /// Install KUDO's definitions into the cluster
    Init(Init),
    /// Run what instances need, in or beside a cluster, until told to end
    Manager(ManagerArgs),
    /// The built-in sandbox
    #[command(subcommand)]
    Sandbox(Sandbox),
    /// Show the version
    Version(VersionArgs),
    /// Print a completion script for a shell
    Completion {
        /// The shell
        shell: Shell,
    },
}

impl Command {
    /// Returns the words of the command as they were typed.
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Self::Install(_) => "install",
            Self::Upgrade(_) => "upgrade",
            Self::Update(_) => "update",
            Self::Plan(plan) => plan.words(),
            Self::Get(_) => "get",
            Self::Uninstall(_) => "uninstall",
            Self::Package(_) => "package",
            Self::Repo(_) => "repo",
            Self::Template(_) => "template",
            Self::Test(_) => "test",
            Self::Init(_) => "init",
            Self::Manager(_) => "manager",
            Self::Sandbox(_) => "sandbox",
            Self::Version(_) => "version",
            Self::Completion { .. } => "completion",
        }
    }
}

/// How lists and objects are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
}

/// The `-o` flag.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Print data for programs instead of text for people
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<Format>,
}

/// The instance that a command is about.
#[derive(Args, Clone, Debug)]
pub(crate) struct InstanceArg {
    /// Name of the instance; may be left out when there is only one
    #[arg(long, value_name = "NAME")]
    pub instance: Option<String>,
}

/// Values of parameters.
#[derive(Args, Clone, Debug)]
pub(crate) struct Values {
    /// Value of a parameter; repeatable
    #[arg(short, long = "parameter", value_name = "NAME=VALUE")]
    pub parameter: Vec<String>,
    /// YAML file with values; repeatable, later files win, -p wins over files
    #[arg(short = 'P', long = "parameter-file", value_name = "FILE")]
    pub parameter_file: Vec<PathBuf>,
}

/// Where a package comes from when it is neither a path nor an address.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Source {
    /// Name of the repository; else the one that `repo context` chose
    #[arg(long, value_name = "NAME", help_heading = "Packages")]
    pub repo: Option<String>,
    /// Version of the software that the package runs; else the newest
    #[arg(long, value_name = "VERSION", help_heading = "Packages")]
    pub app_version: Option<String>,
    /// Version of the package; else the newest
    #[arg(long, value_name = "VERSION", help_heading = "Packages")]
    pub operator_version: Option<String>,
}

/// Whether and how long to wait.
#[derive(Args, Clone, Debug)]
pub(crate) struct Waiting {
    /// Wait until the plan has ended (the default)
    #[arg(long)]
    pub wait: bool,
    /// Only schedule the plan; a manager, or a later `plan wait`, runs it
    #[arg(long, env = "KUDO_RS_NO_WAIT", hide_env_values = true)]
    pub no_wait: bool,
    /// Give up waiting after this time, as in 90s, 10m or 1h; the plan can be resumed
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
}

impl Waiting {
    /// Returns whether to leave the plan to others; `--wait` wins over the environment.
    pub(crate) fn returns_at_once(&self) -> bool {
        self.no_wait && !self.wait
    }
}

/// `install`
#[derive(Args, Debug)]
pub(crate) struct Install {
    /// Folder, .tgz, address of a .tgz, or name in a repository
    #[arg(value_name = "PACKAGE")]
    pub package: String,
    #[command(flatten)]
    pub source: Source,
    /// Take the package from the operator versions that the namespace has already
    #[arg(long, conflicts_with_all = ["repo", "skip_instance"], help_heading = "Packages")]
    pub in_cluster: bool,
    /// Name of the instance; else the operator's name and `-instance`
    #[arg(long, value_name = "NAME")]
    pub instance: Option<String>,
    #[command(flatten)]
    pub values: Values,
    /// Install the operator and its version, but no instance
    #[arg(long)]
    pub skip_instance: bool,
    #[command(flatten)]
    pub wait: Waiting,
}

/// `update`
#[derive(Args, Debug)]
pub(crate) struct Update {
    #[command(flatten)]
    pub instance: InstanceArg,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    pub wait: Waiting,
}

/// `upgrade`
#[derive(Args, Debug)]
pub(crate) struct Upgrade {
    /// Folder, .tgz, address of a .tgz, or name in a repository
    #[arg(value_name = "PACKAGE")]
    pub package: String,
    #[command(flatten)]
    pub source: Source,
    /// Take the package from the operator versions that the namespace has already
    #[arg(long, conflicts_with = "repo", help_heading = "Packages")]
    pub in_cluster: bool,
    #[command(flatten)]
    pub instance: InstanceArg,
    #[command(flatten)]
    pub values: Values,
    /// Go to an older version too, or to the same one of another application version
    #[arg(long)]
    pub allow_downgrade: bool,
    /// Check everything and say what would run, but write nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub wait: Waiting,
}

/// `uninstall`
#[derive(Args, Debug)]
pub(crate) struct Uninstall {
    #[command(flatten)]
    pub instance: InstanceArg,
    /// Do not run the cleanup plan
    #[arg(long)]
    pub skip_cleanup: bool,
    #[command(flatten)]
    pub wait: Waiting,
}

/// `get`
#[derive(Args, Debug)]
pub(crate) struct Get {
    /// What to list
    #[arg(value_enum)]
    pub what: What,
    /// List those of all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
    #[command(flatten)]
    pub output: Output,
}

/// What `get` lists.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum What {
    /// Instances.
    #[value(alias = "instance")]
    Instances,
    /// Operators.
    #[value(alias = "operator")]
    Operators,
    /// Operator versions.
    #[value(alias = "operatorversion")]
    Operatorversions,
    /// All three.
    All,
}

/// `template`
#[derive(Args, Debug)]
pub(crate) struct Template {
    /// Folder or .tgz of the package
    pub package: String,
    /// Name of the instance; else the operator's name and `-instance`
    #[arg(long, value_name = "NAME")]
    pub instance: Option<String>,
    #[command(flatten)]
    pub values: Values,
    /// Only what this plan renders
    #[arg(long, value_name = "NAME")]
    pub plan: Option<String>,
    /// Only what this phase renders
    #[arg(long, value_name = "NAME")]
    pub phase: Option<String>,
    /// Only what this step renders
    #[arg(long, value_name = "NAME")]
    pub step: Option<String>,
    /// Write files into this folder instead of printing
    #[arg(short = 'o', long = "output-dir", value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Mask the values of Secrets and of parameters that look secret
    #[arg(long)]
    pub mask_secrets: bool,
}

/// `test`
#[derive(Args, Debug)]
#[command(
    after_help = "Suites run on a fresh sandbox; with --kubeconfig or --context on that cluster, \
                  where each case makes and deletes a namespace."
)]
pub(crate) struct Test {
    /// Folder of cases, or a file of kind `TestSuite`; repeatable
    #[arg(long, value_name = "DIR", required = true)]
    pub suite: Vec<PathBuf>,
    /// Run only the case of this name; repeatable
    #[arg(long, value_name = "NAME")]
    pub case: Vec<String>,
    /// How long the asserts of a step may take to come true; else what the suite says, else 30s
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// How many cases run at the same time; else what the suite says, else 8
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub parallel: Option<u8>,
    /// Leave what cases made where it is
    #[arg(long)]
    pub skip_delete: bool,
    /// What answers `kubectl kudo` in the commands of cases; else this program
    #[arg(long, value_name = "BINARY")]
    pub kudo: Option<PathBuf>,
    /// Print a report for programs instead of text for people
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<Report>,
}

/// How `test` reports to programs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Report {
    /// One JSON document.
    Json,
    /// `JUnit`'s XML.
    Junit,
}

/// `init`
#[derive(Args, Debug)]
pub(crate) struct Init {
    /// Install only the definitions (all that is needed)
    #[arg(long)]
    pub crd_only: bool,
    /// Change nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub output: Output,
}

/// `manager`
#[derive(Args, Debug)]
pub(crate) struct ManagerArgs {
    /// How many plans run at the same time at most
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    pub at_once: u16,
}

/// `sandbox ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Sandbox {
    /// Serve the sandbox on the loopback address until interrupted
    Serve {
        /// Port; 0 takes a free one
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Print a kubeconfig for the sandbox that is served
    Kubeconfig,
    /// Show where the sandbox is, and what is in it
    Status {
        #[command(flatten)]
        output: Output,
    },
    /// Delete everything in the sandbox
    Reset,
}

/// `version`
#[derive(Args, Debug)]
pub(crate) struct VersionArgs {
    #[command(flatten)]
    pub output: Output,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
