//! Packages from archives, folders with an index, and servers.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::Command,
    thread,
};

use crate::{
    dependencies::{FILE, instance, leaf, parent},
    support::User,
};

/// Packs a folder as `tar` does, its files at the root of the archive.
fn pack(folder: &Path, archive: &Path) {
    fs::create_dir_all(archive.parent().unwrap()).unwrap();
    let packed = Command::new("tar")
        .args(["-C", folder.to_str().unwrap(), "-czf"])
        .arg(archive)
        .arg(".")
        .status()
        .unwrap();
    assert!(packed.success());
}

// kudo-spec 7, 8.2: dependencies-package-create
#[test]
fn a_folder_is_packed_and_installed_from_the_archive() {
    let user = User::new();
    leaf(&user, "child", "leaf", "0.1.0");
    let folder = parent(&user, "parent", ("top", "0.1.0"), "../child", FILE);
    for package in ["child", "parent"] {
        let file = format!("{package}/operator.yaml");
        let text = fs::read_to_string(user.path(&file)).unwrap();
        user.file(&file, &format!("{text}kubernetesVersion: 1.20.0\n"));
    }
    let target = user.path("out/top-0.1.0.tgz");
    let out = user.path("out").to_str().unwrap().to_owned();
    let create = ["package", "create", &folder, "--destination", &out];

    user.run(&create).refused("is not a proper directory");
    fs::create_dir(&out).unwrap();
    let said = user.run(&create).ok();
    assert!(
        said.contains(&format!("Package created: {}", target.display())),
        "{said}"
    );
    let first = fs::read(&target).unwrap();
    user.run(&create).refused("already exists");
    user.run(&[create.as_slice(), &["-w"]].concat()).ok();
    assert_eq!(
        fs::read(&target).unwrap(),
        first,
        "the same files, the same archive"
    );

    let leaf_folder = user.path("child").to_str().unwrap().to_owned();
    user.run(&["package", "create", &leaf_folder, "-d", &out])
        .ok();
    let archive = user.path("out/leaf-0.1.0.tgz").to_str().unwrap().to_owned();
    user.run(&["install", &archive, "-p", "COLOR=red"]).ok();

    user.file("child/operator.yaml", "name: leaf\n");
    let broken = user.run(&["package", "create", &leaf_folder, "-d", &out, "-w"]);
    assert_ne!(broken.code, 0, "{}", broken.stdout);
    assert!(target.exists());
}

/// Serves the files of a folder on the loopback address for as long as the test runs.
fn serve(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let folder = folder.to_path_buf();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or_default();
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = text.split_whitespace().nth(1).unwrap_or("/");
            let moved = path.strip_prefix("/moved");
            let head = match (moved, fs::read(folder.join(path.trim_start_matches('/')))) {
                (Some(to), _) => {
                    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
                        .into_bytes()
                }
                (None, Ok(bytes)) => {
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                        bytes.len()
                    );
                    [head.into_bytes(), bytes].concat()
                }
                (None, Err(_)) => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
            };
            drop(stream.write_all(&head));
        }
    });
    address
}

/// A folder with two versions of `leaf` as archives, and its index.
fn shelf(user: &User, url: &str) -> String {
    for version in ["0.1.0", "0.2.0"] {
        let folder = format!("src/{version}");
        leaf(user, &folder, "leaf", version);
        let archive = user.path(&format!("shelf/leaf-1.0_{version}.tgz"));
        pack(&user.path(&folder), &archive);
    }
    let shelf = user.path("shelf").to_str().unwrap().to_owned();
    let said = user
        .run(&["repo", "index", &shelf, "--url", url, "-w"])
        .ok();
    assert_eq!(said, format!("index {shelf}/index.yaml created.\n"));
    shelf
}

#[test]
fn a_child_is_taken_from_a_repository_in_a_folder_and_upgraded_from_it() {
    let user = User::new();
    // The addresses of the index lie beside it.
    let shelf = shelf(&user, ".");
    user.run(&["repo", "add", "mine", &shelf]).ok();
    user.run(&["repo", "context", "mine"]).ok();
    assert!(user.run(&["repo", "list"]).ok().contains("*mine"));
    let root = parent(&user, "root", ("root", "0.1.0"), "leaf", FILE);

    user.run(&["install", &root, "--instance", "top"]).ok();
    let child = instance(&user, "top-leaf");
    assert_eq!(child["spec"]["operatorVersion"]["name"], "leaf-1.0-0.2.0");

    user.run(&[
        "install",
        "leaf",
        "--operator-version",
        "0.1.0",
        "--instance",
        "i",
        "-p",
        "COLOR=x",
    ])
    .ok();
    user.run(&["upgrade", "leaf", "--instance", "i"]).ok();
    assert_eq!(
        instance(&user, "i")["spec"]["operatorVersion"]["name"],
        "leaf-1.0-0.2.0"
    );

    user.run(&["install", "leaf", "--app-version", "9", "-p", "COLOR=x"])
        .refused("getting leaf in index file: no operator version found for leaf-9");
    user.run(&["repo", "add", "mine", &shelf])
        .refused("repository name (mine) already exists, please specify a different name");
    user.run(&["repo", "remove", "mine"]).ok();
    user.run(&["repo", "remove", "mine"])
        .refused("no repo named \"mine\" found");
}

#[test]
fn a_package_is_fetched_from_a_server_by_name_and_by_address() {
    let user = User::new();
    let shelf = shelf(&user, "http://localhost/");
    let server = serve(Path::new(&shelf));
    user.run(&["repo", "index", &shelf, "--url", &server, "-w"])
        .ok();
    user.run(&["repo", "add", "served", &server]).ok();

    user.run(&[
        "install",
        "leaf",
        "--repo",
        "served",
        "--instance",
        "a",
        "-p",
        "COLOR=x",
    ])
    .ok();
    let address = format!("{server}/moved/leaf-1.0_0.1.0.tgz");
    user.run(&["install", &address, "--instance", "b", "-p", "COLOR=x"])
        .ok();
    assert_eq!(
        instance(&user, "b")["spec"]["operatorVersion"]["name"],
        "leaf-1.0-0.1.0"
    );
    user.run(&["install", &format!("{server}/nothing.tgz")])
        .refused("nothing.tgz: the server answers 404 Not Found");
    user.run(&["install", "leaf", "--repo", "unknown"])
        .refused("unable to find repository for unknown");
}

// kudo-spec 9.3, 11
#[test]
fn an_archive_that_is_not_the_one_in_the_index_is_refused() {
    let user = User::new();
    let shelf = shelf(&user, ".");
    user.run(&["repo", "add", "mine", &shelf]).ok();
    let other = user.path("shelf/leaf-1.0_0.1.0.tgz");
    fs::copy(other, user.path("shelf/leaf-1.0_0.2.0.tgz")).unwrap();

    user.run(&["install", "leaf", "--repo", "mine", "-p", "COLOR=x"])
        .refused("the file is not the one in the index: its SHA-256 is ");
}

#[test]
fn children_lie_inside_an_archive_and_what_is_outside_is_not_reached() {
    let user = User::new();
    parent(&user, "all", ("root", "0.1.0"), "./inner", FILE);
    parent(
        &user,
        "all/inner",
        ("inner", "0.1.0"),
        "../packed.tgz",
        FILE,
    );
    leaf(&user, "leaf", "leaf", "0.1.0");
    pack(&user.path("leaf"), &user.path("all/packed.tgz"));
    let archive = user.path("root.tgz");
    pack(&user.path("all"), &archive);

    user.run(&["install", archive.to_str().unwrap(), "--instance", "top"])
        .ok();
    assert_eq!(
        instance(&user, "top-inner-leaf")["spec"]["operatorVersion"]["name"],
        "leaf-1.0-0.1.0"
    );

    let outside = user.path("leaf");
    let outside = outside.to_str().unwrap();
    parent(&user, "bad", ("bad", "0.1.0"), outside, FILE);
    pack(&user.path("bad"), &user.path("bad.tgz"));
    user.run(&["install", user.path("bad.tgz").to_str().unwrap()])
        .refused("a package in an archive cannot name the path ");
    parent(&user, "up", ("up", "0.1.0"), "../../../leaf", FILE);
    pack(&user.path("up"), &user.path("up.tgz"));
    user.run(&["install", user.path("up.tgz").to_str().unwrap()])
        .refused("operator package missing operator.yaml in ");
}

#[test]
fn what_is_installed_already_needs_no_package() {
    let user = User::new();
    let shelf = shelf(&user, ".");
    user.run(&["repo", "add", "mine", &shelf]).ok();
    let versions = ["0.1.0", "0.2.0"];
    for version in versions {
        user.run(&[
            "install",
            "leaf",
            "--repo",
            "mine",
            "--operator-version",
            version,
            "--skip-instance",
        ])
        .ok();
    }
    fs::remove_dir_all(&shelf).unwrap();

    user.run(&[
        "install",
        "leaf",
        "--in-cluster",
        "--instance",
        "i",
        "-p",
        "COLOR=x",
    ])
    .ok();
    assert_eq!(
        instance(&user, "i")["spec"]["operatorVersion"]["name"],
        "leaf-1.0-0.2.0"
    );
    user.run(&["install", "leaf", "--in-cluster", "--operator-version", "7"])
        .refused(
            "failed to resolve operator version in namespace \"default\" for name \"leaf\", version \
             \"7\", appVersion \"\"",
        );
    // A child that no repository has any more is taken from the cluster, and that is said.
    user.run(&["repo", "context", "mine"]).ok();
    let root = parent(&user, "root", ("root", "0.1.0"), "leaf", FILE);
    let installed = user.run(&["install", &root, "--instance", "top"]);
    assert!(
        installed
            .stderr
            .contains("No repository has leaf; leaf-1.0-0.2.0 is installed in default and taken."),
        "{}",
        installed.stderr
    );
    installed.ok();
}
