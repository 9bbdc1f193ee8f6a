//! A record's fields of one tier lie in one envelope under a data key of their own, wrapped by the tier's KEK.
//!
//! T1 and T2 are sealed field by field. T3 and T4 are one padded block each, present for everybody, so that neither
//! a field's presence nor its length tells who lives alone or is ill.

use std::cell::OnceCell;
use std::ops::ControlFlow;

use gridvault_policy::{AgeClass, FieldId, RecordType};
use jiff::civil::Date;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::suite::{Bound, CipherKey};
use super::{Keyring, SealError, Secret, envelope_tier};
use crate::store::EnvelopesRow;

/// T3 blocks are multiples of this many bytes, T4 blocks are always [`T4_BLOCK`].
const T3_BLOCK: usize = 256;
const T4_BLOCK: usize = 512;
const FACTS_BLOCK: usize = 16;
const DEK_VERSION: u16 = 1;

/// A record's fields on their way into envelopes.
pub struct Sealing<'a> {
    /// The record.
    pub record: Uuid,
    /// Person, premises or ticket: which tiers there are.
    pub kind: RecordType,
    /// The revision of all its envelopes.
    pub rev: i64,
    /// Normalised values; derived fields have none.
    pub fields: &'a [(FieldId, Secret)],
    /// What deciding needs of a person.
    pub facts: RecordFacts,
}

/// What the facts envelope holds of a person.
#[derive(Clone, Copy, Default)]
pub struct RecordFacts {
    /// Date of birth, if known.
    pub birth: Option<Date>,
    /// Whether the person has died.
    pub deceased: bool,
}

impl RecordFacts {
    /// The age class on that day; without a date of birth the most protected one.
    pub fn age_class(self, today: Date) -> AgeClass {
        match self.birth.map(|birth| super::forms::age(birth, today)) {
            Some(18..) => AgeClass::Adult,
            Some(14..=17) => AgeClass::From14To17,
            _ => AgeClass::Under14,
        }
    }
}

/// The tiers in which a record of that kind has an envelope; 0 is the facts envelope.
pub(super) fn tiers(kind: RecordType) -> &'static [u8] {
    match kind {
        RecordType::Person => &[0, 1, 2, 3, 4],
        RecordType::Premises => &[1, 2, 3],
        RecordType::Ticket => &[1, 2],
    }
}

impl Keyring {
    /// Seals a record's fields, an envelope per tier of its kind, each under a fresh data key.
    pub fn seal_record(&self, sealing: &Sealing<'_>) -> Result<EnvelopesRow, SealError> {
        let mut sealed = Vec::new();
        for tier in tiers(sealing.kind) {
            let (dek, body) = self.seal_tier(sealing, *tier)?;
            push_envelope(&mut sealed, *tier, &dek, &body)?;
        }
        Ok(EnvelopesRow { record: sealing.record.as_bytes().to_vec(), rev: sealing.rev, sealed })
    }

    /// The wrapped data key and the sealed fields.
    fn seal_tier(&self, sealing: &Sealing<'_>, tier: u8) -> Result<(Vec<u8>, Vec<u8>), SealError> {
        let dek = Zeroizing::new(self.random()?);
        let place = Place { record: sealing.record.as_bytes(), tier, rev: sealing.rev };
        let wrapped = self.wrap(&place, dek.as_slice())?;
        let key = CipherKey::new(&dek)?;
        let held =
            sealing.fields.iter().filter(|(field, _)| !field.is_derived() && envelope_tier(*field) == tier);
        let body = match tier {
            0 => self.seal_block(&key, &place, facts_bytes(sealing.facts).as_slice())?,
            3 => {
                self.seal_block(&key, &place, &padded(held, |n| n.next_multiple_of(T3_BLOCK).max(T3_BLOCK))?)?
            }
            4 => {
                let block = padded(held, |_| T4_BLOCK)?;
                self.seal_block(&key, &place, &block)?
            }
            _ => {
                let mut body = Vec::new();
                for (field, value) in held {
                    let sealed =
                        key.seal(&self.rng, &self.bound(&place, field.as_str()), value.reveal().as_bytes())?;
                    push_item(&mut body, *field, &sealed)?;
                }
                body
            }
        };
        Ok((wrapped, body))
    }

    fn seal_block(&self, key: &CipherKey, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        key.seal(&self.rng, &self.bound(place, block_label(place.tier)), plain)
    }

    /// The classes that deciding needs of a person, from the facts envelope; no value comes out.
    pub fn facts(
        &self,
        envelopes: &EnvelopesRow,
        rev: i64,
        today: Date,
    ) -> Result<(AgeClass, bool), SealError> {
        let opened = OpenEnvelope::new(self, envelopes, 0, rev)?;
        let plain = opened.opened_block()?;
        let number = plain.get(..4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
        let number = number.ok_or(SealError::Tampered)?;
        let facts = RecordFacts { birth: date_from(number), deceased: plain.get(4) == Some(&1) };
        Ok((facts.age_class(today), facts.deceased))
    }

    /// A data key under the newest KEK of its tier: its version first, two bytes, big-endian.
    fn wrap(&self, place: &Place<'_>, dek: &[u8]) -> Result<Vec<u8>, SealError> {
        let version = self.kek_version;
        let mut wrapped = version.to_be_bytes().to_vec();
        let kek = self.kek(place.tier, version)?;
        wrapped.extend(kek.seal(&self.rng, &self.bound_dek(place, version), dek)?);
        Ok(wrapped)
    }

    /// The data key that is wrapped so, and the version of the KEK that wrapped it.
    fn unwrap(&self, place: &Place<'_>, wrapped: &[u8]) -> Result<(Zeroizing<Vec<u8>>, u16), SealError> {
        let (version, sealed) = wrapped.split_first_chunk::<2>().ok_or(SealError::Tampered)?;
        let version = u16::from_be_bytes(*version);
        Ok((self.kek(place.tier, version)?.open(&self.bound_dek(place, version), sealed)?, version))
    }

    /// The same envelopes, every data key wrapped by the newest KEK; nothing where all are already.
    pub fn rewrapped(&self, row: &EnvelopesRow) -> Result<Option<EnvelopesRow>, SealError> {
        let (mut sealed, mut old) = (Vec::with_capacity(row.sealed.len()), false);
        for (tier, dek, body) in envelopes(&row.sealed)? {
            let place = Place { record: &row.record, tier, rev: row.rev };
            let (key, version) = self.unwrap(&place, dek)?;
            old |= version != self.kek_version;
            push_envelope(&mut sealed, tier, &self.wrap(&place, &key)?, body)?;
        }
        Ok(old.then(|| EnvelopesRow { record: row.record.clone(), rev: row.rev, sealed }))
    }

    fn bound_dek(&self, place: &Place<'_>, version: u16) -> Bound {
        self.bound_to("gridvault dek", place).with(&version.to_be_bytes())
    }

    /// Label, suite, deployment, tenant, record, tier, DEK version, revision, field.
    fn bound(&self, place: &Place<'_>, field: &str) -> Bound {
        self.bound_to("gridvault field", place).with(field.as_bytes())
    }

    fn bound_to(&self, label: &str, place: &Place<'_>) -> Bound {
        Bound::new(label)
            .with(self.deployment.as_bytes())
            .with(self.tenant.as_bytes())
            .with(place.record)
            .with(&[place.tier])
            .with(&DEK_VERSION.to_be_bytes())
            .with(&place.rev.to_be_bytes())
    }
}

/// Where a ciphertext belongs.
struct Place<'a> {
    record: &'a [u8],
    tier: u8,
    rev: i64,
}

/// An envelope whose data key was unwrapped for exactly the place it should lie in.
pub(super) struct OpenEnvelope<'a> {
    key: CipherKey,
    tier: u8,
    body: &'a [u8],
    /// What every field's associated data begins with.
    place: Bound,
    /// The opened block of T3 and above, once a field of it was asked for.
    block: OnceCell<Zeroizing<Vec<u8>>>,
}

impl<'a> OpenEnvelope<'a> {
    /// Unwraps the data key. `rev` comes from the record's header, never from the envelope itself.
    pub(super) fn new(
        keyring: &'a Keyring,
        row: &'a EnvelopesRow,
        tier: u8,
        rev: i64,
    ) -> Result<Self, SealError> {
        if row.rev != rev {
            return Err(SealError::Tampered);
        }
        let of_tier = |(of, _, _): &Envelope<'_>| *of == tier;
        let found = envelopes(&row.sealed)?.into_iter().find(of_tier);
        let (_, dek, body) = found.ok_or(SealError::Tampered)?;
        let place = Place { record: &row.record, tier, rev };
        let (dek, _) = keyring.unwrap(&place, dek)?;
        let bytes: Zeroizing<[u8; 32]> =
            Zeroizing::new(dek.as_slice().try_into().map_err(|_| SealError::Tampered)?);
        let place = keyring.bound_to("gridvault field", &place);
        Ok(Self { key: CipherKey::new(&bytes)?, tier, body, place, block: OnceCell::new() })
    }

    /// The field's value, if it is held.
    pub(super) fn field(&self, field: FieldId) -> Result<Option<Secret>, SealError> {
        let in_block = self.tier >= 3;
        let items = if in_block { self.block()? } else { self.body };
        let mut found = None;
        each_item(items, |number, bytes| {
            if number == field.number() {
                found = Some(bytes);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        let Some(bytes) = found else { return Ok(None) };
        if in_block {
            return std::str::from_utf8(bytes)
                .map(|text| Some(Secret::new(text)))
                .map_err(|_| SealError::Tampered);
        }
        let mut plain = self.key.open(&self.place.clone().with(field.as_str().as_bytes()), bytes)?;
        let text = String::from_utf8(std::mem::take(&mut *plain));
        text.map(|text| Some(Secret::new(text))).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            SealError::Tampered
        })
    }

    /// Every field held, with its value.
    pub(super) fn fields(&self) -> Result<Vec<(FieldId, Secret)>, SealError> {
        let mut numbers = Vec::new();
        each_item(if self.tier >= 3 { self.block()? } else { self.body }, |number, _| {
            numbers.push(number);
            ControlFlow::Continue(())
        })?;
        let mut held = Vec::with_capacity(numbers.len());
        for number in numbers {
            let field = FieldId::from_number(number).ok_or(SealError::Tampered)?;
            held.extend(self.field(field)?.map(|value| (field, value)));
        }
        Ok(held)
    }

    fn block(&self) -> Result<&[u8], SealError> {
        if let Some(block) = self.block.get() {
            return Ok(block);
        }
        let opened = self.opened_block()?;
        Ok(self.block.get_or_init(|| opened))
    }

    fn opened_block(&self) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.key.open(&self.place.clone().with(block_label(self.tier).as_bytes()), self.body)
    }
}

fn block_label(tier: u8) -> &'static str {
    match tier {
        0 => "facts",
        3 => "T3",
        _ => "T4",
    }
}

/// Tier (one byte), length and wrapped data key (two bytes, big-endian), length and sealed fields (four bytes, big-endian).
fn push_envelope(out: &mut Vec<u8>, tier: u8, dek: &[u8], body: &[u8]) -> Result<(), SealError> {
    let dek_length = u16::try_from(dek.len()).map_err(|_| SealError::Crypto)?;
    let body_length = u32::try_from(body.len()).map_err(|_| SealError::TooLarge("an envelope"))?;
    out.push(tier);
    out.extend_from_slice(&dek_length.to_be_bytes());
    out.extend_from_slice(dek);
    out.extend_from_slice(&body_length.to_be_bytes());
    out.extend_from_slice(body);
    Ok(())
}

/// A tier, its wrapped data key and its sealed fields.
type Envelope<'b> = (u8, &'b [u8], &'b [u8]);

/// Every tier's.
fn envelopes(mut rest: &[u8]) -> Result<Vec<Envelope<'_>>, SealError> {
    let mut out = Vec::with_capacity(5);
    while let Some((tier, tail)) = rest.split_first() {
        let (length, tail) = tail.split_first_chunk::<2>().ok_or(SealError::Tampered)?;
        let dek = tail.split_at_checked(usize::from(u16::from_be_bytes(*length)));
        let (dek, tail) = dek.ok_or(SealError::Tampered)?;
        let (length, tail) = tail.split_first_chunk::<4>().ok_or(SealError::Tampered)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| SealError::Tampered)?;
        let (body, tail) = tail.split_at_checked(length).ok_or(SealError::Tampered)?;
        out.push((*tier, dek, body));
        rest = tail;
    }
    Ok(out)
}

/// Number and length (two bytes each, big-endian), then the bytes.
fn push_item(out: &mut Vec<u8>, field: FieldId, bytes: &[u8]) -> Result<(), SealError> {
    let length = u16::try_from(bytes.len()).map_err(|_| SealError::TooLarge("T1 or T2"))?;
    out.extend_from_slice(&field.number().to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

/// Walks items up to the end or the zero padding; a broken one is tampering.
fn each_item<'b>(
    mut rest: &'b [u8],
    mut see: impl FnMut(u16, &'b [u8]) -> ControlFlow<()>,
) -> Result<(), SealError> {
    while let Some((number, tail)) = rest.split_first_chunk::<2>() {
        let number = u16::from_be_bytes(*number);
        if number == 0 {
            break;
        }
        let (length, tail) = tail.split_first_chunk::<2>().ok_or(SealError::Tampered)?;
        let (bytes, tail) =
            tail.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(SealError::Tampered)?;
        if see(number, bytes).is_break() {
            break;
        }
        rest = tail;
    }
    Ok(())
}

fn padded<'f>(
    held: impl Iterator<Item = &'f (FieldId, Secret)>,
    size: impl Fn(usize) -> usize,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let mut block = Zeroizing::new(Vec::with_capacity(T4_BLOCK));
    for (field, value) in held {
        push_item(&mut block, *field, value.reveal().as_bytes())?;
    }
    let size = size(block.len());
    if block.len() > size {
        return Err(SealError::TooLarge("T4"));
    }
    block.resize(size, 0);
    Ok(block)
}

fn facts_bytes(facts: RecordFacts) -> Zeroizing<[u8; FACTS_BLOCK]> {
    let mut out = Zeroizing::new([0; FACTS_BLOCK]);
    let number = facts.birth.map_or(0, date_number);
    for (to, from) in out.iter_mut().zip(number.to_be_bytes()) {
        *to = from;
    }
    if let Some(flag) = out.get_mut(4) {
        *flag = u8::from(facts.deceased);
    }
    out
}

fn date_number(date: Date) -> u32 {
    let year = u32::from(date.year().unsigned_abs());
    year * 10_000 + u32::from(date.month().unsigned_abs()) * 100 + u32::from(date.day().unsigned_abs())
}

fn date_from(number: u32) -> Option<Date> {
    let year = i16::try_from(number / 10_000).ok()?;
    let month = i8::try_from(number / 100 % 100).ok()?;
    Date::new(year, month, i8::try_from(number % 100).ok()?).ok()
}
