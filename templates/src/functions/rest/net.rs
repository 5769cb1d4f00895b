//! Sprig's URLs and host names.

use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::functions::{Arguments, Context, FunctionError};
use crate::go::url::{Url, Userinfo};
use crate::value::{Map, Value};

type Ran = Result<Value, FunctionError>;

/// How long a name server may take.
const NAME_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn url_parse(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let url = Url::parse(arguments.bytes(0))
        .map_err(|error| FunctionError::new(format!("unable to parse url: {error}")))?;
    let userinfo = url
        .userinfo
        .as_ref()
        .map(Userinfo::text)
        .unwrap_or_default();
    let hostname = url.hostname().to_vec();
    let parts = [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", userinfo),
    ];
    Ok(Value::dict(
        parts.map(|(name, part)| (name, Value::from(part))),
    ))
}

pub(super) fn url_join(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let parts = arguments.map(0);
    let mut url = Url {
        scheme: part(&parts, "scheme")?,
        host: part(&parts, "host")?,
        path: part(&parts, "path")?,
        query: part(&parts, "query")?,
        opaque: part(&parts, "opaque")?,
        fragment: part(&parts, "fragment")?,
        userinfo: None,
    };
    let userinfo = part(&parts, "userinfo")?;
    if !userinfo.is_empty() {
        let with_host = Url::parse(&[b"proto://", &userinfo[..], b"@host"].concat());
        url.userinfo = with_host
            .map_err(|error| {
                FunctionError::new(format!("unable to parse userinfo in dict: {error}"))
            })?
            .userinfo;
    }
    Ok(url.text().into())
}

fn part(parts: &Map, key: &str) -> Result<Vec<u8>, FunctionError> {
    match parts.get(key.as_bytes()) {
        None => Ok(Vec::new()),
        Some(Value::Str(text)) => Ok(text.to_vec()),
        Some(value) if value.is_nil() => Err(FunctionError::new(
            "runtime error: invalid memory address or nil pointer dereference",
        )),
        Some(value) => Err(FunctionError::new(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            value.kind().name()
        ))),
    }
}

/// The first of the host's addresses in their order, so that a render stays stable.
///
/// A name without an address is Go's panic over choosing one of none.
pub(super) fn get_host_by_name(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let name = arguments.string(0).to_text().into_owned();
    if name.parse::<IpAddr>().is_ok() {
        return Ok(name.into());
    }
    let address = addresses(name).into_iter().min();
    let address = address.ok_or_else(|| FunctionError::new("invalid argument to Intn"))?;
    Ok(address.to_string().into())
}

/// Asks the system on a thread of its own, since the question itself knows no time-out.
fn addresses(name: String) -> Vec<IpAddr> {
    let (sender, receiver) = mpsc::channel();
    let ask = move || {
        let found = (name.as_str(), 0).to_socket_addrs();
        let addresses = found.map(|found| found.map(|address| address.ip()).collect());
        // Nobody listens any more after the time-out.
        sender
            .send(addresses.unwrap_or_default())
            .unwrap_or_default();
    };
    if thread::Builder::new()
        .name("host name".to_owned())
        .spawn(ask)
        .is_err()
    {
        return Vec::new();
    }
    receiver.recv_timeout(NAME_TIMEOUT).unwrap_or_default()
}
