//! Sprig's digests, ciphers, keys and certificates.

use std::net::IpAddr;
use std::rc::Rc;

use rand_core::Rng;

use super::dates::render_time;
use crate::functions::{Arguments, Context, FunctionError};
use crate::go::crypto::cipher::{self, MasterPassword};
use crate::go::crypto::keys::{self, PrivateKey};
use crate::go::crypto::pem;
use crate::go::crypto::x509::{self, Parent, Template};
use crate::go::encoding::{from_base64, to_base64};
use crate::value::{Certificate, Foreign, Slice, Str, Value};

type Ran = Result<Value, FunctionError>;

/// Steps that slow work costs, about ten thousand for a millisecond.
const RSA_2048_STEPS: u64 = 200_000;
const RSA_4096_STEPS: u64 = 2_000_000;
const DSA_STEPS: u64 = 2_000_000;
const PASSWORD_STEPS: u64 = 200_000;
const CURVE_STEPS: u64 = 20_000;

fn digest(
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
    digest: fn(&[u8]) -> Vec<u8>,
) -> Ran {
    context.spend(arguments.bytes(0).len() as u64 / 64)?;
    Ok(cipher::hexadecimal(&digest(arguments.bytes(0))).into())
}

pub(super) fn sha1sum(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    digest(context, arguments, cipher::sha1)
}

pub(super) fn sha256sum(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    digest(context, arguments, cipher::sha256)
}

pub(super) fn adler32sum(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    context.spend(arguments.bytes(0).len() as u64 / 64)?;
    Ok(cipher::adler32(arguments.bytes(0)).to_string().into())
}

pub(super) fn encrypt_aes(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let text = arguments.bytes(1);
    if text.is_empty() {
        return Ok("".into());
    }
    context.allocate(text.len().saturating_mul(3))?;
    let mut initial = [0; cipher::BLOCK];
    context.random().fill_bytes(&mut initial);
    Ok(to_base64(&cipher::encrypt_aes(arguments.bytes(0), text, initial)).into())
}

pub(super) fn decrypt_aes(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let text = arguments.bytes(1);
    if text.is_empty() {
        return Ok("".into());
    }
    context.allocate(text.len().saturating_mul(2))?;
    let encrypted = from_base64(text).map_err(|bad| {
        FunctionError::new(format!("illegal base64 data at input byte {}", bad.0))
    })?;
    let capacity = text.len() / 4 * 3;
    let plain = cipher::decrypt_aes(arguments.bytes(0), &encrypted, capacity);
    Ok(plain.map_err(FunctionError::new)?.into())
}

pub(super) fn derive_password(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    context.spend(PASSWORD_STEPS)?;
    let counter = match arguments.first() {
        Some(Value::Uint(_, counter)) => u32::try_from(*counter).unwrap_or_default(),
        _ => 0,
    };
    let master = MasterPassword {
        counter,
        kind: arguments.bytes(1),
        password: arguments.bytes(2),
        user: arguments.bytes(3),
        site: arguments.bytes(4),
    };
    let unknown = || [b"cannot find password template ", arguments.bytes(1)].concat();
    Ok(cipher::derive_password(&master)
        .unwrap_or_else(unknown)
        .into())
}

/// An unknown type is told in the output, not as an error.
pub(super) fn gen_private_key(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let key = match arguments.bytes(0) {
        b"" | b"rsa" => {
            context.spend(RSA_4096_STEPS)?;
            PrivateKey::rsa(context.random(), 4096).and_then(|key| key.pem())
        }
        b"dsa" => {
            context.spend(DSA_STEPS)?;
            keys::dsa_pem(context.random()).ok_or_else(|| "no key found".to_owned())
        }
        b"ecdsa" => {
            context.spend(CURVE_STEPS)?;
            PrivateKey::ecdsa(context.random()).pem()
        }
        kind => return Ok([b"Unknown type ", kind].concat().into()),
    };
    Ok(key
        .unwrap_or_else(|error| format!("failed to generate private key: {error}"))
        .into())
}

fn certificate(cert: impl Into<Str>, key: impl Into<Str>) -> Value {
    let certificate = Certificate {
        cert: cert.into(),
        key: key.into(),
    };
    Value::Foreign(Foreign::Certificate(Rc::new(certificate)))
}

pub(super) fn build_custom_cert(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let cert = from_base64(arguments.bytes(0))
        .map_err(|_| FunctionError::new("unable to decode base64 certificate"))?;
    let key = from_base64(arguments.bytes(1))
        .map_err(|_| FunctionError::new("unable to decode base64 private key"))?;
    parsed_certificate(&cert, "decodedCert")?;
    parsed_key(&key)?;
    Ok(certificate(cert, key))
}

/// The certificate of a PEM text; `variable` is the name that Sprig's message has for it.
fn parsed_certificate(text: &[u8], variable: &str) -> Result<Parent, FunctionError> {
    let block =
        pem::decode(text).ok_or_else(|| FunctionError::new("unable to decode certificate"))?;
    Parent::parse(&block.bytes).map_err(|error| {
        FunctionError::new(format!(
            "error parsing certificate: {variable}.Bytes: {error}"
        ))
    })
}

fn parsed_key(text: &[u8]) -> Result<PrivateKey, FunctionError> {
    let block = pem::decode(text).ok_or_else(|| FunctionError::new("unable to decode key"))?;
    PrivateKey::from_pkcs1(&block.bytes).map_err(|error| {
        let variable = "decodedKey";
        FunctionError::new(format!(
            "error parsing prive key: {variable}.Bytes: {error}"
        ))
    })
}

/// What a certificate is asked to be.
struct Request<'r> {
    common_name: &'r [u8],
    addresses: Slice,
    names: Slice,
    days: i64,
    is_authority: bool,
}

impl<'r> Request<'r> {
    fn authority(arguments: Arguments<'r>) -> Self {
        Self {
            common_name: arguments.bytes(0),
            addresses: Slice::nil(&crate::value::Type::Interface),
            names: Slice::nil(&crate::value::Type::Interface),
            days: arguments.int(1),
            is_authority: true,
        }
    }

    fn server(arguments: Arguments<'r>) -> Self {
        Self {
            common_name: arguments.bytes(0),
            addresses: arguments.slice(1),
            names: arguments.slice(2),
            days: arguments.int(3),
            is_authority: false,
        }
    }

    fn template(&self, context: &mut Context<'_>) -> Result<Template<'r>, FunctionError> {
        let addresses = addresses(context, &self.addresses)?;
        let names = names(context, &self.names)?;
        let mut serial = [0; 16];
        context.random().fill_bytes(&mut serial);
        Ok(Template {
            common_name: self.common_name,
            addresses,
            names,
            serial: x509::serial(serial),
            not_before: render_time(context),
            days: self.days,
            is_authority: self.is_authority,
        })
    }

    /// The certificate with its key, made unless one is given.
    fn fulfilled(
        &self,
        context: &mut Context<'_>,
        key: Option<PrivateKey>,
        signer: Option<(&Parent, &PrivateKey)>,
    ) -> Ran {
        let template = self.template(context)?;
        let key = match key {
            Some(key) => key,
            None => new_rsa_key(context)?,
        };
        context.spend(CURVE_STEPS)?;
        let bytes = x509::create(&template, &key, signer)
            .map_err(|error| FunctionError::new(format!("error creating certificate: {error}")))?;
        let key = key.pem().map_err(FunctionError::new)?;
        Ok(certificate(pem::encode("CERTIFICATE", &bytes), key))
    }
}

fn new_rsa_key(context: &mut Context<'_>) -> Result<PrivateKey, FunctionError> {
    context.spend(RSA_2048_STEPS)?;
    PrivateKey::rsa(context.random(), 2048)
        .map_err(|error| FunctionError::new(format!("error generating rsa key: {error}")))
}

fn addresses(context: &mut Context<'_>, list: &Slice) -> Result<Vec<IpAddr>, FunctionError> {
    let mut addresses = Vec::new();
    for value in list.to_vec() {
        let Value::Str(text) = &value else {
            let shown = context.sprint(&[value])?;
            let shown = String::from_utf8_lossy(&shown).into_owned();
            return Err(FunctionError::new(format!(
                "error parsing ip: {shown} is not a string"
            )));
        };
        let address = text.as_utf8().and_then(|text| text.parse().ok());
        addresses
            .push(address.ok_or_else(|| FunctionError::new(format!("error parsing ip: {text}")))?);
    }
    Ok(addresses)
}

fn names(context: &mut Context<'_>, list: &Slice) -> Result<Vec<Vec<u8>>, FunctionError> {
    let mut names = Vec::new();
    for value in list.to_vec() {
        let Value::Str(text) = &value else {
            let shown = context.sprint(&[value])?;
            let shown = String::from_utf8_lossy(&shown).into_owned();
            return Err(FunctionError::new(format!(
                "error processing alternate dns name: {shown} is not a string"
            )));
        };
        names.push(text.to_vec());
    }
    Ok(names)
}

pub(super) fn gen_ca(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    Request::authority(arguments).fulfilled(context, None, None)
}

pub(super) fn gen_self_signed_cert(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    Request::server(arguments).fulfilled(context, None, None)
}

pub(super) fn gen_signed_cert(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let (parent, signing_key) = authority(arguments, parsed_signer_key)?;
    let signer = Some((&parent, &signing_key));
    Request::server(arguments).fulfilled(context, None, signer)
}

fn parsed_signer_key(text: &[u8]) -> Result<PrivateKey, FunctionError> {
    let block = pem::decode(text).ok_or_else(|| FunctionError::new("unable to decode key"))?;
    PrivateKey::from_pkcs1(&block.bytes).map_err(|error| {
        let variable = "decodedSignerKey";
        FunctionError::new(format!(
            "error parsing prive key: {variable}.Bytes: {error}"
        ))
    })
}

/// The certificate and key of the argument that signs.
fn authority(
    arguments: Arguments<'_>,
    parse: fn(&[u8]) -> Result<PrivateKey, FunctionError>,
) -> Result<(Parent, PrivateKey), FunctionError> {
    let (cert, key) = match arguments.get(4) {
        Some(Value::Foreign(Foreign::Certificate(given))) => (&given.cert[..], &given.key[..]),
        _ => (&[][..], &[][..]),
    };
    Ok((parsed_certificate(cert, "decodedSignerCert")?, parse(key)?))
}

fn any_key(text: &[u8]) -> Result<PrivateKey, FunctionError> {
    PrivateKey::from_pem(text)
        .map_err(|error| FunctionError::new(format!("error parsing private key: {error}")))
}

pub(super) fn gen_ca_with_key(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let key = any_key(arguments.bytes(2))?;
    Request::authority(arguments).fulfilled(context, Some(key), None)
}

pub(super) fn gen_self_signed_cert_with_key(
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
) -> Ran {
    let key = any_key(arguments.bytes(4))?;
    Request::server(arguments).fulfilled(context, Some(key), None)
}

pub(super) fn gen_signed_cert_with_key(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let key = any_key(arguments.bytes(5))?;
    let (parent, signing_key) = authority(arguments, any_key)?;
    let signer = Some((&parent, &signing_key));
    Request::server(arguments).fulfilled(context, Some(key), signer)
}

/// The bcrypt digest of a password with Go's default cost, or its error as text.
fn bcrypt_digest(context: &mut Context<'_>, password: &[u8]) -> Result<String, FunctionError> {
    const COST: u32 = 10;
    const LONGEST: usize = 72;
    context.spend(PASSWORD_STEPS)?;
    if password.len() > LONGEST {
        return Ok(
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
                .to_owned(),
        );
    }
    let mut salt = [0; 16];
    context.random().fill_bytes(&mut salt);
    let digest = bcrypt::hash_with_salt(password, COST, salt)
        .map(|parts| parts.format_for_version(bcrypt::Version::TwoA));
    Ok(digest.unwrap_or_else(|error| format!("failed to encrypt string with bcrypt: {error}")))
}

pub(super) fn bcrypt_sum(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    Ok(bcrypt_digest(context, arguments.bytes(0))?.into())
}

/// A line of an htpasswd file.
pub(super) fn htpasswd(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let name = arguments.string(0);
    if name.contains(&b':') {
        return Ok(format!("invalid username: {name}").into());
    }
    let digest = bcrypt_digest(context, arguments.bytes(1))?;
    Ok([&name[..], b":", digest.as_bytes()].concat().into())
}
