//! A twin of the parts of Go's package `net/url` that Sprig uses.
//!
//! Hosts are read as the Go that KUDO was built with reads them: what stands in brackets is not
//! checked to be an address, and the port begins at the last colon.

use crate::format::quote::quote;

/// The parts of a URL, unescaped where Go unescapes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: Vec<u8>,
    pub(crate) opaque: Vec<u8>,
    pub(crate) userinfo: Option<Userinfo>,
    pub(crate) host: Vec<u8>,
    pub(crate) path: Vec<u8>,
    pub(crate) query: Vec<u8>,
    pub(crate) fragment: Vec<u8>,
}

/// The name and password before the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Userinfo {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

/// The part of a URL that a byte stands in, which decides whether it is escaped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    UserPassword,
    Host,
    Zone,
    Fragment,
}

impl Userinfo {
    /// `userinfo.String()`.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut out = escape(&self.name, Part::UserPassword);
        if let Some(password) = &self.password {
            out.push(b':');
            out.append(&mut escape(password, Part::UserPassword));
        }
        out
    }
}

impl Url {
    /// `url.Parse(text)`, with the text of its error.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let (before, fragment) = cut(text, b'#');
        let failed = |url: &[u8], why: String| format!("parse {}: {why}", quote(url));
        let mut url = Self::without_fragment(before).map_err(|why| failed(before, why))?;
        url.fragment = unescape(fragment.unwrap_or_default(), Part::Fragment)
            .map_err(|why| failed(text, why))?;
        Ok(url)
    }

    fn without_fragment(text: &[u8]) -> Result<Self, String> {
        if text.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let mut url = Self::default();
        if text == b"*" {
            url.path = text.to_vec();
            return Ok(url);
        }
        let (scheme, rest) = split_scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (rest, query) = cut(rest, b'?');
        url.query = query.unwrap_or_default().to_vec();
        if !rest.starts_with(b"/") {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Ok(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        let mut path = rest;
        let has_authority = !url.scheme.is_empty() || !rest.starts_with(b"///");
        if let Some(after) = rest.strip_prefix(b"//").filter(|_| has_authority) {
            let length = after
                .iter()
                .position(|byte| *byte == b'/')
                .unwrap_or(after.len());
            url.read_authority(&after[..length])?;
            path = &after[length..];
        }
        url.path = unescape(path, Part::Path)?;
        Ok(url)
    }

    fn read_authority(&mut self, authority: &[u8]) -> Result<(), String> {
        let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else {
            self.host = parse_host(authority)?;
            return Ok(());
        };
        self.host = parse_host(&authority[at + 1..])?;
        let userinfo = &authority[..at];
        if !userinfo.iter().all(|byte| is_userinfo_byte(*byte)) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        let (name, password) = cut(userinfo, b':');
        let name = unescape(name, Part::UserPassword)?;
        let password = password
            .map(|password| unescape(password, Part::UserPassword))
            .transpose()?;
        self.userinfo = Some(Userinfo { name, password });
        Ok(())
    }

    /// `url.Hostname()`: the host without port and brackets.
    pub(crate) fn hostname(&self) -> &[u8] {
        let mut host = &self.host[..];
        if let Some(colon) = host.iter().rposition(|byte| *byte == b':')
            && is_optional_port(&host[colon..])
        {
            host = &host[..colon];
        }
        host.strip_prefix(b"[")
            .and_then(|host| host.strip_suffix(b"]"))
            .unwrap_or(host)
    }

    /// `url.String()`.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.push_hierarchy(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.append(&mut escape(&self.fragment, Part::Fragment));
        }
        out
    }

    fn push_hierarchy(&self, out: &mut Vec<u8>) {
        let has_place = !self.host.is_empty() || self.userinfo.is_some();
        if has_place || !self.scheme.is_empty() && !self.path.is_empty() {
            out.extend_from_slice(b"//");
        }
        if let Some(userinfo) = &self.userinfo {
            out.append(&mut userinfo.text());
            out.push(b'@');
        }
        out.append(&mut escape(&self.host, Part::Host));
        let mut path = if self.path == b"*" {
            self.path.clone()
        } else {
            escape(&self.path, Part::Path)
        };
        if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
            out.push(b'/');
        }
        // A colon in the first segment would make it look like a scheme.
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.append(&mut path);
    }
}

/// The text before and, if there is one, after the first such byte.
fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == at) {
        Some(position) => (&text[..position], Some(&text[position + 1..])),
        None => (text, None),
    }
}

fn split_scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (position, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if position > 0 => {}
            b':' if position == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&text[..position], &text[position + 1..])),
            _ => break,
        }
    }
    Ok((&[], text))
}

fn parse_host(host: &[u8]) -> Result<Vec<u8>, String> {
    let port_at = if host.starts_with(b"[") {
        let Some(end) = host.iter().rposition(|byte| *byte == b']') else {
            return Err("missing ']' in host".to_owned());
        };
        Some(end + 1)
    } else {
        host.iter().rposition(|byte| *byte == b':')
    };
    let port = port_at.map_or(&[][..], |at| &host[at..]);
    if !is_optional_port(port) {
        return Err(format!("invalid port {} after host", quote(port)));
    }
    let zone_at = port_at.filter(|_| host.starts_with(b"[")).and_then(|end| {
        host[..end - 1]
            .windows(3)
            .position(|window| window == b"%25")
    });
    let (Some(zone_at), Some(port_at)) = (zone_at, port_at) else {
        return unescape(host, Part::Host);
    };
    let mut out = unescape(&host[..zone_at], Part::Host)?;
    out.append(&mut unescape(&host[zone_at..port_at - 1], Part::Zone)?);
    out.append(&mut unescape(&host[port_at - 1..], Part::Host)?);
    Ok(out)
}

/// Nothing, or a colon and digits.
fn is_optional_port(port: &[u8]) -> bool {
    match port.split_first() {
        None => true,
        Some((first, digits)) => *first == b':' && digits.iter().all(u8::is_ascii_digit),
    }
}

const fn is_userinfo_byte(byte: u8) -> bool {
    matches!(
        byte,
        b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-' | b'.' | b'_' | b':' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*'
            | b'+' | b',' | b';' | b'=' | b'%' | b'@'
    )
}

fn should_escape(byte: u8, part: Part) -> bool {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => false,
        b'!' | b'\'' | b'(' | b')' | b'*' | b'[' | b']' | b'<' | b'>' | b'"'
            if matches!(part, Part::Host | Part::Zone) =>
        {
            false
        }
        b'$' | b'&' | b'+' | b',' | b':' | b';' | b'=' | b'/' | b'?' | b'@' => match part {
            Part::Host | Part::Zone => matches!(byte, b'/' | b'?' | b'@'),
            Part::Path => byte == b'?',
            Part::UserPassword => matches!(byte, b'@' | b'/' | b'?' | b':'),
            Part::Fragment => false,
        },
        b'!' | b'(' | b')' | b'*' => part != Part::Fragment,
        _ => true,
    }
}

fn escape(text: &[u8], part: Part) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if should_escape(*byte, part) {
            out.push(b'%');
            out.push(DIGITS[usize::from(byte >> 4)]);
            out.push(DIGITS[usize::from(byte & 15)]);
        } else {
            out.push(*byte);
        }
    }
    out
}

fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let is_host = matches!(part, Part::Host | Part::Zone);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        if *byte != b'%' {
            if is_host && byte.is_ascii() && should_escape(*byte, part) {
                return Err(format!(
                    "invalid character {} in host name",
                    quote(&[*byte])
                ));
            }
            out.push(*byte);
            rest = after;
            continue;
        }
        let bad = |length: usize| {
            Err(format!(
                "invalid URL escape {}",
                quote(&rest[..length.min(rest.len())])
            ))
        };
        let digit = |at: usize| rest.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(1), digit(2)) else {
            return bad(3);
        };
        let value = u8::try_from(high * 16 + low).unwrap_or_default();
        let is_percent = value == b'%';
        let is_bad = match part {
            Part::Host => value.is_ascii() && !is_percent,
            Part::Zone => !is_percent && value != b' ' && should_escape(value, Part::Host),
            Part::Path | Part::UserPassword | Part::Fragment => false,
        };
        if is_bad {
            return bad(3);
        }
        out.push(value);
        rest = &rest[3..];
    }
    Ok(out)
}
