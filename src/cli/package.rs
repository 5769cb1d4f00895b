//! `package ...` and `repo ...`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Output;

/// `package ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Package {
    /// Pack the folder of a package into a .tgz
    Create {
        /// Folder of the package
        folder: PathBuf,
        /// Folder to put the archive into
        #[arg(short, long, value_name = "FOLDER", default_value = ".")]
        destination: PathBuf,
        /// Replace an archive that is there
        #[arg(short = 'w', long)]
        overwrite: bool,
    },
    /// List what a package holds
    #[command(subcommand)]
    List(PackageList),
    /// Check a package for errors and things that are likely mistakes
    Verify {
        /// Folder or .tgz of the package
        package: String,
        /// Further checks of parameters: display, hint, desc, type, hasgroup, groups, all
        #[arg(long, value_delimiter = ',', value_name = "CHECKS")]
        param_checks: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
}

/// `package list ...`
#[derive(Debug, Subcommand)]
pub(crate) enum PackageList {
    /// List the parameters of a package
    Parameters {
        /// Folder or .tgz of the package
        package: String,
        /// Show descriptions
        #[arg(short, long, group = "shape")]
        descriptions: bool,
        /// Show only those that need a value
        #[arg(short, long, group = "shape")]
        required: bool,
        /// Show only names
        #[arg(long, group = "shape")]
        names: bool,
        #[command(flatten)]
        output: Output,
    },
    /// List the plans of a package
    Plans {
        /// Folder or .tgz of the package
        package: String,
        /// Show the kind and the resources of tasks
        #[arg(short = 't', long)]
        with_tasks: bool,
    },
    /// List the tasks of a package
    Tasks {
        /// Folder or .tgz of the package
        package: String,
    },
}

/// `repo ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Repo {
    /// Add a repository
    Add {
        /// Name to give it
        name: String,
        /// Address or path of the folder with its index
        url: String,
        /// Do not look whether it is a repository
        #[arg(short = 'f', long)]
        skip_check: bool,
    },
    /// Remove repositories
    #[command(alias = "rm")]
    Remove {
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// List repositories; a star marks the one in use
    List,
    /// Use a repository from now on
    Context {
        /// Its name
        name: String,
    },
    /// Make the index of a folder with .tgz packages
    Index(RepoIndex),
}

/// `repo index`
#[derive(Args, Debug)]
pub(crate) struct RepoIndex {
    /// The folder
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Address under which the folder will be served
    #[arg(long, value_name = "URL", conflicts_with = "url_repo")]
    pub url: Option<String>,
    /// Repository as which the folder will be served
    #[arg(long, value_name = "NAME")]
    pub url_repo: Option<String>,
    /// Address or path of an index whose packages are added
    #[arg(long, value_name = "URL", conflicts_with = "merge_repo")]
    pub merge: Option<String>,
    /// Repository whose packages are added
    #[arg(long, value_name = "NAME")]
    pub merge_repo: Option<String>,
    /// Replace an index that is there
    #[arg(short = 'w', long)]
    pub overwrite: bool,
}
