//! Any bytes as any message in any version: no panic, no memory beyond the input's due, and what comes
//! through once comes through again unchanged.
#![no_main]

use broker::wire::messages::APIS;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // Which API, which side and which version, then the message.
    let [api, version, message @ ..] = input else { return };
    let Some(api_entry) = APIS.get(usize::from(*api >> 1) % APIS.len()) else { return };
    let sample = if api & 1 == 0 { &api_entry.request } else { &api_entry.response };
    let (min, max) = (*sample.versions.start(), *sample.versions.end());
    let version = min + i16::from(*version) % (max - min + 1);
    let Ok(once) = (sample.recode)(&Bytes::copy_from_slice(message), version) else { return };
    let once = Bytes::from(once);
    let twice = (sample.recode)(&once, version).map(Bytes::from);
    assert_eq!(twice.as_ref(), Ok(&once), "{} v{version}", sample.name);
});
