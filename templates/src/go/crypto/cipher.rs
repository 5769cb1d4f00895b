//! Digests, AES in CBC mode and passwords derived from a master password.

use aes::Aes256;
use aes::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use hmac::{Hmac, Mac};
use sha1::{Digest, Sha1};
use sha2::Sha256;

/// Lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

pub(crate) fn sha1(bytes: &[u8]) -> Vec<u8> {
    Sha1::digest(bytes).to_vec()
}

pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// The checksum of RFC 1950.
pub(crate) fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut low, mut high) = (1, 0);
    for byte in bytes {
        low = (low + u32::from(*byte)) % MODULUS;
        high = (high + low) % MODULUS;
    }
    high << 16 | low
}

/// The size of AES's block.
pub(crate) const BLOCK: usize = 16;

/// The first 32 bytes of a password, filled up with zeros.
fn cipher(password: &[u8]) -> Aes256 {
    let mut key = [0; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    Aes256::new(&key.into())
}

/// The initial vector and the text, padded to whole blocks and encrypted.
pub(crate) fn encrypt_aes(password: &[u8], text: &[u8], initial: [u8; BLOCK]) -> Vec<u8> {
    let cipher = cipher(password);
    let padding = BLOCK - text.len() % BLOCK;
    let mut padded = text.to_vec();
    padded.resize(
        text.len() + padding,
        u8::try_from(padding).unwrap_or_default(),
    );
    let mut out = initial.to_vec();
    let mut previous = initial;
    for chunk in padded.chunks_exact(BLOCK) {
        let mut block = [0; BLOCK];
        for (byte, (plain, mask)) in block.iter_mut().zip(chunk.iter().zip(previous)) {
            *byte = plain ^ mask;
        }
        let mut block = Block::<Aes256>::from(block);
        cipher.encrypt_block(&mut block);
        previous = block.into();
        out.extend_from_slice(&previous);
    }
    out
}

/// What [`encrypt_aes`] was given, with the texts of the panics that bad input gives in Go, where
/// `capacity` is the size of the buffer that base64 was decoded into.
pub(crate) fn decrypt_aes(
    password: &[u8],
    encrypted: &[u8],
    capacity: usize,
) -> Result<Vec<u8>, String> {
    let cipher = cipher(password);
    let Some((initial, blocks)) = encrypted.split_at_checked(BLOCK) else {
        if capacity >= BLOCK {
            return Err(format!(
                "runtime error: slice bounds out of range [{BLOCK}:{}]",
                encrypted.len()
            ));
        }
        return Err(format!(
            "runtime error: slice bounds out of range [:{BLOCK}] with capacity {capacity}"
        ));
    };
    if !blocks.len().is_multiple_of(BLOCK) {
        return Err("crypto/cipher: input not full blocks".to_owned());
    }
    let mut out = Vec::with_capacity(blocks.len());
    let mut previous = initial;
    for chunk in blocks.chunks_exact(BLOCK) {
        let mut bytes = [0; BLOCK];
        bytes.copy_from_slice(chunk);
        let mut block = Block::<Aes256>::from(bytes);
        cipher.decrypt_block(&mut block);
        out.extend(block.iter().zip(previous).map(|(byte, mask)| byte ^ mask));
        previous = chunk;
    }
    let Some(padding) = out.last().copied().map(usize::from) else {
        return Err("runtime error: index out of range [-1]".to_owned());
    };
    let Some(length) = out.len().checked_sub(padding) else {
        let excess = padding - out.len();
        return Err(format!(
            "runtime error: slice bounds out of range [:-{excess}]"
        ));
    };
    out.truncate(length);
    Ok(out)
}

/// The characters that a letter of a password template stands for.
const fn characters(letter: u8) -> &'static [u8] {
    match letter {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// The templates of a type of password, by the Master Password algorithm.
const fn templates(kind: &[u8]) -> &'static [&'static str] {
    match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => &[],
    }
}

/// What a password is derived from.
pub(crate) struct MasterPassword<'p> {
    pub(crate) counter: u32,
    pub(crate) kind: &'p [u8],
    pub(crate) password: &'p [u8],
    pub(crate) user: &'p [u8],
    pub(crate) site: &'p [u8],
}

/// The site's password by the Master Password algorithm; `None` for an unknown type.
pub(crate) fn derive_password(master: &MasterPassword<'_>) -> Option<Vec<u8>> {
    const SEED: &[u8] = b"com.lyndir.masterpassword";
    let templates = templates(master.kind);
    if templates.is_empty() {
        return None;
    }
    let length = |text: &[u8]| u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
    let salt = [SEED, &length(master.user), master.user].concat();
    let parameters = scrypt::Params::new(15, 8, 2).ok()?;
    let mut key = [0; 64];
    scrypt::scrypt(master.password, &salt, &parameters, &mut key).ok()?;
    let mut seed = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    for part in [
        SEED,
        &length(master.site),
        master.site,
        &master.counter.to_be_bytes(),
    ] {
        seed.update(part);
    }
    let seed = seed.finalize().into_bytes();
    let template = templates[usize::from(seed[0]) % templates.len()];
    let password = template
        .bytes()
        .zip(seed.iter().skip(1))
        .map(|(letter, byte)| {
            let characters = characters(letter);
            characters[usize::from(*byte) % characters.len()]
        });
    Some(password.collect())
}
