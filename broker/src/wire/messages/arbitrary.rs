//! Values of any message from a seed, for tests and fuzzing. Compiled only with the feature
//! `arbitrary`.

use bytes::Bytes;

use super::value::At;
use crate::wire::primitives::Form;
use crate::wire::tagged::Tags;

/// Pseudo-random choices from a seed (splitmix64): the same seed gives the same values.
#[derive(Debug, Clone)]
pub struct Source {
    state: u64,
}

impl Source {
    /// A source that starts at `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn byte(&mut self) -> u8 {
        let [low, ..] = self.next().to_le_bytes();
        low
    }

    /// A number in `0..bound`; 0 where `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        let value = self.next() % u64::from(bound.max(1));
        u32::try_from(value).unwrap_or_default()
    }

    /// Bytes of an integer: often small or extreme, else anything.
    pub fn bytes<const SIZE: usize>(&mut self) -> [u8; SIZE] {
        let mut bytes = match self.below(8) {
            0 => return [0; SIZE],
            1 => return [0xff; SIZE],
            _ => [0; SIZE],
        };
        bytes.fill_with(|| self.byte());
        bytes
    }

    /// A short string, not always ASCII; now and then one whose length needs two varint bytes.
    pub fn text(&mut self) -> String {
        let length = if self.below(64) == 0 {
            200
        } else {
            self.below(12)
        };
        (0..length)
            .map(|_| {
                if self.below(8) == 0 {
                    'ж'
                } else {
                    self.letter()
                }
            })
            .collect()
    }

    fn letter(&mut self) -> char {
        char::from_u32(u32::from(b'a') + self.below(26)).unwrap_or('a')
    }

    /// A short byte string.
    pub fn blob(&mut self) -> Bytes {
        let length = self.below(24);
        (0..length).map(|_| self.byte()).collect()
    }

    /// Now and then a few tagged fields with numbers that no schema uses.
    pub fn unknown_tags(&mut self, at: At) -> Tags {
        let mut tags = Tags::NONE;
        if at.form == Form::Compact && self.below(8) == 0 {
            for index in 0..self.below(3) {
                tags.push(10_000 + 100 * index, self.blob());
            }
        }
        tags
    }
}
