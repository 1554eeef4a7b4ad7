//! A stream that a passphrase opens: XChaCha20-Poly1305 by chunks under a key that Argon2id makes of the passphrase.
//!
//! Each chunk has its number in its nonce, and the last one is marked there: none can be left out, moved or cut off unseen (the
//! construction is STREAM by Hoang, Reyhanitabar, Rogaway and Vizár).

use std::io::{self, BufRead, Read, Write};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};

/// What a sealed file begins with; another form gets another number.
pub(super) const MARK: &[u8] = b"voronka sealed 1\n";
/// Of the cost of trying a passphrase: memory and passes.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
const SALT_BYTES: usize = 16;
/// Of a nonce: what is random; the number of the chunk (4) and whether it is the last (1) follow.
const RANDOM_BYTES: usize = 19;
const CHUNK_BYTES: usize = 64 << 10;
const TAG_BYTES: usize = 16;

/// Names the chunks of a stream, and goes with each of them.
struct Stream {
    cipher: XChaCha20Poly1305,
    head: Vec<u8>,
    number: u32,
}

impl Stream {
    /// `head`: the mark, the salt, the random part of the nonce.
    fn of(passphrase: &SecretString, head: Vec<u8>) -> io::Result<Self> {
        let salt = &head[MARK.len()..MARK.len() + SALT_BYTES];
        let cost = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(io::Error::other)?;
        let mut key = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, cost)
            .hash_password_into(passphrase.expose_secret().as_bytes(), salt, &mut key)
            .map_err(io::Error::other)?;
        let cipher = XChaCha20Poly1305::new(&key.into());
        Ok(Self { cipher, head, number: 0 })
    }

    fn next_nonce(&mut self, place: Place) -> io::Result<XNonce> {
        let mut nonce = [0; 24];
        nonce[..RANDOM_BYTES].copy_from_slice(&self.head[MARK.len() + SALT_BYTES..]);
        nonce[RANDOM_BYTES..23].copy_from_slice(&self.number.to_be_bytes());
        nonce[23] = u8::from(place == Place::Last);
        self.number = self.number.checked_add(1).ok_or_else(|| io::Error::other("too long to be sealed"))?;
        Ok(nonce.into())
    }

    fn seal(&mut self, chunk: &[u8], place: Place) -> io::Result<Vec<u8>> {
        let nonce = self.next_nonce(place)?;
        let sealed = self.cipher.encrypt(&nonce, Payload { msg: chunk, aad: &self.head });
        sealed.map_err(|_| io::Error::other("a chunk cannot be sealed"))
    }

    fn open(&mut self, sealed: &[u8], place: Place) -> io::Result<Vec<u8>> {
        let nonce = self.next_nonce(place)?;
        let opened = self.cipher.decrypt(&nonce, Payload { msg: sealed, aad: &self.head });
        opened.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Within,
    Last,
}

/// Seals what is written to it.
pub(super) struct Sealer<W> {
    out: W,
    stream: Stream,
    chunk: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    pub(super) fn begin(mut out: W, passphrase: &SecretString) -> io::Result<Self> {
        let mut random = [0; SALT_BYTES + RANDOM_BYTES];
        SystemRandom::new().fill(&mut random).map_err(|_| io::Error::other("the system gives no random bits"))?;
        let head = [MARK, &random].concat();
        out.write_all(&head)?;
        Ok(Self { out, stream: Stream::of(passphrase, head)?, chunk: Vec::with_capacity(CHUNK_BYTES) })
    }

    /// Without it the stream counts as cut.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let sealed = self.stream.seal(&self.chunk, Place::Last)?;
        self.out.write_all(&sealed)?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Only when more comes is it known that a full chunk is not the last.
        if self.chunk.len() == CHUNK_BYTES {
            let sealed = self.stream.seal(&self.chunk, Place::Within)?;
            self.out.write_all(&sealed)?;
            self.chunk.clear();
        }
        let taken = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Opens what a [`Sealer`] has sealed; what does not open is `InvalidData`.
pub(super) struct Opener<R> {
    sealed: R,
    stream: Stream,
    chunk: Vec<u8>,
    read: usize,
    place: Place,
}

impl<R: BufRead> Opener<R> {
    /// Reads the head and opens the first chunk: a passphrase that is not the right one is known here.
    pub(super) fn begin(mut sealed: R, passphrase: &SecretString) -> io::Result<Self> {
        let mut head = vec![0; MARK.len() + SALT_BYTES + RANDOM_BYTES];
        sealed.read_exact(&mut head).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let stream = Stream::of(passphrase, head)?;
        let mut opener = Self { sealed, stream, chunk: Vec::new(), read: 0, place: Place::Within };
        opener.next_chunk()?;
        Ok(opener)
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let mut sealed = Vec::new();
        self.sealed.by_ref().take((CHUNK_BYTES + TAG_BYTES) as u64).read_to_end(&mut sealed)?;
        self.place = if self.sealed.fill_buf()?.is_empty() { Place::Last } else { Place::Within };
        self.chunk = self.stream.open(&sealed, self.place)?;
        self.read = 0;
        Ok(())
    }
}

impl<R: BufRead> Read for Opener<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.read == self.chunk.len() && self.place == Place::Within {
            self.next_chunk()?;
        }
        let mut rest = &self.chunk[self.read..];
        let taken = rest.read(into)?;
        self.read += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(text: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::begin(Vec::new(), &"a long passphrase".into()).unwrap();
        sealer.write_all(text).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(sealed: &[u8], passphrase: &str) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        Opener::begin(sealed, &passphrase.into())?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn what_is_sealed_opens_whole_whatever_its_length() {
        for length in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES] {
            let text: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
            assert_eq!(opened(&sealed(&text), "a long passphrase").unwrap(), text, "{length}");
        }
    }

    #[test]
    fn nothing_can_be_left_out_moved_cut_or_changed_and_no_other_passphrase_opens() {
        let whole = sealed(&vec![7; 3 * CHUNK_BYTES]);
        let head = MARK.len() + SALT_BYTES + RANDOM_BYTES;
        let chunk = CHUNK_BYTES + TAG_BYTES;
        let (first, second) = (head..head + chunk, head + chunk..head + 2 * chunk);
        let without_the_last = whole[..head + 2 * chunk].to_vec();
        let without_the_second = [&whole[..second.start], &whole[second.end..]].concat();
        let swapped = [&whole[..head], &whole[second.clone()], &whole[first], &whole[second.end..]].concat();
        let cut = whole[..whole.len() - 1].to_vec();
        let longer = [&whole[..], b"x"].concat();
        let flipped = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            bytes
        };
        for broken in [
            without_the_last,
            without_the_second,
            swapped,
            cut,
            longer,
            flipped(MARK.len()),
            flipped(head - 1),
            flipped(head + chunk + 5),
            Vec::new(),
        ] {
            let kind = opened(&broken, "a long passphrase").unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::InvalidData);
        }
        assert_eq!(opened(&whole, "another passphrase").unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
