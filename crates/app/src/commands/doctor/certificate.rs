//! When a certificate ends. X.509 in DER is nested (tag, length, content); what we want stands at a fixed place:
//! `Certificate { tbs { [0] version?, serial, algorithm, issuer, validity { notBefore, notAfter }, … } … }` (RFC 5280).

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The moment after which it is not valid; `None`: it cannot be read.
pub(super) fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate, _) = element(der)?;
    let (_, mut tbs, _) = element(certificate)?;
    if tbs.first() == Some(&VERSION) {
        (_, _, tbs) = element(tbs)?;
    }
    for _serial_algorithm_issuer in 0..3 {
        (_, _, tbs) = element(tbs)?;
    }
    let (SEQUENCE, validity, _) = element(tbs)? else { return None };
    let (_, _, rest) = element(validity)?;
    let (tag, time, _) = element(rest)?;
    read_time(tag, std::str::from_utf8(time).ok()?)
}

/// Tag, content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if bytes.len() > 4 {
            return None;
        }
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDhhmmssZ` until 2049, `YYYYMMDDhhmmssZ` from then on.
fn read_time(tag: u8, text: &str) -> Option<Timestamp> {
    let text = match tag {
        // 50 and more are of the last century.
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut made = vec![tag];
        let length = u16::try_from(content.len()).unwrap();
        match u8::try_from(length) {
            Ok(short) if short < 0x80 => made.push(short),
            _ => {
                made.push(0x82);
                made.extend(length.to_be_bytes());
            }
        }
        made.extend(content);
        made
    }

    fn certificate(version: &[u8], tag: u8, ends: &str) -> Vec<u8> {
        let validity = [der(UTC_TIME, b"260101000000Z"), der(tag, ends.as_bytes())].concat();
        let issuer = der(SEQUENCE, &[0; 300]);
        let fields = [version.to_vec(), der(2, &[1]), der(SEQUENCE, &[]), issuer, der(SEQUENCE, &validity)];
        der(SEQUENCE, &der(SEQUENCE, &fields.concat()))
    }

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let version = der(VERSION, &der(2, &[2]));
        for (version, tag, ends, then) in [
            (&version[..], UTC_TIME, "261231235959Z", "2026-12-31T23:59:59Z"),
            (&[], UTC_TIME, "490101000000Z", "2049-01-01T00:00:00Z"),
            (&version[..], GENERALIZED_TIME, "20510203040506Z", "2051-02-03T04:05:06Z"),
        ] {
            assert_eq!(not_after(&certificate(version, tag, ends)), Some(then.parse().unwrap()));
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let whole = certificate(&[], UTC_TIME, "261231235959Z");
        for cut in 0..whole.len() {
            assert_eq!(not_after(&whole[..cut]), None);
        }
        assert_eq!(not_after(&certificate(&[], UTC_TIME, "tomorrow")), None);
        assert_eq!(not_after(&[SEQUENCE, 0x85, 1, 1, 1, 1, 1]), None);
    }
}
