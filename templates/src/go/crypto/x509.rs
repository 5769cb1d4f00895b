//! Certificates: what Sprig asks of Go's package `crypto/x509`.

use std::net::IpAddr;

use super::cipher::{sha1, sha256};
use super::der::{self, Reader};
use super::keys::PrivateKey;
use crate::format::quote::quote;
use crate::go::time::{Duration, Time};

/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 2.5.29.14, .15, .17, .19, .35 and .37
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// 1.3.6.1.5.5.7.3.1 and .2
const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

/// What a new certificate says.
pub(crate) struct Template<'t> {
    pub(crate) common_name: &'t [u8],
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) names: Vec<Vec<u8>>,
    pub(crate) serial: [u8; 16],
    pub(crate) not_before: Time,
    pub(crate) days: i64,
    pub(crate) is_authority: bool,
}

/// Who signs: the name and key of a parsed certificate.
pub(crate) struct Parent {
    subject: Vec<u8>,
    key_id: Vec<u8>,
    public_key_info: Vec<u8>,
}

impl Parent {
    /// `x509.ParseCertificate(der)`, as far as a signer needs it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let malformed = || "x509: malformed certificate".to_owned();
        let mut outer = Reader::new(bytes);
        let certificate = outer.expect(der::SEQUENCE).ok_or_else(malformed)?;
        if !outer.is_empty() {
            return Err("x509: trailing data".to_owned());
        }
        let mut parts = Reader::new(certificate.content);
        let body = parts
            .expect(der::SEQUENCE)
            .ok_or_else(|| "x509: malformed tbs certificate".to_owned())?;
        parts
            .expect(der::SEQUENCE)
            .ok_or_else(|| "x509: malformed signature algorithm identifier".to_owned())?;
        parts
            .expect(der::BIT_STRING)
            .ok_or_else(|| "x509: malformed signature".to_owned())?;
        Self::of_body(body.content).ok_or_else(malformed)
    }

    fn of_body(body: &[u8]) -> Option<Self> {
        let mut fields = Reader::new(body);
        if fields.next_tag() == Some(0xa0) {
            fields.any()?;
        }
        fields.expect(der::INTEGER)?;
        fields.expect(der::SEQUENCE)?;
        fields.expect(der::SEQUENCE)?;
        fields.expect(der::SEQUENCE)?;
        let subject = fields.expect(der::SEQUENCE)?.whole.to_vec();
        let public_key_info = fields.expect(der::SEQUENCE)?.whole.to_vec();
        let mut key_id = Vec::new();
        while let Some(field) = fields.any() {
            if field.tag == 0xa3 {
                key_id = subject_key_id(field.content).unwrap_or_default();
            }
        }
        Some(Self {
            subject,
            key_id,
            public_key_info,
        })
    }
}

fn subject_key_id(extensions: &[u8]) -> Option<Vec<u8>> {
    let mut list = Reader::new(Reader::new(extensions).expect(der::SEQUENCE)?.content);
    while let Some(extension) = list.any() {
        let mut fields = Reader::new(extension.content);
        if fields.expect(der::OID)?.content != SUBJECT_KEY_ID {
            continue;
        }
        let value = fields.expect(der::OCTET_STRING)?.content;
        return Some(
            Reader::new(value)
                .expect(der::OCTET_STRING)?
                .content
                .to_vec(),
        );
    }
    None
}

/// `x509.CreateCertificate`: the certificate in DER. Without a parent it signs itself.
pub(crate) fn create(
    template: &Template<'_>,
    key: &PrivateKey,
    signer: Option<(&Parent, &PrivateKey)>,
) -> Result<Vec<u8>, String> {
    let subject = name(template.common_name)?;
    let (issuer, parent_key_id, signing_key) = match signer {
        Some((parent, signing_key)) => {
            if signing_key.public_key_info() != parent.public_key_info {
                return Err("x509: provided PrivateKey doesn't match parent's PublicKey".to_owned());
            }
            (parent.subject.clone(), parent.key_id.clone(), signing_key)
        }
        None => (subject.clone(), Vec::new(), key),
    };
    // Who signs itself needs no pointer to itself.
    let authority = if issuer == subject {
        Vec::new()
    } else {
        parent_key_id
    };
    let valid = Duration(template.days.wrapping_mul(24 * 3600 * 1_000_000_000));
    let validity = der::sequence(&[
        date(&template.not_before)?,
        date(&template.not_before.add(valid))?,
    ]);
    let extensions = extensions(template, key, &authority, template.common_name.is_empty())?;
    let body = der::sequence(&[
        der::element(0xa0, &der::integer(&[2])),
        der::integer(&template.serial),
        signing_key.signature_algorithm(),
        issuer,
        validity,
        subject,
        key.public_key_info(),
        der::element(0xa3, &der::sequence(&extensions)),
    ]);
    let signature = signing_key.sign(&body)?;
    Ok(der::sequence(&[
        body,
        signing_key.signature_algorithm(),
        der::bit_string(&signature),
    ]))
}

/// A name with nothing but its common name, which may be missing.
fn name(common_name: &[u8]) -> Result<Vec<u8>, String> {
    if common_name.is_empty() {
        return Ok(der::sequence(&[]));
    }
    if std::str::from_utf8(common_name).is_err() {
        return Err("asn1: string not valid UTF-8".to_owned());
    }
    let is_printable = |byte: &u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(byte);
    let tag = if common_name.iter().all(is_printable) {
        der::PRINTABLE_STRING
    } else {
        der::UTF8_STRING
    };
    let attribute = der::sequence(&[
        der::element(der::OID, COMMON_NAME),
        der::element(tag, common_name),
    ]);
    Ok(der::sequence(&[der::element(der::SET, &attribute)]))
}

/// Two digits of the year until 2049, four from then on (RFC 5280, 4.1.2.5).
fn date(time: &Time) -> Result<Vec<u8>, String> {
    match time.civil().year {
        1950..2050 => Ok(der::element(der::UTC_TIME, &time.format(b"060102150405Z"))),
        0..10_000 => Ok(der::element(
            der::GENERALIZED_TIME,
            &time.format(b"20060102150405Z"),
        )),
        _ => Err("asn1: structure error: cannot represent time as GeneralizedTime".to_owned()),
    }
}

fn extensions(
    template: &Template<'_>,
    key: &PrivateKey,
    authority: &[u8],
    subject_is_empty: bool,
) -> Result<Vec<Vec<u8>>, String> {
    let extension = |oid: &[u8], critical: bool, value: &[u8]| {
        let mut parts = vec![der::element(der::OID, oid)];
        if critical {
            parts.push(der::element(der::BOOLEAN, &[0xff]));
        }
        parts.push(der::element(der::OCTET_STRING, value));
        der::sequence(&parts)
    };
    // Bits from the left: digital signature, key encipherment; an authority also signs.
    let usage: [u8; 2] = if template.is_authority {
        [2, 0xa4]
    } else {
        [5, 0xa0]
    };
    let purposes = [SERVER_AUTH, CLIENT_AUTH].map(|oid| der::element(der::OID, oid));
    let constraints = if template.is_authority {
        der::sequence(&[der::element(der::BOOLEAN, &[0xff])])
    } else {
        der::sequence(&[])
    };
    let mut list = vec![
        extension(KEY_USAGE, true, &der::element(der::BIT_STRING, &usage)),
        extension(EXTENDED_KEY_USAGE, false, &der::sequence(&purposes)),
        extension(BASIC_CONSTRAINTS, true, &constraints),
    ];
    if template.is_authority {
        let key_id = sha1(&key.public_key());
        list.push(extension(
            SUBJECT_KEY_ID,
            false,
            &der::element(der::OCTET_STRING, &key_id),
        ));
    }
    if !authority.is_empty() {
        let value = der::sequence(&[der::element(0x80, authority)]);
        list.push(extension(AUTHORITY_KEY_ID, false, &value));
    }
    if !template.names.is_empty() || !template.addresses.is_empty() {
        let value = alternative_names(template)?;
        list.push(extension(SUBJECT_ALT_NAME, subject_is_empty, &value));
    }
    Ok(list)
}

fn alternative_names(template: &Template<'_>) -> Result<Vec<u8>, String> {
    let mut names = Vec::new();
    for name in &template.names {
        if !name.is_ascii() {
            return Err(format!(
                "x509: {} cannot be encoded as an IA5String",
                quote(name)
            ));
        }
        names.push(der::element(0x82, name));
    }
    for address in &template.addresses {
        names.push(match address.to_canonical() {
            IpAddr::V4(address) => der::element(0x87, &address.octets()),
            IpAddr::V6(address) => der::element(0x87, &address.octets()),
        });
    }
    Ok(der::sequence(&names))
}

/// A serial number that is positive whatever the random bytes are.
pub(crate) fn serial(mut random: [u8; 16]) -> [u8; 16] {
    if random == [0; 16] {
        random = sha256(&random)[..16].try_into().unwrap_or([1; 16]);
    }
    random
}
