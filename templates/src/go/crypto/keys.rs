//! Private keys, made from a render's own randomness and written as Go writes them.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BitOps, BoxedUint, Choice, Limb, NonZero, Odd, RandomBits, Resize};
use crypto_primes::{Flavor, is_prime, random_prime};
use p256::ecdsa::signature::Signer;
use p256::elliptic_curve::sec1::ToSec1Point;
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use rsa::Pkcs1v15Sign;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use rsa::traits::PublicKeyParts;

use super::cipher::sha256;
use super::der::{self, Reader};
use super::pem;

/// 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.113549.1.1.11
const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
/// 1.2.840.10045.2.1
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7
const PRIME256V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.2.840.10045.4.3.2
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// 1.3.101.112
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// What stands before a SHA-256 digest in a signature of PKCS #1 v1.5 (RFC 8017, 9.2).
const SHA256_PREFIX: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// A private key that can sign certificates.
pub(crate) enum PrivateKey {
    Rsa(Box<rsa::PrivateKey>),
    Ecdsa(p256::SecretKey),
    Ed25519([u8; 32]),
}

impl PrivateKey {
    /// A new RSA key.
    pub(crate) fn rsa(random: &mut ChaCha8Rng, bits: usize) -> Result<Self, String> {
        let key = rsa::PrivateKey::new(random, bits).map_err(|error| error.to_string())?;
        Ok(Self::Rsa(Box::new(key)))
    }

    /// A new key on the curve P-256.
    pub(crate) fn ecdsa(random: &mut ChaCha8Rng) -> Self {
        loop {
            let mut bytes = [0; 32];
            random.fill_bytes(&mut bytes);
            // Nearly every number of this size is a key.
            if let Ok(key) = p256::SecretKey::from_slice(&bytes) {
                return Self::Ecdsa(key);
            }
        }
    }

    /// `x509.ParsePKCS1PrivateKey(der)`.
    pub(crate) fn from_pkcs1(bytes: &[u8]) -> Result<Self, String> {
        if is_pkcs8(bytes) {
            return Err(
                "x509: failed to parse private key (use ParsePKCS8PrivateKey instead for \
                        this key format)"
                    .to_owned(),
            );
        }
        if sec1_key(bytes).is_some() {
            return Err(
                "x509: failed to parse private key (use ParseECPrivateKey instead for \
                        this key format)"
                    .to_owned(),
            );
        }
        if Reader::new(bytes).any().is_none() {
            return Err("asn1: syntax error: data truncated".to_owned());
        }
        let key = rsa::PrivateKey::from_pkcs1_der(bytes)
            .map_err(|_| "asn1: structure error: not an RSA private key".to_owned())?;
        Ok(Self::Rsa(Box::new(key)))
    }

    /// A key in any of the forms that Sprig 3 takes.
    pub(crate) fn from_pem(text: &[u8]) -> Result<Self, String> {
        let block = pem::decode(text).ok_or("no PEM data in input")?;
        match block.kind.as_str() {
            "RSA PRIVATE KEY" => Self::from_pkcs1(&block.bytes),
            "EC PRIVATE KEY" => sec1_key(&block.bytes)
                .map(Self::Ecdsa)
                .ok_or_else(|| "x509: failed to parse EC private key".to_owned()),
            "PRIVATE KEY" => Self::from_pkcs8(&block.bytes),
            kind => Err(format!("unsupported private key type: {kind}")),
        }
    }

    fn from_pkcs8(bytes: &[u8]) -> Result<Self, String> {
        let inner = pkcs8_parts(bytes);
        match inner {
            Some((RSA_ENCRYPTION, key)) => Self::from_pkcs1(key),
            Some((EC_PUBLIC_KEY, key)) => sec1_key(key)
                .map(Self::Ecdsa)
                .ok_or_else(|| "x509: failed to parse EC private key".to_owned()),
            Some((ED25519, key)) => Reader::new(key)
                .expect(der::OCTET_STRING)
                .and_then(|seed| seed.content.try_into().ok())
                .map(Self::Ed25519)
                .ok_or_else(|| "x509: invalid Ed25519 private key".to_owned()),
            Some(_) => {
                Err("x509: PKCS#8 wrapping contained private key with unknown algorithm".to_owned())
            }
            None => Err("asn1: structure error: not a PKCS#8 private key".to_owned()),
        }
    }

    /// The key in a PEM block of the type that Go gives it.
    pub(crate) fn pem(&self) -> Result<String, String> {
        Ok(match self {
            Self::Rsa(key) => {
                let document = key.to_pkcs1_der().map_err(|error| error.to_string())?;
                pem::encode("RSA PRIVATE KEY", document.as_bytes())
            }
            Self::Ecdsa(key) => pem::encode("EC PRIVATE KEY", &sec1(key)),
            Self::Ed25519(seed) => {
                let algorithm = der::sequence(&[der::element(der::OID, ED25519)]);
                let key = der::element(der::OCTET_STRING, &der::element(der::OCTET_STRING, seed));
                pem::encode(
                    "PRIVATE KEY",
                    &der::sequence(&[der::integer(&[0]), algorithm, key]),
                )
            }
        })
    }

    /// The public half as a `SubjectPublicKeyInfo`.
    pub(super) fn public_key_info(&self) -> Vec<u8> {
        let oid = |bytes: &[u8]| der::element(der::OID, bytes);
        let algorithm = match self {
            Self::Rsa(_) => vec![oid(RSA_ENCRYPTION), der::element(der::NULL, &[])],
            Self::Ecdsa(_) => vec![oid(EC_PUBLIC_KEY), oid(PRIME256V1)],
            Self::Ed25519(_) => vec![oid(ED25519)],
        };
        der::sequence(&[
            der::sequence(&algorithm),
            der::bit_string(&self.public_key()),
        ])
    }

    /// The public half alone, of which a certificate's key identifier is the digest.
    pub(super) fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => der::sequence(&[
                der::integer(&key.n().to_be_bytes()),
                der::integer(&key.e().to_be_bytes()),
            ]),
            Self::Ecdsa(key) => public_point(key),
            Self::Ed25519(seed) => ed25519_dalek::SigningKey::from_bytes(seed)
                .verifying_key()
                .to_bytes()
                .to_vec(),
        }
    }

    /// The algorithm of this key's signatures.
    pub(super) fn signature_algorithm(&self) -> Vec<u8> {
        match self {
            Self::Rsa(_) => der::sequence(&[
                der::element(der::OID, SHA256_WITH_RSA),
                der::element(der::NULL, &[]),
            ]),
            Self::Ecdsa(_) => der::sequence(&[der::element(der::OID, ECDSA_WITH_SHA256)]),
            Self::Ed25519(_) => der::sequence(&[der::element(der::OID, ED25519)]),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Rsa(key) => {
                let padding = Pkcs1v15Sign {
                    hash_len: Some(32),
                    prefix: Box::new(SHA256_PREFIX),
                };
                key.sign(padding, &sha256(message))
                    .map_err(|error| error.to_string())
            }
            Self::Ecdsa(key) => {
                let signature: p256::ecdsa::Signature =
                    p256::ecdsa::SigningKey::from(key).sign(message);
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Self::Ed25519(seed) => {
                let signature = ed25519_dalek::SigningKey::from_bytes(seed).sign(message);
                Ok(signature.to_bytes().to_vec())
            }
        }
    }
}

fn public_point(key: &p256::SecretKey) -> Vec<u8> {
    key.public_key().to_sec1_point(false).as_bytes().to_vec()
}

/// `x509.MarshalECPrivateKey(key)` (RFC 5915).
fn sec1(key: &p256::SecretKey) -> Vec<u8> {
    der::sequence(&[
        der::integer(&[1]),
        der::element(der::OCTET_STRING, &key.to_bytes()),
        der::element(0xa0, &der::element(der::OID, PRIME256V1)),
        der::element(0xa1, &der::bit_string(&public_point(key))),
    ])
}

fn sec1_key(bytes: &[u8]) -> Option<p256::SecretKey> {
    let mut fields = Reader::new(Reader::new(bytes).expect(der::SEQUENCE)?.content);
    fields
        .expect(der::INTEGER)
        .filter(|version| version.content == [1])?;
    p256::SecretKey::from_slice(fields.expect(der::OCTET_STRING)?.content).ok()
}

fn is_pkcs8(bytes: &[u8]) -> bool {
    pkcs8_parts(bytes).is_some()
}

/// The algorithm and the key inside of a PKCS #8 wrapping (RFC 5208).
fn pkcs8_parts(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields = Reader::new(Reader::new(bytes).expect(der::SEQUENCE)?.content);
    fields.expect(der::INTEGER)?;
    let mut algorithm = Reader::new(fields.expect(der::SEQUENCE)?.content);
    let oid = algorithm.expect(der::OID)?.content;
    Some((oid, fields.expect(der::OCTET_STRING)?.content))
}

/// Sizes of a DSA key's numbers, in bits: FIPS 186's larger pair of 2048.
const DSA_MODULUS: u32 = 2048;
const DSA_DIVISOR: u32 = 256;

/// How many candidates Go tries before it takes another divisor.
const DSA_TRIES: u32 = 4 * DSA_MODULUS;

/// A new DSA key in OpenSSL's form, as Sprig writes it.
pub(crate) fn dsa_pem(random: &mut ChaCha8Rng) -> Option<String> {
    let (modulus, divisor) = dsa_parameters(random);
    let parameters = BoxedMontyParams::new(Odd::new(modulus.clone()).into_option()?);
    let power = |base: BoxedUint, exponent: &BoxedUint| {
        BoxedMontyForm::new(base, &parameters)
            .pow(exponent)
            .retrieve()
    };
    let one = BoxedUint::one_with_precision(DSA_MODULUS);
    let wide_divisor = NonZero::new(divisor.clone().resize(DSA_MODULUS)).into_option()?;
    let cofactor = modulus.wrapping_sub(&one).wrapping_div(&wide_divisor);
    let generator = (2_u64..1000)
        .map(|base| power(BoxedUint::from(base).resize(DSA_MODULUS), &cofactor))
        .find(|generator| *generator != one)?;
    let secret = loop {
        let secret = BoxedUint::random_bits(random, DSA_DIVISOR);
        if secret < divisor && !bool::from(secret.is_zero()) {
            break secret;
        }
    };
    let public = power(generator.clone(), &secret.clone().resize(DSA_MODULUS));
    let numbers = [&modulus, &divisor, &generator, &public, &secret];
    let mut parts = vec![der::integer(&[0])];
    parts.extend(numbers.map(|number| der::integer(&number.to_be_bytes())));
    Some(pem::encode("DSA PRIVATE KEY", &der::sequence(&parts)))
}

/// A prime modulus whose predecessor a prime divisor divides.
fn dsa_parameters(random: &mut ChaCha8Rng) -> (BoxedUint, BoxedUint) {
    let one = BoxedUint::one_with_precision(DSA_MODULUS);
    loop {
        let divisor: BoxedUint = random_prime(random, Flavor::Any, DSA_DIVISOR);
        let double = divisor.clone().resize(DSA_MODULUS).wrapping_add(&divisor);
        let Some(step) = NonZero::new(double).into_option() else {
            continue;
        };
        for _ in 0..DSA_TRIES {
            let mut candidate = BoxedUint::random_bits(random, DSA_MODULUS);
            candidate.set_bit(DSA_MODULUS - 1, Choice::TRUE);
            let remainder = candidate.rem(&step);
            let modulus = candidate.wrapping_sub(&remainder).wrapping_add(&one);
            let is_large = modulus.bit_width() == DSA_MODULUS;
            if is_large && !has_small_factor(&modulus) && is_prime(Flavor::Any, &modulus) {
                return (modulus, divisor);
            }
        }
    }
}

/// Most candidates fall here, a hundred times faster than in a proper test.
fn has_small_factor(number: &BoxedUint) -> bool {
    (3_u64..2000).step_by(2).any(|factor| {
        NonZero::new(Limb(factor))
            .into_option()
            .is_some_and(|factor| number.rem_limb(factor) == Limb::ZERO)
    })
}
