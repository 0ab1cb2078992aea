//! Memory for frames that have not arrived whole, shared by all connections of the node. A connection
//! has a little of its own; beyond that it grows only while there is room for all.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that every connection may hold without asking.
pub(super) const OWN_BYTES: usize = 64 << 10;

/// Bytes for frames on their way in where `queued.max.request.bytes` names no number.
const DEFAULT_BYTES: usize = 256 << 20;

/// The room of a node; a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

impl Room {
    /// Room for so many bytes (`queued.max.request.bytes`; none or −1 takes the default of 256 MiB), but
    /// always for one frame of the largest size, with what is read together with its end.
    pub fn new(max_bytes: Option<usize>, max_frame_bytes: usize) -> Self {
        let largest = max_frame_bytes.saturating_add(1 << 20);
        let bytes = max_bytes.unwrap_or(DEFAULT_BYTES).max(largest);
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }
}

/// What one connection has of the room.
#[derive(Debug)]
pub(super) struct Share {
    room: Room,
    held: Option<OwnedSemaphorePermit>,
}

impl Share {
    pub(super) fn of(room: &Room) -> Self {
        Self {
            room: room.clone(),
            held: None,
        }
    }

    /// Whether it holds anything that others could need.
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Gives the share to the frame that it was for.
    pub(super) fn take(&mut self) -> Option<OwnedSemaphorePermit> {
        self.held.take()
    }

    /// Makes room in the buffer for `more` bytes of a frame of `whole` bytes: for fewer while others
    /// hold the room, and waits only when not one byte more fits. Safe to drop.
    pub(super) async fn grow(&mut self, buffer: &mut BytesMut, more: usize, whole: usize) {
        if buffer.capacity() - buffer.len() >= more {
            return;
        }
        let least = buffer.len() + more;
        let most = whole.max(buffer.len()).saturating_add(more);
        let wanted = (2 * buffer.capacity()).clamp(least, most);
        let held = self
            .held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = |bytes: usize| bytes.saturating_sub(OWN_BYTES).saturating_sub(held);
        let own = OWN_BYTES.max(buffer.capacity());
        let size = if self.try_hold(missing(wanted)) {
            wanted
        } else if buffer.len() < own {
            own
        } else {
            self.hold(missing(least)).await;
            least
        };
        if size > buffer.capacity() {
            let mut larger = BytesMut::with_capacity(size);
            larger.extend_from_slice(buffer);
            *buffer = larger;
        }
    }

    fn try_hold(&mut self, bytes: usize) -> bool {
        let Ok(permits) = u32::try_from(bytes) else {
            return false;
        };
        let got = Arc::clone(&self.room.0).try_acquire_many_owned(permits);
        got.is_ok_and(|permit| {
            self.keep(permit);
            true
        })
    }

    async fn hold(&mut self, bytes: usize) {
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        if let Ok(permit) = Arc::clone(&self.room.0).acquire_many_owned(permits).await {
            self.keep(permit);
        }
    }

    fn keep(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.held {
            _ if permit.num_permits() == 0 => {}
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_frame_grows_to_its_size_and_no_further() {
        let room = Room::new(Some(0), 1 << 20);
        let (mut share, mut buffer) = (Share::of(&room), BytesMut::new());
        while buffer.len() < 1 << 20 {
            share.grow(&mut buffer, 4096, 1 << 20).await;
            buffer.extend_from_slice(&[0; 4096]);
        }
        assert!(buffer.capacity() <= (1 << 20) + 4096);
        assert!(share.is_held());
        drop(share.take());
        assert_eq!(room.0.available_permits(), 2 << 20);
    }

    #[tokio::test]
    async fn while_others_hold_the_room_a_connection_has_its_own_and_waits_beyond_it() {
        let room = Room::new(Some(0), 0);
        let taken = Arc::clone(&room.0).try_acquire_many_owned(1 << 20).unwrap();
        let (mut share, mut buffer) = (Share::of(&room), BytesMut::new());
        share.grow(&mut buffer, 256 << 10, 1 << 20).await;
        assert_eq!(buffer.capacity(), OWN_BYTES);
        buffer.resize(OWN_BYTES, 0);
        {
            let mut waits = std::pin::pin!(share.grow(&mut buffer, 4096, 1 << 20));
            let now = tokio::time::timeout(std::time::Duration::ZERO, waits.as_mut()).await;
            assert!(now.is_err(), "it waits");
            drop(taken);
            waits.await;
        }
        assert!(buffer.capacity() >= OWN_BYTES + 4096);
    }
}
